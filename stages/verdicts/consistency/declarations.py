"""A study's list of checks: which printed numbers go into which check, with which constants."""

from __future__ import annotations

import difflib
import functools
import inspect
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from stages.common import canonical, strict, yaml_text
from stages.common.errors import InputError
from stages.verdicts.consistency import printed
from stages.verdicts.consistency.registry import CHECKS

COLUMNS = ("item", "row", "metric", "value", "low", "high")
BOUNDS = ("value", "low", "high")
# A number behind this sign is no printed number of the study, but stands for one: "= 0.458".
GIVEN = "="


@dataclass(frozen=True, order=True)
class Place:
    """Where a number is printed: item, row, metric and which of ``value``, ``low``, ``high``."""

    item: str
    row: str
    metric: str
    bound: str = "value"

    def __str__(self) -> str:
        named = (self.item, self.row, self.metric, *([self.bound] if self.bound != "value" else []))
        return " | ".join(named)


@dataclass(frozen=True)
class Declaration:
    """One entry of the list.

    Attributes
    ----------
    id, check : str
        Its name, and the name of the check (`registry.CHECKS`).
    numbers : dict
        Argument to address, or list of addresses, ``ITEM | ROW | METRIC [| low]``; in a list ``*``
        stands for anything.
    constants : dict
        Further arguments; ``source`` says where they come from.
    source, assumption : str
        The assumption is added to that of the check.
    of, reading : str
        Entries of the same ``of`` are readings of one statement: it is possible if one of them is.
    otherwise : str
        Another reading, under which nothing can be tested: the statement is always possible.
    charges : tuple of str
        Who gets the verdict if the check refuses; every number where left out.
    right_if : str
        What would have to be true for the authors to be right.
    each : tuple of dict
        Makes one entry of each, with ``{name}`` filled in; a list of values makes one of each value.
    """

    id: str
    check: str
    numbers: dict[str, object]
    constants: dict[str, object] | None = None
    source: str = ""
    assumption: str = ""
    of: str = ""
    reading: str = ""
    otherwise: str = ""
    charges: tuple[str, ...] = ()
    right_if: str = ""
    each: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True)
class Reason:
    """Why the numbers that match the patterns cannot be tested."""

    reason: str
    numbers: tuple[str, ...]

    def covers(self, place: Place) -> bool:
        """Tell whether a pattern matches."""
        return any(_matches(pattern, place) for pattern in self.numbers)


def numbers(folder: str | Path) -> dict[Place, str]:
    """Read the printed numbers of a study, in the order of its files.

    Returns
    -------
    dict of str
        What is printed, by place.

    Raises
    ------
    InputError
        If there is none, or one is listed twice.
    """
    found: dict[Place, str] = {}
    paths = sorted(Path(folder).glob("*.csv"))
    if not paths:
        raise InputError("holds no published table", folder, "restore it from the repository")
    for path in paths:
        table = canonical.read_csv(path, COLUMNS, dtype=str, keep_default_na=False)
        for row in table.to_dict("records"):
            for bound in BOUNDS:
                place = Place(row["item"], row["row"], row["metric"], bound)
                if row[bound] and place in found:
                    raise InputError(f"{place} is listed twice", path, "keep one")
                if row[bound]:
                    found[place] = row[bound]
    return found


def read(path: str | Path) -> tuple[list[Declaration], list[Reason]]:
    """Read a study's list: ``checks`` and ``untested``.

    Raises
    ------
    InputError
        If the file cannot be read, an entry is not complete, or two have the same id.
    """
    try:
        content = yaml_text.parse(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no such file", path, "restore it from the repository") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"is not readable YAML ({error})", path, "correct it") from None
    if not isinstance(content, dict) or not content.get("checks"):
        raise InputError("lists no checks", path, "add a list 'checks'")
    checks = [one for entry in strict.build(tuple[Declaration, ...], content["checks"], str(path),
                                            "checks") for one in _each(entry, path)]
    seen = set()
    for entry in checks:
        if entry.id in seen:
            raise InputError(f"two checks have the id '{entry.id}'", path, "rename one")
        seen.add(entry.id)
        _known(entry, path)
    reasons = strict.build(tuple[Reason, ...], content.get("untested", []), str(path), "untested")
    return checks, list(reasons)


def _each(entry: Declaration, path) -> Iterator[Declaration]:
    for names in entry.each or ({},):
        choices = [value if isinstance(value, list) else [value] for value in names.values()]
        for chosen in itertools.product(*choices):
            yield _filled(entry, dict(zip(names, map(str, chosen))))


def _filled(entry: Declaration, values: dict[str, str]) -> Declaration:
    def fill(text):
        for name, value in values.items():
            text = str(text).replace("{" + name + "}", value)
        return str(text)

    label = f" ({', '.join(value for value in values.values() if value)})" if values else ""
    numbers = {name: [fill(one) for one in value] if isinstance(value, list) else fill(value)
               for name, value in entry.numbers.items()}
    return replace(entry, id=entry.id + label, numbers=numbers, each=(), of=fill(entry.of),
                   charges=tuple(map(fill, entry.charges)), right_if=fill(entry.right_if))


def _known(entry: Declaration, path) -> None:
    if entry.check not in CHECKS:
        near = difflib.get_close_matches(entry.check, list(CHECKS), n=1)
        raise InputError(f"check '{entry.check}' of '{entry.id}' is not known", path,
                         f"did you mean '{near[0]}'?" if near else f"one of {', '.join(CHECKS)}")
    parameters = CHECKS[entry.check].signature.parameters
    given = {**entry.numbers, **(entry.constants or {})}
    for name in given:
        if name not in parameters:
            raise InputError(f"'{entry.id}': {entry.check} takes no '{name}'", path,
                             f"one of {', '.join(parameters)}")
    for name, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and name not in given:
            raise InputError(f"'{entry.id}': {entry.check} needs '{name}'", path,
                             "name its number or constant")
    if bool(entry.of or entry.otherwise) != bool(entry.reading):
        raise InputError(f"'{entry.id}': a 'reading' goes with 'of' or 'otherwise'", path,
                         "give both or neither")


def places(pattern: str, found: Iterable[Place], where: str) -> list[Place]:
    """Return the places that an address names, in the order in which they are printed.

    Raises
    ------
    InputError
        If it names none.
    """
    matched = [place for place in found if _matches(pattern, place)]
    if not matched:
        raise InputError(f"'{where}' asks for '{pattern}', which is not printed", fix="correct it")
    return matched


def _matches(pattern: str, place: Place) -> bool:
    parts = _parts(pattern)
    # * is the only wildcard: names of a paper hold brackets.
    return len(parts) == 4 and all(
        part == name or "*" in part and fnmatchcase(name, part.replace("[", "[[]").replace("?", "[?]"))
        for part, name in zip(parts, (place.item, place.row, place.metric, place.bound)))


@functools.lru_cache
def _parts(pattern: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in pattern.split("|"))
    return (*parts, "value") if len(parts) == 3 else parts


def given(text: str, kind: printed.Kind, name: str) -> printed.Number:
    """Read ``= 0.458``: a number from elsewhere, rounded as printed there, not put to the test."""
    number = printed.read(text.removeprefix(GIVEN).strip(), kind, name)
    return replace(number, text=None) if kind.name != "Text" else number
