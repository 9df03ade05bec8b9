"""Rates of whole numbers: which values a rate of n can take."""

from __future__ import annotations

import math

from stages.verdicts.consistency.check import IMPOSSIBLE, INCONSISTENT, check
from stages.verdicts.consistency.printed import KINDS as KINDS  # for the examples
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Number, Positive, Rate
from stages.verdicts.consistency.printed import read as read


@check(IMPOSSIBLE, "the rate is a whole number over n")
def rate(rate: Positive, n: Count) -> bool:
    """Tell whether a whole number over n gives a rate (k / n).

    Parameters
    ----------
    rate : Positive
        A share, or events for each of n.
    n : Count
        Bounds where it is not known.

    Examples
    --------
    >>> rate("0.733", "15").verdict, rate("0.733", "14").verdict, rate("0.7", "14").verdict
    ('consistent', 'impossible', 'untested')
    >>> rate("0.02", 82).verdict, rate("0.02", 18).verdict
    ('untested', 'impossible')
    """
    return any(len(wholes(rate, size)) for size in n.whole() if size > 0)


def wholes(rate: Number, size: int) -> range:
    """Return the whole numbers that a rate of ``size`` may stand for.

    Examples
    --------
    >>> wholes(read("0.02", KINDS["Rate"]), 82), wholes(read("0.02", KINDS["Rate"]), 18)
    (range(2, 3), range(1, 1))
    """
    return range(math.ceil(rate.low * size - ROUND_OFF * size),
                 math.floor(rate.high * size + ROUND_OFF * size) + 1)


@check(IMPOSSIBLE, "a percentile of samples of n cases each, interpolated linearly (NumPy, R's type 7)")
def percentile(value: Rate, n: Count, percent: float, samples: int) -> bool:
    """Tell whether a rate (k / n) of resamples can have this percentile.

    It is one that a sample has, or lies between two at a share that the number of samples fixes.

    Parameters
    ----------
    value : Rate
    n : Count
        Cases of each sample; bounds where not known.
    percent : float
        Of the percentile, 0 to 100.
    samples : int
        How many there are, all with a defined rate.

    Examples
    --------
    >>> percentile("0.17", 6, 2.5, 1000).verdict, percentile("0.20", 6, 2.5, 1000).verdict
    ('consistent', 'impossible')
    """
    share = percent / 100 * (samples - 1) % 1
    for size in n.whole():
        # k + share j, with whole k and j, between 0 and size
        for j in range(size + 1):
            first = math.ceil(size * (value.low - ROUND_OFF) - share * j)
            last = math.floor(size * (value.high + ROUND_OFF) - share * j)
            if size and max(first, 0) <= min(last, size - j):
                return True
    return False


@check(IMPOSSIBLE, "the area is the share of right pairs (half for a tie) of one data set")
def area(auc: Rate, positives: Count, negatives: Count, ties: bool = True) -> bool:
    """Tell whether an area under the ROC curve is a (half) whole number over the pairs.

    Parameters
    ----------
    auc : Rate
    positives, negatives : Count
    ties : bool
        Whether scores may tie (each tie counts one half).

    Examples
    --------
    >>> area("0.984", "16", "4").verdict, area("0.983", "4", "3").verdict
    ('consistent', 'impossible')
    """
    grain = 2 if ties else 1
    return any(len(wholes(auc, grain * p * q)) for p in positives.whole() for q in negatives.whole()
               if p * q > 0)


@check(INCONSISTENT, "precision, recall and F1 are of one class of one data set")
def f1_score(precision: Rate, recall: Rate, f1: Rate) -> bool:
    """Tell whether F1 is the harmonic mean of precision and recall.

    Examples
    --------
    >>> f1_score("0.81", "0.84", "0.82").verdict, f1_score("0.81", "0.84", "0.86").verdict
    ('consistent', 'inconsistent')
    """
    return (harmonic(precision.low, recall.low) <= f1.high + ROUND_OFF
            and harmonic(precision.high, recall.high) >= f1.low - ROUND_OFF)


@check(INCONSISTENT, "accuracy and the F1 of both classes are of one data set that holds both, or "
                     "plain means over several")
def both_f1(accuracy: Rate, first: Rate, second: Rate) -> bool:
    """Tell whether an accuracy goes with the F1 of both classes.

    In one data set the error is the harmonic mean of the two 1 - F1; that is concave, so that over
    several the mean error is at most the harmonic mean of the means (Jensen), whatever their sizes.

    Examples
    --------
    >>> both_f1("0.90", "0.92", "0.87").verdict, both_f1("0.87", "0.92", "0.87").verdict
    ('consistent', 'inconsistent')
    """
    return 1 - accuracy.high <= harmonic(1 - first.low, 1 - second.low) + ROUND_OFF


def harmonic(one: float, other: float) -> float:
    """Return the harmonic mean; 0 where both are 0.

    Examples
    --------
    >>> harmonic(0.5, 1.0)
    0.6666666666666666
    """
    return 2 * one * other / (one + other) if one + other > 0 else 0.0
