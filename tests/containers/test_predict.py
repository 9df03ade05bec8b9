"""``make predict``: what it refuses, what it runs, what it prints."""

import json
import subprocess

import pytest

from containers.commands import predict, predict_stages, predict_words
from containers.launcher import ROOT, LauncherError

CARD = "data/sclc_liver/imaging/cards/predicted.json"


@pytest.fixture
def ready(tmp_path, monkeypatch):
    """A repository with trained models, and a CT."""
    for module in (predict, predict_stages):
        monkeypatch.setattr(module, "ROOT", tmp_path / "repository")
    for path in (f"{predict.MODEL}/model.json", f"{predict.CLASSIFIERS}/LR/features.json", CARD):
        file = tmp_path / "repository" / path
        file.parent.mkdir(parents=True)
        file.write_text("{}")
    (tmp_path / "ct.nii.gz").write_bytes(b"ct")
    return tmp_path


def options(folder, *more):
    return predict.parse(["--ct", str(folder / "ct.nii.gz"), "--out", str(folder / "out"), *more])


def test_a_fresh_folder_is_taken(ready):
    assert predict.check(options(ready)) == ready / "out"
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
            (ready / "out" / predict.WORK / name).write_text('{"of": "a patient"}')
        seen.append(git(ready, "status", "--porcelain", "--untracked-files=all", run=run))
        return subprocess.CompletedProcess(line, 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "run", stage)
        patch.setattr(predict.environment, "check_cpu", lambda: None)
        patch.setattr(predict, "lines", lambda *_: [])
        patch.setattr(predict, "summary", lambda *_: [])
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


def lines_of(given):
    """Return the stages of a run, before and after the card is shown."""
    work = predict.check(given) / predict.WORK
    return (predict_stages.first(given, work),
            predict_stages.commands(given, predict.trained_on(given), work), work)


def modules(lines):
    return [line[line.index("-m") + 1] for line in lines]


def argument(line, name):
    return line[line.index(name) + 1]


def test_the_stages_in_their_images(ready):
    first, run, work = lines_of(options(ready))
    # The card of other models is refused before a CT is read.
    assert modules(first) == ["stages.classification.card_page"]
    assert argument(first[0], "--card") == CARD and argument(first[0], "--network") == predict.MODEL
    images = [line[line.index("--") - 1] for line in run]
    assert images == ["cohort", "segmentation", "radiomics", "radiomics", predict_stages.ENVIRONMENT,
                      "segmentation"]
    assert argument(run[4], "--card") == str(work / "model_card.json")
    for line in first + run:
        assert argument(line, "--write") == str(work)
        assert "--gpu" not in line
        # Where a stage reads parameters, they are the study's.
        if "--params" in line:
            assert argument(line, "--params") == predict_stages.PARAMETERS
    assert ["--params" in line for line in run] == [True, True, True, True, False, False]
    assert (ROOT / predict_stages.PARAMETERS).is_dir()
    assert run[0][:2] == ["--read", str(ready)]
    # As in the tables that the classifiers were trained on (the imaging pipeline's stage table).
    template = (ROOT / "studies/sclc_liver/imaging/dvc.yaml").read_text()
    made = template[template.index("stages.radiomics.table"):]
    assert f"--protocol {argument(run[3], '--protocol')}\n" in made
    gpu = lines_of(options(ready, "--gpu"))[1]
    assert [("--gpu" in line) for line in gpu] == [False, True, False, False, False, False]
    assert argument(gpu[1], "--device") == "cuda"


def test_own_masks_need_no_network(ready):
    masks = ready / "masks"
    masks.mkdir()
    (ready / "repository" / predict.MODEL / "model.json").unlink()
    first, run, work = lines_of(options(ready, "--masks", str(masks), "--lesion", "GTV*; T 2"))
    assert "--network" not in first[0] and "given" in argument(first[0], "--masks-by")
    assert modules(run)[:3] == [
        "stages.cohort.paired", "stages.cohort.masked", "stages.radiomics.extract"]
    assert "stages.segmentation.infer" not in modules(run)
    assert argument(run[0], "--masks") == str(masks) and argument(run[0], "--lesion") == "GTV*; T 2"
    assert [run[0][at + 1] for at, text in enumerate(run[0]) if text == "--read"] == [
        str(ready), str(masks)]
    assert argument(run[1], "--table") == argument(run[0], "--out") == str(work / "cohort.csv")
    words = predict_words.together(predict.trained_on(options(ready, "--masks", str(masks))))
    assert words.startswith("masks: given, no network; classifiers: ")


def test_a_table_of_ct_and_masks(ready):
    table = ready / "own" / "cohort.csv"
    table.parent.mkdir()
    table.write_text("series,path,mask\n")
    given = predict.parse(["--ct", "", "--out", str(ready / "out"), "--masks", str(table)])
    run = lines_of(given)[1]
    assert modules(run)[0] == "stages.cohort.masked" and argument(run[0], "--table") == str(table)
    assert run[0][:2] == ["--read", str(table.parent)]


def test_an_nnunet_of_the_group_is_read_before_any_ct(ready):
    model = ready / "theirs" / "export.zip"
    model.parent.mkdir()
    model.write_bytes(b"")
    first, run, work = lines_of(options(ready, "--nnunet", str(model), "--liver", "Liver", "--gpu"))
    assert modules(first) == ["stages.segmentation.nnunet.given", "stages.classification.card_page"]
    assert "--check" in first[0] and "--gpu" not in first[0]
    assert "nnU-Net" in argument(first[1], "--masks-by")
    segmented = run[modules(run).index("stages.segmentation.nnunet.given")]
    assert argument(segmented, "--model") == str(model) and argument(segmented, "--liver") == "Liver"
    assert argument(segmented, "--read") == str(model.parent)
    assert argument(segmented, "--device") == "cuda"
    assert "--gpu" in segmented and argument(segmented, "--out") == str(work / "masks")


def test_the_published_classifiers_by_name(ready):
    with pytest.raises(LauncherError, match="'make reproduce' fits the published classifiers"):
        predict.check(options(ready, "--classifiers", "published"))
    for path in predict_stages.RELEASE.values():
        file = ready / "repository" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch() if file.suffix else (file / "LR").mkdir(parents=True)
    (ready / "repository" / predict_stages.RELEASE["models"] / "LR/features.json").write_text("[]")
    first, run, work = lines_of(options(ready, "--classifiers", "published"))
    assert modules(first) == ["studies.sclc_liver.released_card", "stages.classification.card_page"]
    card = str(work / "released_card.json")
    assert argument(first[0], "--out") == argument(first[1], "--card") == card
    assert "--read" not in first[1]
    apply = run[modules(run).index("stages.classification.apply")]
    assert argument(apply, "--models") == predict_stages.RELEASE["models"]
    assert "the paper's authors released" in argument(apply, "--trained-on")


@pytest.mark.parametrize("more, words", [
    (["--masks", "m", "--nnunet", "n"], "one of MASKS, NNUNET and MODEL"),
    (["--model", "m", "--nnunet", "n"], "one of MASKS, NNUNET and MODEL"),
    (["--masks", "m", "--gpu"], "leave GPU out"), (["--lesion", "a"], "leave them out"),
    (["--nnunet", "n", "--liver-mask", "l"], "LIVER_MASK belongs to MASKS"),
    (["--masks", "t.csv"], "without CT"),
    (["--masks", "none"], "none: no such file or folder; correct MASKS"),
    (["--nnunet", "none"], "correct NNUNET"),
    (["--classifiers", "published", "--card", "c"], "leave CARD out")])
def test_what_contradicts_itself_is_refused(ready, more, words):
    with pytest.raises(LauncherError, match=words):
        predict.check(options(ready, *more))
    assert not (ready / "out").exists()


def test_models_elsewhere_are_mounted(ready):
    (ready / "mine" / "LR").mkdir(parents=True)
    (ready / "mine" / "model.json").write_text("{}")
    given = options(ready, "--model", str(ready / "mine"))
    assert predict_stages.reading(given.model) == ["--read", str(ready / "mine")]
    assert predict_stages.reading(predict.MODEL) == []


def test_the_card_belongs_to_the_classifiers(ready):
    own = options(ready, "--classifiers", "data/own/classifiers/predicted")
    assert own.card == "data/own/cards/predicted.json"
    assert options(ready, "--card", "mine/card.json").card == "mine/card.json"
    card = ready / "mine" / "card.json"
    card.parent.mkdir()
    card.write_text("{}")
    first = lines_of(options(ready, "--card", str(card)))[0][0]
    # The launcher lets folders be read, not files.
    assert argument(first, "--read") == str(card.parent)


def test_a_failing_stage_leaves_nothing(ready, monkeypatch):
    class Failed:
        returncode = 2

    monkeypatch.setattr(predict.subprocess, "run", lambda *_, **__: Failed())
    monkeypatch.setattr(predict.environment, "check_cpu", lambda: None)
    monkeypatch.setattr("sys.argv", ["predict", "--ct", str(ready / "ct.nii.gz"),
                                     "--out", str(ready / "out")])
    assert predict.main() == 2
    assert not (ready / "out").exists()


PHANTOM = "synthetic CT (phantoms), never real CT"


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
    assert first == (f"Trained on: network: {PHANTOM}; classifiers: {PHANTOM}. The network and the "
                     "classifiers have never seen real CT, only phantoms: what follows says nothing "
                     "about a real patient.")
    assert second.startswith("For research only")
    apply = next(line for line in lines_of(options(ready))[1]
                 if "stages.classification.apply" in line)
    assert argument(apply, "--trained-on") == f"network: {PHANTOM}; classifiers: {PHANTOM}"


def test_other_sources(ready):
    model = ready / "repository" / predict.MODEL / "model.json"
    # Neither names one: models of an earlier version.
    assert predict.trained_on(options(ready)) == {"network": predict_words.UNKNOWN,
                                                  "classifiers": predict_words.UNKNOWN}
    model.write_text(json.dumps({"source": "own"}))
    trained = predict.trained_on(options(ready))
    assert trained == {"network": "an own cohort", "classifiers": predict_words.UNKNOWN}
    assert "Not validated on CT of any other origin" in predict.warning(trained)[0]
    for damaged in ("{", "[1]", '{"source": [1]}'):
        model.write_text(damaged)
        with pytest.raises(LauncherError, match="model.json: cannot be read"):
            predict.trained_on(options(ready))
