"""Areas under the ROC curve of samples that hold each case a number of times."""

from __future__ import annotations

import numpy as np


def areas(weight: np.ndarray, label: np.ndarray, score: np.ndarray,
          stratum: np.ndarray | None = None) -> np.ndarray:
    """Return the share of (positive, negative) pairs in order, half for ties, of each sample.

    Parameters
    ----------
    weight : ndarray of float, shape (B, n)
        How often each sample holds each case.
    label : ndarray of int, shape (n,)
    score : ndarray of float, shape (n,)
    stratum : ndarray, shape (n,), optional
        Only cases of the same stratum are compared: scores of two models share no scale.

    Returns
    -------
    ndarray of float, shape (B,)
        NaN where there is no pair.

    Examples
    --------
    >>> areas(np.ones((1, 4)), np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.4, 0.9])).tolist()
    [0.875]
    """
    positive = label == 1
    wins = np.zeros(len(weight))
    pairs = np.zeros(len(weight))
    parts = [slice(None)] if stratum is None else [stratum == one for one in np.unique(stratum)]
    for part in parts:
        own, scores, weights = positive[part], score[part], weight[:, part]
        high, low = scores[own], scores[~own]
        ordered = (high[:, None] > low) + 0.5 * (high[:, None] == low)
        wins += ((weights[:, own] @ ordered) * weights[:, ~own]).sum(axis=1)
        pairs += weights[:, own].sum(axis=1) * weights[:, ~own].sum(axis=1)
    return np.divide(wins, pairs, out=np.full(len(wins), np.nan), where=pairs > 0)


def area(label: np.ndarray, score: np.ndarray, stratum: np.ndarray | None = None) -> float:
    """Return the area of one sample that holds each case once (see `areas`)."""
    return float(areas(np.ones((1, len(label))), label, score, stratum)[0])


def p_value(observed: float, chance: np.ndarray) -> float:
    """Return the share of results at least as large as the observed one, itself counted.

    Examples
    --------
    >>> p_value(0.7, np.array([0.5, 0.7, 0.6]))
    0.5
    """
    return float((1 + np.sum(chance >= observed)) / (1 + len(chance)))
