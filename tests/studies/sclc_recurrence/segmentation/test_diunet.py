"""DiUnet: its shape, that it uses both inputs, that it learns, and that it is the same twice."""

from pathlib import Path

import numpy as np
import pytest
import torch

from studies.sclc_recurrence.synthetic import diunet

SETTINGS = diunet.Settings(held_out=1, widths=(4, 8), steps=60, batch=4, learning_rate=0.01,
                           background=0.5, seed=1, window=(-200.0, 200.0))


@pytest.fixture(scope="module")
def slices():
    random = np.random.default_rng(0)
    stations = np.zeros((8, 16, 16), np.int64)
    stations[:, 2:8, 2:8], stations[:, 9:14, 9:14] = 1, 2
    ct = random.normal(0, 0.05, stations.shape).astype(np.float32)
    # Station 1 shows in the CT, station 2 in the GTV alone.
    return [ct + (stations == 1), (stations == 2).astype(np.float32), stations]


@pytest.fixture(scope="module")
def trained(slices):
    return diunet.train(slices, SETTINGS)


def test_it_learns_from_both_inputs(slices, trained):
    found = diunet.foretold(trained, slices)
    assert found.shape == slices[2].shape
    assert diunet.dice(found, slices[2], 1) > 0.8 and diunet.dice(found, slices[2], 2) > 0.8
    blind = diunet.foretold(trained, [slices[0], slices[1] * 0, slices[2]])
    assert diunet.dice(blind, slices[2], 2) < 0.5


def test_it_is_the_same_twice(slices, trained):
    again = diunet.train(slices, SETTINGS).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in trained.state_dict().items())


def test_dice_by_hand():
    assert diunet.dice(np.array([0, 2]), np.array([0, 0]), 1) is None
    assert diunet.dice(np.array([1, 0]), np.array([0, 1]), 1) == 0


def test_the_parameters_of_the_demonstration_can_be_read():
    folder = Path(__file__).resolve().parents[4] / "studies/sclc_recurrence/params"
    found = diunet.section(folder, "diunet", diunet.Settings)
    network = diunet.DiUnet(found.widths, 17)
    images = torch.zeros(2, 1, 32, 32)
    assert network(images, images).shape == (2, 17, 32, 32)
