"""Cross-validation and ensembles are those of the stated protocol."""

import statistics

import numpy as np
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import ShuffleSplit

from stages.classification import models
from stages.classification.parameters import Configuration, Folds, Protocol, Selection
from stages.classification.train import (
    fold_indices,
    predictions,
    roc,
    summary,
    train,
)
from stages.classification.train import test_of_folds as scores_of_folds

SHUFFLE = Folds("shuffle-split", 5, 0.2, 2024)
STRATIFIED = Folds("stratified-k-fold", 5)
SETTINGS = {"LR": {"random_state": 1, "C": 3, "solver": "newton-cg", "max_iter": 100},
            "RF": {"random_state": 2, "n_estimators": 20},
            "XGB": {"seed": 3, "booster": "gblinear"}}


def protocol(folds, ensemble):
    return Protocol(Selection(0.35, "NE_Score"), folds, ensemble, SETTINGS)


@pytest.mark.parametrize("model", ["LR", "RF", "XGB"])
def test_refit_is_scikit_learns_voting_classifier(sets, model):
    train_set, test_set = sets
    members = [(str(i), models.make(model, SETTINGS[model], 2.0)) for i in range(5)]
    voting = VotingClassifier(members, voting="soft").fit(train_set.features, train_set.label)
    trained = train(train_set, test_set, protocol(SHUFFLE, "refit"), Configuration(model, 2.0))
    np.testing.assert_array_equal(trained.probability, voting.predict_proba(test_set.features))
    predicted = predictions("x", trained, test_set)["predicted"]
    np.testing.assert_array_equal(predicted, voting.predict(test_set.features))


def test_fold_mean_averages_the_models_of_the_folds(sets):
    train_set, test_set = sets
    trained = train(train_set, test_set, protocol(STRATIFIED, "fold-mean"), Configuration("RF"))
    singles = []
    for inside, _ in fold_indices(STRATIFIED, train_set.label):
        model = models.make("RF", SETTINGS["RF"])
        models.fit(model, train_set.features.iloc[inside], train_set.label[inside])
        singles.append(models.probability(model, test_set.features))
    np.testing.assert_allclose(trained.probability, np.mean(singles, axis=0), rtol=0, atol=1e-15)
    assert len(trained.members) == 5 and trained.refit_warnings == []


def test_fold_scores_are_those_of_the_held_out_series(sets):
    train_set, test_set = sets
    trained = train(train_set, test_set, protocol(SHUFFLE, "refit"), Configuration("RF"))
    splits = ShuffleSplit(5, test_size=0.2, random_state=2024).split(train_set.features)
    for fold, (inside, outside) in zip(trained.folds, splits):
        model = models.make("RF", SETTINGS["RF"])
        models.fit(model, train_set.features.iloc[inside], train_set.label[inside])
        held_out, label = train_set.features.iloc[outside], train_set.label[outside]
        assert fold["F1"] == f1_score(label, model.predict(held_out))
        assert fold["AUC"] == roc_auc_score(label, model.predict_proba(held_out)[:, 1])
    found = summary(trained, test_set)
    values = [fold["AUC"] for fold in trained.folds]
    assert found["cross_validation"]["AUC"] == {"mean": pytest.approx(np.mean(values)),
                                                "min": min(values), "max": max(values)}
    assert sum(found["confusion"].values()) == len(test_set.label)


@pytest.mark.parametrize(("folds", "ensemble"), [(SHUFFLE, "refit"), (STRATIFIED, "fold-mean")])
def test_folds_own_models_are_scored_on_the_test_set(sets, folds, ensemble):
    train_set, test_set = sets
    trained = train(train_set, test_set, protocol(folds, ensemble), Configuration("RF"))
    areas, accuracies = [], []
    for inside, _ in fold_indices(folds, train_set.label):
        model = models.make("RF", SETTINGS["RF"])
        models.fit(model, train_set.features.iloc[inside], train_set.label[inside])
        areas.append(roc_auc_score(test_set.label, model.predict_proba(test_set.features)[:, 1]))
        accuracies.append(model.score(test_set.features, test_set.label))
    found = scores_of_folds(trained, test_set)
    assert len(set(areas)) > 1
    for metric, values in (("AUC", areas), ("Accuracy", accuracies)):
        np.testing.assert_array_equal(found[metric]["values"], values)
        assert found[metric]["mean"] == pytest.approx(statistics.fmean(values))
        assert found[metric]["sd"] == pytest.approx(statistics.stdev(values))
        assert (found[metric]["min"], found[metric]["max"]) == (min(values), max(values))


def test_stratified_folds_hold_out_every_series_once(sets):
    held_out = np.concatenate([rows for _, rows in fold_indices(STRATIFIED, sets[0].label)])
    assert sorted(held_out) == list(range(len(sets[0].label)))


def test_roc_curve_encloses_the_stated_area(sets):
    train_set, test_set = sets
    trained = train(train_set, test_set, protocol(SHUFFLE, "refit"), Configuration("LR"))
    curve = roc("LR", trained, test_set)
    x, y = curve["false_positive_rate"].to_numpy(), curve["true_positive_rate"].to_numpy()
    area = float((np.diff(x) * (y[1:] + y[:-1]) / 2).sum())
    assert area == pytest.approx(summary(trained, test_set)["test"]["AUC"])
