"""Compare outputs with the committed ones; name the first value that differs, and by how much."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from containers.verifier.lockfile import Output, cached, members


def differing(original: Path, again: Path, before: dict[str, Output],
              after: dict[str, Output]) -> list[str]:
    """Return one line for each file that differs.

    Parameters
    ----------
    original, again : Path
        The repository and the checkout that ran.
    before, after : dict
        Outputs by path as committed, and as they came out.
    """
    lines = []
    for path, out in sorted(before.items()):
        found = after.get(path)
        if found is None:
            lines.append(f"{path}: not made")
        elif found.md5 != out.md5:
            lines += list(_files(original, again, out, found))
    return lines


def _files(original: Path, again: Path, out: Output, found: Output) -> Iterator[str]:
    if not out.md5.endswith(".dir"):
        yield f"{out.path}: {first_difference(_committed(original, out), again / out.path)}"
        return
    old, new = members(original, out), members(again, found)
    if not old:
        yield f"{out.path}: differs; the committed content is not in this machine's DVC cache"
    for path in sorted({*old, *new}):
        if old and old.get(path) != new.get(path):
            one = Output(out.stage, path, old.get(path, ""))
            yield f"{path}: {first_difference(_committed(original, one), again / path)}"


def _committed(original: Path, out: Output) -> bytes | None:
    """Return the committed content from DVC's cache, the working tree or git; None without it."""
    for path in (cached(original, out.md5), original / out.path):
        if out.md5 and path.is_file():
            content = path.read_bytes()
            if hashlib.md5(content, usedforsecurity=False).hexdigest() == out.md5:
                return content
    shown = subprocess.run(["git", "-C", str(original), "show", f"HEAD:{out.path}"],
                           capture_output=True)
    return shown.stdout if shown.returncode == 0 else None


def first_difference(old: bytes | None, path: Path) -> str:
    """Describe the first value in which a file differs from its former content.

    Parameters
    ----------
    old : bytes or None
        The former content.
    path : Path
        The file; its suffix (``.csv``, ``.json``) decides how it is read.
    """
    if not path.is_file():
        return "not made"
    if old is None:
        return "differs; the committed content is not on this machine"
    new = path.read_bytes()
    try:
        pairs = zip_longest(_values(old, path.suffix), _values(new, path.suffix))
        for before, after in pairs:
            if before != after:
                return _described(before, after)
    except (ValueError, UnicodeDecodeError):
        pass  # Not what its suffix says: compared by bytes below.
    at = next((i for i, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new)))
    return f"byte {at} of {len(old)} (now {len(new)} bytes)"


def _values(content: bytes, suffix: str) -> Iterator[tuple[str, object]]:
    text = content.decode()
    if suffix == ".json":
        yield from _leaves(json.loads(text), "")
    elif suffix == ".csv":
        rows = list(csv.reader(io.StringIO(text)))
        for number, row in enumerate(rows, start=1):
            for position, cell in enumerate(row):
                column = rows[0][position] if position < len(rows[0]) else position + 1
                yield f"row {number}, {column}", cell
    else:
        raise ValueError(suffix)


def _leaves(value, place: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _leaves(item, f"{place}[{position}]")
    else:
        yield place, value


def _described(before, after) -> str:
    if before is None or after is None:
        place, value = before or after
        return f"{place} ({value}) is only in the {'new' if before is None else 'committed'} file"
    (place, old), (now, new) = before, after
    if place != now:
        return f"'{now}' stands where '{place}' was"
    try:
        gap = f", by {abs(float(new) - float(old)):.3g}"
    except (TypeError, ValueError):
        gap = ""
    return f"{place} is {new}, was {old}{gap}"
