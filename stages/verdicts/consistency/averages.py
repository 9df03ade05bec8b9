"""Averages over classes: macro (each class counts once) and weighted (by its size)."""

from __future__ import annotations

from stages.verdicts.consistency.check import INCONSISTENT, check
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Value, equally_long


@check(INCONSISTENT, "the average is over the listed classes, each counted once")
def macro(classes: list[Value], average: Value) -> bool:
    """Tell whether an average is the plain mean of the classes.

    Examples
    --------
    >>> macro(["0.92", "0.87"], "0.90").verdict, macro(["0.92", "0.87"], "0.92").verdict
    ('consistent', 'inconsistent')
    """
    n = len(classes)
    return (sum(one.low for one in classes) / n <= average.high + ROUND_OFF
            and sum(one.high for one in classes) / n >= average.low - ROUND_OFF)


@check(INCONSISTENT, "the average is over the listed classes, each weighted by its size")
def weighted(classes: list[Value], sizes: list[Count], average: Value) -> bool:
    """Tell whether an average is the mean of the classes weighted by their sizes.

    Parameters
    ----------
    classes : list of Value
    sizes : list of Count
        Bounds where not known; then any weights inside them.
    average : Value

    Examples
    --------
    >>> weighted(["0.9", "0.5"], ["30", "10"], "0.8").verdict
    'consistent'
    >>> weighted(["0.90", "0.50"], ["30", "10"], "0.70").verdict
    'inconsistent'
    """
    equally_long(classes, sizes)
    low = _extreme([one.low for one in classes], sizes, -1)
    high = _extreme([one.high for one in classes], sizes, 1)
    return low <= average.high + ROUND_OFF and high >= average.low - ROUND_OFF


def _extreme(values, sizes, sign):
    """Mean with as much weight as the bounds allow on the largest (sign 1) or smallest values.

    For every threshold the values beyond it take their largest size, the others their smallest; one
    of these is the extreme (linear-fractional program).
    """
    order = sorted(range(len(values)), key=lambda index: sign * values[index], reverse=True)
    best = None
    for heavy in range(len(values) + 1):
        sums = [sizes[index].high if place < heavy else sizes[index].low
                for place, index in enumerate(order)]
        if sum(sums) > 0:
            mean = sum(w * values[index] for w, index in zip(sums, order)) / sum(sums)
            best = mean if best is None else max(best, mean, key=lambda one: sign * one)
    return best if best is not None else float("nan")
