"""Section ``verdicts`` of the house's parameters."""
# dvc: no dependency (params: tracks the values)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.parameters import section


@dataclass(frozen=True)
class Settings:
    """How numbers are compared.

    Attributes
    ----------
    halfway_tolerance : float
        A recomputed value this close to half a unit of the printed decimals rounds either way.
    least_variations : int
        A miss is a contradiction when at least this many variations miss as well.
    stable_share : float
        An exact number that fewer of the neutral variations give is called unstable.
    widest_share : float
        An envelope that covers more of the plausible values than this says nothing.
    fragile : int
        How many of the most fragile numbers are listed.
    """

    halfway_tolerance: float
    least_variations: int
    stable_share: float
    widest_share: float
    fragile: int


def read(path: str | Path) -> Settings:
    """Read the section."""
    return section(path, "verdicts", Settings)
