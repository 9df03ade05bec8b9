"""`make reproduce` where the released tables cannot be reached; the demo itself is stubbed."""

import csv
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from containers.launcher import LauncherError, reproduce

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv" / "bin" / "python"
# Nothing listens there: an address that is refused at once.
CLOSED = {"DATA_MIRROR": "/nonexistent", "MSCLC_ENGINE": "venv", "HTTPS_PROXY": "http://127.0.0.1:9",
          "https_proxy": "http://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
RUN = ("from containers.launcher import entry, reproduce\n"
       "entry(lambda: reproduce.main(run_demo=lambda: print('the demo ran', flush=True)))")


def run(folder, **extra):
    variables = {name: value for name, value in os.environ.items() if name != reproduce.REQUIRE}
    return subprocess.run([PYTHON, "-c", RUN], cwd=folder, env={**variables, **CLOSED, **extra},
                          capture_output=True, text=True)


def test_the_demo_runs_and_every_number_is_not_checked(clone):
    before = (clone / "reports" / "ledger.csv").read_bytes()
    result = run(clone)
    assert result.returncode == 0, result.stderr
    said = [line for line in result.stderr.splitlines() if "cannot be checked here" in line]
    assert len(said) == 1 and "features_2025-06.csv" in said[0] and "is unreachable" in said[0]
    assert result.stdout.count("the demo ran") == 1
    with open(clone / reproduce.UNCHECKED, newline="") as stream:
        rows = list(csv.DictReader(stream))
    with open(clone / "reports" / "ledger.csv", newline="") as stream:
        committed = list(csv.DictReader(stream))
    assert {row["verdict"] for row in rows} == {"not-checked"}
    assert [(row["item"], row["row"], row["published"]) for row in rows] == [
        (row["item"], row["row"], row["published"]) for row in committed]
    assert (clone / "reports" / "ledger.csv").read_bytes() == before, "the ledger is kept"
    assert f"No published number was checked: {reproduce.UNCHECKED}" in result.stdout


def test_required_numbers_are_an_error_in_one_line(clone):
    result = run(clone, REQUIRE_PUBLISHED="1")
    assert result.returncode == 2 and "the demo ran" not in result.stdout
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: the published numbers cannot be checked")
    assert "DATA_MIRROR" in lines[0]


def test_tables_that_are_there_are_not_asked_for(tmp_path, monkeypatch):
    for name, value in CLOSED.items():
        monkeypatch.setenv(name, value)
    mirror = Path(os.environ.get("TABLES", ROOT / "data" / "released"))
    if not (mirror / "features_2025-08.csv").exists():
        pytest.skip("no released table on this machine (run make reproduce first)")
    assert reproduce.unreachable(["fetch@2025-08", "table@2025-08"], mirror) is None
    assert "is unreachable" in reproduce.unreachable(["fetch@2025-08"], tmp_path)


@pytest.mark.parametrize("value, stops", [("1", True), ("yes", True), ("0", False), ("", False)])
def test_what_counts_as_required(monkeypatch, value, stops):
    monkeypatch.setenv(reproduce.REQUIRE, value)
    ran = []
    monkeypatch.setattr(reproduce, "in_image", lambda *arguments: ran.append(arguments))
    if stops:
        with pytest.raises(LauncherError, match="cannot be checked: why"):
            reproduce.without_tables("why", lambda: ran.append("demo"))
        assert not ran
    else:
        reproduce.without_tables("why", lambda: ran.append("demo"))
        assert ran[0] == "demo"


def test_parts_that_run_side_by_side_need_nothing_of_one_another():
    recorded = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    names = list(recorded)
    first = [name for name in names if re.fullmatch(reproduce.FIRST[1], name)]
    search = [name for name in names if re.fullmatch(reproduce.SEARCH, name)]
    rest = [name for name in names if name not in first
            and not re.fullmatch(f"{reproduce.SWEEPS}|{reproduce.SEARCH}|{reproduce.LAST}", name)]
    releases = reproduce.by_release(first)
    assert sorted(name for part in releases.values() for name in part) == sorted(first)
    assert search and rest and len(releases) > 1
    for parts in (list(releases.values()), [search, rest]):
        for part in parts:
            reads = {item["path"] for name in part for item in recorded[name].get("deps", ())}
            others = [name for other in parts if other is not part for name in other]
            made = {item["path"] for name in others for item in recorded[name]["outs"]}
            assert not [path for path in reads for out in made
                        if f"{path}/".startswith(f"{out}/") or f"{out}/".startswith(f"{path}/")]
