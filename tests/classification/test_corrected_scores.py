"""Thresholds, intervals, calibration and decision curve against values worked out by hand."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, f1_score, roc_auc_score

from stages.classification import bootstrap, data, trivial
from stages.classification.corrected import summary as corrected_summary
from stages.classification.corrected.fit import Outcome
from stages.classification.corrected.scores import (
    Part,
    difference,
    draw_patients,
    interval,
    net_benefit,
    over_seeds,
    reliability,
    seed_scores,
    spread,
    threshold,
)
from stages.classification.parameters import Bootstrap
from stages.common.parameters import Grid

LABEL = np.array([1, 1, 0, 1, 0, 1])
PATIENTS = np.array(["a", "a", "b", "b", "c", "d"])
PROBABILITY = np.array([0.9, 0.6, 0.7, 0.8, 0.2, 0.4])
WHOLE = np.ones((1, 6))


def part(probability=PROBABILITY, stratum=None, cut=0.5):
    rows = np.atleast_2d(probability)
    groups = np.zeros(rows.shape, dtype=int) if stratum is None else np.atleast_2d(stratum)
    return Part(LABEL, PATIENTS, rows, groups, {"F1": np.full(len(rows), cut)})


def test_patients_are_drawn_whole():
    weight = draw_patients(PATIENTS, 500, 3)
    assert weight.shape == (500, 6)
    np.testing.assert_array_equal(weight[:, 0], weight[:, 1])
    np.testing.assert_array_equal(weight[:, 2], weight[:, 3])
    assert (weight[:, [0, 2, 4, 5]].sum(axis=1) == 4).all()  # as many patients as there are
    assert weight[:, 0].mean() == pytest.approx(1, abs=0.15)
    assert not np.array_equal(weight[:, 2], weight[:, 4])
    np.testing.assert_array_equal(weight, draw_patients(PATIENTS, 500, 3))


def test_scores_of_the_whole_are_those_of_scikit_learn():
    found = seed_scores(part(), WHOLE)
    assert found["AUC"][0, 0] == pytest.approx(roc_auc_score(LABEL, PROBABILITY))
    assert found["Brier"][0, 0] == pytest.approx(brier_score_loss(LABEL, PROBABILITY))
    assert found["F1/F1"][0, 0] == pytest.approx(f1_score(LABEL, PROBABILITY >= 0.5))
    assert found["F1/Specificity"][0, 0] == 0.5


def test_weighted_scores_are_those_of_repeated_rows():
    weight = draw_patients(PATIENTS, 30, 1)
    found = seed_scores(part(), weight)
    for sample in range(30):
        rows = np.repeat(np.arange(6), weight[sample].astype(int))
        if len(set(LABEL[rows])) < 2:
            assert np.isnan(found["AUC"][0, sample])
            continue
        assert found["AUC"][0, sample] == pytest.approx(
            roc_auc_score(LABEL[rows], PROBABILITY[rows]))
        assert found["F1/Accuracy"][0, sample] == pytest.approx(
            np.mean(LABEL[rows] == (PROBABILITY[rows] >= 0.5)))


def test_brier_by_hand():
    found = seed_scores(part([1, 1, 0, 0.5, 0, 0]), WHOLE)["Brier"]
    assert found[0, 0] == pytest.approx((0.25 + 1) / 6)


def test_auc_compares_within_folds_only():
    # Pairs of fold 0: series 0 and 1 against 2; of fold 1: 3 and 5 against 4.
    found = seed_scores(part(stratum=[0, 0, 0, 1, 1, 1]), WHOLE)["AUC"][0, 0]
    assert found == pytest.approx((1 + 0 + 1 + 1) / 4)
    assert seed_scores(part(), WHOLE)["AUC"][0, 0] == pytest.approx(6 / 8)


def test_threshold_by_hand():
    label, probability = np.array([0, 1, 0, 1, 1, 1]), np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    # Above 0.35: sensitivity 3/4, specificity 1; F1 is best with one false alarm, above 0.15.
    assert threshold(label, probability, "balanced-accuracy") == pytest.approx(0.35)
    assert threshold(label, probability, "F1") == pytest.approx(0.15)
    assert threshold(label, np.full(6, 0.3), "F1") == 0.3  # everything positive


def test_trivial_model_by_hand():
    called = np.ones(6, dtype=int)
    found = bootstrap.weighted(WHOLE, LABEL, called, called.astype(float))
    assert found["F1"][0] == pytest.approx(2 * 4 / (4 + 6)) and found["Accuracy"][0] == 4 / 6
    assert found["AUC"][0] == 0.5 and np.isnan(found["NPV"][0])


def test_trivial_model_as_in_table_4(sets):
    test = sets[1]
    found = trivial.score(test, Bootstrap(40, 2, 0.9))
    share = test.label.mean()
    assert found["F1"]["all_series"] == pytest.approx(2 * share / (1 + share))
    assert found["Accuracy"]["low"] <= found["Accuracy"]["mean"] <= found["Accuracy"]["high"]
    assert found["Sensitivity"]["low"] == 1 and "NPV" not in found


def test_reliability_by_hand():
    rows = reliability(part(), WHOLE, 2, 0.95)
    assert [row["series"] for row in rows] == [3, 3]
    assert rows[0]["predicted"] == pytest.approx((0.2 + 0.4 + 0.6) / 3)
    assert rows[0]["observed"] == pytest.approx(2 / 3)
    assert rows[1]["predicted"] == pytest.approx((0.7 + 0.8 + 0.9) / 3)
    assert rows[1]["observed"] == rows[1]["low"] == pytest.approx(2 / 3)
    one, = reliability(part(np.full(6, 0.5)), WHOLE, 4, 0.95)
    assert one["series"] == 6 and one["observed"] == pytest.approx(4 / 6)


def test_reliability_counts_all_seeds():
    rows = reliability(part([PROBABILITY, PROBABILITY[::-1]]), WHOLE, 3, 0.95)
    assert sum(row["series"] for row in rows) == pytest.approx(6)


def test_decision_curve_by_hand():
    low, high = net_benefit(part(), WHOLE, np.array([0.25, 0.5]), 0.95)
    # From 0.25: TP 4, FP 1, odds 1/3. From 0.5: TP 3, FP 1, odds 1.
    assert low["net_benefit"] == pytest.approx((4 - 1 / 3) / 6)
    assert high["net_benefit"] == pytest.approx((3 - 1) / 6)
    assert low["all_positive"] == pytest.approx((4 - 2 / 3) / 6)
    assert low["low"] == low["high"] == pytest.approx(low["net_benefit"] - low["all_positive"])


def test_decision_thresholds_are_decimal():
    np.testing.assert_array_equal(Grid(0.1, 0.1, 3).values(), [0.1, 0.2, 0.3])


def test_undefined_values_are_counted_not_hidden():
    values = np.array([[np.nan, 0.2, np.nan], [0.4, 0.4, np.nan]])
    np.testing.assert_allclose(over_seeds(values), [0.4, 0.3, np.nan])
    assert interval(np.array([np.nan]), 0.95) == {"low": None, "high": None, "defined": 0}
    assert interval(np.array([np.nan, 1.0]), 0.95)["defined"] == 1
    assert spread(np.array([np.nan])) == {"n": 0}
    assert spread(np.array([1.0, 3.0, np.nan]))["mean"] == 2


def test_difference_by_hand():
    first, second = np.array([0.6, 0.7, 0.8, 0.9]), np.array([0.5, 0.5, 0.5, 0.95])
    found = difference(first, second, 0.2, 0.95)
    assert found["P"] == pytest.approx(2 * (1 + 1) / 5) and found["difference"] == 0.2
    assert difference(first, first, 0.0, 0.95)["P"] == 1


def test_models_are_compared_on_the_same_patients():
    models = {"a": part(), "b": part(1 - PROBABILITY)}
    found, pairs, by_seed = corrected_summary.scores(models, Bootstrap(200, 1, 0.95), True)
    area = pairs["a - b"]["AUC"]
    assert area["difference"] == pytest.approx(6 / 8 - 2 / 8)
    # The second is the mirror image of the first: the pairing makes the difference exact.
    low, high = found["a"]["AUC"]["patients"]["low"], found["a"]["AUC"]["patients"]["high"]
    assert (area["low"], area["high"]) == (pytest.approx(2 * low - 1), pytest.approx(2 * high - 1))
    assert len(by_seed) == 2
    # Scores at thresholds that were found on the same series are not compared.
    _, held_out, _ = corrected_summary.scores(models, Bootstrap(20, 1, 0.95), False)
    assert set(held_out["a - b"]) == {"AUC", "Brier"} and "F1/F1" in pairs["a - b"]


def test_thresholds_come_from_training_series_alone():
    problem = type("P", (), {"label": LABEL, "patients": PATIENTS, "test_label": 1 - LABEL,
                             "test_patients": PATIENTS})
    outcome = Outcome(PROBABILITY, np.zeros(6, dtype=int), 1 - PROBABILITY)
    found = corrected_summary.parts(problem, [{"m": outcome}], ["balanced-accuracy"])
    expected = threshold(LABEL, PROBABILITY, "balanced-accuracy")
    assert found["test"]["m"].thresholds["balanced-accuracy"][0] == expected
    trivial = found["test"][corrected_summary.TRIVIAL]
    assert seed_scores(trivial, WHOLE)["balanced-accuracy/Sensitivity"][0, 0] == 1
    assert seed_scores(trivial, WHOLE)["AUC"][0, 0] == 0.5


def test_taking_rows_keeps_everything_together(sets):
    train = sets[0]
    part_ = train.take(np.array([4, 1]))
    assert isinstance(part_, data.Split) and list(part_.series) == list(train.series[[4, 1]])
    assert part_.features.iloc[1].equals(train.features.iloc[1])
