"""Synthetic cohorts find what is planted in them and nothing where nothing is."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.cohort.phantom import settings as phantom
from stages.common import cli
from stages.common.errors import InputError
from stages.common.manifest import LESION
from stages.common.parameters import section
from studies.sclc_liver.recovery import cohorts, measured, stage, summary, trial
from studies.sclc_liver.recovery.parameters import read_recovery

PARAMS = Path(__file__).parents[4] / "studies/sclc_liver/params"
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
        size=(len(layout.study), len(measured.FEATURES))))) for layout in layouts]
    return measured.calibrate(layouts, features)


@pytest.fixture(scope="module")
def rules():
    return stage.rules_of(PARAMS, SETTINGS)


def test_the_oracle_is_the_best_guess_of_the_latent_score():
    large = dataclasses.replace(twin("planted", correlation=0.6), counts=dataclasses.replace(
        BASE.counts, patients=700, studies=1400, series=1400, lesion_free_series=1,
        test_patients=10, val_patients=1, annotated_train=1, annotated_test=1))
    layout = cohorts.lay_out(large)
    score = np.arctanh(layout.score)
    # Of normal variables: the squared correlation of a best guess is what it explains.
    expected = np.sqrt(2 * 0.6**2 / (1 + 0.6**2))
    found = np.corrcoef(layout.oracle, score)[0, 1]
    assert abs(found - expected) < 0.05
    burden = layout.covariates[np.unique(layout.study, return_index=True)[1], 1]
    assert found > np.corrcoef(burden, score)[0, 1] + 0.1


@pytest.mark.parametrize("name, explained", [("null", 0.0), ("shortcut", 0.6)])
def test_the_oracle_of_a_twin_knows_what_the_score_follows(name, explained):
    layouts = [cohorts.lay_out(twin(name, seed)) for seed in range(6)]
    if name == "null":
        assert all(np.ptp(layout.oracle) == 0 for layout in layouts)
        return
    both = np.concatenate([[layout.oracle, np.arctanh(layout.score)] for layout in layouts], axis=1)
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


def test_protocols_find_what_is_planted_and_a_scanner_betrays_itself(calibration, rules):
    results = {}
    for name in phantom.TWINS:
        layout = cohorts.lay_out(twin(name, 7))
        features = calibration.features(layout, np.random.default_rng(4))
        results[name] = trial.trial(layout, features, rules)
    planted, null, tied = (results[name] for name in phantom.TWINS)
    assert planted["corrected_P"] == 0.01 and planted["apart_AUC"] > 0.65
    assert 0.35 < null["corrected_AUC"] < 0.65 and null["oracle_AUC"] == 0.5
    assert tied["corrected_P"] <= 0.05 and tied["corrected_AUC"] - tied["apart_AUC"] > 0.1


def test_series_without_lesion_voxels_are_left_out(rules, calibration):
    layout = cohorts.lay_out(twin("planted", 7))
    features = calibration.features(layout, np.random.default_rng(4))
    lost = layout.study == 3
    features[lost] = np.nan
    less, kept = trial.without_gaps(layout, features)
    assert len(less.patient) == len(layout.patient) - 1 and len(kept) == (~lost).sum()
    assert (less.score[less.study] == layout.score[layout.study][~lost]).all()
    assert (less.covariates == layout.covariates[~lost]).all()


def test_a_cohort_of_one_class_is_not_tried(rules, calibration):
    layout = dataclasses.replace(cohorts.lay_out(twin("planted", 7)))
    features = calibration.features(layout, np.random.default_rng(4))
    one = dataclasses.replace(layout, score=np.abs(layout.score) + 0.1)
    assert trial.trial(one, features, rules) is None


def rows(**columns):
    count = len(next(iter(columns.values())))
    base = {name: np.full(count, 0.6) for name in stage.RESULTS}
    return pd.DataFrame({"kind": "labels", **base, **columns})


def test_the_summary_counts_power_luck_and_shortcuts():
    found = summary.summarise(rows(
        twin=["planted"] * 4 + ["shortcut"] * 4, effect=[0.7] * 4 + [0.0] * 4,
        corrected_AUC=[0.8, 0.8, 0.8, 0.6] + [0.8] * 4, apart_AUC=[0.8, 0.8, 0.8, 0.5] + [0.5] * 4,
        corrected_P=[0.01, 0.01, 0.05, 0.06] + [0.01] * 4,
        released_AUC=[0.7, np.nan, 0.5, 0.5] + [0.5] * 4, released_low=[0.6, np.nan, 0.4, 0.4]
        + [0.4] * 4, oracle_AUC=[0.7] * 8), SETTINGS)
    planted = found["groups"][0]
    assert planted["corrected"]["share"] == 0.75 and planted["luck"]["corrected"]["share"] == 0.75
    assert planted["released"]["found"] == 1 and planted["released"]["undefined"] == 1
    assert planted["luck"]["released"]["share"] == pytest.approx(1 / 3)
    assert found["shortcut"]["limit"] == pytest.approx(0.085)
    assert found["shortcut"]["found"]["share"] == 1 and found["shortcut"]["believed"]["share"] == 1


def test_the_stage_gives_the_same_bytes_again(tmp_path, monkeypatch):
    monkeypatch.setattr("stages.classification.workers.available", lambda: 1)
    params = tmp_path / "params"
    params.mkdir()
    for source in PARAMS.glob("*.yaml"):
        (params / source.name).write_text(source.read_text())
    changed = yaml.safe_load((PARAMS / "recovery.yaml").read_text())
    changed["recovery"] |= {"effects": [0.7], "sets": {"planted": 1, "null": 1, "shortcut": 1},
                            "permutations": 19, "samples": 20, "ladder_sets": 1, "counts_of": "quick"}
    changed["recovery"]["images"] |= {"sets": 2, "size": 16}
    changed["recovery"]["images"]["counts"] |= {
        "patients": 8, "studies": 10, "series": 12, "lesion_free_series": 2, "test_patients": 2,
        "val_patients": 1}
    changed["recovery"]["seeds"]["count"] = 1
    (params / "recovery.yaml").write_text(yaml.safe_dump(changed))
    made = []
    for name in ("a", "b"):
        out = tmp_path / name
        monkeypatch.setattr("sys.argv", ["stage", "--params", str(params), "--sets",
                                         str(out / "sets.csv"), "--summary", str(out / "all.json")])
        cli.main(stage.stage)
        made.append([(out / file).read_bytes() for file in ("sets.csv", "all.json")])
    assert made[0] == made[1]
    table, found = pd.read_csv(tmp_path / "a/sets.csv"), json.loads(made[0][1])
    assert table["kind"].value_counts().to_dict() == {"labels": 3, "images": 6, "again": 6}
    assert found["drawn"]["cohorts"] == 2 and found["drawn"]["series"] > 5


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
