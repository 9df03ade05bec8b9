"""Parameters of the synthetic cohort: section ``synthetic``."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.parameters import section
from stages.common.strict import check_range

# The positive class first.
CLASSES = ("SCLC", "NSCLC")
SEQUENCES = ("T1WI+c", "FLAIR", "T2WI")


@dataclass(frozen=True)
class Cohort:
    """Sizes of the cohort, and what its images show.

    Attributes
    ----------
    patients, lesions : dict
        By class.
    slices : int
        Those that are kept of ``slices_per_lesion`` each.
    vendors : dict
        Weights; the first two are the common ones.
    offsets : tuple of float
        Places of the slices, as shares of the lesion's half extent.
    fingerprint, lesion_fingerprint : float
        SD of the smooth field that all slices of a patient share, and the share of it that a lesion has
        of its own besides.
    visible : float
        How strongly texture and ring follow the latent variable.
    noise : float
        SD of a slice's own noise.
    """

    patients: dict[str, int]
    lesions: dict[str, int]
    slices: int
    vendors: dict[str, int]
    slices_per_lesion: int
    size: int
    offsets: tuple[float, ...]
    fingerprint: float
    lesion_fingerprint: float
    visible: float
    noise: float


@dataclass(frozen=True)
class Arm:
    """Area of the latent variable, and odds ratio of the first vendor for the first class."""

    area: float
    odds: float


@dataclass(frozen=True)
class Rejections:
    """How many label vectors an arm's test is tried on, and how many permutations it has."""

    replicates: int
    permutations: int


@dataclass(frozen=True)
class Protocol:
    """Folds, epochs and draws.

    All that is said of one label vector rests on ``divisions`` into folds; ``tests`` are test sets;
    ``inner_folds`` choose the epoch where a vendor is left out. Of each arm in ``rejections``, label
    vectors that are tested, and permutations which they are tested against."""

    folds: int
    inner_folds: int
    divisions: int
    tests: int
    epochs: int
    steps: int
    level: float
    draws: int
    rejections: dict[str, Rejections]


def cohort(path: str | Path) -> Cohort:
    """Read and check ``synthetic.cohort``."""
    found = section(path, "synthetic.cohort", Cohort)
    most = sum(found.lesions.values()) * found.slices_per_lesion
    for name, holds, valid in (
            ("patients", all(set(kind) == set(CLASSES) for kind in (found.patients, found.lesions)),
             f"numbers of {' and '.join(CLASSES)}, of lesions too"),
            ("patients", min(found.patients.values(), default=0) > 1, "at least 2 of each class"),
            ("lesions", all(found.lesions[name] >= count for name, count in found.patients.items()
                            if name in found.lesions), "at least one for each patient"),
            ("slices", most - sum(found.lesions.values()) <= found.slices <= most,
             f"at most {most}, and no more than one less for each lesion"),
            ("vendors", len(found.vendors) > 1, "at least two"),
            ("offsets", len(found.offsets) == found.slices_per_lesion
             and max(map(abs, found.offsets), default=1) < 1, "one for each slice, between -1 and 1"),
            ("size", found.size >= 32, "at least 32"),
            ("noise", min(found.fingerprint, found.lesion_fingerprint, found.noise) >= 0,
             "at least 0, fingerprints too")):
        check_range(holds, f"synthetic.cohort.{name}", valid, path)
    return found


def arms(path: str | Path) -> dict[str, Arm]:
    """Read and check ``synthetic.arms``."""
    found = section(path, "synthetic.arms", dict[str, Arm])
    for name, arm in found.items():
        check_range(0 < arm.area < 1 and arm.odds > 0, f"synthetic.arms.{name}",
                    "an area between 0 and 1, odds above 0", path)
    return found


def protocol(path: str | Path) -> Protocol:
    """Read and check ``synthetic.protocol``."""
    found = section(path, "synthetic.protocol", Protocol)
    for name, holds, valid in (
            ("folds", min(found.folds, found.inner_folds) > 1, "at least 2, inner_folds too"),
            ("divisions", min(found.divisions, found.tests) > 0, "at least 1, tests too"),
            ("epochs", min(found.epochs, found.steps) > 0, "at least 1, steps too"),
            ("level", 0 < found.level < 0.5, "between 0 and 0.5"),
            ("draws", found.draws > 1, "at least 2"),
            ("rejections", all(one.replicates > 0 and (one.permutations + 1) * found.level >= 1
                               for one in found.rejections.values()),
             "at least 1 replicate of each arm, and permutations enough to reject at the level")):
        check_range(holds, f"synthetic.protocol.{name}", valid, path)
    return found
