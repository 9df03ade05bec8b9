"""Hazard (or odds) ratio, its interval and P value."""

from __future__ import annotations

import math
from statistics import NormalDist

from stages.verdicts.consistency.check import INCONSISTENT, check
from stages.verdicts.consistency.distributions import normal_two_sided
from stages.verdicts.consistency.printed import ROUND_OFF, Positive, Rate


@check(INCONSISTENT, "Wald interval, symmetric on the log scale, and Wald P")
def hazard_ratio(ratio: Positive, low: Positive, high: Positive, p: Rate | None = None,
                 level: float = 95) -> bool:
    """Tell whether a ratio is the middle of its interval on the log scale and has the P value.

    Parameters
    ----------
    ratio, low, high : Positive
    p : Rate, optional
    level : float
        Of the interval, in percent.

    Examples
    --------
    >>> hazard_ratio("1.635", "1.055", "2.536", "0.028").verdict
    'consistent'
    >>> hazard_ratio("1.635", "1.055", "2.536", "0.008").verdict
    'inconsistent'
    """
    if min(ratio.high, low.high, high.high) <= 0:
        return False
    left, right, middle = (_log(number) for number in (low, high, ratio))
    centre = [max((left[0] + right[0]) / 2, middle[0]), min((left[1] + right[1]) / 2, middle[1])]
    if centre[0] > centre[1] + ROUND_OFF or right[1] < left[0]:
        return False
    if p is None:
        return True
    quantile = NormalDist().inv_cdf(0.5 + level / 200)
    errors = [max(0.0, right[0] - left[1]) / 2 / quantile, (right[1] - left[0]) / 2 / quantile]
    away = max(0.0, centre[0], -centre[1]), max(abs(centre[0]), abs(centre[1]))
    least = normal_two_sided(away[1] / errors[0]) if errors[0] > 0 else 0.0
    most = normal_two_sided(away[0] / errors[1]) if errors[1] > 0 else 1.0
    return least <= p.high + ROUND_OFF and most >= p.low - ROUND_OFF


def _log(number):
    return (math.log(number.low) if number.low > 0 else -math.inf, math.log(number.high))
