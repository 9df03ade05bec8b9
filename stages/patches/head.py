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
MOMENTUM = 0.9


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


def products(features: np.ndarray, inside: np.ndarray, space: np.ndarray | None = None
             ) -> np.ndarray:
    """Return the products of all rows with those inside, shape (n, inside).

    Features are standardised by the rows inside alone, and scaled to a mean square of 1 there.
    ``space``, shape (3, n, f), is written over: to ask for it anew each time costs as much as the work.
    """
    rows, squares, own = np.empty((3, *features.shape)) if space is None else space
    share = np.zeros(len(features))
    share[inside] = 1 / len(inside)
    np.subtract(features, share @ features, out=rows)
    np.multiply(rows, rows, out=squares)
    rows *= 1 / (np.sqrt(share @ squares) + TINY)
    # Not "raise", which takes a copy first.
    found = rows @ np.take(rows, inside, axis=0, out=own[:len(inside)], mode="clip").T
    return found / np.mean(found[inside, np.arange(len(inside))])


def curve(kernel: np.ndarray, labels: np.ndarray, inside: np.ndarray, settings: Head) -> np.ndarray:
    """Train on the rows inside, both classes with equal weight, and predict all rows.

    Parameters
    ----------
    kernel : ndarray, shape (n, k)
        See `products`.
    labels : ndarray of int, shape (n,) or (n, C)
        0 and 1; C label vectors are learnt beside each other, at little more than the cost of one.
    inside : ndarray of int, shape (k,)
        The rows to learn from, which have both classes.
    settings : Head

    Returns
    -------
    ndarray, shape (epochs, n) or (epochs, n, C)
        Probability of the positive class after each epoch, of all rows.
    """
    own, target = np.ascontiguousarray(kernel[inside]), labels[inside].astype(float)
    positive = target.mean(axis=0)
    weight = 0.5 / len(own) * (target / positive + (1 - target) / (1 - positive))
    # The logistic loss curves by a quarter of the greatest eigenvalue at most, the intercept by 1/4.
    rate = 4.0 / (_greatest(own) * weight.max(axis=0) + 1.0)
    dual, level = np.zeros(target.shape), np.zeros(target.shape[1:])
    speed, drift = dual.copy(), level.copy()
    found = np.empty((settings.epochs, *labels.shape))
    for epoch in range(settings.epochs):
        for _ in range(settings.steps):
            ahead, shift = dual + MOMENTUM * speed, level + MOMENTUM * drift
            error = weight * (target - _logistic(own @ ahead + shift))
            speed, drift = (MOMENTUM * speed + rate * error,
                            MOMENTUM * drift + rate * error.sum(axis=0))
            dual, level = dual + speed, level + drift
        found[epoch] = _logistic(kernel @ dual + level)
    return found


def curves(features: np.ndarray, labels: np.ndarray, insides: list[np.ndarray], settings: Head
           ) -> np.ndarray:
    """Train on several sets of rows beside each other: as `curve` on each, in fewer steps.

    Parameters
    ----------
    features : ndarray, shape (n, f)
    labels : ndarray of int, shape (n,)
    insides : list of k ndarrays of int
        The rows of each set, which have both classes.
    settings : Head

    Returns
    -------
    ndarray, shape (k, epochs, n)
    """
    count, size = len(insides), max(map(len, insides))
    kernel, own = np.zeros((count, len(features), size)), np.zeros((count, size, size))
    # What a shorter set lacks has the weight 0, and is never learnt from.
    space = np.empty((3, *features.shape))
    weight, target, rate = np.zeros((count, size)), np.zeros((count, size)), np.empty((count, 1))
    for at, inside in enumerate(insides):
        here = slice(len(inside))
        kernel[at, :, here] = products(features, inside, space)
        own[at, here, here] = kernel[at, inside, here]
        target[at, here] = labels[inside]
        positive = labels[inside].mean()
        weight[at, here] = 0.5 / len(inside) * np.where(labels[inside] == 1, 1 / positive,
                                                        1 / (1 - positive))
        rate[at] = 4.0 / (_greatest(own[at, here, here]) * weight[at].max() + 1.0)
    dual, level = np.zeros((count, size)), np.zeros((count, 1))
    speed, drift = dual.copy(), level.copy()
    duals, levels = np.empty((count, settings.epochs, size)), np.empty((count, settings.epochs, 1))
    for epoch in range(settings.epochs):
        for _ in range(settings.steps):
            ahead, shift = dual + MOMENTUM * speed, level + MOMENTUM * drift
            error = weight * (target - _logistic((own @ ahead[:, :, None])[:, :, 0] + shift))
            speed = MOMENTUM * speed + rate * error
            drift = MOMENTUM * drift + rate * error.sum(axis=1, keepdims=True)
            dual, level = dual + speed, level + drift
        duals[:, epoch], levels[:, epoch] = dual, level
    return _logistic(duals @ kernel.transpose(0, 2, 1) + levels)


def _logistic(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(values, -700, 700)))


def _greatest(matrix: np.ndarray, rounds: int = 30) -> float:
    """Return the greatest eigenvalue of a matrix without negative ones, by power iteration."""
    vector = np.ones(len(matrix)) + 0.01 * np.arange(len(matrix))
    for _ in range(rounds):
        vector = vector / np.linalg.norm(vector)
        vector = matrix @ vector
    # Iteration comes from below.
    return float(np.linalg.norm(vector)) * 1.05
