"""Files that a report is made of: read, checked, and noted with their fingerprints."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from stages.common import canonical
from stages.common.errors import InputError

MAKE = "make it again (dvc repro)"


@dataclass(frozen=True)
class Document:
    """A JSON file whose missing values say which file lacks them."""

    path: str
    content: dict

    def get(self, *keys: str):
        """Return the value at nested keys.

        Raises
        ------
        InputError
            If there is none.
        """
        node = self.content
        for key in keys:
            if not isinstance(node, dict) or key not in node:
                raise InputError(f"lacks {'/'.join(keys)}", self.path, MAKE)
            node = node[key]
        return node


class Reader:
    """Reads files and remembers their fingerprints (MD5, as ``dvc.lock`` holds them)."""

    def __init__(self) -> None:
        self.fingerprints: dict[str, str] = {}

    def json(self, path: str | Path) -> Document:
        """Read a JSON file."""
        content = canonical.read_json(path)
        self._note(path)
        return Document(str(path), content)

    def numbers(self, path: str | Path, columns: tuple[str, ...], words: tuple[str, ...] = ()):
        """Read a CSV file that has these columns, all but ``words`` full of numbers.

        Raises
        ------
        InputError
            If it has no row, or something else than a number.
        """
        frame = canonical.read_csv(path, columns)
        if frame.empty:
            raise InputError("holds no rows", path, MAKE)
        for name in columns:
            if name not in words and not is_numeric_dtype(frame[name]):
                raise InputError(f"holds something else than numbers in column '{name}'", path, MAKE)
        self._note(path)
        return frame

    def text(self, path: str | Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
        """Read a CSV file of text, one dict for each row."""
        frame: pd.DataFrame = canonical.read_csv(path, columns, dtype=str, keep_default_na=False)
        self._note(path)
        return frame.to_dict("records")

    def _note(self, path) -> None:
        content = Path(path).read_bytes()
        self.fingerprints[Path(path).as_posix()] = hashlib.md5(content).hexdigest()
