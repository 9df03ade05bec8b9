"""What could have been found: power of tests of an AUC, by simulation on the real structure.

Patients, studies, series and labels are those of the test set; only the scores are simulated:
normal, of equal variance in both classes (binormal), alike within a study and within a patient.
The AUC of the population is that of a positive and a negative series of different patients.

Limits. The likeness is an estimate from few patients, so the power is also given for a range of
it. Training, and with it the spread between seeds, is not simulated: a model is its scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from studies.sclc_liver.label_permutation import areas, midranks, p_values
from studies.sclc_liver.parameters import Likeness

NORMAL = NormalDist()
# Likenesses and correlations are estimates: further digits only carry a machine's rounding.
DIGITS = 3


@dataclass(frozen=True)
class Structure:
    """Patients, studies and labels of n series, and what is dealt and drawn on them.

    Attributes
    ----------
    patients, studies : ndarray of str, shape (n,)
    label : ndarray of int, shape (n,)
    deals : ndarray of int, shape (M, n)
        Dealt labels.
    drawn : ndarray of float, shape (B, n)
        How often each sample of patients holds each series.
    """

    patients: np.ndarray
    studies: np.ndarray
    label: np.ndarray
    deals: np.ndarray
    drawn: np.ndarray


def residuals(scores: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return normal scores (van der Waerden) less the mean of their class, shape (n,)."""
    values = np.array([NORMAL.inv_cdf(rank / (len(scores) + 1)) for rank in midranks(scores)])
    means = np.array([values[label == name].mean() for name in (0, 1)])
    return values - means[label]


def likeness(scores: np.ndarray, patients: np.ndarray, studies: np.ndarray,
             label: np.ndarray) -> Likeness:
    """Estimate how alike the scores of a patient and of a study are.

    Half the mean squared difference within pairs (the variogram) needs no mean and no balance:
    it is compared between pairs of one study, of one patient and of different patients.

    Parameters
    ----------
    scores : ndarray of float, shape (n,)
        Used by rank.
    patients, studies : ndarray of str, shape (n,)
    label : ndarray of int, shape (n,)

    Returns
    -------
    Likeness
        Within 0 and 1, the study's not below the patient's; 0 where there is no such pair.
    """
    values = residuals(scores, label)
    first, second = np.triu_indices(len(values), 1)
    half = (values[first] - values[second]) ** 2 / 2
    patient, study = (names[first] == names[second] for names in (patients, studies))
    whole = half[~patient].mean()

    def correlation(pairs):
        return 1 - half[pairs].mean() / whole if pairs.any() else 0.0

    of_patient = float(np.clip(correlation(patient & ~study), 0, 1))
    of_study = float(np.clip(correlation(study), of_patient, 1))
    return Likeness(round(of_patient, DIGITS), round(of_study, DIGITS))


def correlation(scores: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return the correlation of K models' `residuals`, shape (K, K), positive definite."""
    count = len(scores)
    found = np.corrcoef([residuals(row, label) for row in scores]).reshape(count, count)
    return np.round(0.99 * found + 0.01 * np.eye(count), DIGITS)


def noise(structure: Structure, likenesses: list[Likeness], together: np.ndarray,
          simulations: int, seed: int) -> np.ndarray:
    """Simulate scores without effect.

    Parameters
    ----------
    structure : Structure
    likenesses : list of Likeness, length K
    together : ndarray of float, shape (K, K)
        Correlation between the models.
    simulations, seed : int

    Returns
    -------
    ndarray of float, shape (K, simulations, n)
        Variance 1.
    """
    _, patient = np.unique(structure.patients, return_inverse=True)
    _, study = np.unique(structure.studies, return_inverse=True)
    sizes = (patient.max() + 1, study.max() + 1, len(patient))
    drawn = np.random.default_rng(seed).standard_normal((simulations, sum(sizes), len(together)))
    drawn = np.moveaxis(drawn @ np.linalg.cholesky(together).T, 2, 0)
    parts = np.split(drawn, np.cumsum(sizes)[:2], axis=2)
    rows = (patient, study, np.arange(len(patient)))
    shares = np.sqrt([[item.patient, item.study - item.patient, 1 - item.study]
                      for item in likenesses])
    return np.array([sum(share * part[model][:, row] for share, part, row in zip(own, parts, rows))
                     for model, own in enumerate(shares)])


def permutation_rule(structure: Structure, level: float,
                     others: np.ndarray | None = None) -> Callable:
    """Return the rule "one-sided permutation P at most ``level``".

    Parameters
    ----------
    structure : Structure
    level : float
    others : ndarray of float, shape (K - 1, R, n), optional
        Scores of the models without effect beside it: P is then that of the best of K
        (`label_permutation.best_of`).

    Returns
    -------
    callable
        Scores, shape (R, n), to found or not, shape (R,).
    """
    rivals = [areas(scores, structure.deals) for scores in (() if others is None else others)]

    def found(scores):
        observed = areas(scores, structure.label[None])[:, 0]
        permuted = np.maximum.reduce([areas(scores, structure.deals), *rivals])
        return p_values(observed, permuted) <= level

    return found


def nested_rule(structure: Structure, level: float, confidence: float, permutations: int,
                seed: int) -> Callable:
    """Return the rule by which the nested procedure tells a model apart (`report_protocol`).

    Found is what has a percentile interval over patients above one half and twice the P of
    ``permutations`` permutations at most ``level``. Of the procedure's permutations, how many reach
    the observed AUC is drawn from the binomial distribution with the share of all dealt labels.

    Returns
    -------
    callable
        Scores, shape (R, n), to found or not, shape (R,).
    """
    positive, generator = structure.label == 1, np.random.default_rng(seed)
    pairs = (structure.drawn[:, positive, None] * structure.drawn[:, None, ~positive]).reshape(
        len(structure.drawn), -1).astype(np.float32)
    pairs = pairs[pairs.sum(axis=1) > 0]  # samples without one class have no AUC

    def found(scores):
        wins = scores[:, positive, None] > scores[:, None, ~positive]
        sampled = wins.reshape(len(scores), -1).astype(np.float32) @ pairs.T / pairs.sum(axis=1)
        low = np.quantile(sampled, (1 - confidence) / 2, axis=1)
        observed = areas(scores, structure.label[None])
        share = (areas(scores, structure.deals) >= observed).mean(axis=1)
        reached = generator.binomial(permutations, share)
        return (low > 0.5) & (2 * (1 + reached) / (1 + permutations) <= level)

    return found


def curve(rule: Callable, scores: np.ndarray, label: np.ndarray, grid: np.ndarray) -> list[dict]:
    """Return the power at each AUC of the population.

    Parameters
    ----------
    rule : callable
        Scores, shape (R, n), to found or not, shape (R,).
    scores : ndarray of float, shape (R, n)
        Without effect; the same ones are shifted for every AUC.
    label : ndarray of int, shape (n,)
    grid : ndarray of float, shape (G,)

    Returns
    -------
    list of dict
        ``AUC``, ``power`` and its Monte-Carlo standard error ``se``.
    """
    rows = []
    for area in grid:
        shift = np.sqrt(2) * NORMAL.inv_cdf(float(area))
        power = float(rule(scores + shift * label).mean())
        rows.append({"AUC": float(area), "power": power,
                     "se": float(np.sqrt(power * (1 - power) / len(scores)))})
    return rows


def smallest(rows: list[dict], wanted: float) -> dict:
    """Return the smallest AUC that is found with the wanted power, between points of a `curve`.

    Returns
    -------
    dict
        ``AUC`` and its standard error ``se`` (that of the power, by the slope of the curve), both
        None where no AUC of the curve is found as often.

    Examples
    --------
    >>> smallest([{"AUC": 0.8, "power": 0.7, "se": 0.01}, {"AUC": 0.9, "power": 0.9, "se": 0.01}],
    ...          0.8)
    {'AUC': 0.85, 'se': 0.005}
    """
    for before, after in zip(rows, rows[1:]):
        if before["power"] < wanted <= after["power"]:
            slope = (after["power"] - before["power"]) / (after["AUC"] - before["AUC"])
            return {"AUC": round(before["AUC"] + (wanted - before["power"]) / slope, DIGITS + 1),
                    "se": round(before["se"] / slope, DIGITS + 1)}
    return {"AUC": None, "se": None}
