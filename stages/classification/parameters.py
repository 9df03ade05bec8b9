"""Parameters of this room: sections ``classification`` and ``converged``."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from stages.common.parameters import Grid, choose, section
from stages.common.strict import check_choice, check_range

ENSEMBLES = ("refit", "fold-mean")
FOLD_KINDS = ("shuffle-split", "stratified-k-fold")
PARTS = ("selection", "folds", "ensemble", "models")
INPUTS = ("radiomics", "volume")
THRESHOLDS = ("balanced-accuracy", "F1")
TARGETS = ("NE_Score", "NE_Class")


@dataclass(frozen=True)
class Selection:
    """LASSO feature selection."""

    alpha: float
    target: str


@dataclass(frozen=True)
class Folds:
    """Cross-validation: ``kind`` is ``shuffle-split`` or ``stratified-k-fold``."""

    kind: str
    n_splits: int
    test_size: float | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Protocol:
    """One way to carry out the analysis."""

    selection: Selection
    folds: Folds
    ensemble: str
    models: dict[str, dict[str, object]]


@dataclass(frozen=True)
class Configuration:
    """One of the twelve model configurations: a model and its weight of the positive class."""

    model: str
    weight: object = None


@dataclass(frozen=True)
class Search(Grid):
    """The search for the weight of the positive class: the weights to try, and each model's values."""

    models: dict[str, dict[str, object]]


@dataclass(frozen=True)
class Bootstrap:
    """Bootstrap over studies: one series of each study in every sample."""

    samples: int
    seed: int
    level: float


@dataclass(frozen=True)
class Seeds:
    """Consecutive seeds of repeated runs: ``first``, ``first + 1``, …"""

    first: int
    count: int

    def values(self) -> range:
        """Return the seeds."""
        return range(self.first, self.first + self.count)


@dataclass(frozen=True)
class CorrectedModel:
    """One model of the corrected protocol and the choices that are made inside the fold.

    ``inputs`` is ``radiomics`` or ``volume``; ``penalties`` are LASSO penalties as shares of the
    smallest one that removes every feature (empty: no selection); ``grid`` lists the values of
    each hyper-parameter to choose from.
    """

    inputs: str
    model: str
    fixed: dict[str, object]
    penalties: tuple[float, ...]
    grid: dict[str, tuple[object, ...]]


@dataclass(frozen=True)
class Corrected:
    """Leakage-free protocol: see ``stages.classification.corrected.stage``."""

    folds: int
    inner_folds: int
    seeds: Seeds
    target: str
    thresholds: tuple[str, ...]
    models: dict[str, CorrectedModel]
    bootstrap: Bootstrap
    permutations: Seeds
    reliability_bins: int
    net_benefit: Grid


@dataclass(frozen=True)
class Leakage:
    """Leakage ladder: see ``stages.classification.leakage``."""

    seeds: Seeds
    n_splits: int
    test_size: float
    trees: int


@dataclass(frozen=True)
class Converged:
    """The converged logistic regression: Newton's stopping rule and the digits that are written."""

    tolerance: float
    iterations: int
    digits: int


# Each reader raises an InputError that names the parameter and its valid values. Who fits classifiers
# has their names and values checked by `models.check`: no other stage depends on them.

def read_protocols(path: str | Path) -> dict[str, Protocol]:
    """Read and check every protocol."""
    found = section(path, "classification.protocols", dict[str, Protocol])
    for name, item in found.items():
        where = f"classification.protocols.{name}"
        check_choice(item.ensemble, ENSEMBLES, f"{where}.ensemble", path)
        check_choice(item.folds.kind, FOLD_KINDS, f"{where}.folds.kind", path)
        check_choice(item.selection.target, TARGETS, f"{where}.selection.target", path)
        check_range(item.selection.alpha > 0, f"{where}.selection.alpha", "above 0", path)
    return found


def read_protocol(path: str | Path, name: str) -> Protocol:
    """Read a protocol, as `protocol` names them."""
    return protocol(read_protocols(path), name)


def protocol(protocols: dict[str, Protocol], name: str) -> Protocol:
    """Return a protocol by name.

    ``released+described-PART`` is ``as-released`` with PART (selection, folds, ensemble or
    models) taken from ``as-described``.

    Raises
    ------
    InputError
        Listing the valid names.
    """
    base, plus, part = name.partition("+described-")
    if plus and base == "released" and part in PARTS:
        described = choose(protocols, "as-described", "protocol")
        released = choose(protocols, "as-released", "protocol")
        return replace(released, **{part: getattr(described, part)})
    return choose(protocols, name, "protocol")


def read_configurations(path: str | Path) -> dict[str, Configuration]:
    """Read the model configurations."""
    return section(path, "classification.configurations", dict[str, Configuration])


def read_search(path: str | Path) -> Search:
    """Read the search for the weight of the positive class."""
    return section(path, "classification.search", Search)


def read_bootstrap(path: str | Path) -> Bootstrap:
    """Read and check the bootstrap over studies."""
    found = section(path, "classification.bootstrap", Bootstrap)
    _check_bootstrap(found, "classification.bootstrap", path)
    return found


def _check_bootstrap(bootstrap: Bootstrap, where: str, path) -> None:
    check_range(bootstrap.samples > 0, f"{where}.samples", "at least 1", path)
    check_range(0 <= bootstrap.seed < 1 << 32, f"{where}.seed", "from 0 to 2^32 - 1", path)
    check_range(0 < bootstrap.level < 1, f"{where}.level", "between 0 and 1", path)


def read_corrected(path: str | Path) -> Corrected:
    """Read and check the corrected protocol."""
    where = "classification.corrected"
    found = section(path, "classification.corrected", Corrected)
    check_choice(found.target, TARGETS, f"{where}.target", path)
    for criterion in found.thresholds:
        check_choice(criterion, THRESHOLDS, f"{where}.thresholds", path)
    _check_bootstrap(found.bootstrap, f"{where}.bootstrap", path)
    for name, item in found.models.items():
        check_choice(item.inputs, INPUTS, f"{where}.models.{name}.inputs", path)
        check_range(all(0 < penalty < 1 for penalty in item.penalties),
                    f"{where}.models.{name}.penalties",
                    "between 0 and 1 (1 removes every feature)", path)
    return found


def read_leakage(path: str | Path) -> Leakage:
    """Read the leakage ladder."""
    return section(path, "classification.leakage", Leakage)


def read_converged(path: str | Path) -> Converged:
    """Read the converged logistic regression."""
    return section(path, "converged", Converged)
