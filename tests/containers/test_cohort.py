"""``make cohort``: which steps run on what a table has, and what is said of those that do not."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from containers.commands import cohort
from containers.launcher import ROOT, LauncherError

# Whom the intake holds out of cohorts of several sizes.
DRAW = """
import json, sys
from stages.cohort.own_table import Own, hold_out
for names in json.loads(sys.argv[1]):
    drawn = hold_out(names, Own(2025, 0.2, 0.16, (1,), (2,), (), -2048.0, 0.1))
    print(json.dumps(sorted(name for name in names if drawn[name] == "test")))
"""

HEAD = "series,study,patient,path,mask,NE_Score\n"


def table(folder, *rows):
    path = folder / "cohort.csv"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return path


def reasons(found, train=False):
    return {step.name: reason for step, reason in cohort.plan(found, train, "report")}


def test_what_a_table_has_decides_which_steps_run(tmp_path):
    rows = [f"s{number},s{number},p{number // 2},i.nii,m.nii,0.5" for number in range(14)]
    found = cohort.read(table(tmp_path, *rows))
    assert found == cohort.Cohort(14, 14, 14, 7, 6, 5)
    assert reasons(found) | {"report": "", "training": ""} == dict.fromkeys(reasons(found), "")
    assert reasons(found)["training"] == "TRAIN=1 was not given"
    assert set(reasons(found, True).values()) == {""}
    few = cohort.read(table(tmp_path, "a,a,p,a.nii,m.nii,"))
    assert reasons(few, True)["training"] == "1 patients have masks"
    assert reasons(few)["models"] == "no series has an NE score"
    bare = reasons(cohort.read(table(tmp_path, "a,a,p,a.nii,,0.1")))
    assert bare["check"] == "" and bare["features"] == bare["detection"] == bare["models"] == (
        "no series has a mask")


def test_models_need_as_many_training_patients_as_folds(tmp_path):
    """Whoever is held out, without a score or without a mask trains nothing."""
    def reason(*rows):
        path = table(tmp_path)
        path.write_text(HEAD.replace("\n", ",Group\n") + "".join(f"{row}\n" for row in rows))
        return reasons(cohort.read(path))["models"]
    train = [f"s{number},s{number},p{number},i.nii,m.nii,0.5,train" for number in range(5)]
    assert reason(*train) == ""
    for other in ("s4,s4,p4,i.nii,m.nii,0.5,test", "s4,s4,p4,i.nii,,0.5,train",
                  "s4,s4,p4,i.nii,m.nii,,train", "s4,s4,p3,i.nii,m.nii,0.5,val"):
        assert reason(*train[:4], other).startswith("4 patients with NE scores and masks"), other
    # One of five is drawn for the test part.
    drawn = [f"s{number},s{number},p{number},i.nii,m.nii,0.5," for number in range(5)]
    assert "5 are needed (classification.corrected.folds)" in reason(*drawn)


def test_the_plan_knows_whom_the_intake_holds_out():
    cohorts = [[f"p{number}" for number in range(count)] for count in (1, 2, 3, 7, 12, 50, 113)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "containers" / "run"), "cohort", "--", "python", "-c", DRAW,
         json.dumps(cohorts)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "MSCLC_ENGINE": "venv"})
    assert done.returncode == 0, done.stderr
    drawn = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(drawn) == len(cohorts) and len(drawn[-1]) == 23
    assert [sorted(cohort.held_out(names[::-1], {"seed": 2025, "test_share": 0.2}))
            for names in cohorts] == drawn


def test_a_table_that_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(LauncherError, match="write the table of your series"):
        cohort.read(tmp_path / "cohort.csv")
    (tmp_path / "cohort.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LauncherError, match="cannot be read"):
        cohort.read(tmp_path / "cohort.csv")


def test_the_stages_of_a_step():
    stages = [SimpleNamespace(name=name, meta=meta) for name, meta in (
        ("detect@baseline", {"unscored": True}), ("detect@unet", {"unscored": True}),
        ("corrected@predicted", None), ("corrected@reference", None), ("summary", None))]
    assert cohort.names("detection", stages, False) == ["detect@baseline"]
    assert cohort.names("training", stages, True) == ["detect@baseline", "detect@unet"]
    # Without trained networks there are no predicted masks.
    assert cohort.names("models", stages, False) == ["corrected@reference"]
    assert cohort.names("models", stages, True) == ["corrected@predicted", "corrected@reference"]


def test_the_scores_stand_beside_their_intervals(tmp_path):
    auc = {"mean": 0.625, "patients": {"low": 0.5, "high": None}}
    tested = {"series": 3, "patients": 2, "patients_with_negatives": 1, "patients_with_positives": 2}
    (tmp_path / "reference.json").write_text(json.dumps(
        {"numbers": {"test": tested}, "test": {"scores": {"LR": {"AUC": auc}}}}))
    assert cohort.scores(tmp_path) == [
        "reference masks: tested on 3 series of 2 patients (1 with NE-negative series, 2 with "
        "NE-positive ones)", "reference masks, LR: test AUC 0.62 (0.50 to undefined)"]
