"""From slices to lesions and patients, and areas under the curve with intervals over patients."""

from __future__ import annotations

import numpy as np


def mean_by(ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Average rows by unit: slices to lesions, lesions to patients.

    Parameters
    ----------
    ids : ndarray of int, shape (n,)
        Each row's unit, from 0; every number is there.
    values : ndarray, shape (..., n)

    Returns
    -------
    ndarray, shape (..., units)

    Examples
    --------
    >>> mean_by(np.array([0, 1, 0]), np.array([1.0, 5.0, 2.0]))
    array([1.5, 5. ])
    """
    members = (ids[:, None] == np.arange(ids.max() + 1)).astype(float)
    return values @ (members / members.sum(axis=0))


def patients(lesions: np.ndarray, owners: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Average slices to lesions, and lesions to patients: a lesion with more slices counts once.

    Parameters
    ----------
    lesions, owners : ndarray of int, shape (n,)
        Each slice's lesion and patient, from 0.
    values : ndarray, shape (..., n)
    """
    first = np.unique(lesions, return_index=True)[1]
    return mean_by(owners[first], mean_by(lesions, values))


def pairs(labels: np.ndarray, values: np.ndarray, strata: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compare every positive with every negative of the same stratum.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
    values : ndarray, shape (n,)
    strata : ndarray, shape (n,)
        What shares a scale: the fold whose model gave the value.

    Returns
    -------
    wins, possible : ndarray, shape (positives, negatives)
        1 where the positive has the higher value, 0.5 where both are equal, and 1 where they are
        comparable.
    """
    positive, negative = labels == 1, labels == 0
    same = (strata[positive][:, None] == strata[negative]).astype(float)
    above = values[positive][:, None] - values[negative]
    return same * ((above > 0) + 0.5 * (above == 0)), same


def area(wins: np.ndarray, possible: np.ndarray) -> float:
    """Return the area under the ROC curve of `pairs`, which may be sums over seeds."""
    return float(wins.sum() / possible.sum())


def auc(labels: np.ndarray, values: np.ndarray) -> float:
    """Return the area under the ROC curve of values on one scale.

    Examples
    --------
    >>> auc(np.array([0, 0, 1]), np.array([0.1, 0.4, 0.4]))
    0.75
    """
    return area(*pairs(labels, values, np.zeros(len(labels))))


def bootstrap(wins: np.ndarray, possible: np.ndarray, count: int, generator: np.random.Generator
              ) -> np.ndarray:
    """Draw patients anew, class by class, and return the area each time, shape (count,).

    ``wins`` and ``possible`` are those of `pairs` or their sums over seeds, with one row or column
    for each patient. Two procedures drawn with equal generators can be compared pair by pair.
    """
    draws = [generator.multinomial(size, np.full(size, 1 / size), count).astype(float)
             for size in wins.shape]
    over, under = (((draws[0] @ part) * draws[1]).sum(axis=1) for part in (wins, possible))
    # A draw in which no two patients are comparable says nothing.
    return np.divide(over, under, out=np.full(count, 0.5), where=under > 0)


def accuracy(labels: np.ndarray, values: np.ndarray) -> float:
    """Return the share of values on the right side of 0.5."""
    return float(((values > 0.5) == (labels == 1)).mean())


def constant(labels: np.ndarray) -> float:
    """Return the accuracy of the same answer for everybody: the share of the larger class."""
    return float(max(np.mean(labels), 1 - np.mean(labels)))
