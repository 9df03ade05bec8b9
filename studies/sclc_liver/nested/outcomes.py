"""Simulated outcomes of real examinations: alike within patients, with or without an effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.common.errors import InputError
from studies.sclc_liver.nested.linear import Cohort


def one_way(values: np.ndarray, groups: np.ndarray) -> float:
    """Return the intraclass correlation of values in groups of any size (one-way, mean squares).

    Not below 0.

    Raises
    ------
    InputError
        If there is one group, or none holds two values.

    Examples
    --------
    >>> one_way(np.array([1.0, 1.0, 2.0, 2.0]), np.array([0, 0, 1, 1]))
    1.0
    """
    sizes = np.bincount(groups)
    if not 1 < len(sizes) < len(values):
        raise InputError(f"{len(values)} examinations of {len(sizes)} patient(s): their likeness "
                         "within patients cannot be told", "cohort table",
                         "use a table in which some of several patients have two")
    means = np.bincount(groups, values) / sizes
    between = (sizes * (means - values.mean()) ** 2).sum() / (len(sizes) - 1)
    within = ((values - means[groups]) ** 2).sum() / (len(values) - len(sizes))
    size = (len(values) - (sizes ** 2).sum() / len(values)) / (len(sizes) - 1)
    bottom = between + (size - 1) * within
    return float(max(0.0, (between - within) / bottom)) if bottom else 0.0


@dataclass(frozen=True)
class Outcomes:
    """Latent scores of C data sets, shape (s, C), and the labels made of them."""

    latent: np.ndarray
    labels: np.ndarray


def outcomes(patient: np.ndarray, likeness: float, positives: int, sets: int,
             generator: np.random.Generator, signal: np.ndarray | None = None,
             effect: float = 0.0) -> Outcomes:
    """Simulate outcomes of s examinations.

    Parameters
    ----------
    patient : ndarray of int, shape (s,)
    likeness : float
        Correlation of two examinations of a patient.
    positives : int
        Examinations with the highest latent scores that are positive, as many as really are.
    sets : int
        Number of data sets, C.
    generator : Generator
    signal : ndarray of float, shape (s, C), optional
        Standardised.
    effect : float
        Correlation of latent score and signal.
    """
    own = generator.standard_normal((patient.max() + 1, sets))[patient]
    latent = np.sqrt(likeness) * own + np.sqrt(1 - likeness) * generator.standard_normal(
        (len(patient), sets))
    if signal is not None:
        latent = effect * signal + np.sqrt(1 - effect ** 2) * latent
    labels = np.zeros(latent.shape)
    np.put_along_axis(labels, np.argsort(-latent, axis=0)[:positives], 1.0, axis=0)
    return Outcomes(latent, labels)


def signals(cohort: Cohort, kind: str, components: int, sets: int,
            generator: np.random.Generator) -> np.ndarray:
    """Return what the features say in each data set, standardised over s examinations, (s, C)."""
    count = len(cohort.patient)
    mean = np.array([cohort.features[cohort.study == number].mean(axis=0)
                     for number in range(count)])
    centred = mean - mean.mean(axis=0)
    spread = centred.std(axis=0)
    left, _, right = np.linalg.svd(centred[:, spread > 0] / spread[spread > 0], full_matrices=False)
    # Which way a component points is the library's choice.
    left = left * np.sign(right[np.arange(len(right)), np.argmax(np.abs(right), axis=1)])
    parts = left[:, :components] * np.sqrt(count)
    if kind == "leading":
        return np.repeat(parts[:, :1], sets, axis=1)
    weight = generator.standard_normal((components, sets))
    return parts @ (weight / np.sqrt((weight ** 2).sum(axis=0)))
