"""The imaging pipeline: the places of its stages, where it ends without scores."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from containers.commands import cohorts, demo
from containers.commands.schedule import Pipeline
from tests.parameters import whole

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "studies" / "sclc_liver" / "imaging"


@pytest.fixture(scope="module")
def lock():
    return yaml.safe_load((HOME / "dvc.lock").read_text())["stages"]


@pytest.fixture(scope="module")
def house():
    return Pipeline()


def test_every_stage_runs_in_the_root_and_writes_to_its_own_place(lock):
    stages = yaml.safe_load((HOME / "dvc.yaml").read_text())["stages"]
    for name, stage in stages.items():
        assert stage.get("do", stage)["wdir"] == "../../..", name
    place = re.compile(r"(data|features|masks|metrics|models)/sclc_liver/imaging/|"
                       r"reports/sclc_liver/demo")
    for stage in lock.values():
        for out in stage.get("outs", []):
            assert place.match(out["path"]), out["path"]


def test_the_root_pipeline_needs_no_stage_of_it(house):
    needed = house.needed(house.stages())
    assert needed and not set(needed).intersection(house.stages(cohorts.PHANTOM.file))


@pytest.mark.parametrize("rows, whole", [
    ("a,0.2,train\nb,,\n", True), ("a,0.2,\nb,,train\n", False), ("", False)])
def test_a_cohort_without_scores_ends_with_the_detection(tmp_path, rows, whole):
    (tmp_path / "manifest.csv").write_text(f"File,NE_Score,Group\n{rows}")
    assert demo.scored(tmp_path / "manifest.csv") is whole


def test_what_it_ends_with_needs_no_scores(house):
    last = [stage for stage in house.stages(cohorts.PHANTOM.file)
            if (stage.meta or {}).get("unscored")]
    methods = whole()["imaging"]["methods"]
    assert sorted(stage.name for stage in last) == sorted(
        [*(f"detect@{method}" for method in methods), "comparison", "pictures"])
    needed = {stage.name for stage in house.needed(last)}
    assert "cohort" in needed and "scored" not in needed


def test_the_cohort_comes_first_and_alone(house):
    cohort = house.needed(house.makers([f"{cohorts.PHANTOM.data}/cohort"]))
    assert [stage.name for stage in cohort] == ["cohort"]


def test_results_are_shown_with_the_parameters_of_the_study(monkeypatch):
    """What the demonstration calls is a command line that the module knows."""
    lines = []
    monkeypatch.setattr(demo.pipeline, "in_image", lambda *line: lines.append(line))
    demo.show("--detection")
    assert lines == [("reporting", "studies.sclc_liver.demo", "--params",
                      "studies/sclc_liver/params", "--detection")]


def test_every_source_has_its_training_set():
    sets = whole()["segmentation"]["training_sets"]
    for source in cohorts.PRIVATE:
        assert sets[source] == [source]
    assert sets[cohorts.JOINT][0] == cohorts.ALONE and len(sets[cohorts.JOINT]) > 1
    stages = yaml.safe_load((HOME / "dvc.yaml").read_text())["stages"]
    for name in ("prepare-nnunet", "infer", "detect"):
        assert set(stages[name]["foreach"].values()) == {cohorts.ALONE, cohorts.JOINT}


def test_all_that_is_trained_is_applied_and_compared():
    stages = yaml.safe_load((HOME / "dvc.yaml").read_text())["stages"]
    imaging = whole()["imaging"]
    trained = {*stages["train"]["matrix"]["network"], *stages["train-nnunet"]["foreach"],
               "nnunet-finetuned"}
    assert trained == set(stages["infer"]["foreach"]) == set(imaging["networks"])
    assert list(stages["detect"]["foreach"]) == imaging["methods"] == ["baseline", *imaging["networks"]]
    for name, where in stages["infer"]["foreach"].items():
        assert stages["detect"]["foreach"][name] == where
        assert where == stages["prepare-nnunet"]["foreach"].get(name, where)


def test_the_cluster_job_says_what_it_lacks(tmp_path):
    script = HOME / "slurm.sbatch"
    for folder, said in ((None, "this is a job script"), (tmp_path, "run 'make setup'")):
        variables = {"PATH": "/usr/bin:/bin"}
        variables |= {"SLURM_SUBMIT_DIR": str(folder)} if folder else {}
        done = subprocess.run(["bash", script], env=variables, capture_output=True, text=True)
        assert done.returncode and said in done.stderr and len(done.stderr.splitlines()) == 1
