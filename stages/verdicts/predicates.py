"""Tests on the study's files that decide a checklist's answer.

A test is one of

``has ADDRESS``, ``no ADDRESS``
    Whether something stands there.
``ADDRESS = VALUE``
    Or another comparison (``!=``, ``<``, ``<=``, ``>``, ``>=``) of a number, or ``=`` with a text.

An address is ``FILE::key/key`` (a value of a JSON or YAML file of this repository) or
``printed ITEM | ROW | METRIC`` (numbers that the paper prints, by shell patterns; ``| low`` or
``| high`` behind them for a bound). A file or an item that is not there is an error, not an answer: a
slip of the pen must not read as something that the paper lacks.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from stages.common.errors import InputError
from stages.verdicts.published import BOUNDS, Number
from stages.verdicts.values import content, walk

COMPARISONS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
               ">": operator.gt, ">=": operator.ge}
_COMPARED = re.compile(r"(.+?)\s+(=|!=|<=|>=|<|>)\s+(\S+)")
_PRINTED = "printed "


@dataclass(frozen=True)
class Files:
    """What tests look at: the repository's files and the numbers that the paper prints."""

    root: Path
    numbers: Sequence[Number]

    def holds(self, test: str) -> bool:
        """Tell whether one test holds.

        Raises
        ------
        ValueError
            Where the text is no test, or looks at a file, a key or an item that is not there.
        """
        word, _, address = test.partition(" ")
        if word in ("has", "no"):
            return self._has(address.strip()) is (word == "has")
        found = _COMPARED.fullmatch(test)
        if found is None:
            raise ValueError("it begins with neither 'has' nor 'no' and compares nothing")
        address, sign, text = found.groups()
        if address.startswith(_PRINTED):
            raise ValueError("printed numbers can be asked for by 'has' and 'no' only")
        value = self._value(address)
        if value is None:
            raise ValueError(f"nothing stands at {address}")
        return COMPARISONS[sign](*_alike(value, text))

    def _has(self, address: str) -> bool:
        return (self._printed(address) if address.startswith(_PRINTED)
                else self._value(address) is not None)

    def _value(self, address: str):
        name, colons, path = address.partition("::")
        if not colons:
            raise ValueError(f"'{address}' is no address")
        try:
            return walk(content(self.root, name), path.split("/"))
        except InputError as error:
            raise ValueError(f"{name}: {error.what}") from None

    def _printed(self, address: str) -> bool:
        cell = [part.strip() for part in address.removeprefix(_PRINTED).split("|")]
        if len(cell) == 3:
            cell.append(BOUNDS[0])
        if len(cell) != 4 or cell[3] not in BOUNDS:
            raise ValueError(f"'{address}' is not printed ITEM | ROW | METRIC")
        item, row, metric, bound = cell
        of_item = [number for number in self.numbers if fnmatchcase(number.item, item)]
        if not of_item:
            raise ValueError(f"no number is printed in {item}")
        return any(fnmatchcase(number.row, row) and fnmatchcase(number.metric, metric)
                   and number.bound == bound for number in of_item)


def _alike(value, text: str) -> tuple:
    """Return a value and what it is compared with, both as numbers or both as texts."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value), text
    return value, float(text)
