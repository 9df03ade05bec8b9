"""Canonical files: the same content always gives the same bytes.

Floats are written by shortest round-trip ``repr``, keys are sorted, lines end in ``\\n``; nothing
about time, place or machine is written. Files appear whole or not at all (write, then rename).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common.errors import InputError


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write ``content`` to ``path`` atomically, making parent folders.

    Raises
    ------
    InputError
        If the folder cannot be written (permission, full disk, a file in the way).
    """
    path = Path(path)
    scratch = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except OSError as error:
        if scratch is not None:
            Path(scratch).unlink(missing_ok=True)
        raise InputError(f"cannot write ({error.strerror})", path,
                         "free some space or make the folder writable") from error


def plain(value):
    """Turn NumPy and pandas values into plain Python ones; NaN becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return None
        raise ValueError("infinite values have no canonical form")
    return value


def json_bytes(content) -> bytes:
    """Return canonical JSON.

    Examples
    --------
    >>> json_bytes({"b": 0.1, "a": float("nan")})
    b'{\\n  "a": null,\\n  "b": 0.1\\n}\\n'
    """
    text = json.dumps(plain(content), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def write_json(path: str | Path, content) -> None:
    """Write canonical JSON (see `json_bytes`)."""
    write_bytes(path, json_bytes(content))


def read_json(path: str | Path):
    """Read a JSON file.

    Raises
    ------
    InputError
        If the file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no such file", path, "run the stage that makes it (dvc repro)") from None
    except (ValueError, OSError) as error:
        raise InputError(f"is not readable JSON ({error})", path, "make it again (dvc repro)") from None


def _cell(value) -> str:
    value = plain(value)
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def csv_bytes(columns: Iterable[str], rows: Iterable[Iterable]) -> bytes:
    """Return canonical CSV: header, rows in the given order, missing values empty.

    Examples
    --------
    >>> csv_bytes(["a", "b"], [[1, 0.1], [None, "x,y"]])
    b'a,b\\n1,0.1\\n,"x,y"\\n'
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue().encode()


def write_csv(path: str | Path, frame: pd.DataFrame) -> None:
    """Write a data frame as canonical CSV, without its index, rows in the frame's order."""
    columns = [frame[name].tolist() for name in frame.columns]
    write_bytes(path, csv_bytes(frame.columns, zip(*columns)))


def read_csv(path: str | Path, columns: Iterable[str] = (), **options) -> pd.DataFrame:
    """Read a CSV file with exact (round-trip) float parsing and check that columns are there.

    Raises
    ------
    InputError
        If the file is missing, cannot be parsed, or lacks one of ``columns``.
    """
    try:
        frame = pd.read_csv(path, **{"float_precision": "round_trip", **options})
    except FileNotFoundError:
        raise InputError("no such file", path, "run the stage that makes it (dvc repro)") from None
    except (ValueError, OSError) as error:
        raise InputError(f"is not a readable CSV table ({error})", path,
                         "make or fetch it again") from None
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise InputError(f"lacks the column(s) {', '.join(missing)}", path,
                         "restore the names of the columns")
    return frame


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
