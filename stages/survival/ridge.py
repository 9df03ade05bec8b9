"""Cox regression with a ridge penalty, many outcomes at once: lifelines takes 50 ms for each."""

from __future__ import annotations

import numpy as np


def fit(x: np.ndarray, time: np.ndarray, event: np.ndarray, penalty: float,
        steps: int = 8) -> np.ndarray:
    """Return the coefficients by Newton's method (Breslow's ties).

    Maximises, as lifelines does, the mean partial log-likelihood minus ``penalty / 2 * b @ b``; with a
    penalty above zero there is one maximum. The same number of steps is taken for every outcome.

    Parameters
    ----------
    x : (outcomes, n, p) array of float
        Standardised covariates; a constant one gets the coefficient 0.
    time : (outcomes, n) array of float
    event : (outcomes, n) array of bool
    penalty : float
        Above zero.
    steps : int

    Returns
    -------
    (outcomes, p) array of float

    Source: Verweij and van Houwelingen 1994, doi:10.1002/sim.4780132307.
    """
    outcomes, n, p = x.shape
    order = np.argsort(-time, axis=1, kind="stable")
    x = np.take_along_axis(x, order[:, :, None], axis=1)
    time = np.take_along_axis(time, order, axis=1)
    event = np.take_along_axis(event, order, axis=1).astype(float)
    # Everyone with the same time is at risk together: the sum up to the last of them.
    later = np.stack([np.searchsorted(-row, -row, side="right") - 1 for row in time])
    earliest = np.stack([np.searchsorted(-row, -row, side="left") for row in time])
    b = np.zeros((outcomes, p))
    for _ in range(steps):
        risk = np.exp(np.clip((x @ b[:, :, None])[:, :, 0], -30, 30))
        weighted = risk[:, :, None] * x
        total = np.take_along_axis(np.cumsum(risk, axis=1), later, axis=1)
        mean = np.take_along_axis(np.cumsum(weighted, axis=1), later[:, :, None], axis=1)
        mean /= total[:, :, None]
        # The sum over events of the weighted squares, without a matrix for each of them: a patient
        # counts with the sum of what the events at or before his time put on him.
        share = event / total
        tail = np.cumsum(share[:, ::-1], axis=1)[:, ::-1]
        weight = risk * np.take_along_axis(tail, earliest, axis=1)
        hessian = (np.swapaxes(weight[:, :, None] * x, 1, 2) @ x
                   - np.swapaxes(event[:, :, None] * mean, 1, 2) @ mean) / n + penalty * np.eye(p)
        gradient = (event[:, None] @ (x - mean))[:, 0] / n - penalty * b
        b = b + np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
    return b
