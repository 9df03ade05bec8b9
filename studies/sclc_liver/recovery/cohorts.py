"""Synthetic cohorts for the classification alone: who is in them, and what the best score would be."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stages.cohort.phantom import latent, plan
from stages.cohort.phantom.settings import NULL, PLANTED, Effect, Preset
from studies.sclc_liver.recovery.examined import Examined

# Of `Layout.covariates`.
COVARIATES = ("constant", "log_burden", "log_texture", "log_texture_squared", "log_count",
              "log_thickness", "not_portal")


@dataclass(frozen=True)
class Layout:
    """A cohort as planned.

    Attributes
    ----------
    series : list of Series
        n series with lesions and NE scores.
    examined : Examined
        The same for the classification, without features yet: shape (n, 0).
    covariates : ndarray of float, shape (n, k)
        What the features depend on: `COVARIATES` and one column for each scanner but the first.
    """

    series: list[plan.Series]
    examined: Examined
    covariates: np.ndarray


def of_strength(preset: Preset, correlation: float) -> Preset:
    """Return the preset with this correlation of burden and of texture with the latent score."""
    return replace(preset, effect=replace(preset.effect, burden_correlation=correlation,
                                          texture_correlation=correlation))


def best_guess(effect: Effect, burden, texture):
    """Return the mean of the latent score, given the standard normal burden and texture.

    The three are normal; burden and texture correlate by what both share with the score.

    Examples
    --------
    >>> effect = Effect(0, 1, 0.4, 0.4, 0.6, 0.0, 0.0)
    >>> round(float(best_guess(effect, 1.0, 5.0)), 6)
    0.6
    """
    first, second = effect.burden_correlation, effect.texture_correlation
    weights = np.linalg.solve([[1.0, first * second], [first * second, 1.0]], [first, second])
    return weights[0] * burden + weights[1] * texture


def lay_out(preset: Preset) -> Layout:
    """Plan a cohort of series with lesions and NE scores."""
    alone = replace(preset, counts=replace(preset.counts, lits_scans=0, lits_test=0))
    series = [one for one in plan.plan(alone) if one.study.lesions and one.group]
    studies = {one.study.number: one for one in series}
    order = sorted(studies)
    place = {number: position for position, number in enumerate(order)}
    own = [studies[number].study for number in order]
    drawn = [latent.latent(alone, alone.sclc, one.number, one.patient) for one in own]
    scanner = np.array([one.scanner for one in own])
    examined = Examined(
        np.array([place[one.study.number] for one in series]),
        np.unique([one.patient for one in own], return_inverse=True)[1], scanner,
        np.array([studies[number].group == plan.TEST for number in order]),
        np.array([one.score for one in own]), _oracle(alone, drawn, scanner),
        np.empty((len(series), 0)))
    return Layout(series, examined, np.array([_covariates(alone, one) for one in series]))


def _oracle(preset: Preset, drawn: list[latent.Latent], scanner: np.ndarray) -> np.ndarray:
    if preset.twin == NULL:
        return np.zeros(len(drawn))
    if preset.twin == PLANTED:
        burden, texture = np.array([(one.burden, one.texture) for one in drawn]).T
        return best_guess(preset.effect, burden, texture)
    return latent.tendency(len(preset.sclc.scanners))[scanner]


def _covariates(preset: Preset, series: plan.Series) -> list[float]:
    study = series.study
    texture = np.log(study.texture_hu / preset.sclc.lesions.texture_hu)
    scanners = [float(study.scanner == number) for number in range(1, len(preset.sclc.scanners))]
    return [1.0, np.log(study.burden_ml), texture, texture**2, np.log(study.lesions),
            np.log(series.thickness_mm), float(study.phase != "portal"), *scanners]
