"""The record of the racing booster: its design, its deterministic part, and what a run of it writes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from stages.classification import data
from stages.common import canonical
from studies.sclc_liver import racing
from studies.sclc_liver.parameters import read_sensitivity
from studies.sclc_liver.perturb import Variation
from studies.sclc_liver.variation import Settings, measure
from tests.parameters import PARAMS

ROOT = Path(__file__).resolve().parents[4]
STUDY = yaml.safe_load((ROOT / "studies/sclc_liver/study.yaml").read_text())
RESULTS = ROOT / "metrics/sclc_liver/results"
RECORDS = sorted({RESULTS / name.format(environment=environment) for name in STUDY["variations"]
                  if name.startswith("race/") for environment in STUDY["runs"]["environments"]})


@pytest.fixture
def quick(small):
    """Quick parameters: two threads, three fits."""
    content = yaml.safe_load((small / "params.yaml").read_text())
    content["sensitivity"]["racing"] = {"threads": [2], "orders": ["released"], "repeats": 3}
    (small / "params.yaml").write_text(yaml.safe_dump(content))
    return small


def record(folder, *more):
    """Run the command on made-up data; return what it says."""
    return subprocess.run(
        [sys.executable, "-m", racing.__name__, "--environment", "e",
         "--release", f"r={folder / 'table.csv'}={folder / 'selected.csv'}",
         "--params", str(folder / "params.yaml"), "--out", str(folder / "race.json"),
         "--runs", str(folder / "runs.csv"), *more],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_a_record_holds_its_design_and_every_fit(quick):
    result = record(quick, "--made-from", str(quick / "selected.csv"))
    assert result.returncode == 0, result.stderr
    found = json.loads((quick / "race.json").read_text())
    assert found["machine"]["cores"] >= 1 and found["machine"]["vendor_id"]
    assert found["design"]["repeats"] == 3 and found["design"]["threads"] == [2]
    assert found["inputs"][str(quick / "selected.csv")] == canonical.sha256(quick / "selected.csv")
    runs = canonical.read_csv(quick / "runs.csv", dtype=str, keep_default_na=False)
    assert runs["kind"].tolist() == ["race"] * 3 and runs["repeat"].tolist() == ["1", "2", "3"]
    for source, numbers in found["releases"]["r"].items():
        for path, entry in numbers.items():
            assert entry["variations"] == entry["race_variations"] == 3 and "counts" not in entry
            distinct = sorted(map(float, entry["race_counts"]))
            given = [distinct[int(cell)] for cell in runs[f"{source}/{path}"] if cell != "nan"]
            assert pd.Series(given, dtype=float).value_counts().to_dict() == {
                float(value): count for value, count in entry["race_counts"].items()}


def test_one_thread_cannot_race(quick):
    """What the record says of one thread is the released analysis, and the same each time."""
    table, selected = (data.read_table(quick / "table.csv"), data.read_selected(quick / "selected.csv"))
    rows, _ = measure(table, selected, Variation("race", "r", "Haswell", 1, "released", 0),
                      Settings.read(quick / "params.yaml"))
    paths = {"table": str(quick / "table.csv"), "selected": str(quick / "selected.csv")}
    sweep = racing.sensitivity.Sweep({"r": paths}, quick / "params.yaml", 1)
    first, again = (racing.one_thread(sweep, "Haswell") for _ in range(2))
    assert canonical.json_bytes(first) == canonical.json_bytes(again)
    expected = {}
    for source, path, value in rows:
        expected.setdefault(source, {})[path] = value
    assert canonical.json_bytes(first) == canonical.json_bytes({"r": expected})


def test_a_release_that_is_missing_is_one_line(quick):
    (quick / "table.csv").unlink()
    result = record(quick)
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1
    assert "table.csv: cannot be read" in result.stderr and not (quick / "race.json").exists()


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_record_follows_the_design(path):
    found = canonical.read_json(path)
    design = read_sensitivity(PARAMS).racing
    assert {name: found["design"][name] for name in vars(design)} == canonical.plain(vars(design))
    fits = len(design.threads) * len(design.orders) * design.repeats
    assert found["releases"].keys() == found["one_thread"].keys() == {"2025-06", "2025-08"}
    raced = 0
    for release, sources in found["one_thread"].items():
        for source, numbers in sources.items():
            assert found["releases"][release][source].keys() == numbers.keys()
            for entry in found["releases"][release][source].values():
                assert entry["race_variations"] == fits >= sum(entry["race_counts"].values())
                raced += entry["distinct"] > 1
    # Threads did race: else the record would say no more than one thread does.
    assert raced > 100


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_one_thread_gives_the_committed_results(path):
    found, compared = canonical.read_json(path)["one_thread"], 0
    for release, sources in found.items():
        for source, numbers in sources.items():
            results = canonical.read_json(RESULTS / source / "as-released" / release / path.name)
            for name, value in numbers.items():
                committed = results
                for key in name.split("/"):
                    committed = committed[key]
                assert committed == value, (release, source, name)
                compared += 1
    assert compared > 300
