"""Counts, percentages, sums, and numbers that are printed more than once."""

from __future__ import annotations

from stages.verdicts.consistency.check import IMPOSSIBLE, INCONSISTENT, check
from stages.verdicts.consistency.printed import (
    ROUND_OFF,
    Count,
    Number,
    Percent,
    Positive,
    Text,
    Value,
    Whole,
)


@check(INCONSISTENT, "the percentage is the count over the total")
def percentage(count: Count, total: Count, percent: Percent) -> bool:
    """Tell whether a count of a total gives a percentage.

    Parameters
    ----------
    count, total : Count
    percent : Percent
        0 to 100.

    Returns
    -------
    Result

    Examples
    --------
    >>> percentage("30", "47", "63.8").verdict, percentage("30", "47", "64.8").verdict
    ('consistent', 'inconsistent')
    """
    return ratio.possible(count, total, percent, scale=100)


@check(INCONSISTENT, "the ratio is the first number over the second")
def ratio(numerator: Count, denominator: Count, quotient: Positive, scale: float = 1) -> bool:
    """Tell whether two counts give a ratio (times ``scale``).

    Examples
    --------
    >>> ratio("435", "47", "9.25").verdict  # 9.2553, cut off
    'consistent'
    >>> ratio("435", "46", "9.25").verdict
    'inconsistent'
    """
    if denominator.high <= 0:
        return False
    least = scale * numerator.low / denominator.high
    most = scale * numerator.high / denominator.low if denominator.low > 0 else float("inf")
    return most >= quotient.low - ROUND_OFF and least <= quotient.high + ROUND_OFF


@check(INCONSISTENT, "the reduction is the part of the first count that the second one lacks")
def reduction(before: Count, after: Count, percent: Percent) -> bool:
    """Tell whether a count that falls to another one falls by a percentage.

    Examples
    --------
    >>> reduction("105", "23", "78.1").verdict, reduction("105", "32", "78.1").verdict
    ('consistent', 'inconsistent')
    """
    lost = Number(max(0, before.low - after.high), max(0, before.high - after.low), before.kind)
    return after.low <= before.high and ratio.possible(lost, before, percent, scale=100)


@check(INCONSISTENT, "the parts are all the parts, and none is counted twice")
def total(total: Count, parts: list[Count], weights: list | None = None,
          rest: Count | None = None) -> bool:
    """Tell whether weighted parts add up to a total.

    Parameters
    ----------
    total : Count
    parts : list of Count
    weights : list of int, optional
        A factor for each part (-1 for one that is taken away); 1 where left out.
    rest : Count, optional
        Bounds of what is part of the total and not listed; nothing where left out.

    Examples
    --------
    >>> total("227", ["172", "55"]).verdict
    'consistent'
    >>> total("50", ["24", "2"], weights=[2, 1]).verdict
    'consistent'
    >>> total("227", ["346", "92", "19", "6"], weights=[1, -1, -1, -1]).verdict
    'inconsistent'
    >>> total("346", ["227", "92", "19", "6"], rest=[0, 346]).verdict
    'consistent'
    """
    weights = weights or [1] * len(parts)
    ends = [sorted((weight * part.low, weight * part.high))
            for part, weight in zip(parts, weights, strict=True)]
    ends += [(rest.low, rest.high)] if rest is not None else []
    return sum(low for low, _ in ends) <= total.high and sum(high for _, high in ends) >= total.low


@check(INCONSISTENT, "the shares are all the shares, and none is counted twice")
def shares(parts: list[Percent], whole: float = 100) -> bool:
    """Tell whether rounded percentages can add up to the whole.

    Examples
    --------
    >>> shares(["33.3", "33.3", "33.3"]).verdict, shares(["33.3", "33.3", "32.3"]).verdict
    ('consistent', 'inconsistent')
    """
    return sum(part.low for part in parts) <= whole <= sum(part.high for part in parts)


@check(INCONSISTENT, "the places speak of the same quantity")
def restated(numbers: list[Value], scales: list | None = None) -> bool:
    """Tell whether one value can stand behind all places that print it.

    Parameters
    ----------
    numbers : list of Value
    scales : list of float, optional
        Factor that brings each to the common unit; 1 where left out.

    Examples
    --------
    >>> restated(["0.667", "66"], scales=[100, 1]).verdict  # cut off
    'consistent'
    >>> restated(["0.73", "0.71"]).verdict
    'inconsistent'
    """
    scales = scales or [1] * len(numbers)
    low = max(number.low * scale for number, scale in zip(numbers, scales, strict=True))
    return low <= min(number.high * scale for number, scale in zip(numbers, scales)) + ROUND_OFF


@check(INCONSISTENT, "the places speak of the same count")
def recounted(numbers: list[Whole]) -> bool:
    """Tell whether all places print the same whole number.

    Examples
    --------
    >>> recounted(["44", "44"]).verdict, recounted(["44", "45"]).verdict
    ('consistent', 'inconsistent')
    """
    return max(number.low for number in numbers) <= min(number.high for number in numbers)


@check(INCONSISTENT, "the places speak of the same thing")
def same_text(texts: list[Text]) -> bool:
    """Tell whether all places print the same text, such as a version.

    Examples
    --------
    >>> same_text(["1.2.2", "1.2.2"]).verdict, same_text(["1.2.2", "1.2.3"]).verdict
    ('consistent', 'inconsistent')
    """
    return len({text.text for text in texts}) == 1


@check(INCONSISTENT, "the numbers are named in rising order: low, summary, high")
def ordered(numbers: list[Value]) -> bool:
    """Tell whether numbers can rise (or stay) from first to last.

    Examples
    --------
    >>> ordered(["0.59", "0.61", "0.63"]).verdict, ordered(["0.59", "0.57", "0.63"]).verdict
    ('consistent', 'inconsistent')
    """
    reached = float("-inf")
    for number in numbers:
        reached = max(reached, number.low)
        if reached > number.high:
            return False
    return True


@check(INCONSISTENT, "each group is part of the next")
def at_most(counts: list[Count]) -> bool:
    """Tell whether each count is at most the next.

    Examples
    --------
    >>> at_most(["62", "64"]).verdict, at_most(["65", "64"]).verdict, at_most(["3", "64"]).verdict
    ('consistent', 'inconsistent', 'untested')
    """
    return ordered.possible([(count.low, count.high) for count in counts])


@check(INCONSISTENT, "each one belongs to one group, and no group holds more than the most")
def at_most_each(total: Count, groups: Count, most: Count) -> bool:
    """Tell whether a number of groups can hold a total.

    Examples
    --------
    >>> at_most_each("296", "102", "3").verdict, at_most_each("296", "69", "3").verdict
    ('consistent', 'inconsistent')
    """
    return total.low <= groups.high * most.high


@check(IMPOSSIBLE, "the quantity takes the listed values only")
def member(value: Value, allowed: list) -> bool:
    """Tell whether a number is one of those that exist.

    Parameters
    ----------
    value : Value
    allowed : list of float

    Examples
    --------
    >>> member("120", [80, 100, 120, 140]).verdict, member("112", [80, 100, 120, 140]).verdict
    ('consistent', 'impossible')
    """
    return any(value.low - ROUND_OFF <= one <= value.high + ROUND_OFF for one in allowed)


@check(IMPOSSIBLE, "the quantity takes equally spaced values only")
def on_grid(value: Value, start: float, step: float, count: int) -> bool:
    """Tell whether a number is one of ``start``, ``start + step``, …, ``count`` in all.

    Examples
    --------
    >>> on_grid("0.25", 0.05, 0.05, 200).verdict, on_grid("0.27", 0.05, 0.05, 200).verdict
    ('consistent', 'impossible')
    """
    return member.possible(value, [start + step * k for k in range(count)])


@check(IMPOSSIBLE, "the listed releases are all that there were")
def release(version: Text, releases: list) -> bool:
    """Tell whether a version was ever released.

    Examples
    --------
    >>> release("1.2.2", ["1.2.0", "1.2.1", "1.2.2"]).verdict, release("1.2.5", ["1.2.2"]).verdict
    ('consistent', 'impossible')
    """
    return version.text in releases
