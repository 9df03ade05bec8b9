"""The paper's protocol on a public table: what it would have claimed.

Features are selected on the whole training set, models are cross-validated behind this selection,
class weights are sought on the validation group, all models are scored on the test group and the
best of them is reported. Where a table cannot be treated as the released one, the choice that
flatters the protocol less is not taken: see ``control`` in the parameters.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lasso_path
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import ShuffleSplit, train_test_split

from stages.classification import models
from stages.classification.parameters import Configuration, Folds, Protocol, Search
from stages.classification.weights import scored
from stages.common.errors import InputError
from studies.sclc_liver.control.parameters import Control
from studies.sclc_liver.control.tables import Table

BASIC = ("LR", "RF", "XGB")
# Where the LASSO path ends, as a share of the penalty that keeps nothing, and its steps: the second
# is slow, and wanted only where the first keeps too few.
ENDS = ((0.3, 20), (0.02, 60))
# Duality gap at which a step of the path has converged, as a share of the labels' sum of squares.
TOLERANCE = 1e-4
# Patients of a class from which a fifth of it is one in each group.
LEAST = 5


@dataclass(frozen=True)
class Released:
    """What the paper's protocol is made of: as-released models, folds, configurations, search."""

    protocol: Protocol
    configurations: Mapping[str, Configuration]
    search: Search


def reduced(hyper: Mapping, trees: int) -> dict:
    """Return a model's parameters, a forest of ``trees`` trees."""
    return {**hyper, "n_estimators": trees} if "n_estimators" in hyper else dict(hyper)


def select(features: np.ndarray, label: np.ndarray, count: int) -> np.ndarray:
    """Return the features that LASSO keeps at the largest penalty that keeps ``count`` of them.

    Parameters
    ----------
    features : ndarray of float, shape (n, p)
        Not scaled, as released.
    label : ndarray of int, shape (n,)
    count : int
        Where the path ends before, what it keeps last.

    Returns
    -------
    ndarray of int, shape (k,)
        In the order of the table.

    Raises
    ------
    InputError
        If the fit there does not converge.
    """
    features, label = features - features.mean(axis=0), label - label.mean()
    for share, steps in ENDS:
        with warnings.catch_warnings(record=True):
            # Steps beyond the one that is used may stop before they converge: that one is checked.
            warnings.simplefilter("always", ConvergenceWarning)
            _, path, gaps = lasso_path(features, label, eps=share, n_alphas=steps, tol=TOLERANCE)
        kept = np.count_nonzero(path, axis=0)
        enough = np.flatnonzero(kept >= count)
        if enough.size:
            break
    step = enough[0] if enough.size else np.argmax(kept)
    if gaps[step] > TOLERANCE * (label @ label) / len(label):
        raise InputError("LASSO does not converge where it keeps the wanted number of features",
                         "control", "leave the table out of the list")
    return np.flatnonzero(path[:, step])


def area(label: np.ndarray, probability: np.ndarray) -> float:
    """Return the AUC, NaN with one class."""
    return float(roc_auc_score(label, probability)) if 0 < label.sum() < len(label) else np.nan


def fit(name: str, hyper: Mapping, weight, features: np.ndarray, label: np.ndarray):
    """Return a fitted model of one thread: whole runs are spread over the cores."""
    estimator = models.make(name, hyper, weight, threads=1)
    models.fit(estimator, features, label)
    return estimator


def cross_validated(table: Table, rows: np.ndarray, kept: np.ndarray | None, count: int,
                    released: Released, hyper: Mapping[str, Mapping]) -> dict[str, float]:
    """Return the mean AUC over the released folds of the training rows, by model.

    Parameters
    ----------
    table : Table
    rows : ndarray of int
        Training rows.
    kept : ndarray of int or None
        Features that were selected on all of them; None selects anew in each fold.
    count : int
        Features to keep.
    released : Released
    hyper : mapping
        Model to keyword arguments.
    """
    folds: Folds = released.protocol.folds
    splitter = ShuffleSplit(folds.n_splits, test_size=folds.test_size, random_state=folds.seed)
    found = {name: [] for name in BASIC}
    for inside, outside in splitter.split(rows):
        learn, held = rows[inside], rows[outside]
        own = kept
        if own is None:
            own = select(table.features[learn], table.label[learn], count)
        for name in BASIC:
            model = fit(name, hyper[name], None, table.features[learn][:, own], table.label[learn])
            found[name].append(area(table.label[held], models.probability(
                model, table.features[held][:, own])[:, 1]))
    defined = {name: [value for value in values if value == value]
               for name, values in found.items()}
    return {name: float(np.mean(values)) if values else np.nan for name, values in defined.items()}


def weights(table: Table, learn: np.ndarray, held: np.ndarray, kept: np.ndarray,
            released: Released, settings: Control) -> dict[str, float]:
    """Return the class weights that are best on the validation group, by configuration."""
    tried, found = settings.search.values(), {}
    for name in BASIC:
        hyper = reduced(released.search.models[name], settings.search_trees)
        rows = []
        for weight in tried:
            model = fit(name, hyper, float(weight), table.features[learn][:, kept],
                        table.label[learn])
            rows.append(scored(weight, table.label[held], models.probability(
                model, table.features[held][:, kept])))
        for metric in ("AUC", "F1"):
            found[f"{name}_{metric}"] = float(tried[int(np.argmax([row[metric] for row in rows]))])
    return found


def run(table: Table, released: Released, settings: Control, seed: int) -> dict:
    """Carry out the paper's protocol once.

    Returns
    -------
    dict
        ``selected`` (number of features); ``outside`` and ``inside``: cross-validated AUC by
        model, features selected on the whole training set or anew in each fold; ``test``: AUC
        on the test group by configuration.

    Raises
    ------
    InputError
        If a class has fewer than `LEAST` patients.
    """
    rows = np.arange(len(table.label))
    rarest = np.bincount(table.label, minlength=2).min()
    if rarest < LEAST:
        raise InputError(f"a class of {rarest} patient(s) cannot be divided into three groups",
                         "control", "leave the table out of the list")
    training, test = train_test_split(rows, test_size=settings.test_share, random_state=seed,
                                      stratify=table.label)
    learn, held = train_test_split(
        training, test_size=settings.val_share / (1 - settings.test_share), random_state=seed,
        stratify=table.label[training])
    training, learn, held, test = map(np.sort, (training, learn, held, test))
    count = max(1, round(len(training) / settings.rows_for_each_feature))
    kept = select(table.features[training], table.label[training], count)
    hyper = {name: reduced(released.protocol.models[name], settings.trees) for name in BASIC}
    sought = weights(table, learn, held, kept, released, settings)
    positives = table.label[training].mean()
    scores = {}
    for name, configuration in sorted(released.configurations.items()):
        weight = sought.get(name, configuration.weight)
        if name == "XGB_BAL":
            # As released: the ratio of the classes in the training set.
            weight = float((1 - positives) / positives)
        model = fit(configuration.model, hyper[configuration.model], weight,
                    table.features[training][:, kept], table.label[training])
        scores[name] = area(table.label[test], models.probability(
            model, table.features[test][:, kept])[:, 1])
    return {"selected": len(kept), "test": scores,
            "outside": cross_validated(table, training, kept, count, released, hyper),
            "inside": cross_validated(table, training, None, count, released, hyper)}
