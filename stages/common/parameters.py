"""Read ``params.yaml`` into validated, frozen objects."""
# dvc: no dependency (params: tracks each value that is read)

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import yaml

from stages.common import strict
from stages.common.errors import InputError
from stages.common.imaging import Imaging
from stages.common.releases import (  # noqa: F401 (named here for their users)
    Cohort,
    Expected,
    Faults,
    Release,
)
from stages.common.sections import (  # noqa: F401 (named here for their users)
    Bootstrap,
    Chance,
    Classification,
    Configuration,
    Converged,
    Corrected,
    CorrectedModel,
    Folds,
    Leakage,
    Likeness,
    NetBenefit,
    Parameters,
    Protocol,
    PublishedStatistic,
    Racing,
    Radiomics,
    Reporting,
    Search,
    SearchSweep,
    Seeds,
    Selection,
    Sensitivity,
    Statistics,
)

ENSEMBLES = ("refit", "fold-mean")
FOLD_KINDS = ("shuffle-split", "stratified-k-fold")
# Sections that one room alone reads and checks.
ROOM_SECTIONS = ("phantom", "lits", "real_case", "own", "expression", "segmentation", "detection",
                 "imaging", "headline")
PARTS = ("selection", "folds", "ensemble", "models")
MODELS = ("LR", "RF", "XGB")
RADIOMICS_METHODS = ("fast", "plain")
LESION_COUNTS = ("components", "components-and-background")
INPUTS = ("radiomics", "volume")
THRESHOLDS = ("balanced-accuracy", "F1")
TARGETS = ("NE_Score", "NE_Class")
SOURCES = ("phantom", "lits", "own")
DEVICES = ("auto", "cpu", "cuda")
# What becomes part of a path must be a name and nothing else.
NAME = re.compile(r"\w[\w.+-]*", re.ASCII)


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
    _check_cohort(parameters.cohort, path)
    _check_choices(parameters.classification, path)
    _check_radiomics(parameters.radiomics, path)
    _check_sensitivity(parameters.sensitivity, path)
    _check_chance(parameters, path)
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


def imaging(path: str | Path) -> Imaging:
    """Read and check the section ``imaging``.

    Raises
    ------
    InputError
        As `section` does; or if a choice is not among the valid ones.
    """
    found = section(path, "imaging", Imaging)
    _check(found.device, DEVICES, "imaging.device", path)
    for what in ("networks", "methods", "masks"):
        for name in getattr(found, what):
            _check_name(name, f"imaging.{what}", path)
    _check_range(found.jobs > 0, "imaging.jobs", "at least 1", path)
    return found


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


def _check_cohort(cohort: Cohort, path) -> None:
    _check(cohort.source, SOURCES, "cohort.source", path)
    for name, release in cohort.releases.items():
        _check_name(release.file, f"cohort.releases.{name}.file", path)


def _check_choices(classification: Classification, path) -> None:
    for name, item in classification.protocols.items():
        where = f"classification.protocols.{name}"
        _check(item.ensemble, ENSEMBLES, f"{where}.ensemble", path)
        _check(item.folds.kind, FOLD_KINDS, f"{where}.folds.kind", path)
        _check(item.selection.target, TARGETS, f"{where}.selection.target", path)
        _check_range(item.selection.alpha > 0, f"{where}.selection.alpha", "above 0", path)
        for model in item.models:
            _check(model, MODELS, f"{where}.models", path)
    for name, configuration in classification.configurations.items():
        _check(configuration.model, MODELS, f"classification.configurations.{name}.model", path)
    _check_bootstrap(classification.bootstrap, "classification.bootstrap", path)
    _check_bootstrap(classification.corrected.bootstrap, "classification.corrected.bootstrap", path)
    _check_corrected(classification.corrected, "classification.corrected", path)


def _check_bootstrap(bootstrap: Bootstrap, where: str, path) -> None:
    _check_range(bootstrap.samples > 0, f"{where}.samples", "at least 1", path)
    _check_range(0 <= bootstrap.seed < 1 << 32, f"{where}.seed", "from 0 to 2^32 - 1", path)
    _check_range(0 < bootstrap.level < 1, f"{where}.level", "between 0 and 1", path)


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


def _check_range(holds, where, valid, path):
    if not holds:
        raise InputError(f"parameter '{where}' cannot be used", path, f"valid: {valid}")


def _check(value, valid, where, path):
    if value not in valid:
        raise InputError(f"parameter '{where}' is {value!r}", path, f"valid: {', '.join(valid)}")


def _check_name(value, where, path):
    if not NAME.fullmatch(value):
        raise InputError(f"parameter '{where}' has {value!r}, which is no name", path,
                         "use letters, digits and . _ + -")


def _check_radiomics(radiomics: Radiomics, path) -> None:
    _check(radiomics.method, RADIOMICS_METHODS, "radiomics.method", path)
    for name, rule in radiomics.lesion_count.items():
        _check(rule, LESION_COUNTS, f"radiomics.lesion_count.{name}", path)
    if len(radiomics.spacing) != 3 or not all(0 < size <= 100 for size in radiomics.spacing):
        raise InputError("parameter 'radiomics.spacing' must be three numbers above 0, up to 100",
                         path, "give x, y and z in mm")


def _check_sensitivity(sensitivity: Sensitivity, path) -> None:
    for name, values in (("workers", (sensitivity.workers,)), ("threads", sensitivity.threads)):
        if min(values, default=0) < 1:
            raise InputError(f"parameter 'sensitivity.{name}' must be 1 or more", path,
                             "give at least one")


def _check_chance(parameters: Parameters, path) -> None:
    chance, power = parameters.chance, parameters.chance.power
    for model in chance.models:
        choose(parameters.classification.configurations, model, "configuration")
    grid = power.areas.values()
    for name, holds, valid in (
            ("models", len(set(chance.models)) == len(chance.models) > 0, "at least one, each once"),
            ("permutations", chance.permutations >= power.permutations,
             "at least power.permutations"),
            ("power.permutations", power.permutations > 0, "at least 1"),
            ("power.simulations", power.simulations > 0, "at least 1"),
            ("power.samples", power.samples > 0, "at least 1"),
            ("power.wanted", 0 < power.wanted < 1, "between 0 and 1"),
            ("power.level", 0 < power.level < 1, "between 0 and 1"),
            ("power.areas", len(grid) > 1 and power.areas.step > 0 and grid[0] == 0.5 < grid[-1] < 1,
             "rising from 0.5 to below 1"),
            ("power.likenesses", power.likenesses and all(
                0 <= item.patient <= item.study <= 1 for item in power.likenesses),
             "at least one; from 0 to 1, a study's not below the patient's")):
        _check_range(holds, f"chance.{name}", valid, path)
    for name, seed in (("seed", chance.seed), ("power.seed", power.seed)):
        _check_range(0 <= seed < 1 << 32, f"chance.{name}", "from 0 to 2^32 - 1", path)
