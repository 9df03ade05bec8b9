"""What lies behind a synthetic study: its score, its burden, its texture, its scanner.

The NE score of a study is ``tanh(offset + spread * z)`` of a standard normal ``z`` that is alike
within patients. In the *planted* twin the logarithms of tumour burden and of texture amplitude are
normal and correlate with ``z`` as strongly as the parameters say. In the *null* twin the score is
drawn anew, as alike within patients, and goes with nothing. In the *shortcut* twin it goes with the
patient's scanner, hence with the slice thickness, and with nothing else. Burden, texture and scanner
are the same in all three: the twins share their voxels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.cohort.phantom.settings import NULL, PLANTED, Domain, Effect, Preset

# Streams of random numbers, so that one decision never shifts another one's draws.
PLAN, PATIENT, STUDY, SERIES, SCORES, PATIENT_SCORES, SCANNER, LOOKS = range(8)


def generator(preset: Preset, *path: int) -> np.random.Generator:
    """Return the random numbers of one purpose: a function of the seed and the path alone."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([preset.seed, *path])))


@dataclass(frozen=True)
class Latent:
    """Standard normal variables of one study, and the scanner's number among its cohort's."""

    score: float
    burden: float
    texture: float
    count: float
    scanner: int


def latent(preset: Preset, domain: Domain, number: int, patient: int) -> Latent:
    """Draw the variables of a study: a function of the seed and the two numbers.

    Parameters
    ----------
    preset : Preset
    domain : Domain
        Of the study's cohort.
    number, patient : int
        Of the study and of its patient, in the whole phantom.
    """
    effect = preset.effect
    own = generator(preset, PATIENT_SCORES, patient).standard_normal(4)
    now = generator(preset, SCORES, number).standard_normal(5)
    scanner = int(generator(preset, SCANNER, patient).integers(len(domain.scanners)))
    planted = alike(own[0], now[0], effect.patient_likeness)
    burden = correlated(planted, alike(own[1], now[1], effect.burden_likeness),
                        effect.burden_correlation)
    texture = correlated(planted, alike(own[2], now[2], effect.burden_likeness),
                         effect.texture_correlation)
    # More burden comes with more lesions, loosely.
    count = correlated(burden, now[3], 0.5)
    if preset.twin == PLANTED:
        score = planted
    elif preset.twin == NULL:
        score = alike(own[3], now[4], effect.patient_likeness)
    else:
        score = shortcut(effect, tendency(len(domain.scanners))[scanner], own[3], now[4])
    return Latent(float(score), float(burden), float(texture), float(count), scanner)


def alike(own, now, likeness: float):
    """Mix a patient's and a study's standard normal variable to one with this likeness."""
    return correlated(own, now, np.sqrt(likeness))


def correlated(base, other, correlation: float):
    """Mix two standard normal variables to one that has this correlation with ``base``."""
    return correlation * base + np.sqrt(1 - correlation**2) * other


def tendency(scanners: int) -> np.ndarray:
    """Return how far each scanner is from the mean one: evenly spaced, mean 0, variance 1.

    Examples
    --------
    >>> tendency(2)
    array([-1.,  1.])
    """
    steps = np.arange(scanners) - (scanners - 1) / 2
    return steps / np.sqrt((steps**2).mean()) if scanners > 1 else steps


def shortcut(effect: Effect, scanner, own, now):
    """Return the latent score of the shortcut twin, as alike within patients as in the others.

    Parameters
    ----------
    effect : Effect
    scanner : float or ndarray
        Tendency of the patient's scanner.
    own, now : float or ndarray
        The patient's and the study's standard normal variable.
    """
    explained = effect.shortcut_correlation**2
    left = (effect.patient_likeness - explained) / (1 - explained) if explained < 1 else 0.0
    return correlated(scanner, alike(own, now, left), effect.shortcut_correlation)


def score(effect: Effect, value):
    """Return the NE score of a latent score."""
    return np.tanh(effect.offset + effect.spread * value)
