"""The second derivations find planted answers and refuse what cannot be."""

import numpy as np
import pytest

from stages.common.errors import InputError
from studies.brain_metastases import derivations


def cells(share):
    """Return mean and SD of two made-up groups of 102 tumours, and of all."""
    generator = np.random.default_rng(8)
    groups = [generator.gamma(1.0, 18.0, share), generator.gamma(2.0, 11.0, 102 - share)]
    return [(f"{values.mean():.1f}", f"{values.std(ddof=1):.1f}")
            for values in (*groups, np.concatenate(groups))]


def test_the_number_of_tumours_is_found():
    found = derivations.volumes(cells(41), range(102, 103))
    assert found["means"][0] <= 41 <= found["means"][1] and found["both"] > 0


def test_an_sd_that_does_not_fit_leaves_none():
    one, other, whole = cells(41)
    found = derivations.volumes([one, other, (whole[0], "11.0")], range(100, 103))
    assert found["both"] == found["any_number"] == 0


@pytest.mark.parametrize("counts, n", [((6, 6, 6, 7, 7), 7), ((8, 8, 8, 8, 7), 9)])
def test_a_test_set_that_gives_mean_and_sd_is_among_those_that_fit(counts, n):
    rates = np.array(counts) / n
    assert n in derivations.fitting(f"{rates.mean():.2f}", f"{rates.std(ddof=1):.2f}", range(5, 11), 5)


def test_a_folder_without_numbers(tmp_path):
    with pytest.raises(InputError, match="holds no published table"):
        derivations.read(tmp_path)
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="has no column 'item'"):
        derivations.read(tmp_path)
