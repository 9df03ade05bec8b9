"""Who is in a synthetic cohort: patients, studies, series, groups and NE scores, before any voxel.

The NE score of a study is ``tanh(offset + spread * z)`` of a standard normal ``z``; the logarithms
of its tumour burden and of its lesions' texture amplitude are normal and correlate with ``z`` as
strongly as the parameters say. The effect that later stages should find is therefore known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.common.errors import InputError

LITS, SCLC = "lits", "sclc"
TRAIN, VAL, TEST, NONE = "train", "val", "test", ""
# Streams of random numbers, so that one decision never shifts another one's draws.
PLAN, PATIENT, STUDY, SERIES, SCORES = range(5)


@dataclass(frozen=True)
class Acquisition:
    """How series are sampled.

    Attributes
    ----------
    size : int
        Columns and rows of a slice.
    field_of_view_mm : tuple of 2 floats
        Smallest and largest edge of the square slice.
    length_mm : float
        Extent along the body axis.
    thin_mm, thick_mm : tuple of floats
        Slice thicknesses of thin and of thick series; slices lie side by side.
    noise_hu : tuple of 2 floats
        Smallest and largest noise of a 5 mm slice; it grows as the slice gets thinner.
    """

    size: int
    field_of_view_mm: tuple[float, ...]
    length_mm: float
    thin_mm: tuple[float, ...]
    thick_mm: tuple[float, ...]
    noise_hu: tuple[float, ...]


@dataclass(frozen=True)
class Lesions:
    """What lesions are like.

    Attributes
    ----------
    median_count, log_count_spread, maximum_count
        Log-normal distribution of lesions per scan.
    median_ml, log_ml_spread, maximum_ml
        Log-normal distribution of the tumour burden.
    smallest_mm : float
        Smallest lesion diameter.
    contrast_hu : tuple of 2 floats
        Range of a study's mean difference between lesion and liver.
    texture_hu, log_texture_spread
        Median and spread of the texture amplitude within lesions.
    """

    median_count: float
    log_count_spread: float
    maximum_count: int
    median_ml: float
    log_ml_spread: float
    maximum_ml: float
    smallest_mm: float
    contrast_hu: tuple[float, ...]
    texture_hu: float
    log_texture_spread: float


@dataclass(frozen=True)
class Effect:
    """How the NE score depends on the latent variable, and burden and texture on it."""

    offset: float
    spread: float
    burden_correlation: float
    texture_correlation: float


@dataclass(frozen=True)
class Counts:
    """How many there are of each."""

    lits_scans: int
    lits_test: int
    patients: int
    studies: int
    series: int
    lesion_free_series: int
    test_patients: int
    val_patients: int
    annotated_train: int
    annotated_test: int


@dataclass(frozen=True)
class Preset:
    """One cohort."""

    seed: int
    counts: Counts
    acquisition: Acquisition
    lesions: Lesions
    effect: Effect


@dataclass(frozen=True)
class Phantom:
    """Section ``phantom`` of the parameters."""

    preset: str
    presets: dict[str, Preset]


@dataclass(frozen=True)
class Study:
    """One examination: its anatomy's owner, its lesions and its score."""

    number: int
    patient: int
    cohort: str
    lesions: int
    burden_ml: float
    texture_hu: float
    score: float | None


@dataclass(frozen=True)
class Series:
    """One series volume of a study.

    Attributes
    ----------
    group : str
        Part of the classification task (``train``, ``val``, ``test``, or empty).
    segmentation : str
        Part of the segmentation task.
    thickness_mm : float
        Slice thickness and distance.
    """

    file: str
    number: int
    study: Study
    group: str
    segmentation: str
    thickness_mm: float


def generator(preset: Preset, *path: int) -> np.random.Generator:
    """Return the random numbers of one purpose: a function of the seed and the path alone."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([preset.seed, *path])))


def check(preset: Preset, source: str) -> None:
    """Refuse counts and sizes that no cohort can have.

    Raises
    ------
    InputError
        Naming the first parameter at fault.
    """
    counts, lesions, effect = preset.counts, preset.lesions, preset.effect
    rules = {
        "counts.studies": counts.patients <= counts.studies,
        "counts.series": counts.studies <= counts.series,
        "counts.lesion_free_series": 0 <= counts.lesion_free_series <= counts.series,
        "counts.lits_test": 0 <= counts.lits_test <= counts.lits_scans,
        "counts.test_patients": counts.test_patients + counts.val_patients < counts.patients,
        "counts.annotated_test": counts.annotated_test <= counts.test_patients,
        "counts.annotated_train": counts.annotated_train <= counts.studies,
        "acquisition.size": preset.acquisition.size >= 16,
        "lesions.smallest_mm": lesions.smallest_mm > 0,
        "lesions.maximum_count": lesions.maximum_count >= 1,
        "effect.burden_correlation": abs(effect.burden_correlation) <= 1,
        "effect.texture_correlation": abs(effect.texture_correlation) <= 1,
    }
    for name, holds in rules.items():
        if not holds:
            raise InputError(f"parameter 'phantom.presets.….{name}' fits no cohort", source,
                             "compare it with the other counts of the preset")


def plan(preset: Preset) -> list[Series]:
    """Return every series of the cohort, sorted by name; nothing is drawn on a grid yet."""
    return sorted([*_lits(preset), *_sclc(preset)], key=lambda series: series.file)


def _lits(preset: Preset) -> list[Series]:
    """One series per patient, all with lesions, without NE score."""
    counts = preset.counts
    held_out = set(generator(preset, PLAN, 0).permutation(counts.lits_scans)[:counts.lits_test])
    planned = []
    for number in range(counts.lits_scans):
        study = _study(preset, number, number, LITS, True)
        part = TEST if number in held_out else TRAIN
        planned.append(Series(f"lits-{number:03d}", number, study, NONE, part,
                              _thickness(preset, number, 0, LITS)))
    return planned


def _sclc(preset: Preset) -> list[Series]:
    """Several studies per patient and several series per study."""
    counts, random = preset.counts, generator(preset, PLAN, 1)
    patients = _spread(random, counts.studies, counts.patients)
    sizes = np.bincount(_spread(random, counts.series, counts.studies))
    bearing = ~_lesion_free(random, sizes, counts.lesion_free_series)
    order = random.permutation(counts.patients)
    test = set(order[:counts.test_patients])
    val = set(order[counts.test_patients:counts.test_patients + counts.val_patients])
    annotated = _annotated(random, patients, test, counts)
    planned, first = [], counts.lits_scans
    for number, patient in enumerate(patients):
        study = _study(preset, first + number, first + patient, SCLC, bool(bearing[number]))
        group = TEST if patient in test else VAL if patient in val else TRAIN
        within = number - int(np.searchsorted(patients, patient))
        for index in range(sizes[number]):
            name = f"sclc-{patient:03d}_{within:02d}_{index}"
            part = annotated.get(number, NONE) if index == 0 else NONE
            planned.append(Series(name, index, study, group if bearing[number] else NONE, part,
                                  _thickness(preset, first + number, index, SCLC)))
    return planned


def _spread(random, items: int, boxes: int) -> np.ndarray:
    """Return the sorted box of each item; every box has at least one."""
    rest = random.integers(0, boxes, items - boxes)
    return np.sort(np.concatenate([np.arange(boxes), rest]))


def _lesion_free(random, sizes, wanted: int) -> np.ndarray:
    """Choose studies without lesions whose series come near to ``wanted``, never above."""
    chosen, left = np.zeros(len(sizes), bool), wanted
    for number in random.permutation(len(sizes)):
        if sizes[number] <= left:
            chosen[number] = True
            left -= sizes[number]
    return chosen


def _annotated(random, patients, test: set, counts: Counts) -> dict[int, str]:
    """Choose the studies of the segmentation task; no patient in both parts, one study of each."""
    first = {patient: int(np.searchsorted(patients, patient)) for patient in range(counts.patients)}
    order = [int(patient) for patient in random.permutation(counts.patients)]
    held = [first[patient] for patient in order if patient in test][:counts.annotated_test]
    # Patients beyond one study each: further studies of training patients fill the number up.
    train = [first[patient] for patient in order if patient not in test]
    more = [number for number, patient in enumerate(patients)
            if patient not in test and number not in set(train)]
    return {number: TRAIN for number in (train + more)[:counts.annotated_train]} | {
        number: TEST for number in held}


def _thickness(preset: Preset, study: int, index: int, cohort: str) -> float:
    """First series of a study thick, the others thin; LiTS either way."""
    random = generator(preset, SERIES, study, index, 0)
    thick = random.random() < 0.5 if cohort == LITS else index == 0
    choices = preset.acquisition.thick_mm if thick else preset.acquisition.thin_mm
    return float(choices[random.integers(len(choices))])


def _study(preset: Preset, number: int, patient: int, cohort: str, bearing: bool) -> Study:
    """Draw score, burden, texture amplitude and number of lesions of one study."""
    lesions, effect = preset.lesions, preset.effect
    latent, burden, texture, count = generator(preset, SCORES, number).standard_normal(4)
    burden = _correlated(latent, burden, effect.burden_correlation)
    texture = _correlated(latent, texture, effect.texture_correlation)
    # More burden comes with more lesions, loosely.
    count = _correlated(burden, count, 0.5)
    score = float(np.tanh(effect.offset + effect.spread * latent)) if cohort == SCLC else None
    if not bearing:
        return Study(number, int(patient), cohort, 0, 0.0, 0.0, score)
    volume = lesions.median_ml * np.exp(lesions.log_ml_spread * burden)
    wanted = lesions.median_count * np.exp(lesions.log_count_spread * count)
    return Study(number, int(patient), cohort,
                 int(np.clip(np.rint(wanted), 1, lesions.maximum_count)),
                 float(min(volume, lesions.maximum_ml)),
                 float(lesions.texture_hu * np.exp(lesions.log_texture_spread * texture)), score)


def _correlated(base: float, other: float, correlation: float) -> float:
    return correlation * base + np.sqrt(1 - correlation**2) * other
