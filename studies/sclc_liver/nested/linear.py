"""Nested cross-validation of ridge regression, for many label vectors at once.

The predictions of ridge regression are linear in the labels: for given folds and penalty they are
one matrix times the labels. Folds are drawn by patient without looking at labels, so that the same
matrices serve the real labels, dealt ones and simulated ones: a permutation test of the whole
procedure, its type-I error and its power cost matrix products only.

An examination (CT study) counts once: its series share a weight of 1 in the fit and give one mean
prediction, since the outcome belongs to the examination.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stages.common.errors import InputError
from studies.sclc_liver.nested.parameters import Nested


@dataclass(frozen=True)
class Cohort:
    """n series of s studies of patients.

    Attributes
    ----------
    features : ndarray of float, shape (n, p)
    study : ndarray of int, shape (n,)
        Number of the study of each series, from 0.
    patient : ndarray of int, shape (s,)
        Number of the patient of each study, from 0.
    """

    features: np.ndarray
    study: np.ndarray
    patient: np.ndarray

    def without(self, patient: int) -> np.ndarray:
        """Return the studies of all other patients."""
        return np.flatnonzero(self.patient != patient)

    def prepared(self, learn: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the features of two sides of a fold (masks of series); the second teaches nothing."""
        return self.features[learn], self.features[held]


@dataclass(frozen=True)
class Fold:
    """Held-out studies and, for each penalty, what turns labels into predictions.

    Attributes
    ----------
    inside, outside : ndarray of int, shapes (a,) and (b,)
        Studies.
    hat : ndarray of float, shape (L, b, a)
    inner : tuple of Fold
        Those that choose the penalty; empty within themselves.
    """

    inside: np.ndarray
    outside: np.ndarray
    hat: np.ndarray
    inner: tuple[Fold, ...] = ()


def hats(cohort: Cohort, inside: np.ndarray, outside: np.ndarray, penalties: np.ndarray,
         by_series: bool = False) -> np.ndarray:
    """Return the matrices from the labels of some studies to predictions for others.

    Parameters
    ----------
    cohort : Cohort
    inside, outside : ndarray of int, shapes (a,) and (b,)
        Studies.
    penalties : ndarray of float, shape (L,)
        Shares of the mean squared singular value.
    by_series : bool
        Whether each series of the held-out studies is predicted by itself.

    Returns
    -------
    ndarray of float, shape (L, b, a)
        b series instead of studies with ``by_series``. Features are standardised by the weighted
        rows inside; one that is constant there counts nothing.
    """
    learn, held = np.isin(cohort.study, inside), np.isin(cohort.study, outside)
    position = np.full(cohort.patient.size, -1)
    position[inside] = np.arange(len(inside))
    own = position[cohort.study[learn]]
    weight = 1.0 / np.bincount(own, minlength=len(inside))[own]
    features, others = cohort.prepared(learn, held)
    share = weight / weight.sum()
    centre = share @ features
    spread = np.sqrt(share @ (features - centre) ** 2)
    varies = spread > 1e-12 * np.maximum(np.abs(centre), np.finfo(float).tiny)
    scale = np.where(varies, spread, np.inf)
    root = np.sqrt(weight)
    left, values, right = np.linalg.svd(root[:, None] * (features - centre) / scale,
                                        full_matrices=False)
    rows = (others - centre) / scale @ right.T
    if not by_series:
        position[outside] = np.arange(len(outside))
        mean = np.zeros((len(outside), held.sum()))
        mean[position[cohort.study[held]], np.arange(held.sum())] = 1.0
        rows = mean / mean.sum(axis=1, keepdims=True) @ rows
    # Labels of studies, spread over their series, less their mean.
    expand = np.zeros((len(own), len(inside)))
    expand[np.arange(len(own)), own] = 1.0
    average = share @ expand
    labels = left.T @ (root[:, None] * (expand - average))
    level = max(float((values ** 2).mean()), np.finfo(float).tiny)
    return np.array([rows @ ((values / (values ** 2 + penalty * level))[:, None] * labels) + average
                     for penalty in penalties])


def assigned(patients: int, folds: int, generator: np.random.Generator) -> np.ndarray:
    """Return the fold of each patient, folds as equal in patients as can be, shape (patients,)."""
    found = np.empty(patients, dtype=int)
    found[generator.permutation(patients)] = np.arange(patients) % folds
    return found


def folds(cohort: Cohort, settings: Nested, seed: int,
          studies: np.ndarray | None = None) -> Iterator[Fold]:
    """Yield the folds of one seed, each with its inner folds.

    Parameters
    ----------
    cohort : Cohort
    settings : Nested
    seed : int
    studies : ndarray of int, optional
        Studies to use; the folds of their patients are those of the whole cohort.

    Raises
    ------
    InputError
        If there are fewer patients than folds, or too few in the training of one for inner ones.
    """
    penalties = np.array(settings.penalties)
    generator = np.random.default_rng(seed)
    patients = cohort.patient.max() + 1
    if patients < settings.folds:
        raise _too_few(patients, settings)
    outer = assigned(patients, settings.folds, generator)[cohort.patient]
    used = np.zeros(cohort.patient.size, dtype=bool)
    used[slice(None) if studies is None else studies] = True
    for number in range(settings.folds):
        within = assigned(patients, settings.inner_folds, generator)[cohort.patient]
        inside, outside = (np.flatnonzero(used & side) for side in (outer != number,
                                                                   outer == number))
        inner = []
        for part in range(settings.inner_folds):
            pair = [np.flatnonzero(used & (outer != number) & side)
                    for side in (within != part, within == part)]
            if all(map(len, pair)):
                inner.append(Fold(*pair, hats(cohort, *pair, penalties)))
        if not inner:
            raise _too_few(patients, settings)
        if len(outside):
            yield Fold(inside, outside, hats(cohort, inside, outside, penalties), tuple(inner))


def _too_few(patients: int, settings: Nested) -> InputError:
    return InputError(f"{patients} patients cannot make {settings.folds} folds with "
                      f"{settings.inner_folds} inner ones", "cohort table",
                      "lower nested.procedure.folds or inner_folds in params/nested.yaml")


def predict(fold: Fold, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose the penalty inside and predict the held-out studies.

    Parameters
    ----------
    fold : Fold
    labels : ndarray of float, shape (s, C)
        One column for each label vector.

    Returns
    -------
    ndarray of float, shape (b, C)
        Predictions (a share of positives, not cut to 0 … 1).
    ndarray of int, shape (C,)
        Position of the chosen penalty: the least squared error, the largest penalty of equal ones.
    """
    error = 0.0
    for part in fold.inner:
        missed = part.hat @ labels[part.inside] - labels[part.outside]
        error = error + np.einsum("lbc,lbc->lc", missed, missed)
    chosen = len(error) - 1 - np.argmin(error[::-1], axis=0)
    found = np.empty((len(fold.outside), labels.shape[1]))
    for position in np.unique(chosen):
        own = chosen == position
        found[:, own] = fold.hat[position] @ labels[fold.inside][:, own]
    return found, chosen


def pairs(predicted: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count pairs of a positive and a negative study in the right order, and all such pairs.

    Parameters
    ----------
    predicted, labels : ndarray of float, shape (b, C)

    Returns
    -------
    tuple of ndarray of float, shape (C,)
        Ties count half.
    """
    above = (predicted[:, None] > predicted[None]) + 0.5 * (predicted[:, None] == predicted[None])
    wins = np.einsum("ic,ijc,jc->c", labels, above, 1 - labels, optimize=True)
    return wins, labels.sum(axis=0) * (1 - labels).sum(axis=0)


def statistic(cohort: Cohort, labels: np.ndarray, settings: Nested, seeds,
              studies: np.ndarray | None = None) -> np.ndarray:
    """Return the nested AUC of each label vector, mean over the seeds, shape (C,).

    The AUC of a seed compares studies of the same fold only: scores of different fold models do not
    share a scale. NaN where a seed has no pair.
    """
    total = np.zeros(labels.shape[1])
    for seed in seeds:
        wins, possible = np.zeros((2, labels.shape[1]))
        for fold in folds(cohort, settings, seed, studies):
            # Blocks keep the comparison of all pairs within some tens of megabytes.
            for start in range(0, labels.shape[1], 1000):
                block = slice(start, start + 1000)
                predicted, _ = predict(fold, labels[:, block])
                found = pairs(predicted, labels[fold.outside][:, block])
                wins[block] += found[0]
                possible[block] += found[1]
        total += np.divide(wins, possible, out=np.full(len(wins), np.nan), where=possible > 0)
    return total / len(seeds)
