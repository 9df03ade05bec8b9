"""Recomputed values, each with the run that gave it."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts.content import Evidence
from stages.verdicts.study import Study

MAKE = "make it again (dvc repro)"
_MISSING = object()


@dataclass(frozen=True, order=True)
class Origin:
    """The run that a value comes from; ``kernel`` is the BLAS core."""

    protocol: str
    release: str
    environment: str
    kernel: str = ""


@dataclass(frozen=True)
class Source:
    """One metrics file.

    Attributes
    ----------
    origin : Origin
    content : dict
    file : path
    lacks : tuple of str
        Paths (shell patterns) that it may lack.
    """

    origin: Origin
    content: dict
    file: str | Path = ""
    lacks: tuple[str, ...] = ()

    def may_lack(self, path: str) -> bool:
        """Tell whether the file may lack a path."""
        return any(fnmatchcase(path, pattern) for pattern in self.lacks)

    def at(self, path: str):
        """Return what stands at a slash-separated path; a mark of its own where there is nothing."""
        node = self.content
        for key in path.split("/"):
            if isinstance(node, list) and key.isdigit() and int(key) < len(node):
                node = node[int(key)]
            elif isinstance(node, dict) and key in node:
                node = node[key]
            else:
                return _MISSING
        return node

    def has(self, path: str) -> bool:
        """Tell whether a number stands at a path."""
        return type(self.at(path)) in (int, float)  # true and false are integers to Python

    def value(self, path: str, text: bool = False) -> float | int | str | None:
        """Return the value at a slash-separated path.

        Parameters
        ----------
        path : str
        text : bool
            Whether a text (a version) is due there instead of a number.

        Returns
        -------
        float, int, str or None
            None where the value is undefined (null), or missing and listed in ``lacks``.

        Raises
        ------
        InputError
            If the path is missing, or something else stands there than one text or finite number.
        """
        node = self.at(path)
        if node is _MISSING:
            if not self.may_lack(path):
                raise InputError(f"lacks '{path}'", self.file, MAKE)
            return None
        if node is None:
            return None
        if isinstance(node, (dict, list)):
            raise InputError(f"'{path}' is no single value", self.file, MAKE)
        if text:
            right = isinstance(node, str)
        else:  # true and false are integers to Python
            right = type(node) in (int, float) and math.isfinite(node)
        if not right:
            raise InputError(f"'{path}' is no {'text' if text else 'number'} ({node!r})", self.file,
                             MAKE)
        return node


def collect(study: Study, root: Path) -> dict[str, list[Source]]:
    """Read every metrics file that the study declares.

    Returns
    -------
    dict
        Source name to its files.

    Raises
    ------
    InputError
        If a file is missing, or is not that of its run.
    """
    return {name: list(_files(study, root, evidence))
            for name, evidence in study.content.sources.items()}


def _files(study: Study, root: Path, evidence: Evidence):
    content, preferred, seen = study.content, study.content.preferred, set()
    for files in evidence.files:
        for protocol, release, environment in itertools.product(
                content.protocols, content.runs.releases, content.runs.environments):
            name = files.path.format(protocol=protocol, release=release, environment=environment)
            if name in seen:
                continue
            seen.add(name)
            path = study.results(root) / name
            if evidence.environment:
                yield Source(Origin(content.protocols[0], release, evidence.environment),
                             canonical.read_json(path), path, files.lacks)
            else:
                named = {"protocol": protocol if "{protocol}" in files.path else content.protocols[0],
                         "release": release if "{release}" in files.path else preferred.release,
                         "environment": environment if "{environment}" in files.path
                         else preferred.environment}
                yield _run(path, named, files.lacks)


def _run(path: Path, declared: dict[str, str], lacks: tuple[str, ...]) -> Source:
    """Read the file of a run; ``declared`` is which one, but for the BLAS core."""
    content = canonical.read_json(path)
    try:
        origin = Origin(**content["run"])
    except (KeyError, TypeError):
        origin = None
    if origin is None or not isinstance(origin.kernel, str):
        raise InputError("does not say which run it belongs to", path, MAKE)
    for name, due in declared.items():
        said = getattr(origin, name)
        if said != due:
            raise InputError(f"says that it belongs to the {name} {said!r}, not {due!r}", path, MAKE)
    return Source(origin, content, path, lacks)
