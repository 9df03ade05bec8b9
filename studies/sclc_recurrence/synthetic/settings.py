"""Parameters of the synthetic cohort and of the protocols that are tried on it."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.parameters import choose, section


@dataclass(frozen=True)
class Size:
    """Largest diameter: log-normal, cut to a range (cm)."""

    median: float
    spread: float
    low: float
    high: float


@dataclass(frozen=True)
class Pixel:
    """Edge of a pixel: range and spread around the year's value (mm)."""

    low: float
    high: float
    spread: float


@dataclass(frozen=True)
class Station:
    """Volume (ml), how often the tumour is there at 5 cm, recurrences among the paper's 94 patients."""

    ml: float
    affected: float
    recurrences: int


@dataclass(frozen=True)
class Arm:
    """What is planted: hazard ratios, ratio of a relapse in an affected station, the shortcut."""

    hazard_ratios: dict[str, float]
    station: float
    shortcut: bool


@dataclass(frozen=True)
class Cohort:
    """Section ``synthetic.cohort``; hazards and losses a month, shares of patients."""

    seed: int
    patients: int
    accrual_months: float
    accrual_power: float
    closing_months: float
    lost_monthly: float
    relapse_monthly: float
    death_monthly: float
    male: float
    central: float
    t_stage: tuple[float, ...]
    smoker: float
    older: float
    size: Size
    right: float
    pixel: Pixel
    slice_mm: float
    elective: float
    readers: tuple[float, ...]
    stations: dict[str, Station]
    arms: dict[str, Arm]


@dataclass(frozen=True)
class Preset:
    """One of ``synthetic.presets``: sizes of the protocols (see the comments there)."""

    correlation: float
    kept: int
    step: int
    elimination_trees: int
    folds: int
    depths: tuple[int, ...]
    trees: tuple[int, ...]
    grid_folds: int
    held_out: float
    outer_folds: int
    seeds: int
    nested_seeds: int
    replicates: int
    permutations: int


def preset(params: Path) -> Preset:
    """Return the preset that is chosen.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    every = section(params, "synthetic.presets", dict[str, Preset])
    return choose(every, section(params, "synthetic.preset", str), "preset")
