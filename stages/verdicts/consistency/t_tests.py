"""P value of two means with their SDs: Welch's and Student's test."""

from __future__ import annotations

import math

from stages.verdicts.consistency.check import INCONSISTENT, check
from stages.verdicts.consistency.distributions import t_two_sided
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Positive, Rate, Value


@check(INCONSISTENT, "two-sided P of two independent samples; SD with divisor n - 1 or n")
def two_means(n1: Count, mean1: Value, sd1: Positive, n2: Count, mean2: Value, sd2: Positive,
              p: Rate, methods: list | None = None) -> bool:
    """Tell whether two means and SDs can have this P value.

    Parameters
    ----------
    n1, n2 : Count
    mean1, mean2 : Value
    sd1, sd2 : Positive
    p : Rate
    methods : list of str, optional
        ``welch``, ``student``; both where left out.

    Examples
    --------
    >>> two_means("45", "63.7", "10.5", "25", "64.4", "11.6", "0.80").verdict
    'consistent'
    >>> two_means("45", "63.7", "10.5", "25", "64.4", "11.6", "0.04").verdict
    'inconsistent'
    """
    least = max(0.0, mean1.low - mean2.high, mean2.low - mean1.high)
    most = max(mean1.high - mean2.low, mean2.high - mean1.low)
    for a in n1.whole():
        for b in n2.whole():
            if min(a, b) < 2:
                continue
            for method in methods or ("welch", "student"):
                low = _p(a, b, sd1.low, sd2.low, most, method, narrow=True)
                high = _p(a, b, sd1.high, sd2.high, least, method, narrow=False)
                if low <= p.high + ROUND_OFF and high >= p.low - ROUND_OFF:
                    return True
    return False


def _p(a, b, sd1, sd2, apart, method, narrow):
    """Smallest (narrow) or largest P for a difference, bounding the degrees of freedom.

    Welch's degrees lie between min(a, b) - 1 and a + b - 2.
    """
    if not narrow:  # SD with divisor n is smaller than with n - 1 by this much at most
        sd1, sd2 = sd1 * math.sqrt(a / (a - 1)), sd2 * math.sqrt(b / (b - 1))
    if method == "student":
        freedom = a + b - 2
        squared = ((a - 1) * sd1**2 + (b - 1) * sd2**2) / freedom * (1 / a + 1 / b)
    else:
        squared = sd1**2 / a + sd2**2 / b
        freedom = a + b - 2 if narrow else min(a, b) - 1
    if squared <= 0:
        return 0.0 if apart > 0 else 1.0
    return t_two_sided(apart / math.sqrt(squared), freedom)
