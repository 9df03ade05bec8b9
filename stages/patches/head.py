"""A logistic last layer on features of a frozen network, trained by gradient descent.

It is the cheap form of training a network: after each epoch it has said something of the slices that
are watched, so that the choice of the epoch can be studied. The weights begin at 0 and stay sums of the
features that are learnt from, so that all is computed in products of features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# What is added to a spread of features before dividing by it.
TINY = 1e-6


@dataclass(frozen=True)
class Head:
    """How a last layer is trained.

    Attributes
    ----------
    epochs : int
        After each of which the watched slices are predicted.
    steps : int
        Gradient steps of an epoch, each on all slices (with momentum).
    """

    epochs: int
    steps: int


def products(features: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the products of all rows with those inside, shape (n, inside).

    Features are standardised by the rows inside alone, and scaled to a mean square of 1 there.
    """
    own = features[inside]
    rows = (features - own.mean(axis=0)) / (own.std(axis=0) + TINY)
    found = rows @ rows[inside].T
    return found / np.mean(np.diag(found[inside]))


def curve(kernel: np.ndarray, labels: np.ndarray, inside: np.ndarray, settings: Head) -> np.ndarray:
    """Train on the rows inside, both classes with equal weight, and predict all rows.

    Parameters
    ----------
    kernel : ndarray, shape (n, inside)
        See `products`.
    labels : ndarray of int, shape (n,)
    inside : ndarray of int, shape (k,)
        The rows to learn from.
    settings : Head

    Returns
    -------
    ndarray, shape (epochs, n)
        Probability of the positive class after each epoch, of all rows.
    """
    own, target = np.ascontiguousarray(kernel[inside]), labels[inside].astype(float)
    weight = 0.5 / np.bincount(labels[inside], minlength=2)[labels[inside]]
    # The logistic loss curves by a quarter of the greatest eigenvalue at most, the intercept by 1/4.
    rate = 4.0 / (_greatest(own * weight) + 1.0)
    dual, speed, level, drift = np.zeros(len(own)), np.zeros(len(own)), 0.0, 0.0
    kept = np.empty((settings.epochs, len(own) + 1))
    for epoch in range(settings.epochs):
        for _ in range(settings.steps):
            ahead, shift = dual + 0.9 * speed, level + 0.9 * drift
            error = weight * (target - 1 / (1 + np.exp(-(own @ ahead + shift))))
            speed, drift = 0.9 * speed + rate * error, 0.9 * drift + rate * error.sum()
            dual, level = dual + speed, level + drift
        kept[epoch] = *dual, level
    return 1 / (1 + np.exp(-(kept[:, :-1] @ kernel.T + kept[:, -1:])))


def _greatest(matrix: np.ndarray, rounds: int = 30) -> float:
    """Return the greatest eigenvalue of a matrix without negative ones, by power iteration."""
    vector = np.ones(len(matrix)) + 0.01 * np.arange(len(matrix))
    for _ in range(rounds):
        vector = vector / np.linalg.norm(vector)
        vector = matrix @ vector
    return float(np.linalg.norm(vector)) * 1.05
