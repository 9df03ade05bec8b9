"""``make cohort``: which steps run on what a table has, and what is said of those that do not."""

import json
from types import SimpleNamespace

import pytest

from containers.commands import cohort
from containers.launcher import LauncherError

HEAD = "series,study,patient,path,mask,NE_Score\n"


def table(folder, *rows):
    path = folder / "cohort.csv"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return path


def reasons(found, train=False):
    return {step.name: reason for step, reason in cohort.plan(found, train, "report")}


def test_what_a_table_has_decides_which_steps_run(tmp_path):
    rows = [f"s{number},s{number},p{number // 2},i.nii,m.nii,0.5" for number in range(10)]
    found = cohort.read(table(tmp_path, *rows))
    assert found == cohort.Cohort(10, 10, 10, 5)
    assert reasons(found) | {"report": "", "training": ""} == dict.fromkeys(reasons(found), "")
    assert reasons(found)["training"] == "TRAIN=1 was not given"
    assert set(reasons(found, True).values()) == {""}
    few = cohort.read(table(tmp_path, "a,a,p,a.nii,m.nii,"))
    assert reasons(few, True)["training"] == "1 patients have masks"
    assert reasons(few)["models"] == "no series has an NE score"
    bare = reasons(cohort.read(table(tmp_path, "a,a,p,a.nii,,0.1")))
    assert bare["check"] == "" and bare["features"] == bare["detection"] == bare["models"] == (
        "no series has a mask")


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
