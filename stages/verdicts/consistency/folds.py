"""Means over folds: rates of whole numbers in each fold, and the identities between them."""

from __future__ import annotations

import functools

import numpy as np

from stages.verdicts.consistency.bootstrap import filled, rates
from stages.verdicts.consistency.check import IMPOSSIBLE, check
from stages.verdicts.consistency.hull import separated
from stages.verdicts.consistency.printed import Count, Positive, Rate
from stages.verdicts.consistency.rates import wholes

# Beyond this many combinations of counts only the convex hull is looked at.
LARGEST_SEARCH = 200_000
SLACK = 1e-6


@check(IMPOSSIBLE, "the means are over folds of these sizes")
def fold_means(positives: list[Count], negatives: list[Count], accuracy: Rate | None = None,
               sensitivity: Rate | None = None, specificity: Rate | None = None,
               ppv: Rate | None = None, npv: Rate | None = None, f1: Rate | None = None) -> bool:
    """Tell whether rates can be means over folds.

    Parameters
    ----------
    positives, negatives : list of Count
        Cases of either class in each fold; bounds where not known (then any size inside them).
    accuracy, ..., f1 : Rate, optional
        Plain means over the folds.

    Examples
    --------
    >>> fold_means([8] * 5, [2] * 5, accuracy="0.80", sensitivity="0.90", specificity="0.40").verdict
    'consistent'
    >>> fold_means([8] * 5, [2] * 5, accuracy="0.88", sensitivity="0.90", specificity="0.40").verdict
    'impossible'
    """
    means = {"accuracy": accuracy, "sensitivity": sensitivity, "specificity": specificity,
             "ppv": ppv, "npv": npv, "f1": f1}
    if not _whole_counts(positives, negatives, accuracy, sensitivity, specificity):
        return False
    given = {name: number for name, number in means.items() if number is not None}
    made = {}
    clouds = []
    for p, q in zip(positives, negatives, strict=True):
        key = p.low, p.high, q.low, q.high
        if key not in made:
            tables = [filled(rates(a, b), means) for a in p.whole() for b in q.whole() if a + b > 0]
            made[key] = np.column_stack([np.concatenate([table[name] for table in tables])
                                         for name in given])
        clouds.append(made[key])
    low, high = (np.array([getattr(number, end) for number in given.values()])
                 for end in ("low", "high"))
    return not separated(clouds, low, high)


@check(IMPOSSIBLE, "the rates are of n cases each; SD with divisor n or n - 1")
def counted(mean: Rate, sd: Positive, n: Count, runs: int = 5) -> bool:
    """Tell whether a mean and SD can be those of rates k / n, such as of models on one test set.

    Parameters
    ----------
    mean, sd : number
    n : Count
        Cases behind each rate, the same for all; bounds where not known.
    runs : int
        How many rates there are.

    Examples
    --------
    >>> counted("0.87", "0.05", [6, 8]).verdict, counted("0.87", "0.05", "9").verdict
    ('impossible', 'consistent')
    """
    return any(_counted(mean, sd, size, runs) for size in n.whole() if size > 0)


def _counted(mean, sd, size, runs) -> bool:
    wanted = wholes(mean, size * runs)
    reached = _reached(size, runs)
    for lost in (0, 1) if runs > 1 else (0,):
        # runs x sum of squares - sum squared = runs x (runs - lost) x size squared x variance
        scale = runs * (runs - lost) * size**2
        low, high = scale * sd.low**2, scale * sd.high**2
        if any(low - SLACK <= runs * squares - whole**2 <= high + SLACK
               for whole, squares in reached if whole in wanted):
            return True
    return False


@functools.cache
def _reached(size: int, runs: int) -> frozenset:
    """Return every (sum, sum of squares) of some whole numbers from 0 to ``size``."""
    found = {(0, 0)}
    for _ in range(runs):
        found = {(whole + k, squares + k * k) for whole, squares in found for k in range(size + 1)}
    return frozenset(found)


def _whole_counts(positives, negatives, accuracy, sensitivity, specificity) -> bool:
    """Search all whole true positives and negatives of folds of known size (linear rates only)."""
    sizes = np.array([(p.low, q.low) for p, q in zip(positives, negatives)], int)
    known = all(p.low == p.high and q.low == q.high for p, q in zip(positives, negatives))
    if not known or (sizes == 0).any():
        return True
    sides = [_sums(sizes[:, side], sizes.sum(axis=1), rate)
             for side, rate in enumerate((sensitivity, specificity))]
    if any(side is None for side in sides):
        return True
    if not all(side.size for side in sides):
        return False
    if accuracy is None:
        return True
    first, second = sides[0], np.sort(sides[1])
    wanted = [end * len(sizes) - first for end in (accuracy.low, accuracy.high)]
    places = np.searchsorted(second, wanted[0] - SLACK)
    inside = places < second.size
    return bool((second[places[inside]] <= wanted[1][inside] + SLACK).any())


def _sums(sizes, wholes, rate):
    """Return what whole counts can add to the accuracies' sum, given the mean of their rates.

    Returns
    -------
    (combinations,) array of float, or None where there are too many
    """
    found = np.zeros((1, 2))
    for size, whole in zip(sizes, wholes):
        counts = np.arange(size + 1)
        steps = np.column_stack([counts / size, counts / whole])
        found = (found[:, None, :] + steps[None, :, :]).reshape(-1, 2)
        if len(found) > LARGEST_SEARCH:
            return None
        # Sums that agree to seven digits are one; the slack below allows for it.
        keys = np.rint(found * 1e7).astype(np.int64) @ np.array([1_000_000_007, 1])
        found = found[np.unique(keys, return_index=True)[1]]
    if rate is not None:
        low, high = (end * len(sizes) for end in (rate.low, rate.high))
        found = found[(found[:, 0] >= low - SLACK) & (found[:, 0] <= high + SLACK)]
    return found[:, 1]
