"""The imaging pipeline: fingerprints, the places of its stages, stages side by side."""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from containers.launcher import LauncherError, cohorts, demo, pipeline

ROOT = Path(__file__).resolve().parents[2]
DVC = ROOT / ".venv" / "bin" / "dvc"


@pytest.fixture(scope="module")
def lock():
    return yaml.safe_load((ROOT / "imaging" / "dvc.lock").read_text())["stages"]


@pytest.fixture(scope="module")
def listed():
    return pipeline.stages(cohorts.PHANTOM.file)


def test_every_stage_has_its_fingerprint(lock, listed):
    assert sorted(name.removeprefix("imaging/dvc.yaml:") for name in listed) == sorted(lock)


def test_results_in_git_are_those_of_the_fingerprints(lock):
    checked = 0
    for name, stage in lock.items():
        for out in stage.get("outs", []):
            if out["path"].startswith(("metrics/", "reports/")) and not out["md5"].endswith(".dir"):
                digest = hashlib.md5((ROOT / out["path"]).read_bytes()).hexdigest()
                assert digest == out["md5"], f"{out['path']} is not what stage {name} wrote"
                checked += 1
    assert checked > 10


def test_code_is_that_of_the_fingerprints(lock):
    for name, stage in lock.items():
        for dependency in stage.get("deps", []):
            path = ROOT / dependency["path"]
            if path.is_file() and dependency["path"].startswith(("stages/", "containers/")):
                digest = hashlib.md5(path.read_bytes()).hexdigest()
                assert digest == dependency["md5"], f"run 'make demo': {path.name} changed ({name})"


def test_every_stage_runs_in_the_root_and_writes_to_its_own_place(lock):
    stages = yaml.safe_load((ROOT / "imaging" / "dvc.yaml").read_text())["stages"]
    for name, stage in stages.items():
        assert stage.get("do", stage)["wdir"] == "..", name
    for stage in lock.values():
        for out in stage.get("outs", []):
            assert re.match(r"(data|features|masks|metrics|models)/imaging/|reports/demo", out["path"])


def test_the_root_pipeline_has_no_stage_of_it():
    assert not [name for name in pipeline.stages() if "imaging" in name]


def test_stages_are_divided_without_loss(listed):
    first, side, rest = demo.parts(listed)
    assert sorted(listed) == sorted([*first, *rest, *(name for part in side.values()
                                                      for name in part)])
    methods = yaml.safe_load((ROOT / "params.yaml").read_text())["imaging"]["methods"]
    assert sorted(side) == sorted({*methods, "reference"} - {"baseline"})
    # Nothing that runs side by side may wait for another part.
    lock = yaml.safe_load((ROOT / "imaging" / "dvc.lock").read_text())["stages"]
    made = {out["path"]: name for name, stage in lock.items() for out in stage.get("outs", [])}
    for title, part in side.items():
        known = {name.rpartition(":")[2] for name in (*first, *part)}
        for name in part:
            for dependency in lock[name.rpartition(":")[2]]["deps"]:
                maker = next((m for path, m in made.items() if dependency["path"] == path
                              or dependency["path"].startswith(f"{path}/")), None)
                assert maker is None or maker in known, f"{title}: {name} waits for {maker}"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A repository with two independent stages, each of which waits for the other to start."""
    wait = "i=0; while [ ! -e {} ]; do sleep 0.1; i=$((i+1)); [ $i -lt 200 ] || exit 9; done"
    stages = {mine: {"cmd": f"touch started-{mine} && {wait.format('started-' + other)} && "
                            f"echo {mine} > {mine}.txt", "outs": [f"{mine}.txt"]}
              for mine, other in (("a", "b"), ("b", "a"))}
    stages["broken"] = {"cmd": "echo 'error: no such scan; add it' >&2 && exit 2", "outs": ["c"]}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    for command in (["git", "init", "-q"], [DVC, "init", "-q"]):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.setattr(pipeline, "ROOT", tmp_path)
    monkeypatch.setattr(pipeline, "workers", lambda: 2)
    return tmp_path


def test_parts_run_side_by_side_and_every_result_is_recorded(small):
    with pipeline.display() as progress:
        pipeline.lanes(progress, {"one": ["a"], "two": ["b"]}, pipeline.AGAIN, small / "log")
    assert sorted(yaml.safe_load((small / "dvc.lock").read_text())["stages"]) == ["a", "b"]


def test_a_failing_part_is_one_line(small):
    with pipeline.display() as progress, pytest.raises(LauncherError) as caught:
        pipeline.lanes(progress, {"one": ["broken"]}, pipeline.AGAIN, small / "log")
    assert str(caught.value) == "stage 'broken' failed: no such scan; add it"


@pytest.mark.parametrize("rows, whole", [
    ("a,0.2,train\nb,,\n", True), ("a,0.2,\nb,,train\n", False), ("", False)])
def test_a_cohort_without_scores_ends_with_the_detection(tmp_path, rows, whole):
    (tmp_path / "manifest.csv").write_text(f"File,NE_Score,Group\n{rows}")
    assert demo.scored(tmp_path / "manifest.csv") is whole


def test_what_it_ends_with_needs_no_scores(listed, lock):
    last = [name.rpartition(":")[2] for name in demo.stages_of(listed, demo.DETECTION)]
    methods = yaml.safe_load((ROOT / "params.yaml").read_text())["imaging"]["methods"]
    assert sorted(last) == sorted([*(f"detect@{method}" for method in methods), "pictures"])
    made = {out["path"]: name for name, stage in lock.items() for out in stage.get("outs", [])}
    needed, waiting = set(), list(last)
    while waiting:
        name = waiting.pop()
        needed.add(name)
        waiting += [maker for dependency in lock[name]["deps"] for path, maker in made.items()
                    if maker not in needed and (dependency["path"] == path
                                                or path.startswith(f"{dependency['path']}/"))]
    assert "cohort" in needed and "scored" not in needed


def test_every_source_has_its_training_set():
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert params["imaging"]["training_set"] in params["segmentation"]["training_sets"]
    for source in cohorts.PRIVATE:
        assert params["segmentation"]["training_sets"][source] == [source]


def test_the_cluster_job_says_what_it_lacks(tmp_path):
    script = ROOT / "imaging" / "slurm.sbatch"
    for folder, said in ((None, "this is a job script"), (tmp_path, "run 'make setup'")):
        variables = {"PATH": "/usr/bin:/bin"}
        variables |= {"SLURM_SUBMIT_DIR": str(folder)} if folder else {}
        done = subprocess.run(["bash", script], env=variables, capture_output=True, text=True)
        assert done.returncode and said in done.stderr and len(done.stderr.splitlines()) == 1
