"""The tables of all parts as one, in the order that they have without parts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from containers.launcher import LauncherError

FAILED = "failed.csv"


def line(cells: Iterable[str]) -> str:
    """Return a line of a canonical table (`stages.common.canonical`).

    Examples
    --------
    >>> line(["a", "b,c"])
    'a,"b,c"\\n'
    """
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue()


def merged(files: Iterable[Path]) -> str:
    """Return tables as one; their first column is the series, and rows are sorted by it.

    Raises
    ------
    LauncherError
        If they have different columns. A table without rows may lack some.
    """
    heads: dict[tuple, Path] = {}
    empty: tuple = ()
    rows: dict[str, list[str]] = {}
    for path in files:
        with open(path, newline="", encoding="utf-8") as stream:
            reader = csv.reader(stream)
            head = tuple(next(reader))
            before = len(rows)
            for cells in reader:
                rows.setdefault(cells[0], []).append(line(cells))
        if len(rows) > before:
            heads.setdefault(head, path)
        else:
            empty = head
    if len(heads) > 1:
        raise LauncherError(f"{' and '.join(map(str, list(heads.values())[:2]))}: have different "
                            "columns; the settings give other features for other series")
    head = next(iter(heads), empty)
    return "".join([line(head), *(text for name in sorted(rows) for text in rows[name])])


def failures(failed: dict[str, str]) -> str:
    """Return the table of series without a result, and why.

    Examples
    --------
    >>> failures({"b": "b.nii: no such file", "a": "a.nii: is empty"})
    'File,reason\\na,a.nii: is empty\\nb,b.nii: no such file\\n'
    """
    return line(["File", "reason"]) + "".join(line(item) for item in sorted(failed.items()))
