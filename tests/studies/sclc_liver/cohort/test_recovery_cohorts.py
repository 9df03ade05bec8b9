"""Synthetic cohorts with known answers: who is in them, what is measured, how features vary."""

import dataclasses
import json

import numpy as np
import pytest
import yaml

from stages.cohort.phantom import settings as phantom
from stages.common.errors import InputError
from stages.common.manifest import LESION
from stages.common.parameters import section
from studies.sclc_liver.recovery import cohorts, draw, examined, measured, parameters
from studies.sclc_liver.recovery.parameters import read_recovery
from tests.studies.sclc_liver.recovery_cohorts import PARAMS, run, short

SETTINGS = read_recovery(PARAMS)
PRESETS = section(PARAMS, "phantom", phantom.Phantom).presets
BASE = dataclasses.replace(PRESETS[SETTINGS.preset], counts=PRESETS[SETTINGS.counts_of].counts)


def twin(name, seed=1, correlation=0.7):
    return dataclasses.replace(cohorts.of_strength(BASE, correlation), twin=name, seed=seed)


@pytest.fixture(scope="module")
def calibration():
    """Features that are the plan's own covariates with a little noise: no picture is drawn."""
    layouts = [cohorts.lay_out(twin("planted", seed)) for seed in (11, 12)]
    generator = np.random.default_rng(1)
    slopes = generator.normal(size=(layouts[0].covariates.shape[1], len(measured.FEATURES)))
    features = [measured.back(0.3 * (layout.covariates @ slopes + generator.normal(
        size=(len(layout.examined.study), len(measured.FEATURES))))) for layout in layouts]
    return measured.calibrate(layouts, features)


def test_the_oracle_is_the_best_guess_of_the_latent_score():
    large = dataclasses.replace(twin("planted", correlation=0.6), counts=dataclasses.replace(
        BASE.counts, patients=700, studies=1400, series=1400, lesion_free_series=1,
        test_patients=10, val_patients=1, annotated_train=1, annotated_test=1))
    layout = cohorts.lay_out(large)
    score = np.arctanh(layout.examined.score)
    # Of normal variables: the squared correlation of a best guess is what it explains.
    expected = np.sqrt(2 * 0.6**2 / (1 + 0.6**2))
    found = np.corrcoef(layout.examined.oracle, score)[0, 1]
    assert abs(found - expected) < 0.05
    burden = layout.covariates[np.unique(layout.examined.study, return_index=True)[1], 1]
    assert found > np.corrcoef(burden, score)[0, 1] + 0.1


@pytest.mark.parametrize("name, explained", [("no-effect", 0.0), ("shortcut", 0.6)])
def test_the_oracle_of_a_twin_knows_what_the_score_follows(name, explained):
    layouts = [cohorts.lay_out(twin(name, seed)) for seed in range(6)]
    if name == "no-effect":
        assert all(np.ptp(layout.examined.oracle) == 0 for layout in layouts)
        return
    both = np.concatenate([[layout.examined.oracle, np.arctanh(layout.examined.score)]
                           for layout in layouts], axis=1)
    assert abs(np.corrcoef(both)[0, 1] - explained) < 0.15


def test_a_ball_is_measured():
    grid = np.indices((21, 21, 11)) - np.array([10, 10, 5])[:, None, None, None]
    spacing = np.array([1.0, 1.0, 2.0])
    inside = ((grid * spacing[:, None, None, None]) ** 2).sum(axis=0) <= 8**2
    hu = np.where((grid.sum(axis=0)) % 2 == 0, 60, 40)
    found = dict(zip(measured.FEATURES, measured.measure(hu, LESION * inside, spacing)))
    assert abs(found["volume_mm3"] / (4 / 3 * np.pi * 8**3) - 1) < 0.04
    assert found["volume_mm3"] == 2 * inside.sum()
    # A sphere of voxels has half as much surface again.
    assert abs(found["surface_mm2"] / (1.5 * 4 * np.pi * 8**2) - 1) < 0.06
    assert abs(found["mean_hu"] - 50) < 0.5 and abs(found["variance_hu2"] - 100) < 0.5
    assert found["step_in_slice_hu"] == 20 and found["step_across_slices_hu"] == 20
    assert abs(found["entropy"] - 1) < 0.01 and abs(found["kurtosis"] - 1) < 0.01
    few = measured.measure(hu, LESION * inside * (np.abs(grid).sum(axis=0) < 2), spacing)
    assert np.isnan(few).all()


def test_noise_of_patients_studies_and_series_is_told_apart():
    generator = np.random.default_rng(2)
    study, patient = np.repeat(np.arange(3000), 2), np.repeat(np.arange(1000), 6)
    size = len(measured.FEATURES)
    left = (3 * generator.normal(size=(1000, size))[patient]
            + 2 * generator.normal(size=(3000, size))[study] + generator.normal(size=(6000, size)))
    roots = measured.components(left, study, patient)
    for name, variance in (("patient", 9), ("study", 4), ("series", 1)):
        assert np.mean(np.diag(roots[name] @ roots[name].T)) == pytest.approx(variance, rel=0.1)


def test_simulated_features_vary_as_the_measured_ones(calibration):
    layout = cohorts.lay_out(twin("planted", 12))
    values = measured.between(calibration.features(layout, np.random.default_rng(3)))
    left = values - layout.covariates @ calibration.slopes
    assert np.abs(left.std(axis=0) / 0.3 - 1).max() < 0.35


@pytest.mark.parametrize("change, word", [
    ({"effects": [1.2]}, "recovery.effects"), ({"sets": {"planted": 2}}, "recovery.sets"),
    ({"permutations": 5}, "recovery.permutations")])
def test_parameters_that_cannot_be_used_are_named(tmp_path, change, word):
    path = tmp_path / "recovery.yaml"
    base = yaml.safe_load((PARAMS / "recovery.yaml").read_text())
    base["recovery"] |= change
    path.write_text(yaml.safe_dump(base))
    with pytest.raises(InputError, match=word):
        read_recovery(path)


def test_twins_and_presets_are_those_of_the_phantom():
    assert parameters.TWINS == phantom.TWINS
    assert {"preset", "counts_of"} <= set(vars(SETTINGS)) and SETTINGS.preset in PRESETS
    assert phantom.Counts(**SETTINGS.images.counts)


def test_series_without_lesion_voxels_are_left_out():
    layout = cohorts.lay_out(twin("planted", 7))
    generator = np.random.default_rng(4)
    whole = dataclasses.replace(layout.examined, features=generator.normal(
        size=(len(layout.series), len(measured.FEATURES))))
    lost = whole.study == 3
    holes = dataclasses.replace(whole, features=np.where(lost[:, None], np.nan, whole.features))
    less = holes.whole()
    assert whole.whole() is whole
    assert len(less.patient) == len(whole.patient) - 1 and len(less.features) == (~lost).sum()
    assert (less.score[less.study] == whole.score[whole.study][~lost]).all()


def test_cohorts_are_handed_on_as_they_are(tmp_path):
    made = [dataclasses.replace(cohorts.lay_out(twin(name, 3)).examined) for name in phantom.TWINS]
    made = [dataclasses.replace(one, features=np.full((len(one.study), 2), 1.5)) for one in made]
    examined.write(tmp_path / "a.npz", made)
    for before, after in zip(made, examined.read(tmp_path / "a.npz"), strict=True):
        for field in dataclasses.fields(examined.Examined):
            np.testing.assert_array_equal(getattr(before, field.name), getattr(after, field.name))
    (tmp_path / "b.npz").write_text("x")
    for name in ("b.npz", "c.npz"):
        with pytest.raises(InputError, match="holds no cohorts"):
            examined.read(tmp_path / name)


def test_drawing_gives_the_same_bytes_again(tmp_path, monkeypatch):
    params, made = short(tmp_path), []
    for name in ("a", "b"):
        out = tmp_path / name
        run(monkeypatch, draw.stage, "--params", params, "--cohorts", out / "cohorts.npz", "--list",
            out / "list.csv", "--learnt", out / "learnt.json")
        made.append([(out / file).read_bytes() for file in ("list.csv", "learnt.json")])
        given = examined.read(out / "cohorts.npz")
        made[-1].append(b"".join(one.features.tobytes() for one in given))
    assert made[0] == made[1]
    assert len(given) == 3 + 2 * 2 * 3 and json.loads(made[0][1])["series"] > 5
