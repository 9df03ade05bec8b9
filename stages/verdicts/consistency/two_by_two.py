"""Accuracy, sensitivity, specificity, predictive values and F1 of one table of four counts."""

from __future__ import annotations

import numpy as np

from stages.common.errors import InputError
from stages.verdicts.consistency.check import IMPOSSIBLE, check
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Number, Rate

# Beyond this many pairs of (positives, negatives) a search would take minutes.
LARGEST_SEARCH = 40_000


@check(IMPOSSIBLE, "all rates are of one table of true and false positives and negatives")
def two_by_two(positives: Count, negatives: Count, accuracy: Rate | None = None,
               sensitivity: Rate | None = None, specificity: Rate | None = None,
               ppv: Rate | None = None, npv: Rate | None = None, f1: Rate | None = None,
               balanced_accuracy: Rate | None = None, n: Count | None = None) -> bool:
    """Tell whether counts exist that give all the rates.

    Exhaustive over true positives and true negatives, and over the numbers of positives and
    negatives inside their bounds. A rate that is 0 / 0 may have been printed as 0 or as 1.

    Parameters
    ----------
    positives, negatives : Count
        Cases of either class; bounds where not known.
    accuracy, sensitivity, specificity, ppv, npv, f1, balanced_accuracy : Rate, optional
    n : Count, optional
        Cases in all.

    Raises
    ------
    InputError
        If the bounds leave too many tables to search.

    Examples
    --------
    >>> two_by_two("40", "10", accuracy="0.80", sensitivity="0.95", specificity="0.20").verdict
    'consistent'
    >>> two_by_two("40", "10", accuracy="0.90", sensitivity="0.95", specificity="0.20").verdict
    'impossible'
    """
    rates = {"accuracy": accuracy, "sensitivity": sensitivity, "specificity": specificity,
             "ppv": ppv, "npv": npv, "f1": f1, "balanced_accuracy": balanced_accuracy}
    return next(splits(positives, negatives, n, rates), None) is not None


def splits(positives: Number, negatives: Number, n: Number | None, rates: dict):
    """Yield every (positives, negatives) for which counts exist that give the rates.

    Parameters
    ----------
    positives, negatives, n : Number
    rates : dict of Number or None
        By the names of `two_by_two`.

    Yields
    ------
    (int, int)
    """
    pairs = _pairs(positives, negatives, n)
    for p, q in pairs:
        if p + q > 0 and _attainable(p, q, rates):
            yield p, q


def _pairs(positives, negatives, n):
    first, second = positives.whole(), negatives.whole()
    if n is not None:
        if len(first) * len(n.whole()) > LARGEST_SEARCH:
            raise InputError(f"{len(first)} x {len(n.whole())} tables are too many to search",
                             fix="give narrower bounds for positives, negatives or n")
        return [(p, whole - p) for whole in n.whole() for p in first if whole - p in second]
    if len(first) * len(second) > LARGEST_SEARCH:
        raise InputError(f"{len(first)} x {len(second)} tables are too many to search",
                         fix="give narrower bounds for positives, negatives or n")
    return [(p, q) for p in first for q in second]


def _attainable(p: int, q: int, rates: dict) -> bool:
    right = _candidates(p, rates["sensitivity"])[:, None]
    clear = _candidates(q, rates["specificity"])[None, :]
    if not (right.size and clear.size):
        return False
    fits = np.ones((right.size, clear.size), bool)
    for name, (top, bottom) in fractions(right, clear, p, q).items():
        number = rates.get(name)
        if number is not None and name not in ("sensitivity", "specificity"):
            fits &= _within(top, bottom, number)
    return bool(fits.any())


def _candidates(size, number):
    if number is None or size == 0:
        # 0 / 0 may be printed as 0 or 1.
        free = number is None or number.low <= 0 or number.high >= 1
        return np.arange(size + 1) if free else np.arange(0)
    low = int(np.ceil(number.low * size - ROUND_OFF * size))
    return np.arange(max(low, 0), min(int(number.high * size + ROUND_OFF * size), size) + 1)


def _within(top, bottom, number):
    """Tell where top / bottom lies in an interval; 0 / 0 may be 0 or 1."""
    inside = (top >= number.low * bottom - ROUND_OFF * bottom)
    inside &= (top <= number.high * bottom + ROUND_OFF * bottom)
    return np.where(bottom == 0, number.low <= 0 or number.high >= 1, inside)


def fractions(tp, tn, p: int, q: int) -> dict[str, tuple]:
    """Return numerator and denominator of every rate.

    Parameters
    ----------
    tp, tn : array of int
        True positives and true negatives.
    p, q : int
        Positive and negative cases.

    Returns
    -------
    dict of (array, array)
    """
    whole = np.ones(np.broadcast(tp, tn).shape, int)
    positive, negative = tp + (q - tn), tn + (p - tp)
    return {"accuracy": (tp + tn, (p + q) * whole),
            "sensitivity": (tp * whole, p * whole), "specificity": (tn * whole, q * whole),
            "ppv": (tp * whole, positive), "npv": (tn * whole, negative),
            "f1": (2 * tp * whole, tp + positive - tp + p),
            "balanced_accuracy": (tp * q + tn * p, 2 * p * q * whole)}
