"""Checklists: complete, every answer resolves, the score follows from the published weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from stages.common import canonical
from stages.verdicts import checklists

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "stages.verdicts.checklists",
                           *map(str, arguments)], cwd=ROOT, env=os.environ, capture_output=True,
                          text=True)


def test_the_table_in_git_is_the_one_that_follows(tmp_path):
    done = run("--out", tmp_path / "c.csv", "--summary", tmp_path / "c.json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "c.csv").read_bytes() == (ROOT / "reports/sclc_liver/checklists.csv").read_bytes()
    assert (tmp_path / "c.json").read_bytes() == (ROOT / "reports/sclc_liver/checklists.json").read_bytes()
    summary = json.loads((tmp_path / "c.json").read_text())
    assert summary["CLEAR"]["items"] == 58 and summary["METRICS"]["items"] == 30
    assert 0 < summary["METRICS"]["score"]["percent"] < 100


def test_weights_are_those_of_nine_ranked_categories():
    """The published weights add up to 1, and each category's share is a rank sum over 89."""
    table = pd.read_csv(checklists.FOLDER / "metrics.csv")
    assert table["weight"].sum() == pytest.approx(1)
    shares = table.groupby("section")["weight"].sum() * 89
    assert len(shares) == 9
    assert shares.round().sum() == 89 and (shares - shares.round()).abs().max() < 0.02


def test_score_counts_met_items_among_applicable_ones():
    table = pd.DataFrame({"weight": ["0.2", "0.3", "0.4", "0.1"],
                          "status": ["met", "partly", "not met", "not applicable"]})
    assert checklists.score(table) == {"percent": round(200 / 9, 6),
                                       "percent_if_partly_counted": round(500 / 9, 6)}


@pytest.mark.parametrize(("column", "value", "said"), [
    ("answer", "stages/none.py", "leads nowhere"),
    ("answer", "params.yaml::classification/none", "leads nowhere"),
    ("answer", "", "without an answer"),
    ("status", "maybe", "status 'maybe'"),
    ("number", "7", "once each"),
])
def test_bad_items_are_one_clear_line(tmp_path, column, value, said):
    for stem in checklists.CHECKLISTS:
        table = canonical.read_csv(checklists.FOLDER / f"{stem}.csv", dtype=str,
                                   keep_default_na=False)
        if stem == "clear":
            met = table.index[table["status"] == "met"][0]
            table.loc[met, column] = value
        canonical.write_csv(tmp_path / f"{stem}.csv", table)
    done = run("--folder", tmp_path, "--out", tmp_path / "o.csv", "--summary", tmp_path / "o.json")
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("weight", [None, "", "0", "heavy"])
def test_items_without_a_weight_are_one_clear_line(tmp_path, weight):
    for stem in checklists.CHECKLISTS:
        table = canonical.read_csv(checklists.FOLDER / f"{stem}.csv", dtype=str,
                                   keep_default_na=False)
        if stem == "metrics":
            if weight is None:
                del table["weight"]
            else:
                table.loc[3, "weight"] = weight
        canonical.write_csv(tmp_path / f"{stem}.csv", table)
    done = run("--folder", tmp_path, "--out", tmp_path / "o.csv", "--summary", tmp_path / "o.json")
    item = 1 if weight is None else 4
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert f"metrics.csv: item {item} has no weight above 0" in done.stderr


def test_what_is_not_met_says_why(tmp_path):
    for stem, (name, items) in checklists.CHECKLISTS.items():
        table = checklists.read(checklists.FOLDER / f"{stem}.csv", name, items)
        assert (table.loc[table["status"] != "met", "note"] != "").all()
