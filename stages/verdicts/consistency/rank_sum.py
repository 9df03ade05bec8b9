"""Wilcoxon's rank sum test: its standardised statistic, P value and group sizes."""

from __future__ import annotations

import math

from stages.verdicts.consistency.check import IMPOSSIBLE, INCONSISTENT, check
from stages.verdicts.consistency.distributions import normal_two_sided
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Positive, Rate, Value


@check(INCONSISTENT, "two-sided P by the normal approximation")
def normal_p(z: Value, p: Rate, sides: int = 2) -> bool:
    """Tell whether a standard normal statistic has this P value.

    Examples
    --------
    >>> normal_p("3.225", "0.0013").verdict, normal_p("3.225", "0.0026").verdict
    ('consistent', 'inconsistent')
    """
    least = max(0.0, z.low, -z.high)
    most = max(-z.low, z.high)
    return (normal_two_sided(most) * sides / 2 <= p.high + ROUND_OFF
            and normal_two_sided(least) * sides / 2 >= p.low - ROUND_OFF)


@check(IMPOSSIBLE, "one rank sum of two groups, standardised without a correction for ties")
def rank_sum(z: Positive, n: Count, first: Count, correction: bool = False) -> bool:
    """Tell whether a rank sum of two groups without ties has this standardised value.

    The statistic is (U - m k / 2) / sqrt(m k (m + k + 1) / 12) with a whole U, less one half in the
    numerator with a continuity correction. With ties almost any value is possible; the check says
    then nothing.

    Parameters
    ----------
    z : Positive
        Its absolute value.
    n, first : Count
        Values in all and in the first group; bounds where not known.
    correction : bool
        Whether one half is taken off (continuity correction).

    Examples
    --------
    >>> rank_sum("3.225", 56, [1, 55]).verdict
    'impossible'
    >>> rank_sum("3.225", 56, [1, 55], correction=True).verdict
    'consistent'
    """
    for whole in n.whole():
        for m in first.whole():
            k = whole - m
            if m > 0 and k > 0 and _reached(z, m, k, correction):
                return True
    return False


def _reached(z, m, k, correction):
    deviation = math.sqrt(m * k * (m + k + 1) / 12)
    center = m * k / 2
    # U - center runs over the whole numbers (or halves between them) up to center.
    offset = center - math.floor(center)
    less = 0.5 if correction else 0.0
    low, high = z.low * deviation + less - ROUND_OFF, z.high * deviation + less + ROUND_OFF
    first = math.ceil(low - offset) + offset
    return first <= min(high, center + ROUND_OFF)


@check(INCONSISTENT, "exact two-sided P of a rank sum without ties, or its normal approximation")
def rank_sum_p(p: Rate, first: Count, second: Count) -> bool:
    """Tell whether some rank sum of two groups of known size has this P value.

    Exact (all splits equally likely), or by the normal approximation with or without a continuity
    correction; without ties.

    Examples
    --------
    >>> rank_sum_p("0.100", 3, 3).verdict, rank_sum_p("0.15", 3, 3).verdict
    ('consistent', 'inconsistent')
    """
    return any(p.low - ROUND_OFF <= value <= p.high + ROUND_OFF
               for m in first.whole() for k in second.whole() if m > 0 and k > 0
               for value in _p_values(m, k))


def _p_values(m, k):
    deviation = math.sqrt(m * k * (m + k + 1) / 12)
    for u in range(m * k // 2 + 1):
        away = m * k / 2 - u
        yield normal_two_sided(away / deviation)
        yield normal_two_sided(max(0.0, away - 0.5) / deviation)
    if m * k <= 400:
        ways = _ways(m, k)
        below, all_ways = 0, sum(ways)
        for count in ways[: m * k // 2 + 1]:
            below += count
            yield min(1.0, 2 * below / all_ways)


def _ways(m, k):
    """Count the orders of m and k values by U (Mann and Whitney 1947)."""
    counts = [1] + [0] * (m * k)
    for i in range(1, m + 1):
        for u in range(m * k, k + i - 1, -1):
            counts[u] -= counts[u - k - i]
        for u in range(i, m * k + 1):
            counts[u] += counts[u - i]
    return counts
