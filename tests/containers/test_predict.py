"""``make predict``: what it refuses, what it runs, what it prints."""

import csv
import json
import subprocess

import pytest

from containers.commands import predict
from containers.launcher import ROOT, LauncherError

CARD = "data/sclc_liver/imaging/cards/predicted.json"


@pytest.fixture
def ready(tmp_path, monkeypatch):
    """A repository with trained models, and a CT."""
    monkeypatch.setattr(predict, "ROOT", tmp_path / "repository")
    for path in (f"{predict.MODEL}/model.json", f"{predict.CLASSIFIERS}/LR/features.json", CARD):
        file = tmp_path / "repository" / path
        file.parent.mkdir(parents=True)
        file.write_text("{}")
    (tmp_path / "ct.nii.gz").write_bytes(b"ct")
    return tmp_path


def options(folder, *more):
    return predict.parse(["--ct", str(folder / "ct.nii.gz"), "--out", str(folder / "out"), *more])


def test_a_fresh_folder_is_taken(ready):
    assert predict.check(options(ready)) == (ready / "ct.nii.gz", ready / "out")
    (ready / "out" / predict.WORK).mkdir(parents=True)  # what an interrupted run left
    predict.check(options(ready))


def git(folder, *arguments, run=subprocess.run):
    return run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=True).stdout


def test_git_takes_nothing_of_a_patient_from_the_results(ready):
    """Neither while stages run nor afterwards, in a folder that no other file ignores."""
    git(ready, "init", "-q")
    (ready / ".gitignore").write_text("/repository/\n/ct.nii.gz\n")
    seen, run = [], subprocess.run

    def stage(line, **_):
        for name in predict.RESULTS:
            (ready / "out" / predict.WORK / name).write_text("of a patient")
        seen.append(git(ready, "status", "--porcelain", "--untracked-files=all", run=run))
        return subprocess.CompletedProcess(line, 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "run", stage)
        patch.setattr(predict.environment, "check_cpu", lambda: None)
        patch.setattr(predict, "lines", lambda *_: [])
        patch.setattr("sys.argv", ["predict", "--ct", str(ready / "ct.nii.gz"),
                                   "--out", str(ready / "out")])
        assert predict.main() == 0
    assert seen and set(seen) == {"?? .gitignore\n"}
    assert (ready / "out" / "overlays").is_file()
    git(ready, "add", "-A")
    assert git(ready, "ls-files") == ".gitignore\n"
    with pytest.raises(LauncherError, match="is not empty"):
        predict.check(options(ready))


def test_what_an_interrupted_run_left_is_no_obstacle(ready):
    (ready / "out").mkdir()
    (ready / "out" / predict.IGNORE).write_text(predict.EVERYTHING)
    predict.check(options(ready))
    (ready / "out" / predict.IGNORE).write_text("mine\n")
    with pytest.raises(LauncherError, match="is not empty"):
        predict.check(options(ready))


@pytest.mark.parametrize("fault, words", [
    ("ct", "no such file or folder"), ("model", "run 'make demo'"),
    ("classifiers", "run 'make demo'"), ("card", f"{CARD}: no model card"),
    ("full", "is not empty"), ("file", "is a file"),
    ("configuration", "unknown configuration 'SVM'; valid: LR")])
def test_refusals(ready, fault, words):
    more = ["--configuration", "SVM"] if fault == "configuration" else []
    if fault == "ct":
        (ready / "ct.nii.gz").unlink()
    elif fault == "model":
        (ready / "repository" / predict.MODEL / "model.json").unlink()
    elif fault == "classifiers":
        (ready / "repository" / predict.CLASSIFIERS / "LR" / "features.json").unlink()
    elif fault == "card":
        (ready / "repository" / CARD).unlink()
    elif fault == "full":
        (ready / "out").mkdir()
        (ready / "out" / "notes.txt").write_text("mine")
    elif fault == "file":
        (ready / "out").write_text("mine")
    with pytest.raises(LauncherError, match=words):
        predict.check(options(ready, *more))
    if fault == "full":
        assert (ready / "out" / "notes.txt").read_text() == "mine"


def test_missing_arguments():
    with pytest.raises(LauncherError, match="CT=… OUT=…"):
        predict.parse(["--ct", "", "--out", "x"])


def test_the_stages_in_their_images(ready):
    ct, out = predict.check(options(ready))
    run = predict.commands(options(ready), ct, out / predict.WORK)
    images = [line[line.index("--") - 1] for line in run]
    assert images == [predict.ENVIRONMENT, "cohort", "segmentation", "radiomics", "radiomics",
                      predict.ENVIRONMENT, "segmentation"]
    # The card of other models is refused before a CT is read.
    assert "stages.classification.card_page" in run[0]
    assert run[0][run[0].index("--card") + 1] == CARD
    apply = run[5]
    assert apply[apply.index("--card") + 1] == str(out / predict.WORK / "model_card.json")
    for line in run:
        assert line[line.index("--write") + 1] == str(out / predict.WORK)
        assert "--gpu" not in line
        # Where a stage reads parameters, they are the study's.
        if "--params" in line:
            assert line[line.index("--params") + 1] == predict.PARAMETERS
    assert ["--params" in line for line in run] == [
        False, True, True, True, True, False, False]
    assert (ROOT / predict.PARAMETERS).is_dir()
    assert run[1][:2] == ["--read", str(ready)]
    gpu = predict.commands(options(ready, "--gpu"), ct, out)
    assert [("--gpu" in line) for line in gpu] == [
        False, False, True, False, False, False, False]
    assert gpu[2][gpu[2].index("--device") + 1] == "cuda"


def test_models_elsewhere_are_mounted(ready):
    (ready / "mine" / "LR").mkdir(parents=True)
    (ready / "mine" / "model.json").write_text("{}")
    given = options(ready, "--model", str(ready / "mine"))
    assert predict.outside(given.model) == ["--read", str(ready / "mine")]
    assert predict.outside(predict.MODEL) == []


def test_the_card_belongs_to_the_classifiers(ready):
    own = options(ready, "--classifiers", "data/own/classifiers/predicted")
    assert own.card == "data/own/cards/predicted.json"
    assert options(ready, "--card", "mine/card.json").card == "mine/card.json"
    card = ready / "mine" / "card.json"
    card.parent.mkdir()
    card.write_text("{}")
    given = options(ready, "--card", str(card))
    first = predict.commands(given, *predict.check(given))[0]
    assert first[first.index("--read") + 1] == str(card)


@pytest.mark.parametrize("count, said", [
    (0, []), (1, ["warning: a: 1 value outside the range of the training series, so the probability "
                  "is an extrapolation: f0"]),
    (5, ["warning: a: 5 values outside the range of the training series, so the probability is an "
         "extrapolation: f0, f1, f2 and 2 more (predictions.csv)"])])
def test_a_case_outside_of_the_training_ranges_is_one_line_more(count, said):
    names = "; ".join(f"f{number}" for number in range(count))
    assert predict.warned({"File": "a", "values_outside": names}) == said


def test_a_failing_stage_leaves_nothing(ready, monkeypatch):
    class Failed:
        returncode = 2

    monkeypatch.setattr(predict.subprocess, "run", lambda *_, **__: Failed())
    monkeypatch.setattr(predict.environment, "check_cpu", lambda: None)
    monkeypatch.setattr("sys.argv", ["predict", "--ct", str(ready / "ct.nii.gz"),
                                     "--out", str(ready / "out")])
    assert predict.main() == 2
    assert not (ready / "out").exists()


PHANTOM = "synthetic CT (phantoms)"


def test_what_it_was_trained_on_is_said_before_anything_runs(ready, monkeypatch, capfd):
    repository = ready / "repository"
    (repository / predict.MODEL / "model.json").write_text(json.dumps({"source": "phantom"}))
    (repository / predict.CLASSIFIERS / "source.json").write_text(json.dumps({"source": "phantom"}))

    class Failed:
        returncode = 2

    def run(line, **_):
        said.append(capfd.readouterr().err)
        lines.append(line)
        return Failed()

    said, lines = [], []
    monkeypatch.setattr(predict.subprocess, "run", run)
    monkeypatch.setattr(predict.environment, "check_cpu", lambda: None)
    monkeypatch.setattr("sys.argv", ["predict", "--ct", str(ready / "ct.nii.gz"),
                                     "--out", str(ready / "out")])
    predict.main()
    first, second = said[0].splitlines()
    assert first == (f"Trained on: network: {PHANTOM}; classifiers: {PHANTOM}. Never validated on "
                     "real CT: what follows says nothing about a real patient.")
    assert second.startswith("For research only")
    apply = next(line for line in predict.commands(options(ready), ready, ready)
                 if "stages.classification.apply" in line)
    assert apply[apply.index("--trained-on") + 1] == (
        f"network: {PHANTOM}; classifiers: {PHANTOM}")


def test_other_sources(ready):
    model = ready / "repository" / predict.MODEL / "model.json"
    # Neither names one: models of an earlier version.
    assert predict.trained_on(options(ready)) == (
        f"network: {predict.UNKNOWN}; classifiers: {predict.UNKNOWN}")
    model.write_text(json.dumps({"source": "own"}))
    words = predict.trained_on(options(ready))
    assert words == f"network: an own cohort; classifiers: {predict.UNKNOWN}"
    assert "Not validated on CT of any other origin" in predict.warning(words)[0]
    for damaged in ("{", "[1]", '{"source": [1]}'):
        model.write_text(damaged)
        with pytest.raises(LauncherError, match="model.json: cannot be read"):
            predict.trained_on(options(ready))


def test_one_line_per_case(tmp_path):
    def table(name, rows):
        with open(tmp_path / name, "w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    mask = "diagnostics_Mask-original_"
    table("features.csv", [{"File": "a", f"{mask}Spacing": "(2.0, 2.0, 5.0)",
                            f"{mask}VoxelNum": 100, f"{mask}VolumeNum": 3}])
    blank = {"NE_Status": "", "probability": "", "reason": "the mask holds no lesion",
             "values_outside": ""}
    good = {"NE_Status": "positive", "probability": 0.8125, "reason": "", "values_outside": "f"}
    table("predictions.csv", [{"File": "a", "configuration": "LR", **good},
                              {"File": "a", "configuration": "RF", **good},
                              {"File": "b", "configuration": "LR", **blank}])
    assert predict.lines(tmp_path, "LR") == [
        "a: 3 lesions, 2.0 mL, NE probability 0.81 (LR: NE-positive)",
        *predict.warned({"File": "a", "values_outside": "f"}),
        "b: no NE probability (the mask holds no lesion)"]
