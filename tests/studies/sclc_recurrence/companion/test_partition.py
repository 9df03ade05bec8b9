"""The 110 parameters: by hand on small masks, in the order of the table, many patients at once."""

import numpy as np
import pytest

from studies.sclc_recurrence import partition
from studies.sclc_recurrence.partition import NAMES, STATIONS


def named(values):
    return dict(zip(NAMES, values, strict=True))


@pytest.fixture
def masks():
    # Four voxels each of 4R (7), 7 (11) and 1R (1), one of each other station.
    stations = np.array([[7, 7, 7, 7, 11, 11], [11, 11, 1, 1, 1, 1]])
    stations = np.concatenate([stations, np.array([[0] * 6, [*range(2, 7), 8]]),
                               np.array([[9, 10, 12, 13, 14, 15], [16, 0, 0, 0, 0, 0]])])
    primary, nodes, ctv = (np.zeros(stations.shape, bool) for _ in range(3))
    nodes[0, 0] = True                     # one voxel of 4R
    primary[2, 0] = primary[0, 4] = True   # one outside all stations, one of 7
    ctv[0, :5] = ctv[2, 0] = True          # all of 4R, one voxel of 7, one outside
    return stations, primary, nodes, ctv


def test_parameters_of_a_patient_by_hand(masks):
    found = named(partition.parameters(partition.counted(*masks), 0.98, 2, 4.5))
    whole = 8.0  # 4R and 7: what the CTV touches
    by_hand = {"RctvLN7": 1.0, "RctvLN11": 1 / 4, "RctvLN1": 0, "RIctvLN7": 4 / whole,
               "RIctvLN11": 1 / whole, "RgtvLN7": 1 / 4, "RgtvLN11": 1 / 4, "RIgtvLN7": 1 / whole,
               "RcmgLN7": 3 / 4, "RcmgLN11": 0, "RIcmgLN7": 3 / whole, "CTV volume": 6,
               "GTVnd volume": 1, "Image resolution": 0.98, "LNs in CTV": 2, "LNs in GTVnd": 1,
               "GTV location": 2, "CTV touches 4R": 1, "CTV touches 7": 1, "CTV touches 4L": 0,
               "GTV size": 4.5}
    assert {name: found[name] for name in by_hand} == by_hand
    assert sum(value != 0 for value in found.values()) == 10 + 6 + 2 + 1


def test_a_ctv_that_touches_no_station_leaves_zeros(masks):
    stations, primary, nodes, ctv = masks
    nothing = np.zeros_like(ctv)
    found = partition.parameters(partition.counted(stations, nothing, nothing, nothing), 1.0, 1, 0.0)
    assert np.isfinite(found).all() and not found[:98].any()


def test_there_are_110_in_the_order_of_the_table():
    assert len(NAMES) == len(set(NAMES)) == 110 and len(STATIONS) == 16
    # Source: paper, Table 2 (numbers count from 1).
    numbers = (1, 17, 33, 49, 65, 81, 97, 98, 99, 102, 103, 109, 110)
    assert [NAMES[number - 1] for number in numbers] == [
        "RctvLN1", "RIctvLN1", "RgtvLN1", "RIgtvLN1", "RcmgLN1", "RIcmgLN1", "CTV volume",
        "GTVnd volume", "Image resolution", "GTV location", "CTV touches 4L", "CTV touches 11R",
        "GTV size"]


def test_many_patients_at_once_are_each_alone():
    random = np.random.default_rng(0)
    one = []
    for _ in range(3):
        stations = random.integers(0, 17, 900)
        nodes = random.random(900) < 0.1
        primary = random.random(900) < 0.1
        one.append(partition.counted(stations, primary, nodes, nodes | primary | (stations > 8)))
    together = partition.Volumes(*(np.stack([getattr(each, name) for each in one]) for name in
                                   ("station", "inside", "nodes", "ctv", "gtvnd")))
    many = partition.parameters(together, np.ones(3), np.ones(3), np.ones(3))
    for row, each in zip(many, one):
        np.testing.assert_array_equal(row, partition.parameters(each, 1.0, 1, 1.0))
