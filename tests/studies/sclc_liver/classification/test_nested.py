"""The nested procedure over all patients: its matrices, its P, its errors, its simulation."""

import numpy as np
import pytest
from scipy.stats import beta
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from stages.common.errors import InputError
from studies.sclc_liver.nested import linear, simulate
from studies.sclc_liver.nested.inputs import examinations
from studies.sclc_liver.nested.parameters import Nested, Simulated
from studies.sclc_liver.nested.stage import dealt_rows, jackknife
from studies.sclc_liver.parameters import Repeats

SETTINGS = Nested(5, 3, Repeats(1, 3), (0.01, 1.0, 100.0, 1e5), 199, 3, 1, 0.95)
SIMULATED = Simulated(60, 20, (0.8,), 5, 59, Repeats(1, 2), 0.05, 1)


@pytest.fixture(scope="module")
def cohort():
    """70 series of 45 examinations of 20 patients with one to four of them."""
    generator = np.random.default_rng(3)
    patient = np.repeat(np.arange(20), [1] * 6 + [2] * 6 + [3] * 5 + [4] * 3)
    study = np.repeat(np.arange(len(patient)), 1 + (np.arange(len(patient)) % 2))
    return linear.Cohort(generator.normal(size=(len(study), 12)) * 10 ** generator.normal(size=12),
                         study, patient)


def label_of(cohort, seed, effect=0.0):
    mean = np.array([cohort.features[cohort.study == number, 0].mean()
                     for number in range(len(cohort.patient))])
    noise = np.random.default_rng(seed).normal(size=len(mean))
    score = effect * mean / mean.std() + noise
    return (score > np.median(score)).astype(float)


def test_the_matrices_are_ridge_regression(cohort):
    label = label_of(cohort, 1)
    inside, outside = np.arange(30), np.arange(30, len(cohort.patient))
    learn, held = np.isin(cohort.study, inside), np.isin(cohort.study, outside)
    weight = 1 / np.bincount(cohort.study)[cohort.study[learn]]
    mean = np.average(cohort.features[learn], axis=0, weights=weight)
    spread = np.sqrt(np.average((cohort.features[learn] - mean) ** 2, axis=0, weights=weight))
    rows = (cohort.features - mean) / spread
    singular = np.linalg.svd(np.sqrt(weight)[:, None] * rows[learn], compute_uv=False)
    for penalty in (0.01, 1.0):
        model = Ridge(alpha=penalty * (singular ** 2).mean()).fit(
            rows[learn], label[cohort.study[learn]], sample_weight=weight)
        wanted = model.predict(rows[held])
        found = linear.hats(cohort, inside, outside, np.array([penalty]), by_series=True)[0]
        assert found @ label[inside] == pytest.approx(wanted)
        by_study = linear.hats(cohort, inside, outside, np.array([penalty]))[0] @ label[inside]
        means = [wanted[cohort.study[held] == number].mean() for number in outside]
        assert by_study == pytest.approx(means)


def test_a_patient_is_never_on_both_sides(cohort):
    for fold in linear.folds(cohort, SETTINGS, 1):
        for part in (fold, *fold.inner):
            sides = cohort.patient[part.inside], cohort.patient[part.outside]
            assert not set(sides[0]) & set(sides[1])
            assert set(part.outside) <= set(np.r_[fold.inside, fold.outside])
        assert not any(set(fold.outside) & set(np.r_[part.inside, part.outside])
                       for part in fold.inner)


def test_a_feature_that_is_constant_in_a_fold_counts_nothing(cohort):
    widened = linear.Cohort(np.c_[cohort.features, np.full(len(cohort.features), 7.0)],
                            cohort.study, cohort.patient)
    inside, outside = np.arange(30), np.arange(30, len(cohort.patient))
    both = [linear.hats(one, inside, outside, np.array([1.0])) for one in (cohort, widened)]
    # One more singular value, 0, makes the mean smaller by 12 of 13.
    other = linear.hats(cohort, inside, outside, np.array([12 / 13]))
    assert np.isfinite(both[1]).all() and both[1] == pytest.approx(other)


def test_pairs_are_those_of_the_auc():
    generator = np.random.default_rng(1)
    predicted, label = generator.integers(0, 4, (30, 5)).astype(float), np.zeros((30, 5))
    label[:12] = 1
    wins, possible = linear.pairs(predicted, label)
    assert wins / possible == pytest.approx([roc_auc_score(label[:, k], predicted[:, k])
                                             for k in range(5)])


def test_an_effect_is_found_and_the_largest_penalty_taken_without_one(cohort):
    labels = np.column_stack([label_of(cohort, 1, 5.0), label_of(cohort, 2)])
    effect, none = linear.statistic(cohort, labels, SETTINGS, range(1, 4))
    assert effect > 0.85 > none
    one = np.ones((len(cohort.patient), 1))
    assert np.isnan(linear.statistic(cohort, one, SETTINGS, [1])).all()  # no pair: undefined


def test_labels_are_dealt_with_their_patients(cohort):
    rows = dealt_rows(cohort.patient, 50, 1)
    assert (np.sort(rows, axis=1) == np.arange(len(cohort.patient))).all()
    sizes = np.bincount(cohort.patient)
    for row in rows:
        for number in range(20):
            givers = np.unique(cohort.patient[row[cohort.patient == number]])
            assert len(givers) == 1 and sizes[givers[0]] == sizes[number]
    assert (rows != rows[0]).any(axis=1).sum() == 49


def test_p_holds_its_level_for_labels_that_cling_to_patients(cohort):
    settings = SIMULATED
    generator = np.random.default_rng(5)
    # Features that differ between patients, as volume does: where naive dealing fails.
    between = linear.Cohort(cohort.features + 3 * generator.normal(size=(20, 12))[
        cohort.patient[cohort.study]], cohort.study, cohort.patient)
    null = simulate.outcomes(cohort.patient, 0.7, 22, 200, generator)
    rows = dealt_rows(cohort.patient, settings.permutations, 1)
    _, p = simulate.rejected(between, null.labels, rows, SETTINGS, settings)
    found = int((p <= 0.1).sum())
    assert beta.ppf(0.001, found, 201 - found) < 0.1 < beta.ppf(0.999, found + 1, 200 - found)
    free = np.array([np.random.default_rng(k).permutation(len(cohort.patient)) for k in range(59)])
    _, naive = simulate.rejected(between, null.labels, free, SETTINGS, settings)
    assert (naive <= 0.1).mean() > found / 200  # examinations dealt singly are too often found


def test_power_rises_with_the_effect(cohort):
    generator = np.random.default_rng(2)
    rows = dealt_rows(cohort.patient, SIMULATED.permutations, 1)
    found = []
    for effect in (0.0, 0.9):
        signal = simulate.signals(cohort, "leading", 5, 40, generator)
        assert signal.mean(axis=0) == pytest.approx(0, abs=1e-9)
        assert signal.std(axis=0) == pytest.approx(1)
        drawn = simulate.outcomes(cohort.patient, 0.4, 22, 40, generator, signal, effect)
        assert (drawn.labels.sum(axis=0) == 22).all()
        found.append((simulate.rejected(cohort, drawn.labels, rows, SETTINGS, SIMULATED)[1]
                      <= 0.05).mean())
    assert found[0] < 0.25 and found[1] > 0.6


def test_exact_interval_and_jackknife():
    # Source: Clopper and Pearson by R, binom.test(10, 200).
    assert simulate.exact_interval(10, 200, 0.95) == pytest.approx((0.0242, 0.0900), abs=1e-4)
    assert simulate.exact_interval(5, 5, 0.95)[1] == 1.0
    values = np.random.default_rng(1).normal(size=30)
    left = np.array([np.delete(values, k).mean() for k in range(30)])
    assert jackknife(left) == pytest.approx(values.std(ddof=1) / np.sqrt(30))


def test_an_examination_with_two_outcomes_is_refused(table):
    part = table.assign(**{"diagnostics_Mask-original_VoxelNum": 1000,
                           "diagnostics_Mask-original_Spacing": "(1.0, 1.0, 1.0)",
                           "diagnostics_Image-original_Minimum": -1024})
    found = examinations(part, "table.csv", 0.75)
    assert len(found.label) == 45 and found.cohorts["both"].features.shape[1] == 216
    part.loc[0, "NE_Class"] = 1 - part.loc[1, "NE_Class"]
    with pytest.raises(InputError, match="two 'NE_Class'"):
        examinations(part, "table.csv", 0.75)
    with pytest.raises(InputError, match="fewer than two classes"):
        examinations(part.assign(NE_Class=1), "table.csv", 0.75)
