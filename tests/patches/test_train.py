"""Training, cross-validation and application of networks on slices."""

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from stages.common import strict
from stages.common.errors import InputError
from stages.patches import apply, augment, cross_validate, folds, scores, sets, settings, train
from tests.patches.conftest import SMALL, made


@pytest.fixture(scope="module")
def preset():
    return strict.build(settings.Preset, SMALL, "test", "patches")


@pytest.fixture(scope="module")
def params(tmp_path_factory):
    path = tmp_path_factory.mktemp("params") / "patches.yaml"
    path.write_text(yaml.safe_dump({"patches": {
        "preset": "small", "presets": {"small": SMALL},
        "cross_validation": {"folds": 2, "inner_folds": 3, "seed": 5}}}))
    return path


def test_a_network_learns_and_does_so_twice_in_the_same_way(held, preset):
    other = made(seed=2)
    first, second = (train.fit(held.images, held.labels, preset, 3, other.images)[1]
                     for _ in range(2))
    assert (first == second).all() and first.shape == (2, len(other.labels))
    assert scores.auc(other.labels, first[-1]) > 0.9
    torch.manual_seed(8)
    expected = torch.rand(1)
    torch.manual_seed(8)
    train.fit(held.images[:9], held.labels[:9], preset, 3)
    assert torch.rand(1) == expected, "the generator of others is left as it was"


def test_one_class_cannot_be_learnt(held, preset):
    with pytest.raises(InputError, match="of one class"):
        train.fit(held.images[:4], np.ones(4, int), preset, 3)


def test_the_sampler_balances_classes():
    labels = np.array([1] * 5 + [0] * 95)
    drawn = train.drawn(np.tile(labels, 20), True, np.random.default_rng(1))
    assert 0.45 < np.tile(labels, 20)[drawn].mean() < 0.55
    assert sorted(train.drawn(labels, False, np.random.default_rng(1))) == list(range(100))


def test_augmentation_turns_magnifies_and_mirrors():
    image = torch.zeros(200, 1, 9, 9)
    image[:, 0, 4, 6] = 1
    random = np.random.default_rng(0)
    same = augment.changed(image, settings.Augment(), random)
    assert same is image
    turned = augment.changed(image, settings.Augment(1.0, rotation_degrees=90), random)
    off = (turned.flatten(1).argmax(1) != 4 * 9 + 6).float().mean()
    assert turned.shape == image.shape and off > 0.5
    mirrored = augment.changed(image, settings.Augment(1.0, flip=True), random)
    places = mirrored.flatten(1).argmax(1)
    assert set(places.tolist()) == {4 * 9 + 6, 4 * 9 + 2}
    lit = augment.changed(torch.randn(200, 1, 9, 9), settings.Augment(1.0, lighting=0.2), random)
    assert torch.isfinite(lit).all() and 0.7 < lit.std() < 1.3
    grown = augment.changed(image, settings.Augment(1.0, zoom=2.0), random)
    assert max(grown.flatten(1).argmax(1) % 9) > 6


def test_mixup_blends_labels_as_it_blends_slices():
    images = torch.arange(8.0)[:, None, None, None].expand(8, 1, 2, 2)
    labels = torch.nn.functional.one_hot(torch.arange(8) % 2, 2).float()
    random = np.random.default_rng(0)
    assert augment.mixed(images, labels, 0, random)[0] is images
    blended, said = augment.mixed(images, labels, 0.4, random)
    torch.testing.assert_close(said.sum(1), torch.ones(8))
    assert (said.gather(1, (torch.arange(8) % 2)[:, None]) >= 0.5).all()
    assert not torch.equal(blended, images)


def test_folds_keep_groups_together_and_both_classes_in_each():
    labels = np.repeat(np.arange(69) < 25, 3).astype(int)
    groups = np.repeat(np.random.default_rng(0).permutation(69), 3)
    found = folds.grouped(labels, groups, 5, np.random.default_rng(2))
    assert all(len(set(found[groups == one])) == 1 for one in range(69))
    assert {int((labels[found == one] == 1).sum()) for one in range(5)} == {15}
    assert sorted({int((found == one).sum()) // 3 for one in range(5)}) == [13, 14]
    with pytest.raises(InputError, match="cannot be dealt into 30 folds"):
        folds.grouped(labels, groups, 30, np.random.default_rng(2))


def test_a_lesion_with_more_slices_counts_once():
    lesions, owners = np.array([0, 0, 0, 1, 2]), np.array([0, 0, 0, 0, 1])
    said = np.array([0.9, 0.9, 0.9, 0.1, 0.3])
    assert scores.patients(lesions, owners, said) == pytest.approx([0.5, 0.3])


def test_areas_compare_patients_of_the_same_fold_only():
    labels, said = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.2, 0.1])
    assert scores.auc(labels, said) == 0.75
    wins, possible = scores.pairs(labels, said, np.array([0, 0, 1, 1]))
    assert scores.area(wins, possible) == 1.0
    drawn = scores.bootstrap(wins, possible, 50, np.random.default_rng(0))
    assert set(drawn) <= {0.5, 1.0}
    assert scores.constant(np.array([1, 0, 0])) == pytest.approx(2 / 3)


def test_the_bootstrap_has_the_spread_of_new_patients():
    random, areas, spreads = np.random.default_rng(1), [], []
    for _ in range(60):
        labels = np.repeat([1, 0], [25, 44])
        pair = scores.pairs(labels, random.normal(size=69) + labels, np.zeros(69))
        areas.append(scores.area(*pair))
        spreads.append(scores.bootstrap(*pair, 100, random).std())
    assert np.mean(spreads) == pytest.approx(np.std(areas), rel=0.35)


def test_cross_validation_through_the_command_line(held, params, tmp_path, call):
    sets.write(tmp_path / "set", held)
    arguments = ["--params", params, "--slices", tmp_path / "set", "--models", tmp_path / "models"]
    assert call(cross_validate.stage, *arguments, "--out", tmp_path / "a")[0] == 0
    said = pd.read_csv(tmp_path / "a" / "predictions.csv")
    curves = pd.read_csv(tmp_path / "a" / "curves.csv")
    assert len(said) == len(held.labels) and len(curves) == 2 * 2
    assert (said.groupby("patient")["fold"].nunique() == 1).all()
    for number in range(2):
        scored = said[said["fold"] == number]
        best = curves[curves["fold"] == number]["scored"].max()
        assert scores.accuracy(scored["label"], scored["described"]) == pytest.approx(best)
    # The networks that are kept are those of the nested epoch.
    assert call(apply.stage, "--slices", tmp_path / "set", "--models", tmp_path / "models" / "fold-0",
                "--out", tmp_path / "b")[0] == 0
    again = pd.read_csv(tmp_path / "b" / "slices.csv")
    own = said["fold"] == 0
    assert np.allclose(again["probability"][own], said["nested"][own])
    patients = pd.read_csv(tmp_path / "b" / "patients.csv")
    assert len(patients) == 12 and list(patients.columns) == ["patient", "probability"]


@pytest.mark.parametrize("change, said", [
    (lambda t: t.assign(label=[1 - t["label"][0], *t["label"][1:]]), "'p0' has two labels"),
    (lambda t: t.assign(lesion="x"), "'x' has two patients"),
    (lambda t: t.assign(label=2), "has the label '2'"),
    (lambda t: t.assign(slice="s"), "the slice 's' twice"),
    (lambda t: t.assign(patient=[None, *t["patient"][1:]]), "row 2 has no patient"),
    (lambda t: t.assign(label=(t["patient"] == "p1").astype(int)), "1 patient(s) of class 1")])
def test_a_table_that_cannot_be_split_is_one_line(held, params, tmp_path, call, change, said):
    sets.write(tmp_path, held)
    change(held.table).to_csv(tmp_path / sets.TABLE, index=False)
    code, error = call(cross_validate.stage, "--params", params, "--slices", tmp_path,
                       "--out", tmp_path / "out")
    assert code == 2 and said in error and len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_images_that_do_not_fit_are_one_line(held, params, tmp_path, call):
    sets.write(tmp_path, held)
    for images, said in ((held.images[:3], "for 24 slices"), (held.images * np.nan, "no number"),
                         (None, "is no NumPy array")):
        if images is None:
            (tmp_path / sets.IMAGES).write_bytes(b"x")
        else:
            sets.write_array(tmp_path / sets.IMAGES, images)
        code, error = call(cross_validate.stage, "--params", params, "--slices", tmp_path,
                           "--out", tmp_path / "out")
        assert code == 2 and said in error and len(error.splitlines()) == 1


def test_slices_of_another_size_are_refused(tmp_path, call, preset):
    from stages.patches import networks

    networks.write(tmp_path / "model", networks.build(preset.network, 3, 64), preset.network,
                   {"channels": 3, "size": 64})
    sets.write(tmp_path / "set", made())
    code, error = call(apply.stage, "--slices", tmp_path / "set", "--models", tmp_path / "model",
                       "--out", tmp_path / "out")
    assert code == 2 and "expects slices of the shape (3, 64, 64), not (3, 32, 32)" in error
