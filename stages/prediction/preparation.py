"""Which features are kept and how they are scaled, learnt from some rows alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Preparation:
    """What was learnt from some rows.

    Attributes
    ----------
    kept : ndarray of int, shape (k,)
        Columns of the features that are kept.
    centre, scale : ndarray of float, shape (k,)
    """

    kept: np.ndarray
    centre: np.ndarray
    scale: np.ndarray

    def apply(self, features: np.ndarray) -> np.ndarray:
        """Return the kept features, scaled, shape (n, k)."""
        return (features[:, self.kept] - self.centre) / self.scale


def uncorrelated(features: np.ndarray, limit: float) -> np.ndarray:
    """Return the columns that are left when, of two that correlate, the later one goes.

    Parameters
    ----------
    features : ndarray of float, shape (n, p)
    limit : float
        Greatest absolute Pearson correlation with a column that is kept.

    Returns
    -------
    ndarray of int, shape (k,)
        A column that is constant in these rows correlates with nothing and goes too.

    Examples
    --------
    >>> rows = np.array([[0.0, 0, 1, 5], [1, 2, 0, 5], [2, 4, 0, 5], [3, 6, 1, 5]])
    >>> uncorrelated(rows, 0.6).tolist()
    [0, 2]
    """
    centred = features - features.mean(axis=0)
    length = np.sqrt((centred ** 2).sum(axis=0))
    # What rounding leaves of a constant column.
    varies = length > 1e-12 * np.sqrt(len(features)) * np.abs(features).max(axis=0, initial=0)
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=varies)
    alike = np.abs(unit.T @ unit) > limit
    kept: list[int] = []
    for column in np.flatnonzero(varies):
        if not alike[column, kept].any():
            kept.append(int(column))
    return np.array(kept, dtype=int)


def scaling(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each column, shapes (k,); 1 where it does not vary."""
    spread = features.std(axis=0)
    return features.mean(axis=0), np.where(spread > 0, spread, 1.0)


def prepare(features: np.ndarray, limit: float) -> Preparation:
    """Learn the correlation filter and the scaling from these rows.

    Parameters
    ----------
    features : ndarray of float, shape (n, p)
    limit : float
        See `uncorrelated`.
    """
    kept = uncorrelated(features, limit)
    return Preparation(kept, *scaling(features[:, kept]))
