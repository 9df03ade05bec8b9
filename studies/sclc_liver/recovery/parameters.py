"""Parameters of the test whether the protocols find what is planted."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.parameters import section
from stages.common.strict import check_range
from studies.sclc_liver.parameters import Repeats

# What the score of a synthetic cohort follows: the twins of `stages.cohort.phantom.settings`.
TWINS = PLANTED, NULL, SHORTCUT = "planted", "no-effect", "shortcut"
# Features that are measured, and whether their logarithm is taken where they are simulated.
FEATURES = {"volume_mm3": True, "surface_mm2": True, "mean_hu": False, "p10_hu": False,
            "p90_hu": False, "variance_hu2": True, "interquartile_hu": True, "skewness": False,
            "kurtosis": True, "entropy": False, "total_energy": True, "step_in_slice_hu": True,
            "step_across_slices_hu": True}
# Kinds of cohorts: without pictures, drawn and measured, and the drawn ones with simulated features.
LABELS, IMAGES, AGAIN = KINDS = "labels", "images", "again"


@dataclass(frozen=True)
class Images:
    """Cohorts that are drawn and measured: how many, and how large a slice and a cohort."""

    sets: int
    size: int
    counts: dict[str, int]


@dataclass(frozen=True)
class Recovery:
    """Synthetic cohorts that both protocols are tried on (`studies.sclc_liver.recovery.stage`)."""

    preset: str
    counts_of: str
    effects: tuple[float, ...]
    sets: dict[str, int]
    ladder_sets: int
    images: Images
    seeds: Repeats
    permutations: int
    samples: int
    level: float
    confidence: float
    seed: int


def read_recovery(path: str | Path) -> Recovery:
    """Read and check the synthetic cohorts that both protocols are tried on."""
    found = section(path, "recovery", Recovery)
    for name, holds, valid in (
            ("effects", all(0 < value < 1 for value in found.effects) and len(found.effects) > 0,
             "at least one, between 0 and 1"),
            ("sets", set(found.sets) == set(TWINS) and min(found.sets.values()) > 0,
             f"at least 1 of each of {', '.join(TWINS)}"),
            ("ladder_sets", found.ladder_sets >= 0, "at least 0"),
            ("images.sets", found.images.sets > 1, "at least 2"),
            ("images.size", found.images.size >= 16, "at least 16"),
            ("seeds.count", found.seeds.count > 0, "at least 1"),
            ("permutations", (found.permutations + 1) * found.level >= 1,
             "enough for a P of the level"),
            ("samples", found.samples > 1, "at least 2"),
            ("level", 0 < found.level < 1, "between 0 and 1"),
            ("confidence", 0 < found.confidence < 1, "between 0 and 1")):
        check_range(holds, f"recovery.{name}", valid, path)
    return found
