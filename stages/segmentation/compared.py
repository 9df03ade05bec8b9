"""How lesions are matched and methods compared: ``detection`` and ``imaging.comparison``."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.parameters import section
from stages.common.strict import check_range


@dataclass(frozen=True)
class Detection:
    """Section ``detection`` of the parameters."""

    connectivity: int
    rule: str
    threshold: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """How methods are compared.

    Attributes
    ----------
    samples, seed, level
        Bootstrap over patients: samples, seed, level of the intervals.
    sizes_mm : tuple of floats
        Rising limits between classes of lesions by the diameter of a ball of their volume.
    rules : dict of Detection
        Other rules than that of the section ``detection``.
    """

    samples: int
    seed: int
    level: float
    sizes_mm: tuple[float, ...]
    rules: dict[str, Detection]


def comparison(path: str | Path) -> Comparison:
    """Read how methods are compared.

    Raises
    ------
    InputError
        Naming the parameter that cannot be used.
    """
    found = section(path, "imaging.comparison", Comparison)
    limits = found.sizes_mm
    for name, holds, valid in (
            ("samples", found.samples > 0, "at least 1"), ("seed", found.seed >= 0, "at least 0"),
            ("level", 0 < found.level < 1, "between 0 and 1"),
            ("sizes_mm", limits and min(limits) > 0 and list(limits) == sorted(set(limits)),
             "rising, above 0"),
            ("rules", found.rules, "at least one")):
        check_range(bool(holds), f"imaging.comparison.{name}", valid, path)
    return found
