"""The rank-sum statistic and its normal approximation: pure functions on arrays."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats


def rank_sum_w(positive: np.ndarray, negative: np.ndarray) -> float:
    """Return R's W: pairs in which the positive value is the larger one, ties counting half.

    Parameters
    ----------
    positive, negative : array of shape (m,), (n,)
        Volumes of the two groups (mm³).

    Source: Mann and Whitney 1947, doi:10.1214/aoms/1177730491.

    Examples
    --------
    >>> rank_sum_w(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    3.5
    """
    ranks = stats.rankdata(np.concatenate([positive, negative]))
    size = len(positive)
    return float(ranks[:size].sum() - size * (size + 1) / 2)


def tie_sum(values: np.ndarray) -> int:
    """Return the sum of ``t³ - t`` over groups of ``t`` equal values."""
    counts = [int(count) for count in np.unique(values, return_counts=True)[1]]
    return sum(count ** 3 - count for count in counts)


def normal_z(w: float, positives: int, negatives: int, ties: int = 0) -> float:
    """Return the normal approximation of W, positive when the positives are larger.

    Parameters
    ----------
    w : float
        R's W.
    positives, negatives : int
        Group sizes.
    ties : int
        `tie_sum` of all values; 0 ignores ties, as ``scipy.stats.ranksums`` does.

    Returns
    -------
    float
        z without continuity correction; NaN when all values are equal.

    Source: Lehmann 1975, Nonparametrics, section 1.4.

    Examples
    --------
    >>> normal_z(4.0, 2, 2)
    1.5491933384829668
    """
    total = positives + negatives
    variance = positives * negatives / 12 * (total + 1 - ties / (total * (total - 1)))
    return (w - positives * negatives / 2) / math.sqrt(variance) if variance > 0 else math.nan


def two_sided(z: float) -> float:
    """Return the two-sided P value of a standard normal z."""
    return float(2 * stats.norm.sf(abs(z)))
