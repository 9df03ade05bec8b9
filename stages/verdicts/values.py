"""Named values for the claims: printed numbers, results of this pipeline, parameters.

A value is asked for by a text, its address:

``printed ITEM | ROW | METRIC``
    A number that the paper prints (``| low`` or ``| high`` behind it for a bound).
``numbers ITEM | ROW | METRIC``
    How many numbers the paper prints there (shell patterns).
``matches PROTOCOL RELEASE ENVIRONMENT | ITEM | ROW | METRIC``
    How many of them one run gives at the printed precision.
``stored RELEASE | CONFIGURATION | MODEL | QUANTITY | STATISTIC``
    What the authors' notebooks store (`stages.verdicts.stored`).
``FILE::key/key``
    A value of a JSON or YAML file of this repository.
"""

from __future__ import annotations

import json
import math
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

import yaml

from stages.common import printed, yaml_text
from stages.common.errors import InputError
from stages.verdicts import evidence, published, stored
from stages.verdicts.study import Study

PRINTED = "printed"


class Printed(float):
    """A printed number: a float that remembers how it was printed.

    Examples
    --------
    >>> number = Printed("0.70")
    >>> f"{number}, {number:.1f}, {number.decimals}"
    '0.70, 0.7, 2'
    """

    def __new__(cls, text: str):
        """Make the number from its text."""
        number = super().__new__(cls, text)
        number.text = text
        number.decimals = printed.decimals(text)
        return number

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else self.text


def rounds(value: float, number: Printed, tolerance: float) -> bool:
    """Tell whether a value rounds to a printed number (half-way cases either way).

    Examples
    --------
    >>> rounds(0.6758, Printed("0.676"), 1e-9), rounds(0.6758, Printed("0.677"), 1e-9)
    (True, False)
    """
    return bool(printed.rounds(value, number.text, tolerance))


class Reader:
    """Reads values by their addresses.

    Parameters
    ----------
    study : Study
    root : path
        The repository.
    tolerance : float
        How near to half a unit counts as half-way.
    """

    def __init__(self, study: Study, root: str | Path, tolerance: float):
        self.study, self.root, self.tolerance = study, Path(root), tolerance
        self.numbers = published.read(study.published, study.content.numbers)
        self.rules = published.rules(study.rules)
        self._files: dict[str, object] = {}
        self._printed = {(n.item, n.row, n.metric, n.bound): n.printed for n in self.numbers}

    @cached_property
    def sources(self) -> dict[str, list[evidence.Source]]:
        """Recomputed values, read when a claim counts matches."""
        return evidence.collect(self.study, self.root)

    def value(self, address: str, claim: str):
        """Return the value at an address.

        Raises
        ------
        InputError
            If it is missing, naming the claim that asks for it.
        """
        if "::" in address:
            name, path = (part.strip() for part in address.split("::", 1))
            return self._entry(name, path, claim)
        head, *cell = (part.strip() for part in address.split("|"))
        kind, *run = head.split(" ", 1)
        if kind == PRINTED:
            return self._print([*run, *cell], claim)
        if kind == "numbers":
            return len(self._select([*run, *cell], claim))
        if kind == "stored":
            return self._stored([*run, *cell], claim)
        if kind == "matches":
            return self._matches(run[0] if run else "", cell, claim)
        raise InputError(f"claim {claim}: '{address}' is no address", self.study.claims,
                         "begin it with printed, numbers, matches, stored or a file and two colons")

    @cached_property
    def outputs(self) -> list[dict[str, str]]:
        """What the authors' own run stored, read when a claim asks for it."""
        return stored.of(self.study)

    def _stored(self, cell, claim):
        try:
            return stored.value(self.outputs, cell[:-1], "".join(cell[-1:]))[0]
        except ValueError as error:
            raise InputError(f"claim {claim}: {error}", self.study.claims,
                             "correct the claim") from None

    def _print(self, cell, claim):
        if len(cell) == 3:
            cell = [*cell, "value"]
        if tuple(cell) not in self._printed:
            raise InputError(f"claim {claim}: no printed number {' | '.join(cell)}",
                             self.study.published, "correct the claim or transcribe the number")
        text = self._printed[tuple(cell)]
        try:
            return Printed(text)
        except ValueError:
            return text

    def _select(self, cell, claim):
        """Return the printed numbers that three shell patterns name."""
        cell = [pattern.replace("[", "[[]") for pattern in cell]
        found = [number for number in self.numbers if len(cell) == 3 and all(
            fnmatchcase(getattr(number, name), pattern)
            for name, pattern in zip(("item", "row", "metric"), cell))]
        if not found:
            raise InputError(f"claim {claim}: no printed number matches {' | '.join(cell)}",
                             self.study.published, "correct the claim")
        return found

    def _matches(self, run, cell, claim):
        wanted, count, seen = tuple(run.split()), 0, False
        for number in self._select(cell, claim):
            rule = published.rule_for(number, self.rules)
            for source in self.sources.get(rule.source, ()):
                origin = source.origin
                if (origin.protocol, origin.release, origin.environment) != wanted:
                    continue
                seen = True
                value = (source.value(rule.path(number), text=number.decimals is None)
                         if number.bound in rule.paths else None)
                count += value is not None and number.matches(value, self.tolerance)
        if not seen:
            raise InputError(f"claim {claim}: no run '{run}' gives {' | '.join(cell)}",
                             self.study.results(), "run the pipeline (dvc repro), or correct the claim")
        return count

    def _entry(self, name, path, claim):
        if name not in self._files:
            self._files[name] = content(self.root, name)
        found = _walk(self._files[name], path.split("/"))
        if found is _MISSING:
            raise InputError(f"lacks '{path}', which claim {claim} needs", self.root / name,
                             "run the pipeline (dvc repro)")
        if isinstance(found, float) and not math.isfinite(found):
            raise InputError(f"'{path}', which claim {claim} needs, is no finite number",
                             self.root / name, evidence.MAKE)
        return found


_MISSING = object()


def walk(node, parts: list[str]):
    """Return the value at a path of keys, None where there is none."""
    found = _walk(node, parts)
    return None if found is _MISSING else found


def _walk(node, parts):
    """Follow keys, which may hold slashes themselves: the longest key that leads on is taken."""
    if not parts:
        return node
    if isinstance(node, list):
        fits = parts[0].isdigit() and int(parts[0]) < len(node)
        return _walk(node[int(parts[0])], parts[1:]) if fits else _MISSING
    if isinstance(node, dict):
        for length in range(len(parts), 0, -1):
            key = "/".join(parts[:length])
            if key in node and (found := _walk(node[key], parts[length:])) is not _MISSING:
                return found
    return _MISSING


def content(root: Path, name: str):
    """Return what a JSON or YAML file of the repository holds.

    Raises
    ------
    InputError
        If it is missing or not readable.
    """
    path = root / name
    try:
        text = path.read_text(encoding="utf-8")
        return yaml_text.parse(text) if path.suffix == ".yaml" else json.loads(text)
    except FileNotFoundError:
        raise InputError("no such file", path, "run the pipeline (dvc repro)") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"is not readable ({error})", path, "make it again (dvc repro)") from None


def lookup(root: Path, name: str, path: str):
    """Return the value at a path inside a JSON or YAML file.

    Raises
    ------
    InputError
        If the file or the value is missing.
    """
    found = _walk(content(root, name), path.split("/"))
    if found is _MISSING:
        raise InputError(f"lacks '{path}'", root / name, "run the pipeline (dvc repro)")
    return found
