"""Whether a mean of points can lie in a box: a certificate that it cannot.

A mean over resamples or folds is a weighted mean of points that each resample can take. It lies in
their convex hull. A direction along which the whole hull lies beyond the box proves that no mean is
in it (separating hyperplane); such a direction is sought by the method of Frank and Wolfe (1956).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

STEPS = 400
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
    point = np.mean([cloud.mean(axis=0) for cloud in clouds], axis=0)
    for _ in range(STEPS):
        nearest = np.clip(point, low, high)
        direction = point - nearest
        distance = float(direction @ direction)
        if distance < MARGIN**2:
            return False
        corner = np.mean([cloud[np.argmin(cloud @ direction)] for cloud in clouds], axis=0)
        if corner @ direction > nearest @ direction + MARGIN * np.sqrt(distance):
            return True
        step = corner - point
        length = float(step @ step)
        if length == 0.0:
            return False
        point = point + min(1.0, max(0.0, float(-direction @ step) / length)) * step
    return False
