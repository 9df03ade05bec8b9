"""The corrected protocol's test by permuted labels, and how often it rejects."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.patches import scores
from studies.brain_metastases.synthetic import ladder, parameters, people, rejections

PARAMS = Path(__file__).resolve().parents[4] / "studies" / "brain_metastases" / "params"


def test_labels_are_dealt_as_the_model_has_them():
    """Against all sets of two of five patients, counted one by one."""
    latent, shift, random = np.array([-1.0, 0.0, 0.3, 1.0, 2.0]), 1.3, np.random.default_rng(0)
    sets_of_two = list(combinations(range(5), 2))
    weight = np.array([np.exp(shift * latent[list(two)].sum()) for two in sets_of_two])
    found = [tuple(np.flatnonzero(rejections.dealt(latent, 2, shift, random))) for _ in range(4000)]
    shares = np.array([found.count(two) for two in sets_of_two]) / 4000
    assert shares == pytest.approx(weight / weight.sum(), abs=0.03)
    even = np.mean([rejections.dealt(latent, 2, 0.0, random) for _ in range(2000)], axis=0)
    assert even == pytest.approx(0.4, abs=0.05)


def test_labels_dealt_by_the_latent_variable_have_the_planted_area(whole, arms):
    table = people.drawn(whole, arms["planted"], 1).drop_duplicates("patient")
    latent, shift = table["latent"].to_numpy(), people.separation(arms["planted"].area)
    areas = [scores.auc(rejections.dealt(latent, 25, shift, np.random.default_rng(seed)), latent)
             for seed in range(100)]
    assert np.mean(areas) == pytest.approx(arms["planted"].area, abs=0.04)


@pytest.fixture(scope="module")
def trial(fingerprints):
    """Features that know the patient, and for the test's own labels a little of these."""
    rows, labels, patients = fingerprints
    latent = np.random.default_rng(3).normal(size=40)[patients] + 1.5 * labels
    table = pd.DataFrame({
        "slice": np.arange(160).astype(str), "lesion": patients.astype(str),
        "patient": patients.astype(str), "label": labels, "vendor": "a", "latent": latent})
    sizes = replace(parameters.protocol(PARAMS), folds=3, divisions=2, epochs=5, steps=2)
    return rejections.Trial(table, np.column_stack([rows[:, :5], 3 * latent]), sizes, 7)


def test_permuted_labels_go_through_what_the_arms_own_go_through(trial):
    """With the arm's own labels in place of a permutation, all is as the ladder has it."""
    again = rejections.Trial(trial.table, trial.features, trial.settings, trial.seed)
    own = ladder.divided(again.own, again.features)
    cohort = ladder.Cohort(trial.table, trial.settings, trial.seed, rejections.PERMUTED, 0)
    named, found = trial.labelled(trial.labels, rejections.PERMUTED, 0)
    assert found.pairs.shape == own.pairs.shape == (2, 16, 24)
    assert (found.pairs == ladder.divided(cohort, trial.features).pairs).all()
    assert found.pairs[1].sum() == own.pairs[1].sum(), "as many comparisons, so that ties are ties"


def test_every_label_vector_has_divisions_of_its_own(trial):
    folds_of = [trial.labelled(trial.labels, rejections.REPLICATED, number)[0].fold("patient", 0)
                for number in range(3)]
    assert all((one != other).any() for one, other in combinations(folds_of, 2))
    first, second = (trial.permuted(number) for number in range(2))
    assert (first.pairs != second.pairs).any()


def test_the_test_finds_what_is_there_and_keeps_its_level(trial):
    sizes = parameters.Rejections(replicates=20, permutations=39)
    planted = rejections.tested(trial, sizes, 1.5)
    assert planted["P"] == 1 / 40 and planted["rejected"]["share"] > 0.5
    assert planted["area"] == scores.area(*ladder.divided(trial.own, trial.features).pairs)
    nothing = rejections.tested(trial, sizes, 0.0)
    assert nothing["rejected"]["share"] <= 0.2 and len(set(nothing["values"])) > 5
    assert 0 < np.mean(nothing["values"]) < 1 and nothing["rejected"]["of"] == 20
    for one in (planted, nothing):
        assert one["rejected"]["count"] == sum(value <= 0.05 for value in one["values"])
        assert one["scores"]["area"]["mean"] == pytest.approx(np.mean(one["areas"]))
