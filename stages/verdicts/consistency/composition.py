"""Models on one test set of which the numbers of cases of either class are not printed."""

from __future__ import annotations

import math

import numpy as np

from stages.common.errors import InputError
from stages.verdicts.consistency.check import INCONSISTENT, check
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Number, Percent, Rate, equally_long

# Beyond this many test sets a search would take minutes.
LARGEST_SEARCH = 1_000_000


@check(INCONSISTENT, "all models are judged on one test set; a model's three numbers are of one score, "
                     "accuracy and rate of one cutoff")
def one_test_set(accuracies: list[Rate], areas: list[Rate], positives: Count, negatives: Count,
                 rates: list[Rate] = (), percents: list[Percent] = (), n: Count | None = None) -> bool:
    """Tell whether some test set gives accuracy, area and the rate of one class of every model.

    Exhaustive over the numbers of cases of both classes inside their bounds.

    Parameters
    ----------
    accuracies, areas : list of Rate
        One for each model; areas under the ROC curve.
    positives, negatives : Count
        Cases of the class that the rates are of, and of the other; bounds where not known.
    rates, percents : list
        Share of the positives that a model gets right, as a rate or in percent: one for each model, or
        one that all have in common.
    n : Count, optional
        Cases in all.

    Raises
    ------
    InputError
        If the lists do not belong together, or the bounds leave too many test sets to search.

    Examples
    --------
    >>> one_test_set(["0.82", "0.50"], ["0.71", "0.52"], [10, 90], [10, 90], percents=["0"]).verdict
    'consistent'
    >>> one_test_set(["0.82", "0.35"], ["0.71", "0.52"], [10, 90], [10, 90], percents=["0"]).verdict
    'inconsistent'
    >>> one_test_set(["0.80"], ["0.75"], [10, 40], [10, 40], rates=["0.30"], n="50").verdict
    'consistent'
    """
    given = [*rates, *percents]
    if (rates and percents) or len(given) not in (1, len(accuracies)):
        raise InputError(f"{len(rates)} rates and {len(percents)} percents of {len(accuracies)} models",
                         fix="give one for each model or one for all, as rates or as percents")
    equally_long(accuracies, areas)
    first, second = (np.array([size for size in number.whole() if size > 0], int)
                     for number in (positives, negatives))
    if first.size * second.size > LARGEST_SEARCH:
        raise InputError(f"{first.size} x {second.size} test sets are too many to search",
                         fix="give narrower bounds for positives or negatives")
    cases = first[:, None] + second
    possible = np.ones(cases.shape, bool) if n is None else n.holds(cases)
    for accuracy, area, rate in zip(accuracies, areas, given * (len(accuracies) // len(given))):
        possible &= fitting(first, second, accuracy, area, rate)
    return bool(possible.any())


def fitting(positives: np.ndarray, negatives: np.ndarray, accuracy: Number, area: Number,
            rate: Number) -> np.ndarray:
    """Tell which test sets go with a model's accuracy, area and rate of the positives.

    With ``k`` of ``p`` positives and ``m`` of ``q`` negatives right, ``k m`` pairs are in the right
    order whatever the scores are, and ``(p - k) (q - m)`` in the wrong one; every (half, for ties)
    whole number in between is possible. In other words: the ROC curve lies between the two staircases
    through its operating point.

    Parameters
    ----------
    positives : (a,) array of int
    negatives : (b,) array of int
        Of 1 or more.
    accuracy, area : Number
    rate : Number
        A rate or a percentage.

    Returns
    -------
    (a, b) array of bool
    """
    possible = np.zeros((len(positives), len(negatives)), bool)
    low, high = rate.low / rate.kind.high - ROUND_OFF, rate.high / rate.kind.high + ROUND_OFF
    for row, p in enumerate(positives):
        k = np.arange(max(math.ceil(low * p), 0), min(math.floor(high * p), p) + 1)[:, None]
        least = np.maximum(np.ceil(accuracy.low * (p + negatives) - k - ROUND_OFF), 0)
        most = np.minimum(np.floor(accuracy.high * (p + negatives) - k + ROUND_OFF), negatives)
        # From one m to the next the ranges of ordered pairs overlap: the outer ends are enough.
        pairs = p * negatives
        fewest = np.maximum(k * least, (area.low - ROUND_OFF) * pairs)
        greatest = np.minimum(pairs - (p - k) * (negatives - most), (area.high + ROUND_OFF) * pairs)
        fits = (least <= most) & (np.ceil(2 * fewest) <= np.floor(2 * greatest))
        possible[row] = fits.any(axis=0)
    return possible
