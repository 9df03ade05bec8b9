"""Cox regression with a ridge penalty, many outcomes at once: lifelines takes 50 ms for each."""

from __future__ import annotations

import numpy as np


def fit(x: np.ndarray, time: np.ndarray, event: np.ndarray, penalty: float,
        steps: int = 12) -> np.ndarray:
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
    b = np.zeros((outcomes, p))
    for _ in range(steps):
        risk = np.exp(np.clip(np.einsum("onp,op->on", x, b), -30, 30))
        weighted = risk[:, :, None] * x
        total = np.take_along_axis(np.cumsum(risk, axis=1), later, axis=1)
        mean = np.take_along_axis(np.cumsum(weighted, axis=1), later[:, :, None], axis=1)
        mean /= total[:, :, None]
        # The sum over events of the weighted squares, without a matrix for each of them: a patient
        # counts with the sum of what the events at or before his time put on him.
        share = event / total
        earliest = np.stack([np.searchsorted(-row, -row, side="left") for row in time])
        tail = np.cumsum(share[:, ::-1], axis=1)[:, ::-1]
        weight = risk * np.take_along_axis(tail, earliest, axis=1)
        hessian = (np.einsum("onp,on,onq->opq", x, weight, x, optimize=True)
                   - np.einsum("onp,on,onq->opq", mean, event, mean, optimize=True)) / n
        gradient = np.einsum("onp,on->op", x - mean, event) / n - penalty * b
        hessian += penalty * np.eye(p)
        b = b + np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
    return b
