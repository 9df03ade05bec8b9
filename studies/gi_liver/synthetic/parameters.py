"""Parameters of the synthetic cohort and of the paper's protocol."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.parameters import section
from stages.common.strict import check_choice, check_range

CLASSES = ("colorectal", "pancreatic")  # labels 0 and 1
ROWS = ("all", "training")


@dataclass(frozen=True)
class Plan:
    """What every cohort is drawn from.

    Attributes
    ----------
    patient_share, scan_share : float
        Share of a factor's variance that all lesions of a patient have in common.
    lesions_log_sd : float
    factors : dict of int
        How many factors of each kind are behind the features.
    features : int
    loading : float
        Correlation of a feature with its factor.
    """

    patient_share: float
    scan_share: float
    lesions_log_sd: float
    factors: dict[str, int]
    features: int
    loading: float


@dataclass(frozen=True)
class Preset:
    """How much is drawn and repeated."""

    patients: dict[str, int]
    mean_lesions: dict[str, float]
    most_lesions: dict[str, int]
    ladder_cohorts: dict[str, int]
    rejection_cohorts: dict[str, int]
    rejection_permutations: int
    rejection_seeds: int
    greatest_permutations: int
    tuning_folds: int
    seed: int


@dataclass(frozen=True)
class Paper:
    """The paper's protocol; what it leaves open is read as these say."""

    test_patients: int
    correlation: float
    filter_rows: str
    scale_apart: bool
    without: tuple[str, ...]
    importance_repeats: int


@dataclass(frozen=True)
class Synthetic:
    """All of a cohort: its plan, one arm's differences between the classes, its sizes."""

    plan: Plan
    arm: str
    shifts: dict[str, float]
    preset: Preset


def arms(path: str | Path) -> dict[str, dict[str, float]]:
    """Return the differences between the classes of each arm."""
    return section(path, "synthetic.arms", dict[str, dict[str, float]])


def read_preset(path: str | Path) -> Preset:
    """Read the preset that ``synthetic.preset`` names."""
    presets = section(path, "synthetic.presets", dict[str, Preset])
    name = section(path, "synthetic.preset", str)
    check_choice(name, presets, "synthetic.preset", path)
    return presets[name]


def read_synthetic(path: str | Path, arm: str) -> Synthetic:
    """Read and check what a cohort of one arm is drawn from."""
    plan, known = section(path, "synthetic.plan", Plan), arms(path)
    check_choice(arm, known, "--arm", path)
    for kind in known[arm]:
        check_choice(kind, plan.factors, f"synthetic.arms.{arm}", path)
    preset, where = read_preset(path), "synthetic.presets.*"
    for key in ("patients", "mean_lesions", "most_lesions"):
        value = getattr(preset, key)
        check_range(set(value) == set(CLASSES) and min(value.values()) >= 1, f"{where}.{key}",
                    f"at least 1 for {' and '.join(CLASSES)}", path)
    least = 2 * read_paper(path).test_patients
    check_range(min(preset.patients.values()) >= least, f"{where}.patients",
                f"at least {least} of each class", path)
    for key, holds, valid in (
            ("plan.patient_share", 0 <= plan.patient_share <= 1 and 0 <= plan.scan_share <= 1,
             "from 0 to 1, scan_share too"),
            ("plan.loading", 0 < plan.loading <= 1, "above 0, up to 1"),
            ("plan.features", plan.features >= sum(plan.factors.values()), "one for each factor")):
        check_range(holds, f"synthetic.{key}", valid, path)
    for key in ("ladder_cohorts", "rejection_cohorts"):
        value = getattr(preset, key)
        check_range(set(value) == set(known) and min(value.values()) > 0, f"{where}.{key}",
                    "at least 1 for each arm", path)
    check_range(min(preset.greatest_permutations, preset.rejection_permutations,
                    preset.rejection_seeds) > 0, f"{where}.greatest_permutations",
                "at least 1, rejection_permutations and rejection_seeds too", path)
    return Synthetic(plan, arm, known[arm], preset)


def read_paper(path: str | Path) -> Paper:
    """Read and check the paper's protocol."""
    found = section(path, "synthetic.paper", Paper)
    check_choice(found.filter_rows, ROWS, "synthetic.paper.filter_rows", path)
    check_range(found.test_patients > 0, "synthetic.paper.test_patients", "at least 1", path)
    return found


def read_samplers(path: str | Path) -> dict[str, dict[str, object]]:
    """Read the samplers' arguments by name."""
    return section(path, "models.samplers", dict[str, dict[str, object]])
