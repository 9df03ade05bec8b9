"""The burden stage: published values, canonical outputs, bad input."""

from __future__ import annotations

import json
import os

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from stages.common.columns import LABEL, SCORE
from stages.common.errors import InputError
from stages.statistics import volumes
from studies.sclc_liver import burden


def run(stage, table, folder, **options):
    return stage("burden", "--table", table, "--out", folder / "out.json", "--points",
                 folder / "points.csv", **options)


def assert_refused(done, folder, *words):
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]
    assert not (folder / "out.json").exists() and not (folder / "points.csv").exists()


def test_published_values_on_the_released_tables(released, stage, tmp_path):
    done = run(stage, released, tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "out.json").read_text())
    assert result["n"] == 118
    assert round(result["spearman"]["rho"], 4) == 0.2520
    assert round(result["spearman"]["p"], 5) == 0.00590
    rank_sum = result["rank_sum"]
    assert rank_sum["W"] == 1527
    assert round(rank_sum["z"], 3) == 1.478 and round(rank_sum["p_z"], 3) == 0.139
    assert round(rank_sum["p_asymptotic"], 3) == 0.139
    assert round(rank_sum["p_asymptotic_corrected"], 3) == 0.140
    assert rank_sum["p_exact_missing_because"] is None
    assert {name: group["n"] for name, group in result["groups"].items()} == {
        "NE-positive": 89, "NE-negative": 29}
    points = pd.read_csv(tmp_path / "points.csv")
    assert list(points.columns) == ["study", "volume_mm3", "NE_Score", "NE_Class"]
    assert len(points) == points["study"].nunique() == 118


def test_runs_are_identical_and_name_no_r_version(table, write, stage, tmp_path):
    path = write(table)
    contents = []
    for _ in range(2):
        done = run(stage, path, tmp_path, path=os.environ["PATH"])
        assert done.returncode == 0 and "through rpy2" in done.stderr
        contents.append([(tmp_path / name).read_bytes() for name in ("out.json", "points.csv")])
    assert contents[0] == contents[1]
    assert b"version" not in contents[0][0].lower()


def test_first_row_of_each_study_counts(table, write):
    series = volumes.read(write(table.iloc[::-1]))
    studies = volumes.first_of_study(series)
    last = table.groupby("study").last()
    expected = last[volumes.VOXELS] * last[volumes.SPACING].map(
        lambda text: volumes.voxel_volume(text, ""))
    assert studies.set_index("study")["volume_mm3"].sort_index().tolist() == expected.tolist()


def test_direction_and_medians():
    studies = pd.DataFrame({"study": list("abcd"), "volume_mm3": [1.0, 2.0, 8.0, 9.0],
                            SCORE: [-0.2, -0.1, 0.1, 0.2], LABEL: [0, 0, 1, 1]})
    result = burden.summarise(studies, 10_000)
    assert result["rank_sum"]["z"] > 0 and result["rank_sum"]["larger"] == "NE-positive"
    assert result["groups"]["NE-positive"]["median_mm3"] == 8.5
    assert result["spearman"]["rho"] == pytest.approx(1.0)


def test_equal_volumes_give_empty_values(table, write, stage, tmp_path):
    table[volumes.VOXELS], table[volumes.SPACING] = 10, "(1.0, 1.0, 1.0)"
    with pytest.warns(stats.ConstantInputWarning):
        done = run(stage, write(table), tmp_path)
    assert done.returncode == 0
    result = json.loads((tmp_path / "out.json").read_text())
    assert result["spearman"] == {"rho": None, "p": None}
    assert result["rank_sum"]["z_tie_corrected"] is None
    assert result["rank_sum"]["p_asymptotic"] is None and result["rank_sum"]["larger"] == "neither"


@pytest.mark.parametrize("column", ["study", volumes.VOXELS, volumes.SPACING, "NE_Score"])
def test_missing_column(column, table, write, stage, tmp_path):
    done = run(stage, write(table.drop(columns=column)), tmp_path)
    assert_refused(done, tmp_path, "cohort.csv", column, "lacks the column")


@pytest.mark.parametrize("spacing", [
    "(0.7, 'thick', 5.0)", "(0.7, 0.7)", "0.7 0.7 5", "(0.7, 0.7, -5.0)", "(0.7, 0.7, 1e999)",
    "__import__('os').getcwd()", "", "((((", "{'a': 1}", "12"])
def test_bad_spacing(spacing):
    with pytest.raises(InputError, match="three positive numbers"):
        volumes.voxel_volume(spacing, "cohort.csv: row 4")


def test_bad_spacing_from_the_command_line(table, write, stage, tmp_path):
    table.loc[2, volumes.SPACING] = "(0.7, n/a, 5.0)"
    done = run(stage, write(table), tmp_path)
    assert_refused(done, tmp_path, "cohort.csv: row 4", "three positive numbers")


@pytest.mark.parametrize("column, value, words", [
    (volumes.VOXELS, "many", "'many' is not a non-negative number"),
    (volumes.VOXELS, -1, "is not a non-negative number"),
    ("NE_Score", np.nan, "is not a number"),
    ("NE_Class", 2, "other than 0 and 1"),
    ("study", np.nan, "names no study")])
def test_bad_cells(column, value, words, table, write):
    table[column] = table[column].astype(object)
    table.loc[0, column] = value
    with pytest.raises(InputError, match=words):
        volumes.read(write(table))


def test_a_study_with_two_labels(table, write):
    table.loc[1, LABEL] = 1 - table.loc[2, LABEL]
    table.loc[2, "study"] = table.loc[1, "study"]
    table.loc[2, SCORE] = table.loc[1, SCORE]
    with pytest.raises(InputError, match="more than one 'NE_Class'"):
        volumes.read(write(table))


@pytest.mark.parametrize("value, name", [(1, "NE-negative"), (0, "NE-positive")])
def test_an_empty_group(value, name, table, write, stage, tmp_path):
    table[LABEL] = value
    done = run(stage, write(table), tmp_path)
    assert_refused(done, tmp_path, "cohort.csv", f"no study is {name}")


def test_too_few_studies(table, write, stage, tmp_path):
    done = run(stage, write(table[table["study"].isin(["S00", "S01"])]), tmp_path)
    assert_refused(done, tmp_path, "holds 2 studies")


def test_missing_table(stage, tmp_path):
    assert_refused(run(stage, tmp_path / "none.csv", tmp_path), tmp_path, "none.csv: no such file")


def test_r_missing(table, write, stage, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run(stage, write(table), tmp_path, path=str(empty))
    assert_refused(done, tmp_path, "R is not installed", "apt-get install r-base-core")
