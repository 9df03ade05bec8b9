"""Who is in a synthetic cohort: patients, studies, series, groups and NE scores, before any voxel.

How score, burden, texture and scanner go together stands in `stages.cohort.phantom.latent`: the
effect that later stages should find is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.cohort.phantom import latent
from stages.cohort.phantom.latent import LOOKS, PLAN, SERIES, generator
from stages.cohort.phantom.settings import Counts, Domain, Preset, Scanner
from stages.common.errors import InputError

LITS, SCLC = "lits", "sclc"
TRAIN, VAL, TEST, NONE = "train", "val", "test", ""


@dataclass(frozen=True)
class Study:
    """One examination: its anatomy's owner, its lesions and its score.

    Attributes
    ----------
    phase : str
        Contrast phase, one of `settings.PHASES`.
    scanner : int
        Its number among those of the cohort.
    """

    number: int
    patient: int
    cohort: str
    phase: str
    scanner: int
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


def plan(preset: Preset) -> list[Series]:
    """Return every series of the cohort, sorted by name; nothing is drawn on a grid yet."""
    return sorted([*_lits(preset), *_sclc(preset)], key=lambda series: series.file)


def check_classes(cohort: list[Series], boundary: float, source: str) -> None:
    """Refuse a cohort whose training or test part of the classification has one class only.

    Raises
    ------
    InputError
        Naming the part.
    """
    for part, groups in ((TRAIN, (TRAIN, VAL)), (TEST, (TEST,))):
        found = {series.study.score > boundary for series in cohort if series.group in groups}
        if len(found) < 2:
            raise InputError(f"the {part} part of the synthetic cohort has "
                             f"{'one class' if found else 'no series'} only", source,
                             "move 'effect.offset' towards 0, or plan more patients")


def _lits(preset: Preset) -> list[Series]:
    """One series per patient, all with lesions, without NE score."""
    counts = preset.counts
    held_out = set(generator(preset, PLAN, 0).permutation(counts.lits_scans)[:counts.lits_test])
    planned = []
    for number in range(counts.lits_scans):
        study = _study(preset, number, number, LITS, True)
        part = TEST if number in held_out else TRAIN
        planned.append(Series(f"lits-{number:03d}", number, study, NONE, part,
                              _thickness(preset, study, 0)))
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
                                  _thickness(preset, study, index)))
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


def domain(preset: Preset, cohort: str) -> Domain:
    """Return what sets a cohort apart."""
    return preset.lits if cohort == LITS else preset.sclc


def scanner(preset: Preset, study: Study) -> Scanner:
    """Return the scanner of a study."""
    return domain(preset, study.cohort).scanners[study.scanner]


def _thickness(preset: Preset, study: Study, index: int) -> float:
    """Return the slice thickness of a study's series, as its scanner has it."""
    share = domain(preset, study.cohort).thick_share
    if share is None:
        thick = index == 0
    else:
        thick = generator(preset, SERIES, study.number, index, 0).random() < share
    return scanner(preset, study).thick_mm if thick else scanner(preset, study).thin_mm


def _study(preset: Preset, number: int, patient: int, cohort: str, bearing: bool) -> Study:
    """Draw score, burden, texture amplitude and number of lesions of one study."""
    own = domain(preset, cohort)
    lesions, drawn = own.lesions, latent.latent(preset, own, number, patient)
    score = float(latent.score(preset.effect, drawn.score)) if cohort == SCLC else None
    # In the order of their names, whatever the order in the file.
    phases = sorted(own.phases)
    random = generator(preset, LOOKS, number, 0)
    phase = phases[random.choice(len(phases), p=[own.phases[name] for name in phases])]
    about = (number, int(patient), cohort, phase, drawn.scanner)
    if not bearing:
        return Study(*about, 0, 0.0, 0.0, score)
    volume = lesions.median_ml * np.exp(lesions.log_ml_spread * drawn.burden)
    wanted = lesions.median_count * np.exp(lesions.log_count_spread * drawn.count)
    return Study(*about, int(np.clip(np.rint(wanted), 1, lesions.maximum_count)),
                 float(min(volume, lesions.maximum_ml)),
                 float(lesions.texture_hu * np.exp(lesions.log_texture_spread * drawn.texture)),
                 score)
