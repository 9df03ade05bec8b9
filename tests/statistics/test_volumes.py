"""Volumes of a cohort's table: what is read, and what is refused with the row that it stands in."""

import re

import numpy as np
import pandas as pd
import pytest

from stages.common import canonical
from stages.common.columns import LABEL, SCORE
from stages.common.errors import InputError
from stages.statistics import ranks, rbridge, volumes


@pytest.fixture
def table():
    """Four series of three studies."""
    return pd.DataFrame({
        "study": ["a", "a", "b", "c"], volumes.VOXELS: [10, 0, 4, 1],
        volumes.SPACING: ["(1.0, 1.0, 2.0)", "(1, 1, 1)", "(0.5, 0.5, 4.0)", "(1, 2, 3)"],
        SCORE: [0.5, 0.5, -0.25, -0.5], LABEL: [1, 1, 0, 0], "liver": [0, 1.5, 2, 3]})


def read(tmp_path, table, others=("liver",)):
    canonical.write_csv(tmp_path / "t.csv", table)
    return volumes.read(tmp_path / "t.csv", others)


def test_volumes_by_hand(tmp_path, table):
    found = read(tmp_path, table)
    assert list(found.columns) == ["study", volumes.BURDEN, SCORE, LABEL, "liver"]
    assert found[volumes.BURDEN].tolist() == [20.0, 0.0, 4.0, 6.0]
    assert found["liver"].tolist() == [0.0, 1.5, 2.0, 3.0] and found[LABEL].tolist() == [1, 1, 0, 0]
    assert volumes.first_of_study(found)[volumes.BURDEN].tolist() == [20.0, 4.0, 6.0]
    assert "liver" not in read(tmp_path, table, ())


@pytest.mark.parametrize("row, column, value, said", [
    (2, "study", None, "row 4 names no study"),
    (1, volumes.SPACING, "(1, 1)", "row 3: .* is '\\(1, 1\\)'"),
    (3, volumes.SPACING, "(1, 1, 0)", "row 5: "), (3, volumes.SPACING, "(1, 1, 1e999)", "row 5: "),
    (0, volumes.VOXELS, "many", "row 2: 'many' is not a non-negative number"),
    (2, volumes.VOXELS, -1, "row 4: '-1' is not a non-negative number"),
    (2, "liver", -0.5, "row 4: '-0.5' is not a non-negative number"),
    (2, SCORE, "x", "row 4: 'x' is not a number"), (2, LABEL, 2, "other than 0 and 1"),
    (1, SCORE, 0.25, "study 'a' has more than one"), (1, LABEL, 0, "study 'a' has more than one")])
def test_bad_cells_are_named_with_their_row(tmp_path, table, row, column, value, said):
    table = table.astype(object)
    table.loc[row, column] = value
    with pytest.raises(InputError, match=said):
        read(tmp_path, table)


def test_the_study_that_contradicts_itself_is_named(tmp_path, table):
    """Not the first one, whose two series agree."""
    table.loc[4] = ["c", 1, "(1, 1, 1)", 0.75, 0, 1]
    with pytest.raises(InputError, match="study 'c' has more than one"):
        read(tmp_path, table)


@pytest.mark.parametrize("labels, said", [
    ([1, 0], "holds 2 studies; a correlation needs at least 3"), ([1, 1, 1], "no study is NE-negative"),
    ([0, 0, 0], "no study is NE-positive"), ([1, 0, 0], None)])
def test_groups_that_cannot_be_compared(labels, said):
    series = pd.DataFrame({"study": [f"s{place}" for place in range(len(labels))], LABEL: labels})
    if said is None:
        assert volumes.check_groups(series, "t.csv") is None
    else:
        with pytest.raises(InputError, match=said):
            volumes.check_groups(series, "t.csv")


def test_equal_values_have_no_z():
    assert np.isnan(ranks.normal_z(2.0, 2, 2, ranks.tie_sum(np.ones(4)))) and ranks.two_sided(0.0) == 1


def test_r_says_which_release_it_is(capsys):
    rbridge.announce()
    assert re.fullmatch(r"R \d+\.\d+\.\d+ through rpy2\n", capsys.readouterr().err)
