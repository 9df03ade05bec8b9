"""Logistic regression solved to its optimum.

The objective is scikit-learn's: ``C * sum_i s_i * log(1 + exp(-y_i z_i)) + |w|^2 / 2`` with
``z = X w + b``, labels ``y`` of -1 and 1, class weights ``s``, an intercept ``b`` without penalty.
Features of unlike scale that almost depend on one another make it hard for an iterative solver to
find; making them orthonormal is a change of variables, not of the objective, when the penalty is
carried along. All arithmetic is in extended precision, which no BLAS kernel touches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.common.errors import InputError

WIDE = np.longdouble


@dataclass(frozen=True)
class Solution:
    """The optimum.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (p,)
        Of the unscaled features.
    intercept : float
    objective : float
    step : float
        The last Newton step: largest change of an orthonormal coefficient, relative to the
        largest coefficient.
    """

    coefficients: np.ndarray
    intercept: float
    objective: float
    step: float

    def probability(self, features: np.ndarray) -> np.ndarray:
        """Return class probabilities, shape (n, 2), of features, shape (n, p)."""
        linear = (np.asarray(features, WIDE) * self.coefficients).sum(axis=1) + self.intercept
        positive = _sigmoid(linear)
        return np.column_stack([1 - positive, positive]).astype(np.float64)


def sample_weights(label: np.ndarray, weight) -> np.ndarray:
    """Return the weight of each series, shape (n,).

    Parameters
    ----------
    label : ndarray of int, shape (n,)
    weight : float, "balanced" or None
        Of the positive class, as in the parameters.
    """
    positive = label == 1
    if weight == "balanced":
        return np.where(positive, len(label) / (2 * positive.sum()),
                        len(label) / (2 * (~positive).sum()))
    return np.where(positive, 1.0 if weight is None else weight, 1.0)


def solve(features: np.ndarray, label: np.ndarray, weights: np.ndarray, strength: float,
          tolerance: float, iterations: int) -> Solution:
    """Minimise the objective by Newton's method with step halving.

    Parameters
    ----------
    features : ndarray, shape (n, p)
    label : ndarray of int, shape (n,)
        1 is positive, 0 negative.
    weights : ndarray, shape (n,)
    strength : float
        C: the inverse of the penalty.
    tolerance : float
        Of the last step (see `Solution`).
    iterations : int
        Newton steps at most.

    Raises
    ------
    InputError
        If a feature is constant or the optimum is not reached.
    """
    design, back = _orthonormal(np.asarray(features, WIDE))
    slopes = back[:-1]
    penalty = (slopes[:, :, None] * slopes[:, None, :]).sum(axis=0)  # none on the intercept
    signs, cost = np.where(label == 1, WIDE(1), WIDE(-1)), WIDE(strength) * weights
    point = np.zeros(design.shape[1], WIDE)
    for _ in range(iterations):
        value, gradient, curvature = _derivatives(design, signs, cost, penalty, point)
        moved = _step(design, signs, cost, penalty, point, value, -cholesky_solve(curvature,
                                                                                  gradient))
        step = np.abs(moved - point).max() / max(WIDE(1), np.abs(moved).max())
        point = moved
        if step <= tolerance:
            *slopes, intercept = (back * point).sum(axis=1)
            return Solution(np.array(slopes, np.float64), float(intercept),
                            float(_value(design, signs, cost, penalty, point)), float(step))
    raise InputError(f"Newton's method did not converge in {iterations} steps", "params/converged.yaml",
                     "raise converged.iterations or converged.tolerance")


def _orthonormal(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return an orthonormal design, (n, p + 1), and the matrix from its coefficients to ours.

    The last of our coefficients, (p + 1,), is the intercept.
    """
    centre, scale = raw.mean(axis=0), raw.std(axis=0)
    if not (scale > 0).all():
        raise InputError("a selected feature is constant in the training set",
                         fix="select others")
    left, count = ((raw - centre) / scale).T.copy(), raw.shape[1]
    mixes, columns, mixed = np.eye(count, dtype=WIDE), [], []
    waiting = list(range(count))
    while waiting:
        # Largest remainder first: what almost depends on the others comes last and spoils none.
        index = max(waiting, key=lambda number: (left[number] ** 2).mean())
        waiting.remove(index)
        column, mix = left[index], mixes[index]
        for other, parts in zip(columns, mixed):  # again: orthogonal to the last digit
            share = (column * other).mean()
            column, mix = column - share * other, mix - share * parts
        size = np.sqrt((column ** 2).mean())
        columns.append(column / size)
        mixed.append(mix / size)
        for number in waiting:
            share = (left[number] * columns[-1]).mean()
            left[number] -= share * columns[-1]
            mixes[number] -= share * mixed[-1]
    slopes = np.array(mixed).T / scale[:, None]
    back = np.zeros((count + 1, count + 1), WIDE)
    back[:-1, :-1], back[-1, -1] = slopes, 1
    back[-1, :-1] = -(slopes * centre[:, None]).sum(axis=0)
    return np.column_stack([*columns, np.ones(len(raw), WIDE)]), back


def cholesky_solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve ``matrix @ x = right`` for a positive definite matrix, (p, p), in its own precision.

    Examples
    --------
    >>> cholesky_solve(np.array([[4.0, 2.0], [2.0, 3.0]]), np.array([8.0, 8.0])).round(9).tolist()
    [1.0, 2.0]
    """
    scale = 1 / np.sqrt(np.diag(matrix))  # entries of unlike size lose digits
    lower = matrix * scale[:, None] * scale
    size = len(right)
    for index in range(size):
        lower[index, index] = np.sqrt(lower[index, index] - (lower[index, :index] ** 2).sum())
        rest = slice(index + 1, size)
        lower[rest, index] -= (lower[rest, :index] * lower[index, :index]).sum(axis=1)
        lower[rest, index] /= lower[index, index]
    found = right * scale
    for index in range(size):
        found[index] -= (lower[index, :index] * found[:index]).sum()
        found[index] /= lower[index, index]
    for index in reversed(range(size)):
        found[index] -= (lower[index + 1:, index] * found[index + 1:]).sum()
        found[index] /= lower[index, index]
    return found * scale


def _sigmoid(values: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1 / (1 + small), small / (1 + small))


def _value(design, signs, cost, penalty, point):
    margin = signs * (design * point).sum(axis=1)
    loss = np.maximum(-margin, 0) + np.log1p(np.exp(-np.abs(margin)))
    return (cost * loss).sum() + (point * (penalty * point).sum(axis=1)).sum() / 2


def _derivatives(design, signs, cost, penalty, point):
    """Return value, gradient (p + 1,) and Hessian (p + 1, p + 1)."""
    linear = (design * point).sum(axis=1)
    miss = _sigmoid(-signs * linear)
    gradient = -(design * (cost * signs * miss)[:, None]).sum(axis=0)
    gradient += (penalty * point).sum(axis=1)
    curve = cost * miss * (1 - miss)
    hessian = (design[:, :, None] * (design * curve[:, None])[:, None, :]).sum(axis=0)
    hessian += penalty
    return _value(design, signs, cost, penalty, point), gradient, hessian


def _step(design, signs, cost, penalty, point, value, direction):
    """Go down the Newton direction; halve until the objective does not rise."""
    length, slack = WIDE(1), 64 * np.finfo(WIDE).eps * abs(value)
    while _value(design, signs, cost, penalty, point + length * direction) > value + slack:
        length /= 2
    return point + length * direction
