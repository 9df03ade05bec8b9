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
class Classification:
    """Feature selection, models, weight search and bootstrap."""

    releases: tuple[str, ...]
    environments: tuple[str, ...]
    named_protocols: tuple[str, ...]
    boundary: float
    configurations: dict[str, Configuration]
    protocols: dict[str, Protocol]
    search: Search
    bootstrap: Bootstrap


@dataclass(frozen=True)
class PublishedStatistic:
    """A printed number: it stands for every value that rounds to it."""

    statistic: float
    decimals: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lowest and highest value that round to the printed one."""
        half = 0.5 * 10.0 ** -self.decimals
        return (round(self.statistic - half, self.decimals + 1),
                round(self.statistic + half, self.decimals + 1))


@dataclass(frozen=True)
class Statistics:
    """Tumour burden against NE score."""

    label: str
    score: str
    other_volumes: tuple[str, ...]
    exact_pairs: int
    published_rank_sum: PublishedStatistic


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
# Sections that only their rooms read, each through `section`.
ROOM_SECTIONS = ("phantom", "lits", "segmentation", "detection")
PARTS = ("selection", "folds", "ensemble", "models")
MODELS = ("LR", "RF", "XGB")


def load(path: str | Path) -> Parameters:
    """Read and check ``params.yaml``.

    Raises
    ------
    InputError
        If the file is missing, is not YAML, or has an unknown, missing or ill-typed parameter.
    """
    content = _content(path)
    if isinstance(content, dict):
        content = {name: value for name, value in content.items() if name not in ROOM_SECTIONS}
    parameters = strict.build(Parameters, content, str(path), "")
    _check_choices(parameters.classification, path)
    return parameters


def section(path: str | Path, name: str, kind: type):
    """Read and check one of `ROOM_SECTIONS` as the dataclass ``kind`` of its room.

    Raises
    ------
    InputError
        If the file or the section is missing, or has an unknown, missing or ill-typed parameter.
    """
    content = _content(path)
    if not isinstance(content, dict) or name not in content:
        raise InputError(f"lacks the section '{name}'", path, "restore it from the repository")
    return strict.build(kind, content[name], str(path), name)


def _content(path):
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no such file", path, "restore it from the repository") from None
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"is not readable YAML ({error})", path, "correct the syntax") from None


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


def _check(value, valid, where, path):
    if value not in valid:
        raise InputError(f"parameter '{where}' is '{value}'", path, f"valid: {', '.join(valid)}")
