"""The area under the ROC curve beside one operating point, the constant answer, and ranks."""

from __future__ import annotations

from stages.verdicts.consistency.check import IMPOSSIBLE, INCONSISTENT, check
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Rate, Value, equally_long
from stages.verdicts.consistency.rates import harmonic


@check(IMPOSSIBLE, "area and operating point are of one score on one data set")
def operating_point(auc: Rate, sensitivity: Rate, specificity: Rate) -> bool:
    """Tell whether a ROC curve with this area passes through an operating point.

    A curve that never falls and passes through (1 - specificity, sensitivity) has an area between
    sensitivity x specificity and 1 - (1 - sensitivity)(1 - specificity).

    Examples
    --------
    >>> operating_point("0.75", "0.90", "0.80").verdict, operating_point("0.70", "0.90", "0.80").verdict
    ('consistent', 'impossible')
    >>> operating_point("0.85", "0.90", "0.80").verdict
    'untested'
    """
    least = sensitivity.low * specificity.low
    most = 1 - (1 - sensitivity.high) * (1 - specificity.high)
    return least <= auc.high + ROUND_OFF and most >= auc.low - ROUND_OFF


@check(INCONSISTENT, "every case is called positive")
def constant_answer(positives: Count, negatives: Count, accuracy: Rate | None = None,
                    f1: Rate | None = None, ppv: Rate | None = None) -> bool:
    """Tell whether rates are those of an answer that is positive for every case.

    Examples
    --------
    >>> constant_answer(20, 6, accuracy="0.77", f1="0.87").verdict
    'consistent'
    >>> constant_answer(20, 6, accuracy="0.79").verdict
    'inconsistent'
    """
    for p in positives.whole():
        for q in negatives.whole():
            share = p / (p + q) if p + q else 0.0
            wanted = ((accuracy, share), (ppv, share), (f1, harmonic(share, 1.0)))
            if all(number is None or number.low - ROUND_OFF <= value <= number.high + ROUND_OFF
                   for number, value in wanted):
                return True
    return False


@check(INCONSISTENT, "the ranks are all ranks from 1 on, each once, and the greatest value comes first")
def ranked(ranks: list[Count], values: list[Value]) -> bool:
    """Tell whether values never rise from one rank to the next.

    Examples
    --------
    >>> ranked(["1", "2", "3"], ["0.54", "0.48", "0.41"]).verdict
    'consistent'
    >>> ranked(["1", "3", "2"], ["0.54", "0.48", "0.41"]).verdict
    'inconsistent'
    """
    equally_long(ranks, values)
    places = [rank.one() for rank in ranks]
    if sorted(places) != list(range(1, len(places) + 1)):
        return False
    least = float("inf")
    for _, value in sorted(zip(places, values), key=lambda pair: pair[0]):
        least = min(least, value.high)
        if value.low > least + ROUND_OFF:
            return False
    return True
