"""The corrected protocol: nothing crosses from one side of a fold to the other."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from stages.prediction import corrected, judge
from stages.prediction.parameters import Model
from tests.prediction.conftest import made


def test_no_patient_stands_on_both_sides(settings):
    held = made(0.0)
    for parts in corrected.divisions(held, replace(settings, tuned=True)):
        outside = np.concatenate([part.outside for part in parts])
        assert sorted(outside) == list(range(len(held.patient)))
        for part in parts:
            assert not set(held.patient[part.inside]) & set(held.patient[part.outside])
            for inner in part.inner:
                assert set(inner.inside) | set(inner.outside) == set(part.inside)
                assert not set(held.patient[inner.inside]) & set(held.patient[inner.outside])


def test_what_is_held_out_changes_nothing_that_is_learnt(settings, logistic):
    """Other features and labels of the patients of one fold leave the model of that fold as it is."""
    held = made(1.0)
    part = corrected.divisions(held, settings)[0][0]
    changed = held.features.copy()
    changed[part.outside] = 100 + 3 * changed[part.outside]
    outside = np.unique(held.patient[part.outside])
    outcome = held.outcome.copy()
    outcome[outside] = 1 - outcome[outside]
    other = replace(held, features=changed, outcome=outcome)
    again = corrected.divisions(other, settings)[0][0]
    assert (again.inside == part.inside).all() and (again.within == part.within).all()
    assert (again.preparation.kept == part.preparation.kept).all()
    probe = replace(again, beyond=part.beyond)
    assert (corrected.predict(other, probe, "LR", logistic.arguments, 0)[0]
            == corrected.predict(held, part, "LR", logistic.arguments, 0)[0]).all()


def test_a_fold_is_the_library_on_weighted_lesions(settings):
    held = made(1.0)
    part = corrected.divisions(held, settings)[0][1]
    rows = held.features[part.inside]
    scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    counts = np.bincount(held.patient)
    model = LogisticRegression(C=0.1, tol=1e-10).fit(
        scaled, held.outcome[held.patient[part.inside]],
        sample_weight=len(held.patient) / 20 / counts[held.patient[part.inside]])
    expected = model.predict_proba((held.features[part.outside] - rows.mean(axis=0)) / rows.std(axis=0))
    found, threshold = corrected.predict(held, part, "LR", {"C": 0.1, "tol": 1e-10}, 0)
    assert found == pytest.approx(expected[:, 1], abs=1e-6) and threshold == 0.5


def test_tuning_takes_what_is_better_inside(settings):
    """The neighbours of a single lesion cannot tell what those of many can."""
    held = made(1.5, 40)
    parts = corrected.divisions(held, replace(settings, tuned=True))[0]
    model = Model({}, {"n_neighbors": (1, 25)})
    chosen = [corrected.choose(held, part, "KNN", model, 0)["n_neighbors"] for part in parts]
    assert chosen.count(25) >= 3


def test_one_label_inside_teaches_nothing(settings, logistic):
    held = made(0.0)
    same = replace(held, outcome=np.zeros(20, int))
    for name, threshold in (("LR", 0.5), ("SVM", 0.0)):
        found = corrected.answer(same, corrected.divisions(held, settings)[0], name,
                                 Model({}), 0)
        assert (found.score == threshold).all() and found.threshold == threshold


def test_an_effect_is_found_and_nothing_is_not(settings, logistic):
    found = judge.test(made(3.0, 30), settings, logistic)
    assert found["AUC"] > 0.9 and found["P"] == 0.05
    few = replace(settings, permutations=9, seeds=1)
    nothing = [judge.test(made(0.0, seed=seed), few, logistic)["P"] for seed in range(5)]
    assert sorted(nothing)[2] > 0.1


def test_intervals_are_over_patients_and_hold_the_area(settings, logistic):
    held = made(1.0, 40, share=0.9)
    found = judge.judge(held, settings, {"LR": logistic, "KNN": Model({})})
    one = found["models"]["LR"]
    assert one["patient"]["low"] < one["patient"]["AUC"] < one["patient"]["high"]
    # Lesions of a patient are alike: their number does not make the interval narrow.
    assert one["lesion"]["high"] - one["lesion"]["low"] > 0.1
    assert found["constant"] == {"patient": 0.5, "lesion": max(held.label.mean(),
                                                               1 - held.label.mean())}
    assert list(found["trivial"]) == ["number of lesions"]
    assert found["models"]["KNN"]["weighted"] is False and found["named"] == "LR"
