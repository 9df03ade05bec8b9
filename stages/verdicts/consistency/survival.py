"""Kaplan-Meier values and the log-rank test against counted events."""

from __future__ import annotations

import math

from stages.verdicts.consistency.check import IMPOSSIBLE, INCONSISTENT, check
from stages.verdicts.consistency.distributions import chi_squared_above
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Positive, Rate


@check(IMPOSSIBLE, "the events happened by the time that the survival is given for")
def kaplan_meier(survival: Positive, n: Count, events: Count, complete: bool = False,
                 scale: float = 1) -> bool:
    """Tell whether a Kaplan-Meier value fits the events among n.

    Who is censored passes his weight on to those after him, so that the estimate is at most
    1 - events / n, and equal to it where nobody is censored before (``complete``).

    Parameters
    ----------
    survival : Positive
        0 to ``scale``.
    n, events : Count
        At the start; bounds where not known.
    complete : bool
    scale : float
        100 where survival is printed in percent.

    Examples
    --------
    >>> kaplan_meier("0.867", "96", "31").verdict, kaplan_meier("0.60", "96", "31").verdict
    ('impossible', 'consistent')
    >>> kaplan_meier("86.7", "96", "31", scale=100).verdict
    'impossible'
    """
    for whole in n.whole():
        for d in events.whole():
            if not 0 <= d <= whole or not whole:
                continue
            most = scale * (1 - d / whole)
            # Without an event nothing falls.
            least = most if complete or d == 0 else 0.0
            if survival.low <= most + ROUND_OFF * scale and survival.high >= least - ROUND_OFF * scale:
                return True
    return False


@check(INCONSISTENT, "nobody is censored before the last event, no two events at the same time")
def log_rank(n1: Count, events1: Count, n2: Count, events2: Count, p: Rate) -> bool:
    """Tell whether some order of the events gives this log-rank P value.

    The sums of expected events and of variances are bounded over all orders, so that a true P is
    never refused; the bounds are wide.

    Examples
    --------
    >>> log_rank("40", "30", "40", "10", "0.00001").verdict
    'consistent'
    >>> log_rank("40", "30", "40", "10", "0.8").verdict
    'inconsistent'
    """
    bounds = [_bounds(a, d, b, e) for a in n1.whole() for d in events1.whole() if d <= a
              for b in n2.whole() for e in events2.whole() if e <= b and d + e > 0]
    return any(low <= p.high + ROUND_OFF and high >= p.low - ROUND_OFF for low, high in bounds)


def _bounds(a, d, b, e):
    """Smallest and largest P for d of a and e of b events, over all orders."""
    expected = {(0, 0): (0.0, 0.0)}
    variance = {(0, 0): (0.0, 0.0)}
    for i in range(d + 1):
        for j in range(e + 1):
            before = [one for one in ((i - 1, j), (i, j - 1)) if min(one) >= 0]
            if not before:
                continue
            shares = [(a - x) / (a - x + b - y) for x, y in before]
            for table, terms in ((expected, shares), (variance, [s * (1 - s) for s in shares])):
                table[i, j] = (min(table[one][0] + term for one, term in zip(before, terms)),
                               max(table[one][1] + term for one, term in zip(before, terms)))
    low, high = d - expected[d, e][1], d - expected[d, e][0]
    least, most = max(0.0, low, -high), max(abs(low), abs(high))
    v_low, v_high = variance[d, e]
    return (chi_squared_above(most**2 / v_low, 1) if v_low > 0 else 0.0,
            chi_squared_above(least**2 / v_high, 1) if v_high > 0 and math.isfinite(least) else 1.0)
