"""Bootstrap over patients: intervals of ratios and of medians over what each patient has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Items:
    """What a measure is made of: one item per lesion or scan.

    Attributes
    ----------
    patient : ndarray of int, shape (n,)
        Each item's patient, an index.
    part, whole : ndarray of float, shape (n,)
        A ratio is the sum of ``part`` over that of ``whole``; a mean has ``whole`` 1.
    median : bool
        The measure is the median of ``part``, not a ratio.
    """

    patient: np.ndarray
    part: np.ndarray
    whole: np.ndarray
    median: bool = False


def draws(patients: int, samples: int, seed: int) -> np.ndarray:
    """Draw patients with replacement; return how often each one is in each sample.

    The first row is the cohort itself: all ones. Shape (samples + 1, patients).
    """
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, patients])))
    drawn = random.multinomial(patients, np.full(patients, 1 / patients), samples)
    return np.vstack([np.ones((1, patients), drawn.dtype), drawn])


def values(items: Items, drawn: np.ndarray) -> np.ndarray:
    """Return the measure in each sample (row of `draws`), NaN where it is not defined."""
    if items.median:
        return medians(items.part, drawn[:, items.patient])
    part, whole = (np.bincount(items.patient, column, drawn.shape[1])
                   for column in (items.part, items.whole))
    below = drawn @ whole
    return np.where(below > 0, drawn @ part / np.where(below > 0, below, 1), np.nan)


def medians(numbers: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the median of ``numbers``, each taken as often as a row of ``weight`` says.

    Parameters
    ----------
    numbers : ndarray of float, shape (n,)
    weight : ndarray of int, shape (m, n)

    Returns
    -------
    ndarray of float, shape (m,)
        NaN where nothing is taken.

    Examples
    --------
    >>> medians(np.array([3.0, 1.0, 2.0]), np.array([[1, 1, 1], [1, 1, 0], [0, 0, 0]]))
    array([ 2.,  2., nan])
    """
    order = np.argsort(numbers, kind="stable")
    total = np.cumsum(weight[:, order], axis=1)
    if not len(numbers):
        return np.full(len(weight), np.nan)
    last = total[:, -1:]
    ranked = numbers[order]
    lower = ranked[np.argmax(2 * total >= np.maximum(last, 1), axis=1)]
    upper = ranked[np.argmax(2 * total > last, axis=1)]
    return np.where(last[:, 0] > 0, (lower + upper) / 2, np.nan)


def interval(found: np.ndarray, level: float) -> dict[str, float | None]:
    """Return the value of the cohort itself and the percentile interval of its samples.

    Parameters
    ----------
    found : ndarray of float, shape (samples + 1,)
        `values`, or the difference of two methods' values in the same samples.
    level : float
        Of the interval.

    Returns
    -------
    dict
        ``value``, ``low`` and ``high``; None where not defined in the cohort or in half of the
        samples.
    """
    value, sample = found[0], found[1:][~np.isnan(found[1:])]
    known = 2 * len(sample) >= len(found) - 1 and len(sample) > 0
    low, high = np.quantile(sample, [(1 - level) / 2, (1 + level) / 2]) if known else (None, None)
    return {"value": None if np.isnan(value) else float(value), "low": low, "high": high}
