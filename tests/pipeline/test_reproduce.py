"""`make reproduce` where the released tables cannot be reached; the demo itself is stubbed."""

import csv
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from containers.commands import reproduce
from containers.commands.schedule import Pipeline
from containers.launcher import LauncherError

ROOT = Path(__file__).resolve().parents[2]
STUDIES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["ledger"]["matrix"]["study"]
PYTHON = ROOT / ".venv" / "bin" / "python"
# Nothing listens there: an address that is refused at once.
CLOSED = {"DATA_MIRROR": "/nonexistent", "MSCLC_ENGINE": "venv", "HTTPS_PROXY": "http://127.0.0.1:9",
          "https_proxy": "http://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
RUN = ("from containers.commands import reproduce\nfrom containers.launcher import entry\n"
       "entry(lambda: reproduce.main(run_demo=lambda: print('the demo ran', flush=True)))")


def run(folder, **extra):
    variables = {name: value for name, value in os.environ.items() if name != reproduce.REQUIRE}
    return subprocess.run([PYTHON, "-c", RUN], cwd=folder, env={**variables, **CLOSED, **extra},
                          capture_output=True, text=True)


def test_the_demo_runs_and_every_number_is_not_checked(clone):
    ledgers = {study: clone / "reports" / study / "ledger.csv" for study in STUDIES}
    before = {study: path.read_bytes() for study, path in ledgers.items()}
    result = run(clone)
    assert result.returncode == 0, result.stderr
    said = [line for line in result.stderr.splitlines() if "cannot be checked here" in line]
    assert len(said) == 1 and "features_2025-06.csv" in said[0] and "is unreachable" in said[0]
    assert result.stdout.count("the demo ran") == 1
    for study, path in ledgers.items():
        unchecked = clone / "logs" / f"{study}-without-data.csv"
        with open(unchecked, newline="") as stream:
            rows = list(csv.DictReader(stream))
        with open(path, newline="") as stream:
            committed = list(csv.DictReader(stream))
        assert {row["verdict"] for row in rows} <= {
            "consistent", "inconsistent", "impossible", "untested", "not-a-result"}
        assert not any(row["reproduced"] for row in rows)
        assert [(row["item"], row["row"], row["published"]) for row in rows] == [
            (row["item"], row["row"], row["published"]) for row in committed]
        assert path.read_bytes() == before[study], "the ledger is kept"
        assert f"No published number was recomputed: logs/{unchecked.name}" in result.stdout


def test_the_studies_are_those_that_the_house_judges():
    assert reproduce.studies(Pipeline().stages()) == STUDIES


def test_required_numbers_are_an_error_in_one_line(clone):
    result = run(clone, REQUIRE_PUBLISHED="1")
    assert result.returncode == 2 and "the demo ran" not in result.stdout
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: the published numbers cannot be checked")
    assert "DATA_MIRROR" in lines[0]


def test_tables_that_are_there_are_no_obstacle(monkeypatch):
    for name, value in CLOSED.items():
        monkeypatch.setenv(name, value)
    if not (ROOT / "data" / "sclc_liver" / "released" / "features_2025-08.csv").exists():
        pytest.skip("no released table on this machine (run make reproduce first)")
    house = Pipeline()
    assert reproduce.unreachable(house.needed(house.stages())) is None


@pytest.mark.parametrize("value, stops", [("1", True), ("yes", True), ("0", False), ("", False)])
def test_what_counts_as_required(monkeypatch, value, stops):
    monkeypatch.setenv(reproduce.REQUIRE, value)
    ran = []
    monkeypatch.setattr(reproduce, "in_image", lambda *arguments: ran.append(arguments))
    if stops:
        with pytest.raises(LauncherError, match="cannot be checked: why"):
            reproduce.without_tables("why", ["a"], lambda: ran.append("demo"))
        assert not ran
    else:
        reproduce.without_tables("why", ["a", "b"], lambda: ran.append("demo"))
        assert ran[0] == "demo"
        made = [line[-1] for line in ran[1:] if line[1] == "stages.verdicts.unchecked"]
        assert made == ["logs/a-without-data.csv", "logs/b-without-data.csv"]


def test_what_is_shown_first_waits_for_what_it_rests_on_only():
    house = Pipeline()
    asked, stages = reproduce.first(house, house.needed(house.stages()))
    names = {stage.name.partition("@")[0] for stage in stages}
    assert (asked["study"], asked["item"]) == ("sclc_liver", "Table4")
    assert names == {"fetch", "table", "select", "train", "bootstrap"}
    protocols = {name.split("-20")[0] for name in (stage.name for stage in stages)
                 if name.startswith(("select", "train", "bootstrap"))}
    assert protocols == {"select@as-released", "train@as-released", "bootstrap@as-released"}


def test_a_pipeline_that_shows_nothing_first():
    house = Pipeline()
    assert reproduce.first(house, house.stages("studies/sclc_liver/imaging/dvc.yaml")) == (None, [])


def test_a_sweep_that_other_inputs_made_is_named(tmp_path, monkeypatch):
    """It is not run by itself, so the user hears of it."""
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  sweep:\n    frozen: true\n    cmd: cp a b\n    deps: [a]\n    outs: [b]\n"
        "  other:\n    cmd: cp a c\n    deps: [a]\n    outs: [c]\n")
    (tmp_path / "a").write_text("1")
    dvc = ROOT / ".venv" / "bin" / "dvc"
    for line in (["git", "init", "-q"], [dvc, "init", "-q"]):
        subprocess.run(line, cwd=tmp_path, check=True)
    monkeypatch.chdir(ROOT)
    house = Pipeline(tmp_path)
    house.run(house.order, force=lambda stage: True)
    assert reproduce.stale(Pipeline(tmp_path).order) == []
    (tmp_path / "a").write_text("2")
    assert [stage.name for stage in reproduce.stale(Pipeline(tmp_path).order)] == ["sweep"]


def test_what_a_sweep_alone_fetches_is_not_asked_for(tmp_path, monkeypatch):
    """Its results are in git: a closed network is no obstacle then."""
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  a:\n    frozen: true\n    meta: {network: true}\n    cmd: 'false'\n    outs: [a]\n")
    for line in (["git", "init", "-q"], [ROOT / ".venv" / "bin" / "dvc", "init", "-q"]):
        subprocess.run(line, cwd=tmp_path, check=True)
    monkeypatch.chdir(ROOT)
    stage, = Pipeline(tmp_path).order
    assert reproduce.unreachable([stage]) is None
    stage.frozen = False
    assert "failed" in reproduce.unreachable([stage])


def test_stages_that_need_the_network_are_marked():
    """What acquires data runs in the orchestrator, and `make reproduce` asks it first."""
    for stage in Pipeline().order:
        fetches = "containers/run orchestrator" in stage.cmd
        assert bool((stage.meta or {}).get("network")) == fetches, stage.addressing


def test_every_word_of_meta_is_known():
    known = {"cost", "threads", "network", "sweep", "unscored", "first"}
    for stage in Pipeline().order:
        assert set(stage.meta or {}) <= known and stage.desc, stage.addressing
        assert stage.frozen == (stage.meta or {}).get("sweep", False), stage.addressing


@pytest.mark.parametrize("there, points, installs", [
    ([], True, True), ([], False, False), (["node_modules/webr/package.json"], True, True),
    (["node_modules/webr/package.json", "node_modules/.package-lock.json"], True, False)])
def test_what_a_killed_npm_left_is_installed_again(tmp_path, monkeypatch, there, points, installs):
    """The folder alone says nothing: npm's own list of what it installed is written last."""
    for name in there:
        path = tmp_path / "containers" / "statistics" / "webr" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    if points:
        path = tmp_path / "data" / "sclc_liver" / "burden" / "r.csv"
        path.parent.mkdir(parents=True)
        path.write_text("")
    called, checked = [], []
    monkeypatch.setattr(reproduce, "ROOT", tmp_path)
    monkeypatch.setattr(reproduce.shutil, "which", lambda name: name)
    monkeypatch.setattr(reproduce.subprocess, "run", lambda line, **_: called.append(line[:2]))
    monkeypatch.setattr(reproduce, "in_image", lambda *arguments: checked.append(arguments))
    reproduce.cross_check()
    assert called == ([["npm", "ci"]] if installs else []) and len(checked) == points
