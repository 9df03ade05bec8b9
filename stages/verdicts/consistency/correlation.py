"""Spearman's rank correlation, its P value and the number of pairs."""

from __future__ import annotations

import functools
import itertools
import math

from stages.verdicts.consistency.check import INCONSISTENT, check
from stages.verdicts.consistency.distributions import normal_two_sided, t_two_sided
from stages.verdicts.consistency.printed import ROUND_OFF, Correlation, Count, Number, Rate

# Up to here the exact distribution is made by going through every permutation.
EXACT_UP_TO = 8


@check(INCONSISTENT, "two-sided P of one sample of n pairs")
def spearman(rho: Correlation, p: Rate, n: Count, methods: list | None = None) -> bool:
    """Tell whether a rank correlation of n pairs has this P value.

    Parameters
    ----------
    rho : Correlation
    p : Rate
    n : Count
        Bounds where it is not known.
    methods : list of str, optional
        ``t`` (Student's t with n - 2 degrees, SciPy's default), ``edgeworth`` (R's default
        without ties: Best and Roberts 1975, algorithm AS 89), ``normal`` (rho sqrt(n - 1)),
        ``exact`` (all permutations, n up to 8); one has to fit. Default ``t``.

    Examples
    --------
    >>> spearman("0.446", "0.00057", 56).verdict, spearman("0.446", "0.00057", 62).verdict
    ('consistent', 'inconsistent')
    >>> spearman("-0.0738", "0.5680", 62).verdict
    'inconsistent'
    >>> spearman("-0.0738", "0.5680", 62, methods=["edgeworth"]).verdict
    'consistent'
    """
    return bool(sizes(rho, p, n, methods or ["t"]))


@check(INCONSISTENT, "two-sided P; the groups are all of the sample, none twice")
def spearman_groups(rhos: list[Correlation], ps: list[Rate], n: Count,
                    methods: list | None = None) -> bool:
    """Tell whether groups of pairs with these correlations and P values can add up to n.

    Examples
    --------
    >>> spearman_groups(["0.446", "-0.074"], ["0.00057", "0.568"], "118").verdict  # 56 + 62
    'consistent'
    >>> spearman_groups(["0.446", "-0.074"], ["0.00057", "0.568"], "130").verdict
    'inconsistent'
    """
    sums = {0}
    for rho, p in zip(rhos, ps, strict=True):
        bounds = Number(3, n.high, n.kind)
        sums = {whole + size for whole in sums for size in sizes(rho, p, bounds, methods or ["t"])}
    return any(whole in n.whole() for whole in sums)


def sizes(rho: Number, p: Number, n: Number, methods: list) -> list[int]:
    """Return every n for which the correlation has the P value."""
    least = max(0.0, rho.low, -rho.high)
    most = min(1.0, max(-rho.low, rho.high))
    found = []
    for size in n.whole():
        if size < 3:
            continue
        for method in methods:
            low, high = (p_value(value, size, method) for value in (most, least))
            if low <= p.high + ROUND_OFF and high >= p.low - ROUND_OFF:
                found.append(size)
                break
    return found


def p_value(rho: float, n: int, method: str) -> float:
    """Return the two-sided P value of a rank correlation.

    Examples
    --------
    >>> round(p_value(0.252, 118, "t"), 4), p_value(1.0, 4, "exact")
    (0.0059, 0.08333333333333333)
    """
    if method == "exact":
        if n > EXACT_UP_TO:
            return p_value(rho, n, "t")
        values = _correlations(n)
        return sum(abs(value) >= abs(rho) - ROUND_OFF for value in values) / len(values)
    if method == "normal":
        return normal_two_sided(rho * math.sqrt(n - 1))
    if method == "edgeworth":
        return _edgeworth(abs(rho), n)
    left = 1 - rho * rho
    return t_two_sided(abs(rho) * math.sqrt((n - 2) / left) if left > 0 else math.inf, n - 2)


def _edgeworth(rho, n):
    """Algorithm AS 89 for the upper tail of rho, doubled, with the constants of the paper."""
    squares = 2 * math.floor((n**3 - n) * (1 - rho) / 12 + ROUND_OFF) + 2
    b = 1 / n
    x = (1 - 6 * (squares - 1) * b / (n * n - 1)) * math.sqrt(n - 1)
    y = x * x
    inner = 0.0879 + 0.0151 * b - y * (0.0072 - 0.0831 * b + y * b * (0.0131 - 4.6e-4 * y))
    inner = -0.0758 + b * (0.1033 + 0.3932 * b) - y * b * inner
    u = x * b * (0.2274 + b * (0.2531 + 0.1745 * b) + y * inner)
    tail = u / math.exp(y / 2) + math.erfc(x / math.sqrt(2)) / 2
    return min(1.0, max(0.0, 2 * tail))


@functools.cache
def _correlations(n):
    return [1 - 6 * sum((i - rank) ** 2 for i, rank in enumerate(ranks)) / (n**3 - n)
            for ranks in itertools.permutations(range(n))]
