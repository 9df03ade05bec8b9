"""The LASSO penalty at which nothing is left."""

from __future__ import annotations

import numpy as np


def largest_penalty(features: np.ndarray, label: np.ndarray) -> float:
    """Return the smallest LASSO penalty that keeps no feature: max |X'(y - mean)| / n.

    Parameters
    ----------
    features : ndarray of float, shape (n, p)
        Scaled or not.
    label : ndarray, shape (n,)

    Examples
    --------
    >>> largest_penalty(np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 1.0]]), np.array([0, 0, 1]))
    0.3333333333333333
    """
    centred = features - features.mean(axis=0)
    return float(np.abs(centred.T @ (label - label.mean())).max() / len(label))
