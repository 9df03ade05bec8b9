"""The numbers of ``params.yaml`` as validated, frozen objects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from stages.common import strict
from stages.common.errors import InputError


@dataclass(frozen=True)
class Release:
    """One public release of the feature table, pinned by commit and content."""

    url: str
    file: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Expected:
    """What a released table must hold."""

    series: int
    studies: int
    patients: int
    features: int


@dataclass(frozen=True)
class Cohort:
    """Where the data come from and what they must look like."""

    timeout_seconds: float
    releases: dict[str, Release]
    expected: Expected


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
class Search:
    """The search for the weight of the positive class."""

    start: float
    step: float
    count: int
    models: dict[str, dict[str, object]]
    forest_runs: dict[str, dict[str, str]]


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
class NetBenefit:
    """Threshold probabilities of the decision curve: ``start``, ``start + step``, …"""

    start: float
    step: float
    count: int


@dataclass(frozen=True)
class Corrected:
    """Leakage-free protocol: see ``stages.classification.corrected``."""

    folds: int
    inner_folds: int
    seeds: Seeds
    target: str
    thresholds: tuple[str, ...]
    models: dict[str, CorrectedModel]
    bootstrap: Bootstrap
    permutations: Seeds
    reliability_bins: int
    net_benefit: NetBenefit


@dataclass(frozen=True)
class Leakage:
    """Leakage ladder: see ``stages.classification.leakage``."""

    seeds: Seeds
    n_splits: int
    test_size: float
    trees: int


@dataclass(frozen=True)
class Classification:
    """Feature selection, models, weight search, bootstrap, corrected protocol and leakage."""

    releases: tuple[str, ...]
    environments: tuple[str, ...]
    named_protocols: tuple[str, ...]
    boundary: float
    configurations: dict[str, Configuration]
    protocols: dict[str, Protocol]
    search: Search
    bootstrap: Bootstrap
    corrected: Corrected
    leakage: Leakage


@dataclass(frozen=True)
class Statistics:
    """Tumour burden against NE score."""

    label: str
    score: str


@dataclass(frozen=True)
class Reporting:
    """How the ledger compares."""

    halfway_tolerance: float


@dataclass(frozen=True)
class Parameters:
    """The whole of ``params.yaml``."""

    cohort: Cohort
    classification: Classification
    statistics: Statistics
    reporting: Reporting


ENSEMBLES = ("refit", "fold-mean")
FOLD_KINDS = ("shuffle-split", "stratified-k-fold")
PARTS = ("selection", "folds", "ensemble", "models")
MODELS = ("LR", "RF", "XGB")
INPUTS = ("radiomics", "volume")
THRESHOLDS = ("balanced-accuracy", "F1")
TARGETS = ("NE_Score", "NE_Class")


def load(path: str | Path) -> Parameters:
    """Read and check ``params.yaml``.

    Raises
    ------
    InputError
        If the file is missing, is not YAML, or has an unknown, missing or ill-typed parameter.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no such file", path, "restore it from the repository") from None
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"is not readable YAML ({error})", path, "correct the syntax") from None
    parameters = strict.build(Parameters, content, str(path), "")
    _check_choices(parameters.classification, path)
    return parameters


def choose(options: dict, name: str, kind: str):
    """Return ``options[name]``.

    Raises
    ------
    InputError
        Listing the valid names.
    """
    if name not in options:
        raise InputError(f"unknown {kind} '{name}'", "params.yaml",
                         f"valid: {', '.join(sorted(options))}")
    return options[name]


def protocol(classification: Classification, name: str) -> Protocol:
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
        described = choose(classification.protocols, "as-described", "protocol")
        released = choose(classification.protocols, "as-released", "protocol")
        return replace(released, **{part: getattr(described, part)})
    return choose(classification.protocols, name, "protocol")


def _check_choices(classification: Classification, path) -> None:
    for name, item in classification.protocols.items():
        where = f"classification.protocols.{name}"
        _check(item.ensemble, ENSEMBLES, f"{where}.ensemble", path)
        _check(item.folds.kind, FOLD_KINDS, f"{where}.folds.kind", path)
        for model in item.models:
            _check(model, MODELS, f"{where}.models", path)
    for name, configuration in classification.configurations.items():
        _check(configuration.model, MODELS, f"classification.configurations.{name}.model", path)
    _check_corrected(classification.corrected, "classification.corrected", path)


def _check_corrected(corrected: Corrected, where: str, path) -> None:
    _check(corrected.target, TARGETS, f"{where}.target", path)
    for criterion in corrected.thresholds:
        _check(criterion, THRESHOLDS, f"{where}.thresholds", path)
    for name, item in corrected.models.items():
        _check(item.inputs, INPUTS, f"{where}.models.{name}.inputs", path)
        _check(item.model, MODELS, f"{where}.models.{name}.model", path)
        if not all(0 < penalty < 1 for penalty in item.penalties):
            raise InputError(f"parameter '{where}.models.{name}.penalties' must lie between 0 and "
                             "1", path, "1 removes every feature")


def _check(value, valid, where, path):
    if value not in valid:
        raise InputError(f"parameter '{where}' is '{value}'", path, f"valid: {', '.join(valid)}")
