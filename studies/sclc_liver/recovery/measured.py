"""Measure lesions of drawn series, and learn from many of them how features vary.

Features are first-order ones and sizes, computed here in a few lines: the classifiers' image has no
PyRadiomics. Where no picture is drawn, features are a linear function of what the plan says of a
series (burden, texture, number of lesions, contrast phase, scanner, slice thickness) and of normal
noise that patients, studies and series add, all learnt from the drawn series. Positive features are
logarithms in between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.cohort.phantom.render import render
from stages.cohort.phantom.settings import Preset
from stages.common.manifest import LESION
from studies.sclc_liver.recovery.cohorts import Layout
from studies.sclc_liver.recovery.parameters import FEATURES

# Width of a bin of the entropy, HU. Source: the released features' settings.
BIN_HU = 25.0
# Fewest voxels of a lesion mask that are measured.
LEAST_VOXELS = 10


def measure(hu: np.ndarray, mask: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Return the features of the lesions of one series, NaN where there is too little of them.

    Parameters
    ----------
    hu : ndarray, shape (n, m, k)
    mask : ndarray, shape (n, m, k)
    spacing : ndarray, shape (3,)
        mm.

    Returns
    -------
    ndarray of float, shape (F,)
        In the order of `FEATURES`.
    """
    inside = mask == LESION
    values = hu[inside].astype(float)
    if len(values) < LEAST_VOXELS:
        return np.full(len(FEATURES), np.nan)
    voxel, mean, variance = float(np.prod(spacing)), values.mean(), values.var()
    p10, q25, q75, p90 = np.quantile(values, [0.1, 0.25, 0.75, 0.9])
    shares = np.unique(np.floor(values / BIN_HU), return_counts=True)[1] / len(values)
    standard = (values - mean) / np.sqrt(max(variance, 1e-9))
    surface, steps = 0.0, []
    for axis in range(3):
        both = np.diff(inside.astype(np.int8), axis=axis)
        surface += np.abs(both).sum() * voxel / spacing[axis]
        pair = np.minimum(np.take(inside, range(1, inside.shape[axis]), axis),
                          np.take(inside, range(inside.shape[axis] - 1), axis))
        jumps = np.abs(np.diff(hu.astype(float), axis=axis))[pair]
        steps.append(jumps.mean() if len(jumps) else np.nan)
    return np.array([len(values) * voxel, surface, mean, p10, p90, variance, q75 - q25,
                     (standard**3).mean(), (standard**4).mean(), -(shares * np.log2(shares)).sum(),
                     (values**2).sum() * voxel, np.mean(steps[:2]), steps[2]])


def drawn(preset: Preset, layout: Layout) -> np.ndarray:
    """Draw every series of a cohort and measure it, shape (n, F)."""
    found = []
    for series in layout.series:
        image, mask = render(preset, series)
        found.append(measure(image.data, mask.data, image.spacing))
    return np.array(found)


def between(features: np.ndarray) -> np.ndarray:
    """Return features with positive ones as logarithms."""
    logs = np.array(list(FEATURES.values()))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(logs, np.log(np.where(logs, features, 1.0)), features)


def back(values: np.ndarray) -> np.ndarray:
    """Undo `between`."""
    logs = np.array(list(FEATURES.values()))
    return np.where(logs, np.exp(np.where(logs, values, 0.0)), values)


@dataclass(frozen=True)
class Calibration:
    """How features come about.

    Attributes
    ----------
    slopes : ndarray, shape (k, F)
        On the covariates of `cohorts.Layout`.
    roots : dict of ndarray, shape (F, F)
        By level (``patient``, ``study``, ``series``): a root of the covariance of the noise.
    explained : ndarray, shape (F,)
        Share of each feature's variance that the covariates explain.
    series : int
        Series that it was learnt from.
    """

    slopes: np.ndarray
    roots: dict[str, np.ndarray]
    explained: np.ndarray
    series: int

    def features(self, layout: Layout, generator: np.random.Generator) -> np.ndarray:
        """Return features of a cohort that is not drawn, shape (n, F)."""
        size = len(FEATURES)
        own, visit = layout.examined.patient, layout.examined.study
        patient = generator.standard_normal((own.max() + 1, size))
        study = generator.standard_normal((len(own), size))
        series = generator.standard_normal((len(visit), size))
        noise = (patient[own][visit] @ self.roots["patient"].T
                 + study[visit] @ self.roots["study"].T + series @ self.roots["series"].T)
        return back(layout.covariates @ self.slopes + noise)


def calibrate(layouts: list[Layout], features: list[np.ndarray]) -> Calibration:
    """Learn how features come about from drawn cohorts, series without features left out."""
    whole = [np.isfinite(between(values)).all(axis=1) for values in features]
    covariates = np.concatenate([layout.covariates[own] for layout, own in zip(layouts, whole)])
    values = between(np.concatenate([part[own] for part, own in zip(features, whole)]))
    study, patient, studies, patients = [], [], 0, 0
    for one, own in zip((layout.examined for layout in layouts), whole):
        study.append(studies + one.study[own])
        patient.append(patients + one.patient[one.study[own]])
        studies, patients = studies + len(one.patient), patients + one.patient.max() + 1
    slopes = np.linalg.lstsq(covariates, values, rcond=None)[0]
    left = values - covariates @ slopes
    return Calibration(slopes, components(left, np.concatenate(study), np.concatenate(patient)),
                       1 - left.var(axis=0) / values.var(axis=0), len(values))


def components(left: np.ndarray, study: np.ndarray, patient: np.ndarray) -> dict[str, np.ndarray]:
    """Divide residuals into those of patients, studies and series, by mean products.

    Parameters
    ----------
    left : ndarray, shape (n, F)
    study, patient : ndarray of int, shape (n,)
        Study and patient of each series.

    Returns
    -------
    dict of ndarray, shape (F, F)
        A root of each covariance; what sampling makes negative is 0.
    """
    def means(values, groups):
        names, first, own = np.unique(groups, return_index=True, return_inverse=True)
        total = np.zeros((len(names), values.shape[1]))
        np.add.at(total, own, values)
        return total / np.bincount(own)[:, None], first, own

    def products(values, rank):
        return values.T @ values / max(rank, 1)

    of_study, first, own = means(left, study)
    series = products(left - of_study[own], len(left) - len(of_study))
    of_patient, _, mine = means(of_study, patient[first])
    repeats = len(left) / len(of_study)
    studies = products(of_study - of_patient[mine], len(of_study) - len(of_patient)) - series / repeats
    visits = len(of_study) / len(of_patient)
    patients = products(of_patient - of_patient.mean(axis=0), len(of_patient) - 1) - (
        studies + series / repeats) / visits
    return {name: _root(matrix) for name, matrix in
            (("patient", patients), ("study", studies), ("series", series))}


def _root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    # Signs of eigenvectors are the library's choice.
    vectors = vectors * np.sign(vectors[np.argmax(np.abs(vectors), axis=0), np.arange(len(values))])
    return vectors * np.sqrt(np.maximum(values, 0.0))
