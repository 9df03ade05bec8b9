"""The stage: a table in, results out; what cannot be used is refused in one line."""

import json
from pathlib import Path

import pytest
import yaml

from stages.common import cli
from stages.survival import analyse

HERE = Path(__file__).parent
SETTINGS = {"survival": {"months": 24, "group": "large", "covariates": ["large", "dose", "stage"],
                         "below": 0.05, "model": {"penalty": 0.1, "folds": 4, "groups": 3, "draws": 9,
                                                  "permutations": 9, "seed": 1}}}
REGIONS = ["patient,region,affected,relapse,share"] + [
    f"P{number:02d},{region},{number % 2},{int(number % 3 == 0)},0.5"
    for region in ("7", "10R") for number in range(1, 49)]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the stage on lines of an event table; return its exit code, its message and the result."""
    def start(lines=None, rows=None):
        files = {name: tmp_path / name for name in ("params.yaml", "events.csv", "regions.csv")}
        files["params.yaml"].write_text(yaml.safe_dump(SETTINGS))
        text = (HERE / "events.csv").read_text() if lines is None else "\n".join(lines) + "\n"
        files["events.csv"].write_text(text)
        out = tmp_path / "out.json"
        line = ["--params", files["params.yaml"], "--events", files["events.csv"], "--out", out]
        if rows is not None:
            files["regions.csv"].write_text("\n".join(rows) + "\n")
            line += ["--regions", files["regions.csv"]]
        monkeypatch.setattr("sys.argv", ["analyse", *map(str, line)])
        code = 0
        try:
            cli.main(analyse.stage)
        except SystemExit as stopped:
            code = stopped.code
        return code, capsys.readouterr().err, json.loads(out.read_text()) if out.exists() else None
    return start


def test_results_of_a_table_with_regions(run):
    code, said, found = run(rows=REGIONS)
    assert (code, said) == (0, "")
    assert set(found["groups"]) == {"0", "1"} and len(found["regions"]["all"]) == 2
    assert found["follow_up"]["patients"] == 48
    assert set(found["together"]["hazard_ratio"]) == {"large", "dose", "stage"}
    assert found == run(rows=REGIONS)[2]


HEAD = "patient,time,event,death,large,dose,stage"
GOOD = ["A,10,1,0,1,60,1", "B,12,0,1,0,58,2", "C,30,0,0,1,61,3"]


@pytest.mark.parametrize("row, words", [
    ("D,0,1,0,1,60,1", "patient D: the time of follow-up is 0"),
    ("D,-3,0,0,1,60,1", "patient D: the time of follow-up is -3"),
    ("D,long,0,0,1,60,1", "patient D: the time of follow-up is long"),
    ("D,,1,0,1,60,1", "patient D has an event without a time"),
    ("D,,0,0,1,60,1", "patient D has no time of follow-up"),
    ("A,20,0,0,1,60,1", "patient A stands twice"),
    (",20,0,0,1,60,1", "names no patient"),
    ("D,20,2,0,1,60,1", "patient D: 'event' is 2"),
    ("D,20,0,yes,1,60,1", "patient D: 'death' is 'yes'"),
    ("D,20,0,0,1,,1", "patient D: 'dose' is no number")])
def test_a_row_that_cannot_be_used(run, row, words):
    code, said, found = run([HEAD, *GOOD, row])
    assert code == 2 and words in said and "events.csv" in said and said.count("\n") == 1
    assert found is None


@pytest.mark.parametrize("lines, words", [
    ([HEAD], "holds no patient"),
    (["patient,time,event", "A,1,1"], "lacks the column(s) death"),
    (["patient,time,event,death", "A,1,1,0"], "lacks the column large"),
    ([HEAD, *(row.replace(",1,0,1,", ",0,0,1,") for row in GOOD)], "no patient has the event"),
    ([HEAD, *GOOD[:1], "B,12,0,1,1,58,2"], "'large' is the same for all patients")])
def test_a_table_that_cannot_be_used(run, lines, words):
    code, said, found = run(lines)
    assert code == 2 and words in said and said.count("\n") == 1 and found is None


@pytest.mark.parametrize("row, words", [
    ("Z,7,1,0,0.5", "patient Z has no row in the event table"),
    ("P01,7,1,0,0.5", "patient P01, region 7: stands twice"),
    ("P01,8,1,3,0.5", "'relapse' is 3, not 0 or 1"),
    ("P01,8,1,1,1.5", "'share' is 1.5, not from 0 to 1")])
def test_a_region_that_cannot_be_used(run, row, words):
    code, said, found = run(rows=[*REGIONS, row])
    assert code == 2 and words in said and said.count("\n") == 1 and found is None
