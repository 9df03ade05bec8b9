"""The section ``chance`` of ``params.yaml``: test AUCs and what could have been found."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """Values at equal distances: ``start``, ``start + step``, …"""

    start: float
    step: float
    count: int

    def values(self) -> tuple[float, ...]:
        """Return the values, each the float nearest to its decimal value."""
        return tuple(round(self.start + self.step * k, 10) for k in range(self.count))


@dataclass(frozen=True)
class Likeness:
    """Correlation of two scores of one patient (other studies), and of one study."""

    patient: float
    study: float


@dataclass(frozen=True)
class Power:
    """Simulated power: the AUCs of the population, and what is simulated at each of them."""

    wanted: float
    level: float
    simulations: int
    permutations: int
    samples: int
    seed: int
    areas: Grid
    likenesses: tuple[Likeness, ...]


@dataclass(frozen=True)
class Chance:
    """Test AUCs against chance; the first model is the one that the paper reports."""

    models: tuple[str, ...]
    permutations: int
    seed: int
    power: Power
