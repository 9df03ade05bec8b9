"""Models take the parameters that they are given, keep their warnings and are stored as data."""

import os

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from stages.classification import models
from stages.common.errors import InputError

FOREST = {"random_state": 3, "n_estimators": 25, "min_samples_leaf": 2}
LINEAR = {"random_state": 1, "C": 3, "solver": "newton-cg", "max_iter": 50}
BOOSTED = {"seed": 100, "tree_method": "hist", "booster": "gblinear"}


def fitted(model, parameters, train, weight=None):
    estimator = models.make(model, parameters, weight)
    return estimator, models.fit(estimator, train.features, train.label)


def test_weights_reach_the_models():
    assert models.make("LR", {}, 0.25).class_weight == {0: 1, 1: 0.25}
    assert models.make("RF", {}, "balanced").class_weight == "balanced"
    assert models.make("XGB", {}, 0.3).scale_pos_weight == 0.3
    assert models.make("LR", {}).class_weight is None


def test_unknown_hyper_parameter():
    with pytest.raises(InputError, match="unknown parameter 'trees' of RF"):
        models.make("RF", {"trees": 5})


def test_warnings_are_kept_without_what_varies(sets):
    estimator, messages = fitted("LR", {"max_iter": 1}, sets[0])
    assert any(message.startswith("ConvergenceWarning") for message in messages)
    assert models.iterations(estimator) == 1
    _, messages = fitted("XGB", BOOSTED, sets[0])
    assert messages and not any("[0" in message or "/src/" in message for message in messages)


def test_forest_does_not_depend_on_the_number_of_workers(sets, monkeypatch):
    stored = []
    for workers in (1, 2, 4):
        monkeypatch.setattr(os, "cpu_count", lambda workers=workers: workers)
        estimator, _ = fitted("RF", FOREST, sets[0])
        stored.append((models.find("RF").store(estimator, []),
                       models.probability(estimator, sets[1].features)))
    for arrays, probability in stored[1:]:
        for name, values in stored[0][0].items():
            np.testing.assert_array_equal(arrays[name], values)
        np.testing.assert_array_equal(probability, stored[0][1])


def test_forest_arrays_cover_every_node(sets):
    estimator, _ = fitted("RF", FOREST, sets[0])
    arrays = models.find("RF").store(estimator, [])
    assert isinstance(estimator, RandomForestClassifier)
    assert arrays["start"][-1] == len(arrays["left"]) == sum(
        tree.tree_.node_count for tree in estimator.estimators_)
