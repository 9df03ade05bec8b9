"""Parameters of DiUnet and of how it is scored: section ``diunet``."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common.parameters import choose, section
from stages.common.strict import check_range


@dataclass(frozen=True)
class Grid:
    """What the network sees of a slice.

    Attributes
    ----------
    pixel_mm, size : float, int
        A square of so many pixels of this edge, in the middle of the lungs.
    slice_mm : float
        Distance of two places of the atlas along the body.
    window : (low, high)
        HU that become 0 and 1.
    position : bool
        Whether the encoder of the CT is also shown where each pixel lies.
    """

    pixel_mm: float
    size: int
    slice_mm: float
    window: tuple[float, ...]
    position: bool


@dataclass(frozen=True)
class Training:
    """How the network is trained.

    Attributes
    ----------
    steps, batch : int
    learning_rate : float
        The highest one of a one-cycle schedule of Adam.
    background : float
        Weight of what is no station, in both parts of the loss; stations have 1.
    seeds : tuple of int
        As many trainings, of first weights and of the slices drawn.
    """

    steps: int
    batch: int
    learning_rate: float
    background: float
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Preset:
    """Channels of each level of an encoder; grid; training."""

    widths: tuple[int, ...]
    grid: Grid
    training: Training


@dataclass(frozen=True)
class Scoring:
    """Section ``diunet.scoring``.

    Attributes
    ----------
    held_out : int
        The last patients of the table, who are scored.
    near_mm : float
        What lies at most so far from the GTV is scored by itself, too.
    samples, seed : int
        Draws of patients for the intervals.
    """

    held_out: int
    near_mm: float
    samples: int
    seed: int


def scoring(params: Path) -> Scoring:
    """Read ``diunet.scoring``.

    Raises
    ------
    InputError
        Naming the parameter that cannot be used.
    """
    found = section(params, "diunet.scoring", Scoring)
    check_range(found.held_out > 1, "diunet.scoring.held_out", "at least 2 (intervals)", params)
    check_range(found.near_mm > 0, "diunet.scoring.near_mm", "above 0", params)
    check_range(found.samples > 0, "diunet.scoring.samples", "at least 1", params)
    return found


def retrained_seeds(params: Path) -> tuple[int, ...]:
    """Read ``diunet.retrained_seeds``, at least one.

    Raises
    ------
    InputError
        Naming the parameter that cannot be used.
    """
    found = section(params, "diunet.retrained_seeds", tuple[int, ...])
    check_range(len(found) > 0, "diunet.retrained_seeds", "at least one", params)
    return found


def preset(params: Path, name: str | None = None) -> Preset:
    """Read a preset; the one that ``diunet.preset`` names where ``name`` is None.

    Raises
    ------
    InputError
        Naming the parameter that cannot be used.
    """
    name = name or section(params, "diunet.preset", str)
    found = choose(section(params, "diunet.presets", dict[str, Preset]), name, "preset of diunet")
    grid, training, deepest = found.grid, found.training, 2 ** (len(found.widths) - 1)
    for key, holds, valid in (
            ("widths", min(found.widths, default=0) > 0 and len(found.widths) > 1,
             "two levels or more, each of at least 1"),
            ("grid.size", grid.size > 0 and grid.size % deepest == 0, f"a multiple of {deepest}"),
            ("grid.pixel_mm", min(grid.pixel_mm, grid.slice_mm) > 0, "above 0, slice_mm too"),
            ("grid.window", len(grid.window) == 2 and grid.window[0] < grid.window[-1], "[low, high]"),
            ("training.steps", training.steps > 0, "at least 1"),
            ("training.batch", training.batch > 1, "at least 2 (batch normalisation)"),
            ("training.seeds", len(training.seeds) > 0, "at least one"),
            ("training.learning_rate", training.learning_rate > 0, "above 0"),
            ("training.background", training.background > 0, "above 0")):
        check_range(holds, f"diunet.presets.{name}.{key}", valid, params)
    return found
