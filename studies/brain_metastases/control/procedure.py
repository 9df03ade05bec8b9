"""Repeated nested cross-validation of ridge regression, for many label vectors at once.

Folds are drawn without looking at labels, so that one solution of the linear system serves the real
labels and all dealt ones: the permutation test is one of the whole procedure, choice of the penalty
included.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.model_selection import KFold

from studies.brain_metastases.control.parameters import Control


def standardised(features: np.ndarray, inside: np.ndarray, outside: np.ndarray) -> list[np.ndarray]:
    """Return the kernels (inside, inside) and (outside, inside) of rows standardised inside.

    They are scaled to a mean diagonal of 1 inside; a feature that is constant there counts nothing.
    """
    centre, spread = features[inside].mean(axis=0), features[inside].std(axis=0)
    varies = spread > 1e-12 * np.maximum(np.abs(centre), np.finfo(float).tiny)
    rows = [(features[part][:, varies] - centre[varies]) / spread[varies] for part in (inside, outside)]
    level = max(float((rows[0] ** 2).sum(axis=1).mean()), np.finfo(float).tiny)
    return [one @ rows[0].T / level for one in rows]


def predicted(features: np.ndarray, labels: np.ndarray, inside: np.ndarray, outside: np.ndarray,
              penalties: Sequence[float]) -> np.ndarray:
    """Return predictions for the rows outside, shape (L, b, C).

    Parameters
    ----------
    features : ndarray of float, shape (n, p)
    labels : ndarray of float, shape (n, C)
    inside, outside : ndarray of int, shapes (a,) and (b,)
    penalties : sequence of float, length L
    """
    own, other = standardised(features, inside, outside)
    mean = labels[inside].mean(axis=0)
    values, vectors = np.linalg.eigh(own)
    left, right = other @ vectors, vectors.T @ (labels[inside] - mean)
    return np.array([mean + left @ (right / (values + penalty)[:, None]) for penalty in penalties])


def held_out(features: np.ndarray, labels: np.ndarray, settings: Control, seed: int,
             kept: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Predict every kept patient by the model of a fold that did not see him.

    Parameters
    ----------
    features, labels : ndarray of float, shapes (n, p) and (n, C)
    settings : Control
    seed : int
        Of the folds, which are those of all n patients.
    kept : ndarray of bool, shape (n,)

    Returns
    -------
    list of (ndarray of int, ndarray of float)
        For each fold the rows, shape (b,), and their predictions, shape (b, C). The penalty of each
        label vector is that of the least squared error inside; the largest of equal ones.
    """
    found = []
    for inside, outside in _folds(np.arange(len(features)), settings.folds, seed):
        inside, outside = inside[kept[inside]], outside[kept[outside]]
        error = 0.0
        for inner, tried in _folds(inside, settings.inner_folds, seed):
            missed = predicted(features, labels, inner, tried, settings.penalties) - labels[tried]
            error = error + (missed ** 2).sum(axis=1)
        chosen = len(error) - 1 - np.argmin(error[::-1], axis=0)
        values = np.empty((len(outside), labels.shape[1]))
        for place in np.unique(chosen):
            own = chosen == place
            values[:, own] = predicted(features, labels[:, own], inside, outside,
                                       settings.penalties[place:place + 1])[0]
        found.append((outside, values))
    return found


def _folds(rows, count, seed):
    for inside, outside in KFold(count, shuffle=True, random_state=seed).split(rows):
        yield rows[inside], rows[outside]


def area(features: np.ndarray, labels: np.ndarray, settings: Control, seeds: Sequence[int],
         without: int | None = None) -> np.ndarray:
    """Return the area under the ROC curve of each label vector, mean over the seeds, shape (C,).

    Only patients of the same fold are compared: scores of different models share no scale.

    Parameters
    ----------
    features, labels : ndarray of float, shapes (n, p) and (n, C)
    settings : Control
    seeds : sequence of int
    without : int, optional
        A patient to leave out.
    """
    kept = np.arange(len(features)) != (-1 if without is None else without)
    total = np.zeros(labels.shape[1])
    for seed in seeds:
        wins = possible = 0.0
        for rows, values in held_out(features, labels, settings, seed, kept):
            positive = labels[rows]
            count = positive.sum(axis=0)
            above = (values[:, None] > values) + 0.5 * (values[:, None] == values)
            wins = wins + np.einsum("ic,ijc,jc->c", positive, above, 1 - positive)
            possible = possible + count * (len(rows) - count)
        total += np.divide(wins, possible, out=np.full(len(total), np.nan), where=possible > 0)
    return total / len(seeds)


def jackknife(values: np.ndarray) -> float:
    """Return the jackknife standard error of a statistic, each value without one of k patients.

    Examples
    --------
    >>> jackknife(np.array([1.0, 2.0, 3.0]))
    1.1547005383792515
    """
    count = len(values)
    return float(np.sqrt((count - 1) / count * ((values - values.mean()) ** 2).sum()))
