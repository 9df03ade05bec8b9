"""Mean, SD, median and range against the number of values."""

from __future__ import annotations

import math
from dataclasses import replace

from stages.verdicts.consistency.check import IMPOSSIBLE, INCONSISTENT, check
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Positive, Rate, Value


@check(IMPOSSIBLE, "all summaries are of the same n values; SD with divisor n or n - 1")
def summary(n: Count, mean: Value | None = None, sd: Positive | None = None,
            median: Value | None = None, low: Value | None = None, high: Value | None = None,
            total: Count | None = None, integer: bool = False) -> bool:
    """Tell whether n values with these summaries exist.

    Necessary conditions, so that no true set is refused: the bounds on a sum given minimum, median
    and maximum; Bhatia and Davis (2000) and the two extremes for the SD; |mean - median| <= SD; for
    whole values also that a sum (GRIM, Brown and Heathers 2017) and a sum of squares of the same
    parity (GRIMMER, Anaya 2016) exist.

    Parameters
    ----------
    n : Count
        How many values; bounds where it is not known.
    mean, sd, median, low, high : number, optional
        In the units of the values; low and high are attained.
    total : Count, optional
        The sum of the values, where it is known.
    integer : bool
        Whether the values are whole numbers.

    Examples
    --------
    >>> summary("86", median="3", low="1", high="14", total="346", integer=True).verdict
    'consistent'
    >>> summary("20", mean="3.47", integer=True).verdict  # 69 / 20 and 70 / 20 are 3.45 and 3.50
    'impossible'
    >>> summary("10", mean="5.0", sd="6.8", low="0", high="10").verdict
    'impossible'
    """
    if integer:
        low, high = _exact(low), _exact(high)
        if not all(end is None or end.low <= end.high for end in (low, high)):
            return False
    if low and high and median and max(low.low, median.low) > high.high:
        return False
    return any(_exists(size, mean, sd, median, low, high, total, integer) for size in n.whole()
               if size > 0)


# Weighted shares (by volume, say) may have any mean between the ends: numbers disagree, no more.
@check(INCONSISTENT, "mean and range are of the same n shares, each of which counts once; an end "
       "printed as 0 or 1 is none or all")
def mean_share(mean: Rate, low: Rate, high: Rate, n: Count) -> bool:
    """Tell whether n shares with this range have this mean; both ends are attained.

    Examples
    --------
    >>> mean_share("0.426", "0", "0.85", "3").verdict, mean_share("0.551", "0", "0.87", "2").verdict
    ('consistent', 'inconsistent')
    >>> mean_share("0.030", "0.01", "0.09", "3").verdict  # at least (0.005 + 0.005 + 0.085) / 3
    'inconsistent'
    """
    low, high = (_exact(end) if end.text in ("0", "1") else end for end in (low, high))
    return low.low <= high.high and any(
        _exists(size, mean, None, None, low, high, None, False) for size in n.whole() if size > 0)


def _exact(number):
    """Narrow a printed minimum or maximum of whole values: no rounding changes a whole number."""
    if number is None or number.text is None:
        return number
    value = float(number.text)
    return replace(number, low=value, high=value if value.is_integer() else -math.inf)


def _exists(n, mean, sd, median, low, high, total, integer):
    least, most = _sums(n, median, low, high, integer)
    for number, scale in ((mean, n), (total, 1)):
        if number:
            least, most = max(least, number.low * scale), min(most, number.high * scale)
    slack = ROUND_OFF * max(1.0, abs(least) if math.isfinite(least) else 1.0) * n
    if integer:
        least, most = _ceil(least - slack), _floor(most + slack)
    if least > most + slack:
        return False
    if sd is None or n < 2 or not (math.isfinite(least) and math.isfinite(most)):
        return sd is None or n > 1 or sd.low <= 0
    if median and _distance((least / n, most / n), (median.low, median.high)) > sd.high + slack:
        return False
    if integer and most - least < 1000:
        return any(_squares(n, whole, sd, low, high) for whole in range(int(least), int(most) + 1))
    smallest, largest = _spread(n, least / n, most / n, low, high)
    return (n - 1) * sd.low**2 <= largest + slack and n * sd.high**2 >= smallest - slack


def _sums(n, median, low, high, integer):
    """Smallest and largest sum of n values with this minimum, median and maximum."""
    bottom = low.low if low else -math.inf
    top = high.high if high else math.inf
    if n == 1:
        inside = [number for number in (low, median, high) if number]
        return (max((one.low for one in inside), default=-math.inf),
                min((one.high for one in inside), default=math.inf))
    lowest_top = high.low if high else (median.low if median else bottom)
    highest_bottom = low.high if low else (median.high if median else top)
    if median is None:
        least = bottom * (n - 1) + max(lowest_top, bottom)
        return least, top * (n - 1) + min(highest_bottom, top)
    half = n // 2
    lower, upper = max(median.low, bottom), min(median.high, top)
    # Of an even number the middle two may differ when the values are whole.
    ends = (math.floor, math.ceil) if integer and n % 2 == 0 else (float, float)
    lower, upper = _half(lower, math.ceil, integer), _half(upper, math.floor, integer)
    if n == 2:
        return 2 * lower, 2 * upper
    if n % 2:
        least = bottom * half + lower * half + max(lowest_top, lower)
        most = min(highest_bottom, upper) + upper * half + top * half
    else:
        first, second = ends[0](lower), ends[1](lower)
        least = bottom * (half - 1) + first + second * (half - 1) + max(lowest_top, second)
        first, second = ends[0](upper), ends[1](upper)
        most = min(highest_bottom, first) + first * (half - 1) + second + top * (half - 1)
    return least, most


def _half(value, direction, integer):
    """Move the median of whole values to the next multiple of one half."""
    if not integer or not math.isfinite(value):
        return value
    return direction(2 * value - (ROUND_OFF if direction is math.ceil else -ROUND_OFF)) / 2


def _spread(n, mean_low, mean_high, low, high):
    """Smallest and largest sum of squared deviations for a mean between two values."""
    smallest = 0.0
    if low and high:
        width = max(0.0, high.low - low.high)
        middle = ((low.low + high.low) / 2, (low.high + high.high) / 2)
        away = _distance((mean_low, mean_high), middle)
        smallest = width**2 / 2 + (2 * n / (n - 2) * away**2 if n > 2 else 0.0)
    if not (low and high):
        # One end alone: all but one value there, for the largest spread.
        ends = [abs(mean - end) for mean in (mean_low, mean_high)
                for end in ([low.low] if low else [high.high] if high else [])]
        return smallest, n * (n - 1) * max(ends) ** 2 if ends else math.inf
    center = min(max((low.low + high.high) / 2, mean_low), mean_high)
    return smallest, n * max(0.0, (center - low.low) * (high.high - center))


def _squares(n, total, sd, low, high):
    """Tell whether a whole sum of squares fits a whole sum and the SD."""
    smallest, largest = _spread(n, total / n, total / n, low, high)
    least = max(smallest, (n - 1) * sd.low**2) + total**2 / n
    most = min(largest, n * sd.high**2) + total**2 / n
    slack = ROUND_OFF * max(1.0, total**2 / n)
    first = _ceil(least - slack)
    first += (first - total) % 2
    return first <= most + slack


def _distance(one, other):
    return max(0.0, one[0] - other[1], other[0] - one[1])


def _ceil(value):
    return math.ceil(value) if math.isfinite(value) else value


def _floor(value):
    return math.floor(value) if math.isfinite(value) else value
