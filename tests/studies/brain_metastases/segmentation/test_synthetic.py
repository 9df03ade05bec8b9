"""The synthetic cohort, both protocols, and the chain of stages on a small one."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import save_file

from stages.common.errors import InputError
from stages.patches import folds, head, networks, scores, sets, settings, train
from stages.patches.settings import Network
from studies.brain_metastases.synthetic import (
    cohort,
    features,
    held_out,
    ladder,
    parameters,
    people,
    picture,
    protocol,
    rejections,
    scene,
    tuned,
)

PARAMS = Path(__file__).resolve().parents[4] / "studies" / "brain_metastases" / "params"
SMALL = {"patients": {"SCLC": 6, "NSCLC": 9}, "lesions": {"SCLC": 8, "NSCLC": 10}, "slices": 50,
         "vendors": {"Siemens": 5, "GE": 4}, "size": 32}
SHORT = {"folds": 3, "inner_folds": 2, "divisions": 2, "tests": 2, "epochs": 6, "steps": 2,
         "draws": 50, "rejections": {arm: {"replicates": 3, "permutations": 19}
                                     for arm in ("null", "planted")}}


def test_the_cohort_is_that_of_the_paper(whole, arms):
    table = people.drawn(whole, arms["planted"], 1)
    sets.check(table, "table")
    patients = table.drop_duplicates("patient")
    assert len(table) == 296 and table["lesion"].nunique() == 102
    assert patients["label"].value_counts().to_dict() == {0: 44, 1: 25}
    lesions = table.drop_duplicates("lesion")["label"].value_counts().to_dict()
    assert lesions == {0: 60, 1: 42}


def test_arms_differ_by_what_they_plant_alone(whole, arms):
    null, planted, confounded = (people.drawn(whole, arms[name], 1)
                                 for name in ("null", "planted", "confounded"))
    label = null["label"] * people.separation(arms["planted"].area)
    assert (planted["latent"] - null["latent"]).to_numpy() == pytest.approx(label)
    assert planted["vendor"].equals(null["vendor"])
    assert confounded["latent"].equals(null["latent"])
    one = confounded.drop_duplicates("patient").groupby(["label", "vendor"]).size()
    odds = one[1, "Siemens"] * one[0, "GE"] / one[1, "GE"] / one[0, "Siemens"]
    assert 3.2 < odds < 5
    one = null.drop_duplicates("patient").groupby(["label", "vendor"]).size()
    assert 0.7 < one[1, "Siemens"] * one[0, "GE"] / one[1, "GE"] / one[0, "Siemens"] < 1.4


def test_the_planted_area_is_the_latent_variables(whole, arms):
    found = [scores.auc(*(people.drawn(whole, arms["planted"], seed).drop_duplicates("patient")[name]
                          .to_numpy() for name in ("label", "latent"))) for seed in range(40)]
    assert np.mean(found) == pytest.approx(arms["planted"].area, abs=0.03)


@pytest.fixture(scope="module")
def drawn(whole, arms):
    table = people.drawn(whole, arms["planted"], 1)
    return table, scene.rendered(table, whole, 0.6, 1)


def test_images_show_the_latent_variable_and_the_patient(drawn):
    table, images = drawn
    assert images.shape == (296, 3, 64, 64) and np.isfinite(images).all()
    core = images[:, 0, 26:38, 26:38]
    grain = np.log((core - core.mean(axis=(1, 2), keepdims=True)).std(axis=(1, 2)))
    middle = (table["offset"] == 0).to_numpy()
    assert np.corrcoef(grain[middle], table["latent"][middle])[0, 1] > 0.4
    # The edge of the slices is the patient's own field: more alike within a patient.
    edge = images[:, :, :6].reshape(len(images), -1)
    alike = np.corrcoef(edge[middle])
    owner = table["patient"][middle].to_numpy()
    same = (owner[:, None] == owner) & ~np.eye(len(owner), dtype=bool)
    assert alike[same].mean() > alike[owner[:, None] != owner].mean() + 0.3


def test_slices_divided_at_random_show_what_is_not_there(fingerprints):
    rows, labels, patients = fingerprints
    areas = {}
    for name, groups in (("slices", np.arange(160)), ("patients", patients)):
        found = []
        for seed in range(4):
            fold = folds.grouped(labels, groups, 4, np.random.default_rng(seed))
            said = protocol.crossed(rows, labels, fold, head.Head(20, 4), nested=False)
            found.append(protocol.by_fold(labels, said.described, fold)[0])
        areas[name] = np.mean(found)
    assert areas["slices"] > 0.9 and areas["patients"] < 0.7


def test_the_nested_epoch_knows_nothing_of_the_scored_fold(fingerprints):
    rows, labels, patients = fingerprints
    fold = folds.grouped(labels, patients, 4, np.random.default_rng(1))
    other = np.where(fold == 2, 1 - labels, labels)
    first, second = (protocol.crossed(rows, value, fold, head.Head(20, 4))
                     for value in (labels, other))
    scored = fold == 2
    assert (first.nested[scored] == second.nested[scored]).all()
    assert (first.described[scored] != second.described[scored]).any()
    assert (first.nested[~scored] != second.nested[~scored]).any()


def test_the_described_epoch_is_the_best_on_the_scored_fold(fingerprints):
    rows, labels, patients = fingerprints
    fold = folds.grouped(labels, patients, 4, np.random.default_rng(1))
    said = protocol.crossed(rows, labels, fold, head.Head(20, 4))
    described, nested = (protocol.by_fold(labels, value, fold)[1]
                         for value in (said.described, said.nested))
    assert described > nested


def test_a_vendor_that_is_left_out_is_not_learnt_from(fingerprints):
    rows, labels, patients = fingerprints
    vendors = np.array(["a", "b", "c"])[np.where(patients == 0, 2, patients % 2)]
    found = []
    for value in (labels, np.where(vendors == "a", 1 - labels, labels)):
        found.append(protocol.vendor_out(rows, value, patients, vendors, 3, head.Head(10, 4),
                                         np.random.default_rng(0)))
    own = vendors == "a"
    assert (found[0].nested[own] == found[1].nested[own]).all()
    assert (found[0].fold[vendors == "c"] == -1).all(), "one patient cannot be scored"


def test_the_models_of_the_folds_do_not_see_the_test_set(fingerprints):
    rows, labels, patients = fingerprints
    sizes = parameters.protocol(PARAMS)
    found = [held_out.answered(rows, labels, patients, sizes, np.random.default_rng(seed))
             for seed in range(12)]
    areas = np.array([one[:, 0].mean() for one, _ in found])
    assert {count for _, count in found} == {4} and found[0][0].shape == (5, 2)
    # Nothing of a patient's label is in his features: test sets spread around 0.5.
    assert areas.mean() == pytest.approx(0.5, abs=0.25) and areas.std() > 0.1


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Parameters of a small cohort. Returns the folder."""
    folder = tmp_path_factory.mktemp("small")
    content = yaml.safe_load((PARAMS / "synthetic.yaml").read_text())
    content["synthetic"]["cohort"] |= SMALL
    content["synthetic"]["protocol"] |= SHORT
    (folder / "synthetic.yaml").write_text(yaml.safe_dump(content))
    (folder / "patches.yaml").write_text((PARAMS / "patches.yaml").read_text())
    torch.manual_seed(1)
    save_file(networks.build(Network("efficientnet-lite0"), 3, 32).state_dict(),
              folder / "weights.safetensors")
    return folder


@pytest.fixture
def call(monkeypatch, capsys):
    """Run a stage as its command line does; return exit code and standard error."""
    from stages.common import cli

    def run(stage, *arguments):
        monkeypatch.setattr("sys.argv", ["stage", *(str(argument) for argument in arguments)])
        try:
            cli.main(stage)
            code = 0
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().err
    return run


def test_the_chain_of_stages_on_a_small_cohort(small, tmp_path, call):
    given = ["--params", small]
    truth = tmp_path / "truth.json"
    made = ["--cohort", tmp_path / "cohort"]
    measured = [*made, "--features", tmp_path / "features"]
    commands = [
        (cohort.stage, *given, "--truth", truth, "--out", tmp_path / "cohort"),
        (features.stage, *given, *made, "--truth", truth, "--weights", small / "weights.safetensors",
         "--out", tmp_path / "features"),
        (ladder.stage, *given, *measured, "--truth", truth, "--out", tmp_path / "ladder.json"),
        *((rejections.stage, *given, "--arm", arm, *measured, "--out", tmp_path / f"{arm}.json")
          for arm in ("null", "planted")),
        (held_out.stage, *given, *measured, "--truth", truth, "--out", tmp_path / "test.json"),
        (picture.stage, "--slices", tmp_path / "cohort" / "planted", "--out", tmp_path / "a.png")]

    def written():
        for command in commands:
            code, error = call(*command)
            assert code == 0, error
        return {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*")
                if path.is_file()}

    first = written()
    assert first == written() and len(first) == 3 * 2 + 3 + 6
    found = json.loads((tmp_path / "ladder.json").read_text())["arms"]
    assert set(found) == {"null", "planted", "confounded"}
    for one in found.values():
        assert set(one["rungs"]) == set(ladder.RUNGS)
        last = one["rungs"]["by_patient"]
        assert last["low"] <= last["area"] <= last["high"]
        assert one["inputs"]["concatenated"]["difference"] == {"area": 0, "low": 0, "high": 0}
    null = json.loads((tmp_path / "null.json").read_text())
    assert (null["replicates"], null["permutations"], null["divisions"]) == (3, 19, 2)
    assert null["area"] == found["null"]["rungs"]["by_patient"]["area"]
    code, error = call(rejections.stage, *given, "--arm", "confounded", *measured, "--out",
                       tmp_path / "none.json")
    assert code == 2 and "there is no arm 'confounded'" in error and "null, planted" in error
    assert len(error.splitlines()) == 1 and not (tmp_path / "none.json").exists()


def test_scores_of_networks_trained_whole(small, tmp_path, call, whole, arms):
    table = people.drawn(whole, arms["null"], 1)
    fold = folds.grouped(table["label"].to_numpy(), table["patient"].factorize()[0], 5,
                         np.random.default_rng(0))
    said = table[list(sets.COLUMNS)].assign(fold=fold, described=table["label"] * 0.2 + 0.45,
                                            nested=0.6 - table["label"] * 0.2)
    (tmp_path / "null").mkdir()
    said.to_csv(tmp_path / "null" / "predictions.csv", index=False)
    assert call(tuned.stage, "--params", PARAMS, "--folder", tmp_path, "--arms", "null",
                "--out", tmp_path / "tuned.json")[0] == 0
    found = json.loads((tmp_path / "tuned.json").read_text())["arms"]["null"]
    assert found["described"] == {"area": 1.0, "accuracy": 1.0}
    assert found["nested"]["area"] == 0.0 and found["by_patient"]["high"] == 0.0
    code, error = call(tuned.stage, "--params", PARAMS, "--folder", tmp_path, "--arms", "absent",
                       "--out", tmp_path / "tuned.json")
    assert code == 2 and "no such file" in error


@pytest.mark.parametrize("old, new, said", [
    ("slices: 296", "slices: 400", "synthetic.cohort.slices"),
    ("lesions: {SCLC: 42", "lesions: {SCLC: 2", "synthetic.cohort.lesions"),
    ("area: 0.85", "area: 1.0", "synthetic.arms.planted"),
    ("folds: 5", "folds: 1", "synthetic.protocol.folds"),
    ("permutations: 99", "permutations: 18", "synthetic.protocol.rejections"),
    ("divisions: 3", "divisions: 0", "synthetic.protocol.divisions"),
    ("offsets: [-0.5, 0.0, 0.5]", "offsets: [0.0]", "synthetic.cohort.offsets")])
def test_a_parameter_that_cannot_be_used_is_named(tmp_path, old, new, said):
    text = (PARAMS / "synthetic.yaml").read_text()
    assert old in text
    (tmp_path / "synthetic.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=re.escape(said)):
        for read in (parameters.cohort, parameters.arms, parameters.protocol):
            read(tmp_path)


def test_the_presets_have_the_papers_training():
    demo, paper = (settings.load(PARAMS, name) for name in ("demo", "paper"))
    assert settings.load(PARAMS) == demo and demo.augment == paper.augment
    assert paper.network.kind == "efficientnet-b0" and paper.training.epochs == 100
    for one in (demo, paper):
        assert (one.training.batch, one.training.learning_rate) == (16, 0.001)
        assert one.training.balanced and one.training.mixup > 0
    assert settings.cross_validation(PARAMS).folds == 5


def test_weights_of_another_network_are_one_line(small, tmp_path, call):
    train.device("cpu")
    sets.write(tmp_path / "null", sets.Slices(
        pd.DataFrame([(f"s{at}", f"l{at}", f"p{at}", at % 2) for at in range(4)],
                     columns=list(sets.COLUMNS)), np.zeros((4, 3, 32, 32), np.float32)))
    (tmp_path / "truth.json").write_text('{"null": {}}')
    save_file(networks.build(Network("efficientnet-b0"), 3, 32).state_dict(),
              tmp_path / "b0.safetensors")
    code, error = call(features.stage, "--params", small, "--cohort", tmp_path, "--truth",
                       tmp_path / "truth.json", "--weights", tmp_path / "b0.safetensors",
                       "--out", tmp_path / "out")
    assert code == 2 and "weights of another network" in error and len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_papers_network_takes_a_step_at_its_own_size(whole):
    paper = settings.load(PARAMS, "paper")
    training = paper.training
    assert (paper.network.kind, training.batch, whole.size) == ("efficientnet-b0", 16, 64)
    images = np.random.default_rng(1).standard_normal((training.batch, 3, 64, 64)).astype(np.float32)
    once = replace(paper, training=replace(training, epochs=1))
    model, _ = train.fit(images, np.arange(training.batch) % 2, once, 1)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        start = dict(networks.build(paper.network, 3, 64).named_parameters())
    assert all(torch.isfinite(value).all() and not torch.equal(value, start[name])
               for name, value in model.named_parameters() if value.ndim > 1)
