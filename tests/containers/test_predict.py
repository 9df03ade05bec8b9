"""``make predict``: what it refuses, what it runs, what it prints."""

import json

import pytest

from containers.commands import predict, predict_stages, predict_words
from containers.commands.shards import job, stages, way
from containers.launcher import ROOT, LauncherError

CARD = "data/sclc_liver/imaging/cards/predicted.json"


def options(folder, *more):
    return predict.parse(["--ct", str(folder / "ct.nii.gz"), "--out", str(folder / "out"), *more])


def test_a_fresh_folder_is_taken(ready):
    assert predict.check(options(ready)) == ready / "out"
    (ready / "out" / way.WORK).mkdir(parents=True)  # what an interrupted run left
    predict.check(options(ready))


def test_what_an_interrupted_run_left_is_no_obstacle(ready):
    (ready / "out").mkdir()
    (ready / "out" / way.IGNORE).write_text(way.EVERYTHING)
    predict.check(options(ready))
    (ready / "out" / way.IGNORE).write_text("mine\n")
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


def lines_of(given, monkeypatch):
    """Return the stages before any CT is read, those of a part and what follows, the work folder."""
    out, named = predict.check(given), []
    work = out / way.WORK
    with monkeypatch.context() as patch:
        patch.setattr(stages, "launch", lambda line: named.append(line) or 0)
        whole = predict.wanted(given, work)
    parts = job.Parts(work, whole, {"parts": [["a"], ["b"]]}, {}, "")
    trained = predict.trained_on(given)
    return (predict_stages.first(given, work),
            [*named, stages.plan(whole, work, 2), stages.intake(parts, 1), *stages.others(parts, 1),
             predict_stages.applied(given, trained, out, work)], work)


def modules(lines):
    return [line[line.index("-m") + 1] for line in lines]


def argument(line, name):
    return line[line.index(name) + 1]


def test_the_stages_in_their_images(ready, monkeypatch):
    first, run, work = lines_of(options(ready), monkeypatch)
    # The card of other models is refused before a CT is read.
    assert modules(first) == ["stages.classification.card_page"]
    assert argument(first[0], "--card") == CARD and argument(first[0], "--network") == predict.MODEL
    images = [line[line.index("--") - 1] for line in run]
    assert images == ["cohort", "cohort", "cohort", "segmentation", "radiomics", "segmentation",
                      predict_stages.ENVIRONMENT]
    assert argument(run[-1], "--card") == str(work / "model_card.json")
    folder = str(work / "parts" / "00001")
    assert [argument(line, "--write") for line in first + run] == [
        *[str(work)] * 3, *[folder] * 4, str(work)]
    for line in first + run:
        assert "--gpu" not in line and line.count("--write") == 1
        # Engines refuse a folder that is mounted twice.
        mounted = [line[at + 1] for at, text in enumerate(line) if text in ("--read", "--write")]
        assert len(mounted) == len(set(mounted))
        # Where a stage reads parameters, they are the study's.
        if "--params" in line:
            assert argument(line, "--params") == predict_stages.PARAMETERS
    assert ["--params" in line for line in run] == [False, True, True, False, True, False, False]
    assert (ROOT / predict_stages.PARAMETERS).is_dir()
    assert run[0][:2] == ["--read", str(ready)] and ["--read", str(ready)] == run[2][2:4]
    assert "--images" in run[1] and "--images" in run[2] and "--masks" not in run[0]
    # Of the series that have masks.
    assert "--drawn" in run[4]
    assert {argument(run[3], "--kept")} == {argument(line, "--manifest") for line in run[4:6]}
    # As in the tables that the classifiers were trained on (the imaging pipeline's stage table).
    template = (ROOT / "studies/sclc_liver/imaging/dvc.yaml").read_text()
    made = template[template.index("stages.radiomics.table"):]
    assert "--protocol as-released\n" in made and "--protocol" not in run[4]
    gpu = lines_of(options(ready, "--gpu"), monkeypatch)[1]
    assert [("--gpu" in line) for line in gpu] == [False] * 3 + [True] + [False] * 3
    assert argument(gpu[3], "--device") == "cuda"


def test_own_masks_need_no_network(ready, monkeypatch):
    masks = ready / "masks"
    masks.mkdir()
    (ready / "repository" / predict.MODEL / "model.json").unlink()
    given = options(ready, "--masks", str(masks), "--lesion", "GTV*; T 2")
    first, run, work = lines_of(given, monkeypatch)
    assert "--network" not in first[0] and "given" in argument(first[0], "--masks-by")
    assert modules(run)[:4] == ["stages.cohort.paired", "stages.cohort.parts", "stages.cohort.masked",
                                "stages.radiomics.unlabelled"]
    assert "stages.segmentation.predict" not in modules(run) and "--images" not in run[1] + run[2]
    assert "--drawn" not in run[3]
    assert argument(run[0], "--masks") == str(masks) and argument(run[0], "--lesion") == "GTV*; T 2"
    for line in (run[0], run[2]):
        assert {str(ready), str(masks)} <= {line[at + 1] for at, text in enumerate(line)
                                            if text == "--read"}
    assert argument(run[1], "--table") == argument(run[0], "--out") == str(work / "cohort.csv")
    words = predict_words.together(predict.trained_on(options(ready, "--masks", str(masks))))
    assert words.startswith("masks: given, no network; classifiers: ")


@pytest.mark.parametrize("name", ["ct", "masks"])
def test_a_table_of_ct_or_of_ct_and_masks(ready, monkeypatch, name):
    table = ready / "own" / "cohort.csv"
    table.parent.mkdir()
    table.write_text("series,path,mask\n")
    given = predict.parse(["--out", str(ready / "out"), f"--{name}", str(table)])
    run = lines_of(given, monkeypatch)[1]
    assert modules(run)[:2] == ["stages.cohort.parts", "stages.cohort.masked"]
    assert argument(run[1], "--table") == str(table)
    assert run[1][:2] == ["--read", str(table.parent)] and ("--images" in run[1]) == (name == "ct")


def test_an_nnunet_of_the_group_is_read_before_any_ct(ready, monkeypatch):
    model = ready / "theirs" / "export.zip"
    model.parent.mkdir()
    model.write_bytes(b"")
    given = options(ready, "--nnunet", str(model), "--liver", "Liver", "--gpu")
    first, run, work = lines_of(given, monkeypatch)
    assert modules(first) == ["stages.segmentation.nnunet.given", "stages.classification.card_page"]
    assert "--gpu" not in first[0] and argument(first[0], "--liver") == "Liver"
    assert "nnU-Net" in argument(first[1], "--masks-by")
    segmented = run[modules(run).index("stages.segmentation.predict")]
    assert argument(segmented, "--nnunet") == str(model) and argument(segmented, "--liver") == "Liver"
    assert argument(segmented, "--read") == str(model.parent)
    assert argument(segmented, "--device") == "cuda"
    assert "--gpu" in segmented and "--model" not in segmented


def test_what_series_are_made_with_makes_them_anew(ready, monkeypatch):
    """A part is done for this network and this device alone."""
    monkeypatch.setattr(stages, "launch", lambda line: 0)
    monkeypatch.setattr(job, "ROOT", ready / "repository")

    def about(*more):
        return predict.wanted(options(ready, *more), ready / "work").about()
    cpu = about()
    assert about() == cpu and about("--gpu") != cpu
    (ready / "repository" / predict.MODEL / "model.json").write_text("{ }")
    assert about() != cpu


def test_the_published_classifiers_by_name(ready, monkeypatch):
    with pytest.raises(LauncherError, match="'make reproduce' fits the published classifiers"):
        predict.check(options(ready, "--classifiers", "published"))
    for path in predict_stages.RELEASE.values():
        file = ready / "repository" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch() if file.suffix else (file / "LR").mkdir(parents=True)
    (ready / "repository" / predict_stages.RELEASE["models"] / "LR/features.json").write_text("[]")
    first, run, work = lines_of(options(ready, "--classifiers", "published"), monkeypatch)
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
    (["--shards", "0"], "SHARDS is '0'"), (["--scheduler", "pbs"], "valid: local, slurm"),
    (["--classifiers", "published", "--card", "c"], "leave CARD out")])
def test_what_contradicts_itself_is_refused(ready, more, words):
    with pytest.raises(LauncherError, match=words):
        predict.check(options(ready, *more))
    assert not (ready / "out").exists()


def test_models_elsewhere_are_mounted(ready):
    (ready / "mine" / "LR").mkdir(parents=True)
    (ready / "mine" / "model.json").write_text("{}")
    given = options(ready, "--model", str(ready / "mine"))
    assert stages.reading(given.model) == ["--read", str(ready / "mine")]
    assert stages.reading(predict.MODEL) == []


def test_a_container_has_the_repository_elsewhere(ready, monkeypatch):
    """What lies in it is named from there, but for CT and masks, whose paths a table keeps."""
    repository = ready / "repository"
    ct = repository / "ct"
    ct.mkdir()
    given = predict.parse(["--ct", str(ct), "--out", str(ready / "out"),
                           "--model", str(repository / predict.MODEL),
                           "--classifiers", f"../repository/{predict.CLASSIFIERS}"])
    first, run, _ = lines_of(given, monkeypatch)
    assert argument(first[0], "--models") == argument(run[-1], "--models") == predict.CLASSIFIERS
    assert argument(first[0], "--network") == argument(run[3], "--model") == predict.MODEL
    assert argument(first[0], "--card") == CARD and "--read" not in first[0] + run[3]
    for line in (run[0], run[1], run[2]):
        assert str(ct) in [line[at + 1] for at, text in enumerate(line) if text == "--read"]


def test_the_card_belongs_to_the_classifiers(ready, monkeypatch):
    own = options(ready, "--classifiers", "data/own/classifiers/predicted")
    assert own.card == "data/own/cards/predicted.json"
    assert options(ready, "--card", "mine/card.json").card == "mine/card.json"
    card = ready / "mine" / "card.json"
    card.parent.mkdir()
    card.write_text("{}")
    first = lines_of(options(ready, "--card", str(card)), monkeypatch)[0][0]
    # The launcher lets folders be read, not files.
    assert argument(first, "--read") == str(card.parent)


PHANTOM = "synthetic CT (phantoms), never real CT"


def test_what_it_was_trained_on_is_said_before_anything_runs(ready, monkeypatch, capfd):
    repository = ready / "repository"
    (repository / predict.MODEL / "model.json").write_text(json.dumps({"source": "phantom"}))
    (repository / predict.CLASSIFIERS / "source.json").write_text(json.dumps({"source": "phantom"}))
    said = []
    monkeypatch.setattr(stages, "launch", lambda line: said.append(capfd.readouterr().err) or 2)
    monkeypatch.setattr(predict.environment, "check_cpu", lambda: None)
    monkeypatch.setattr("sys.argv", ["predict", "--ct", str(ready / "ct.nii.gz"), "--out",
                                     str(ready / "out")])
    with pytest.raises(SystemExit):
        predict.main()
    first, second = said[0].splitlines()
    assert first == (f"Trained on: network: {PHANTOM}; classifiers: {PHANTOM}. The network and the "
                     "classifiers have never seen real CT, only phantoms: what follows says nothing "
                     "about a real patient.")
    assert second.startswith("For research only")
    apply = lines_of(options(ready, "--out", str(ready / "new")), monkeypatch)[1][-1]
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
