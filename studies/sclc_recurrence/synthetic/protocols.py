"""The paper's protocol, step by step, and the rungs that lead from it to one without leakage.

Every rung is a function of features, outcome and seed. A forest's depth of 0 has no limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.preprocessing import StandardScaler

from stages.survival import scores
from studies.sclc_recurrence.synthetic.settings import Preset


@dataclass(frozen=True)
class Score:
    """AUC of patients held out and of those fitted; which features were kept (share of the fits)."""

    auc: float
    training: float
    kept: np.ndarray


def uncorrelated(x: np.ndarray, limit: float) -> np.ndarray:
    """Return the places of features that vary and go with no earlier kept one beyond a correlation.

    Examples
    --------
    >>> uncorrelated(np.array([[1., 2, 0, 1], [2, 4, 0, 0], [3, 6, 0, 1]]), 0.9)
    array([0, 3])
    """
    varies = np.flatnonzero(x.std(axis=0) > 0)
    correlation = np.abs(np.corrcoef(x[:, varies], rowvar=False)) if len(varies) > 1 else np.eye(1)
    kept: list[int] = []
    for place in range(len(varies)):
        if not (correlation[place, kept] > limit).any():
            kept.append(place)
    return varies[kept]


def select(x: np.ndarray, y: np.ndarray, settings: Preset, seed: int) -> np.ndarray:
    """Return the places of the features kept: filter, then recursive elimination in five parts.

    In each round the features with the least importance go, as the mean over forests that are each
    fitted without one part of the rows (scikit-learn's ``RFE`` has one forest, of all rows).

    Parameters
    ----------
    x : (n, p) array of float
    y : (n,) array of bool
    settings : Preset
    seed : int
    """
    places = uncorrelated(x, settings.correlation)
    scaled = StandardScaler().fit_transform(x)
    parts = StratifiedKFold(settings.folds, shuffle=True, random_state=seed)
    train = [rows for rows, _ in parts.split(x, y)]
    while len(places) > settings.kept:
        importance = sum(RandomForestClassifier(settings.elimination_trees, random_state=seed)
                         .fit(scaled[np.ix_(rows, places)], y[rows]).feature_importances_
                         for rows in train)
        left = max(settings.kept, len(places) - settings.step)
        places = places[np.sort(np.argsort(-importance, kind="stable")[:left])]
    return places


def tuned(x: np.ndarray, y: np.ndarray, weight: np.ndarray, settings: Preset, seed: int) -> dict:
    """Return the depth and the number of trees with the best AUC over parts of the rows."""
    grid = {"max_depth": [depth or None for depth in settings.depths],
            "n_estimators": list(settings.trees)}
    parts = StratifiedKFold(settings.grid_folds, shuffle=True, random_state=seed)
    search = GridSearchCV(RandomForestClassifier(random_state=seed), grid, scoring="roc_auc", cv=parts,
                          refit=False)
    return search.fit(x, y, sample_weight=weight).best_params_


def _fitted(x, y, weight, best, seed):
    return RandomForestClassifier(**best, random_state=seed).fit(x, y, sample_weight=weight)


def _foretold(forest, x):
    return forest.predict_proba(x)[:, 1]


def one_split(x: np.ndarray, y: np.ndarray, settings: Preset, seed: int, everywhere: bool) -> Score:
    """Score one split; with `everywhere`, selection and grid see the held-out rows too.

    Parameters
    ----------
    x : (n, p) array of float
    y : (n,) array of bool
    settings : Preset
    seed : int
        Of split, selection and forest.
    everywhere : bool
    """
    train, test = train_test_split(np.arange(len(y)), test_size=settings.held_out, stratify=y,
                                   random_state=seed)
    rows = np.arange(len(y)) if everywhere else train
    places = select(x[rows], y[rows], settings, seed)
    ones = np.ones(len(y))
    best = tuned(x[np.ix_(rows, places)], y[rows], ones[rows], settings, seed)
    forest = _fitted(x[np.ix_(train, places)], y[train], ones[train], best, seed)
    kept = np.zeros(x.shape[1])
    kept[places] = 1
    return Score(*(roc_auc_score(y[part], _foretold(forest, x[np.ix_(part, places)]))
                   for part in (test, train)), kept)


def nested(x: np.ndarray, y: np.ndarray, weight: np.ndarray, settings: Preset, seed: int) -> Score:
    """Score with everything inside the parts of a cross-validation: mean AUC of the parts held out.

    Parameters
    ----------
    x : (n, p) array of float
    y : (n,) array of bool
    weight : (n,) array of float
        What each patient stands for; rows of 0 are neither fitted nor scored.
    settings : Preset
    seed : int
    """
    found, kept = [], np.zeros(x.shape[1])
    parts = StratifiedKFold(settings.outer_folds, shuffle=True, random_state=seed)
    for train, test in parts.split(x, y):
        train, test = train[weight[train] > 0], test[weight[test] > 0]
        places = select(x[train], y[train], settings, seed)
        best = tuned(x[np.ix_(train, places)], y[train], weight[train], settings, seed)
        forest = _fitted(x[np.ix_(train, places)], y[train], weight[train], best, seed)
        found.append([scores.area(y[part], weight[part], _foretold(forest, x[np.ix_(part, places)]))
                      for part in (test, train)])
        kept[places] += 1 / settings.outer_folds
    return Score(*map(float, np.nanmean(found, axis=0)), kept)
