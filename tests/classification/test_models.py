"""Models take the parameters that they are given, keep their warnings and are stored as data."""

import json
import os

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from xgboost import XGBClassifier

from stages.classification import models, storage
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
        stored.append((storage.forest_arrays(estimator),
                       models.probability(estimator, sets[1].features)))
    for arrays, probability in stored[1:]:
        for name, values in stored[0][0].items():
            np.testing.assert_array_equal(arrays[name], values)
        np.testing.assert_array_equal(probability, stored[0][1])


@pytest.mark.parametrize("model, parameters", [("LR", LINEAR), ("RF", FOREST), ("XGB", BOOSTED),
                                               ("XGB", {"seed": 1, "n_estimators": 5})])
def test_stored_models_predict_the_same_and_are_the_same_bytes(sets, tmp_path, model, parameters):
    train, test = sets
    names = list(train.features.columns)
    for folder in ("first", "second"):
        estimator, _ = fitted(model, parameters, train)
        storage.store(tmp_path / folder, {"refit": estimator}, names)
    path, = (tmp_path / "first").glob("refit.*")
    assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()
    expected = models.probability(estimator, test.features)[:, 1]
    if model == "LR":
        content = json.loads(path.read_text())
        linear = test.features @ np.array(list(content["coefficients"].values()))
        found = 1 / (1 + np.exp(-(linear + content["intercept"])))
    elif model == "RF":
        found = storage.forest_probability(path, test.features.to_numpy())
    else:
        loaded = XGBClassifier()
        loaded.load_model(path)
        found = loaded.predict_proba(test.features)[:, 1]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 if model != "XGB" else 1e-6)


def test_forest_arrays_cover_every_node(sets):
    estimator, _ = fitted("RF", FOREST, sets[0])
    arrays = storage.forest_arrays(estimator)
    assert isinstance(estimator, RandomForestClassifier)
    assert arrays["start"][-1] == len(arrays["left"]) == sum(
        tree.tree_.node_count for tree in estimator.estimators_)
