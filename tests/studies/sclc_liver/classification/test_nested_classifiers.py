"""The three classifiers on all patients: AUC by examination, the sequential test, an effect found."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.classification.corrected.fit import Outcome
from stages.classification.parameters import CorrectedModel, read_corrected
from stages.common.errors import InputError
from studies.sclc_liver.nested import classifiers
from studies.sclc_liver.nested.inputs import Examinations
from studies.sclc_liver.nested.linear import Cohort
from studies.sclc_liver.nested.parameters import Classifiers, read_classifiers
from studies.sclc_liver.parameters import Repeats

PARAMS = Path(__file__).parents[4] / "studies/sclc_liver/params"
MODELS = {"LR": CorrectedModel("radiomics", "LR", {"max_iter": 50}, (), {"C": (0.01, 1.0)})}
RULES = Classifiers(3, 2, Repeats(1, 1), 19, 9, 3, 7, 0.95, MODELS)


@pytest.fixture
def held():
    """60 examinations of 24 patients, every third with two series; the label is the first feature's."""
    generator = np.random.default_rng(4)
    patient = np.sort(np.concatenate([np.arange(24), generator.integers(0, 24, 36)]))
    study = np.repeat(np.arange(60), 1 + (np.arange(60) % 3 == 0))
    latent = generator.normal(size=60)
    features = generator.normal(size=(len(study), 6))
    features[:, 0] = 3 * latent[study] + 0.3 * features[:, 0]
    label = (latent > np.quantile(latent, 0.3)).astype(int)
    return Examinations({"radiomics": Cohort(features, study, patient)}, label, latent, label[study],
                        patient[study].astype(str), {}, 0)


def tried(held):
    settings = replace(read_corrected(PARAMS), folds=RULES.folds, inner_folds=RULES.inner_folds,
                       models=MODELS)
    return classifiers.assess(held, settings, RULES)


def test_an_effect_is_found_and_no_effect_is_not(held, monkeypatch):
    monkeypatch.setattr(classifiers.workers, "available", lambda: 1)
    summary, null = tried(held)
    found = summary["LR"]
    assert found["AUC"] > 0.9 and found["P"] == 1 / 20 and found["deals"] == 19
    assert found["low"] < found["AUC"] < found["high"] and found["smallest_detectable"] < 0.95
    assert sum(found["chosen"].values()) == RULES.folds
    assert abs(null["AUC"].mean() - 0.5) < 0.15 and null["deal"].tolist() == list(range(1, 20))
    dealt = replace(held, label=np.roll(held.label, 17))
    nothing, short = tried(dealt)
    assert nothing["LR"]["P"] > 0.05 and nothing["LR"]["deals"] < 19
    assert len(short) == max(nothing["LR"]["deals"], RULES.least)


def test_an_examination_counts_once_by_the_mean_of_its_series(held):
    study = held.cohorts["radiomics"].study
    outcome = Outcome(np.zeros(len(study)), np.zeros(len(study), dtype=int), np.zeros(1))
    # Each double examination: one series says 1 and one says 0, so that its mean lies between.
    first = np.r_[True, study[1:] != study[:-1]]
    double = np.bincount(study)[study] == 2
    outcome.held_out[:] = np.where(double, first, held.label[study])
    half = np.bincount(study) == 2
    score = np.where(half, 0.5, held.label)
    pairs = score[held.label == 1][:, None] - score[held.label == 0][None, :]
    assert classifiers.area(held, held.label, outcome) == pytest.approx(
        ((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_bad_parameters_are_refused(tmp_path):
    text = (PARAMS / "nested.yaml").read_text()
    for old, new, said in (("least: 29", "least: 500", "least"), ("exceed: 10", "exceed: 0", "exceed"),
                           ("inputs: radiomics", "inputs: volume", "models")):
        assert old in text
        (tmp_path / "nested.yaml").write_text(text.replace(old, new, 1))
        with pytest.raises(InputError, match=f"nested.classifiers.{said}"):
            read_classifiers(tmp_path)
