"""Parameters of the control on public features."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.parameters import section
from stages.common.strict import check_range


@dataclass(frozen=True)
class Control:
    """Repeated nested cross-validation of ridge regression (``studies.brain_metastases.control``)."""

    positive: str
    negative: str
    folds: int
    inner_folds: int
    seeds: int
    jackknife_seeds: int
    penalties: tuple[float, ...]
    permutations: int
    seed: int
    level: float
    power: float
    alpha: float


def read_control(path: str | Path) -> Control:
    """Read and check the control's parameters."""
    found = section(path, "control", Control)
    for name, holds, valid in (
            ("positive", found.positive != found.negative, "another class than control.negative"),
            ("folds", min(found.folds, found.inner_folds) > 1, "at least 2, inner folds too"),
            ("seeds", 0 < found.jackknife_seeds <= found.seeds,
             "at least jackknife_seeds, and those 1"),
            ("penalties", len(found.penalties) > 1 and 0 < min(found.penalties)
             and list(found.penalties) == sorted(found.penalties), "above 0 and rising"),
            ("permutations", found.permutations > 0, "at least 1"),
            ("level", 0 < min(found.level, found.power, found.alpha)
             and max(found.level, found.power, found.alpha) < 1,
             "between 0 and 1, power and alpha too")):
        check_range(holds, f"control.{name}", valid, path)
    return found
