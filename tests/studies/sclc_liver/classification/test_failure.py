"""The analysis of failures: counts by hand, and the stage from files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from stages.common import canonical
from stages.common.errors import InputError
from studies.sclc_liver import failure, failure_checked

ROOT = Path(__file__).resolve().parents[4]


def predicted():
    """Seven predicted series of four studies, three of them wrong."""
    rows = [("a", 1, 1, .2), ("a", 1, 1, .2), ("b", 0, 1, -.1), ("b", 0, 1, -.1),
            ("c", 1, 0, .3), ("c", 1, 1, .3), ("d", 0, 0, -.2)]
    part = pd.DataFrame(rows, columns=["study", "NE_Class", "predicted", "NE_Score"])
    part["series"] = [f"x{i}" for i in range(len(rows))]
    part["configuration"], part["probability"] = "LR", 0.5
    return part


def test_counts_by_hand():
    found = failure.analyse(predicted(), 0.0)["LR"]
    assert found["agreement"] == {
        "studies": 4, "several_series": 3, "both_correct": 1, "both_incorrect": 1,
        "discordant": 1, "single_correct": 1, "single_incorrect": 0}
    assert found["scores"]["incorrect"]["n"] == 3
    assert found["scores"]["incorrect"]["NE_median"] == -0.1
    assert [row["series"] for row in found["misclassified"]] == ["x2", "x3", "x4"]


def test_the_stage_twice_gives_the_same_bytes(tmp_path):
    canonical.write_csv(tmp_path / "p.csv", predicted())
    contents = []
    for name in ("a.json", "b.json"):
        done = subprocess.run(
            [sys.executable, "-m", "studies.sclc_liver.failure_checked", "--params",
             ROOT / "studies/sclc_liver/params", "--protocol", "as-released", "--release", "R",
             "--environment", "E", "--predictions", tmp_path / "p.csv", "--out", tmp_path / name],
            cwd=ROOT, env=os.environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]
    found = json.loads(contents[0])
    assert found["run"]["protocol"] == "as-released"
    assert found["configurations"]["LR"]["agreement"]["studies"] == 4


# Column, line (from 0) and what stands there instead.
DAMAGED = {"line 4 is no whole prediction": ("probability", 2, None),
           "line 2 is no whole prediction": ("predicted", 0, 2),
           "line 8 has no NE score": ("NE_Score", 6, 70.0),
           "lists a series twice": ("series", 0, "x1"),
           "series x0 has two": ("NE_Class", 7, 0)}


@pytest.mark.parametrize("said", DAMAGED)
def test_damaged_predictions_are_refused_as_the_bootstrap_refuses_them(said):
    part = predicted()
    part = pd.concat([part, part.assign(configuration="RF")], ignore_index=True)
    failure_checked.require(part, "p.csv")
    column, line, value = DAMAGED[said]
    part.loc[line, column] = value
    with pytest.raises(InputError, match=said):
        failure_checked.require(part, "p.csv")
