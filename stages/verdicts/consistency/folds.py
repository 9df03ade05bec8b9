"""Means over folds: rates of whole numbers in each fold, and the identities between them."""

from __future__ import annotations

import numpy as np

from stages.verdicts.consistency.bootstrap import filled, rates
from stages.verdicts.consistency.check import IMPOSSIBLE, check
from stages.verdicts.consistency.hull import separated
from stages.verdicts.consistency.printed import Count, Rate

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
