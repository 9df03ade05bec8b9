"""Smallest sample for a new prediction model with a yes-or-no outcome.

Riley et al. 2019 (doi:10.1002/sim.7992) and 2020 (doi:10.1136/bmj.m441) ask for three things: little
shrinkage, little optimism in the explained variation, and a precise share of positives. Their
explained variation is Cox and Snell's R²; from an AUC it is got as in Riley et al. 2021
(doi:10.1002/sim.8806), here by integration where they simulate.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log, sqrt
from statistics import NormalDist

import numpy as np

NORMAL = NormalDist()


@dataclass(frozen=True)
class Wanted:
    """What the sample is to give.

    Attributes
    ----------
    shrinkage : float
        Expected factor by which effects have to be shrunk to hold in new patients, at least.
    optimism : float
        Expected optimism in Nagelkerke's R², at most.
    margin : float
        Half-width of the 95 % interval of the share of positives.
    """

    shrinkage: float = 0.9
    optimism: float = 0.05
    margin: float = 0.05


def largest_r2(prevalence: float) -> float:
    """Return the largest Cox-Snell R² that a share of positives allows.

    Examples
    --------
    >>> round(largest_r2(0.5), 3), round(largest_r2(0.05), 3)
    (0.75, 0.328)
    """
    likelihood = prevalence * log(prevalence) + (1 - prevalence) * log(1 - prevalence)
    return 1 - np.exp(2 * likelihood).item()


def r2_of_auc(area: float, prevalence: float) -> float:
    """Return the Cox-Snell R² of a linear predictor, normal in both classes, with this AUC.

    Parameters
    ----------
    area : float
        AUC between 0.5 and 1.
    prevalence : float
        Share of positives.
    """
    shift = sqrt(2) * NORMAL.inv_cdf(area)
    grid = np.linspace(-9, shift + 9, 20_001)
    odds = log(prevalence / (1 - prevalence)) + shift * grid - shift ** 2 / 2
    positive, negative = (np.exp(-(grid - mean) ** 2 / 2) / sqrt(2 * np.pi) for mean in (shift, 0.0))
    inside = (prevalence * positive * -np.logaddexp(0, -odds)
              + (1 - prevalence) * negative * -np.logaddexp(0, odds))
    reached = float(inside.sum() * (grid[1] - grid[0]))
    none = prevalence * log(prevalence) + (1 - prevalence) * log(1 - prevalence)
    return 1 - np.exp(2 * (none - reached)).item()


def smallest(predictors: int, prevalence: float, r2: float, wanted: Wanted = Wanted()) -> dict:
    """Return the smallest sample by each criterion, and by all.

    Parameters
    ----------
    predictors : int
        Candidate predictors, all that are looked at.
    prevalence : float
        Share of positives.
    r2 : float
        Anticipated Cox-Snell R².
    wanted : Wanted

    Returns
    -------
    dict
        ``shrinkage``, ``optimism``, ``prevalence`` and ``all`` (their largest); ``events``
        (expected in a sample of that size, of the class that is asked for) and
        ``events_for_each_predictor``.

    Examples
    --------
    The example of the R package pmsampsize (24 predictors, R² 0.288, prevalence 0.174):

    >>> found = smallest(24, 0.174, 0.288)
    >>> found["shrinkage"], found["optimism"], found["prevalence"], found["all"]
    (623, 662, 221, 662)
    """
    def size(shrinkage):
        return ceil(predictors / ((shrinkage - 1) * log(1 - r2 / shrinkage)))

    needed = r2 / (r2 + wanted.optimism * largest_r2(prevalence))
    quantile = round(NORMAL.inv_cdf(0.975), 2)
    found = {"shrinkage": size(wanted.shrinkage), "optimism": size(needed),
             "prevalence": ceil((quantile / wanted.margin) ** 2 * prevalence * (1 - prevalence))}
    largest = max(found.values())
    return {**found, "all": largest, "events": ceil(largest * prevalence),
            "events_for_each_predictor": largest * prevalence / predictors}
