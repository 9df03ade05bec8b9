"""Means over bootstrap samples: identities between rates hold in each of them."""

from __future__ import annotations

import numpy as np

from stages.verdicts.consistency.check import IMPOSSIBLE, check
from stages.verdicts.consistency.hull import separated
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Rate
from stages.verdicts.consistency.two_by_two import fractions

# Share of samples that may lie on the wrong side of a percentile: its definition (interpolated or
# not) and the finite number of samples.
PERCENTILE_SLACK = 0.002


@check(IMPOSSIBLE, "every bootstrap sample has the same number of positive and negative cases")
def resampled(positives: Count, negatives: Count, accuracy: Rate | None = None,
              sensitivity: Rate | None = None, specificity: Rate | None = None,
              ppv: Rate | None = None, npv: Rate | None = None, f1: Rate | None = None,
              lows: list[Rate] = (), highs: list[Rate] = (), bounded: list | None = None,
              level: float = 95) -> bool:
    """Tell whether means over bootstrap samples, with their percentile intervals, are possible.

    Each sample is one of the tables of four counts, so that the vector of means lies in the convex
    hull of the tables' rates; a percentile says how many samples lie on either side of it.

    Parameters
    ----------
    positives, negatives : Count
        Cases of either class in each sample.
    accuracy, ..., f1 : Rate, optional
        Means over the samples.
    lows, highs : list of Rate, optional
        Percentile interval of the rates named in ``bounded``, in their order.
    bounded : list of str, optional
    level : float
        Of the interval, in percent.

    Examples
    --------
    >>> resampled(20, 6, accuracy="0.79", sensitivity="0.95", specificity="0.25").verdict
    'consistent'
    >>> resampled(20, 6, accuracy="0.83", sensitivity="0.95", specificity="0.25").verdict
    'impossible'
    """
    means = {"accuracy": accuracy, "sensitivity": sensitivity, "specificity": specificity,
             "ppv": ppv, "npv": npv, "f1": f1}
    limits = dict(zip(bounded or (), zip(lows, highs, strict=True), strict=True))
    return any(not separated(*_problem(p, q, means, limits, (1 - level / 100) / 2))
               for p in positives.whole() for q in negatives.whole() if p + q > 0)


def _problem(p, q, means, limits, tail):
    raw = rates(p, q)
    values = filled(raw, means)
    columns, low, high = [], [], []
    for name, number in means.items():
        if number is not None:
            columns.append(values[name])
            low.append(number.low)
            high.append(number.high)
    for name, (below, above) in limits.items():
        value = values[name]
        for outside, inside in ((value < below.low - ROUND_OFF, value <= below.high + ROUND_OFF),
                                (value > above.high + ROUND_OFF, value >= above.low - ROUND_OFF)):
            columns.append(outside.astype(float))
            low.append(0.0)
            high.append(tail + PERCENTILE_SLACK)
            # Interpolated between two attained values, or over defined samples only: no bound.
            if (inside & ~outside).any() and not np.isnan(raw[name]).any():
                columns.append(inside.astype(float))
                low.append(tail - PERCENTILE_SLACK)
                high.append(1.0)
    return [np.column_stack(columns)], np.array(low), np.array(high)


def rates(p: int, q: int) -> dict[str, np.ndarray]:
    """Return every rate of every table with p positive and q negative cases; NaN for 0 / 0.

    Returns
    -------
    dict of (tables,) array of float
    """
    tp, tn = (grid.ravel() for grid in np.mgrid[0:p + 1, 0:q + 1])
    with np.errstate(invalid="ignore", divide="ignore"):
        return {name: top / bottom for name, (top, bottom) in fractions(tp, tn, p, q).items()}


def filled(values: dict, means: dict) -> dict[str, np.ndarray]:
    """Return the tables with 0 / 0 taken as 0, as 1, and as left out of the mean.

    A rate that is left out where it is not defined has the mean that it would have if it were the
    printed mean there.
    """
    fills = [[0.0] * len(values), [1.0] * len(values)]
    for end in ("low", "high"):
        fills.append([getattr(means[name], end) if means.get(name) is not None else 0.5
                      for name in values])
    return {name: np.concatenate([np.where(np.isnan(value), fill[index], value) for fill in fills])
            for index, (name, value) in enumerate(values.items())}
