"""Mean and SD of groups and of all."""

from __future__ import annotations

from stages.verdicts.consistency.check import INCONSISTENT, check
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Positive, Value, equally_long


@check(INCONSISTENT, "the groups are all of the whole; SD with divisor n or n - 1 throughout")
def pooled(sizes: list[Count], means: list[Value], size: Count, mean: Value,
           sds: list[Positive] = (), sd: Positive | None = None) -> bool:
    """Tell whether the mean and SD of all follow from those of the groups.

    Parameters
    ----------
    sizes : list of Count
        How many values each group has; bounds where not known (two groups only).
    means, sds : list of number
        In the units of the values.
    size : Count
        How many values there are in all.
    mean, sd : number

    Examples
    --------
    >>> pooled(["30", "20"], ["10.0", "20.0"], "50", "14.0").verdict
    'consistent'
    >>> pooled(["30", "20"], ["10.0", "20.0"], "50", "15.0").verdict
    'inconsistent'
    >>> pooled([[1, 101], [1, 101]], ["19.4", "16.8"], 102, "18.3", ["30.9", "15.3"], "22.9").verdict
    'inconsistent'
    """
    equally_long(sizes, means, *([sds] if sd else []))
    return any(_fits(split, whole, means, sds, mean, sd)
               for whole in size.whole() for split in _splits(sizes, whole))


def _splits(sizes, whole):
    if len(sizes) == 2:
        return ((first, whole - first) for first in sizes[0].whole()
                if first and whole - first in sizes[1].whole() and whole > first)
    fixed = [number.one() for number in sizes]
    return [fixed] if sum(fixed) == whole and min(fixed) > 0 else []


def _fits(split, whole, means, sds, mean, sd):
    low = max(mean.low, sum(n * one.low for n, one in zip(split, means)) / whole)
    high = min(mean.high, sum(n * one.high for n, one in zip(split, means)) / whole)
    slack = ROUND_OFF * max(1.0, abs(high))
    if low > high + slack:
        return False
    if sd is None:
        return True
    apart = [_squares(one.low - high, one.high - low) for one in means]
    return any(_spreads(split, whole, apart, sds, sd, lost) for lost in (0, 1))


def _spreads(split, whole, apart, sds, sd, lost):
    """Compare sums of squares, all SDs with divisor n - lost."""
    least = sum((n - lost) * one.low**2 + n * between[0]
                for n, one, between in zip(split, sds, apart))
    most = sum((n - lost) * one.high**2 + n * between[1]
               for n, one, between in zip(split, sds, apart))
    slack = ROUND_OFF * max(1.0, most)
    return least <= (whole - lost) * sd.high**2 + slack and most >= (whole - lost) * sd.low**2 - slack


def _squares(low, high):
    """Bounds of the square of a number between two."""
    ends = low * low, high * high
    return (0.0 if low <= 0 <= high else min(ends)), max(ends)
