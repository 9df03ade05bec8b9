"""Parameters of this room."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from stages.common.parameters import section
from stages.common.strict import check_choice, check_range


@dataclass(frozen=True)
class Model:
    """A classifier: arguments that stay, and a grid of those that are chosen inside the folds."""

    arguments: dict[str, object]
    grid: dict[str, tuple[object, ...]] = field(default_factory=dict)

    @property
    def candidates(self) -> list[dict]:
        """The arguments of every point of the grid, in its order."""
        return [{**self.arguments, **dict(zip(self.grid, values))}
                for values in itertools.product(*self.grid.values())]


@dataclass(frozen=True)
class Corrected:
    """The protocol that leaks nothing (`stages.prediction.corrected`).

    Attributes
    ----------
    named : str
        The model that is judged, named beforehand.
    correlation : float
        See `preparation.uncorrelated`.
    folds, inner_folds, seeds : int
        Patients are divided into folds once for each seed.
    tuned : bool
        Models are tuned by their grids over inner folds; else their arguments are taken as they are.
    permutations, samples : int
        Of the patients' labels; of the patients (bootstrap).
    level : float
        Of the intervals.
    """

    named: str
    correlation: float
    folds: int
    inner_folds: int
    tuned: bool
    seeds: int
    permutations: int
    samples: int
    level: float
    seed: int


def read_models(path: str | Path) -> dict[str, Model]:
    """Read the models by name; arguments are checked where a classifier is made."""
    found = section(path, "models.classifiers", dict[str, Model])
    for name, model in found.items():
        for key, values in model.grid.items():
            check_range(len(values) > 0, f"models.classifiers.{name}.grid.{key}", "at least one value",
                        path)
    return found


def as_tuned(models: dict[str, Model], settings: Corrected) -> dict[str, Model]:
    """Return the models, without their grids where none is tuned."""
    return models if settings.tuned else {name: Model(model.arguments)
                                          for name, model in models.items()}


def read_corrected(path: str | Path) -> Corrected:
    """Read and check the corrected protocol: the preset that ``corrected.preset`` names."""
    presets = section(path, "corrected.presets", dict[str, Corrected])
    preset = section(path, "corrected.preset", str)
    check_choice(preset, presets, "corrected.preset", path)
    found, where = presets[preset], f"corrected.presets.{preset}"
    check_choice(found.named, read_models(path), f"{where}.named", path)
    for name, holds, valid in (
            ("correlation", 0 < found.correlation <= 1, "above 0, up to 1"),
            ("folds", min(found.folds, found.inner_folds) > 1, "at least 2, inner folds too"),
            ("seeds", min(found.seeds, found.permutations, found.samples) > 0,
             "at least 1, permutations and samples too"),
            ("level", 0 < found.level < 1, "between 0 and 1")):
        check_range(holds, f"{where}.{name}", valid, path)
    return found
