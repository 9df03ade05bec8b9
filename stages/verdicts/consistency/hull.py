"""Whether a mean of points can lie in a box: a certificate that it cannot.

A mean over resamples or folds is a weighted mean of points that each resample can take. It lies in
their convex hull. A direction along which the whole hull lies beyond the box proves that no mean is
in it (separating hyperplane). It is sought as the shortest vector from the box to the hull, by the
algorithm of Wolfe (1976, Mathematical Programming 11:128).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

STEPS = 300
# Distances below this are no proof.
MARGIN = 1e-9


def separated(clouds: Sequence[np.ndarray], low: np.ndarray, high: np.ndarray) -> bool:
    """Tell whether no mean of one weighted mean from each cloud lies in a box.

    Parameters
    ----------
    clouds : sequence of (points, dimensions) array
        One for a mean over resamples; one for each fold for a mean over folds.
    low, high : (dimensions,) array
        The box.

    Returns
    -------
    bool
        True only with proof. False where the box is reached, or no proof was found.

    Examples
    --------
    >>> corners = np.array([[0.0, 0.0], [1.0, 1.0]])
    >>> separated([corners], np.array([0.4, 0.4]), np.array([0.5, 0.5]))
    False
    >>> separated([corners], np.array([0.2, 0.7]), np.array([0.3, 0.8]))
    True
    """
    if any(len(cloud) == 0 for cloud in clouds):
        return True
    corners = np.array([_farthest(clouds, low, high, np.zeros(len(low)))])
    weights = np.ones(1)
    for _ in range(STEPS):
        nearest = weights @ corners
        length = float(np.sqrt(nearest @ nearest))
        if length < MARGIN:
            return False
        corner = _farthest(clouds, low, high, nearest)
        if corner @ nearest > MARGIN * length:
            return True
        if (corners == corner).all(axis=1).any():
            return False
        corners, weights = _shortest(np.vstack([corners, corner]), np.append(weights, 0.0))
    return False


def _farthest(clouds, low, high, direction):
    """Return the corner of hull minus box that lies farthest against a direction."""
    corner = sum(cloud[np.argmin(cloud @ direction)] for cloud in clouds) / len(clouds)
    return corner - np.where(direction > 0, high, low)


def _shortest(corners, weights):
    """Return the corners, and their weights, of the point of their hull nearest to the origin."""
    while (size := len(weights)) > 1:
        system = np.ones((size + 1, size + 1))
        system[0, 0] = 0.0
        system[1:, 1:] = corners @ corners.T
        aim = _solved(system)[1:]
        if (aim > 0).all():
            return corners, aim
        falling = aim <= 0
        share = np.min(weights[falling] / np.maximum(weights[falling] - aim[falling], 1e-300))
        weights = (1 - min(share, 1.0)) * weights + min(share, 1.0) * aim
        kept = weights > 1e-12
        kept[np.argmin(weights)] = False  # One fewer each time, whatever rounding leaves.
        corners, weights = corners[kept], weights[kept] / weights[kept].sum()
    return corners, weights


def _solved(system):
    """Return the solution for the first unit vector: the shortest where there are many."""
    right = np.eye(len(system))[0]
    try:  # Five times as fast as least squares, which corners in one plane need.
        solution = np.linalg.solve(system, right)
    except np.linalg.LinAlgError:
        solution = np.full(len(system), np.nan)
    if np.abs(system @ solution - right).max() < MARGIN:  # False for NaN.
        return solution
    return np.linalg.lstsq(system, right, rcond=None)[0]
