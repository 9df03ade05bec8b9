"""Parameters of the nested procedure over all patients, and of its simulation."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.classification.parameters import CorrectedModel
from stages.common.parameters import section
from stages.common.strict import check_range
from studies.sclc_liver.parameters import Repeats


@dataclass(frozen=True)
class Nested:
    """Repeated nested cross-validation of ridge regression over all patients."""

    folds: int
    inner_folds: int
    seeds: Repeats
    penalties: tuple[float, ...]
    permutations: int
    jackknife_seeds: int
    seed: int
    level: float


@dataclass(frozen=True)
class Classifiers:
    """The three classifiers over all patients, and when their sequential test ends."""

    folds: int
    inner_folds: int
    seeds: Repeats
    permutations: int
    least: int
    exceed: int
    seed: int
    level: float
    models: dict[str, CorrectedModel]


@dataclass(frozen=True)
class Simulated:
    """Data sets on which the type-I error and the power of whole procedures are measured."""

    null_sets: int
    effect_sets: int
    effects: tuple[float, ...]
    components: int
    permutations: int
    seeds: Repeats
    level: float
    seed: int


@dataclass(frozen=True)
class Ladder:
    """Data sets without effect on which the leakage ladder is climbed, and the model that climbs."""

    model: dict[str, object]
    null_sets: int
    seeds: Repeats
    level: float
    confidence: float
    seed: int


def read_nested(path: str | Path) -> Nested:
    """Read and check the nested procedure over all patients."""
    found = section(path, "nested.procedure", Nested)
    for name, holds, valid in (
            ("folds", min(found.folds, found.inner_folds) > 1, "at least 2, inner folds too"),
            ("seeds.count", found.seeds.count > 0, "at least 1"),
            ("penalties", len(found.penalties) > 2 and min(found.penalties) > 0
             and list(found.penalties) == sorted(found.penalties), "above 0 and rising"),
            ("permutations", found.permutations > 0, "at least 1"),
            ("jackknife_seeds", 0 < found.jackknife_seeds <= found.seeds.count,
             "from 1 to seeds.count"),
            ("level", 0 < found.level < 1, "between 0 and 1")):
        check_range(holds, f"nested.procedure.{name}", valid, path)
    return found


def read_classifiers(path: str | Path) -> Classifiers:
    """Read and check the classifiers over all patients."""
    found = section(path, "nested.classifiers", Classifiers)
    for name, holds, valid in (
            ("folds", min(found.folds, found.inner_folds) > 1, "at least 2, inner folds too"),
            ("seeds.count", found.seeds.count > 0, "at least 1"),
            ("least", 2 <= found.least <= found.permutations, "from 2 to permutations"),
            ("exceed", found.exceed > 0, "at least 1"),
            ("models", all(model.inputs == "radiomics" for model in found.models.values()),
             "of inputs 'radiomics'"),
            ("level", 0 < found.level < 1, "between 0 and 1")):
        check_range(holds, f"nested.classifiers.{name}", valid, path)
    return found


def read_simulated(path: str | Path) -> Simulated:
    """Read and check the data sets on which procedures are tried."""
    found = section(path, "nested.simulated", Simulated)
    for name, holds, valid in (
            ("null_sets", found.null_sets > 0, "at least 1"),
            ("effect_sets", found.effect_sets > 0, "at least 1"),
            ("effects", all(0 <= value <= 1 for value in found.effects), "from 0 to 1"),
            ("components", found.components > 0, "at least 1"),
            ("permutations", (found.permutations + 1) * found.level >= 1,
             "enough for a P of the level"),
            ("seeds.count", found.seeds.count > 0, "at least 1"),
            ("level", 0 < found.level < 1, "between 0 and 1")):
        check_range(holds, f"nested.simulated.{name}", valid, path)
    return found


def read_ladder(path: str | Path) -> Ladder:
    """Read and check the data sets on which the leakage ladder is climbed."""
    found = section(path, "ladder", Ladder)
    for name, holds, valid in (
            ("null_sets", found.null_sets * found.level >= 4, "at least 4 / level"),
            ("seeds.count", found.seeds.count > 0, "at least 1"),
            ("level", 0 < found.level < 1, "between 0 and 1"),
            ("confidence", 0 < found.confidence < 1, "between 0 and 1")):
        check_range(holds, f"ladder.{name}", valid, path)
    return found
