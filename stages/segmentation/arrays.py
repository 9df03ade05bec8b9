"""Prepared volumes as NumPy files, which are mapped into memory: only what is used is read."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from stages.common import canonical
from stages.common.errors import InputError


def write(path: Path, array: np.ndarray) -> None:
    """Write one array in NumPy's own format and in its own order of the axes in memory."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    canonical.write_bytes(path, stream.getbuffer())


def read(path: Path) -> np.ndarray:
    """Map an array into memory, read-only.

    Raises
    ------
    InputError
        If there is none.
    """
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError) as error:
        raise InputError(f"is no prepared case ({error})", path,
                         "prepare the cases again") from None
