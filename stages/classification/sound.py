"""Whether a stored forest ends: `stages.classification.models` follows nodes until they are leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from stages.classification.models import ARRAYS
from stages.common.errors import InputError

FIELDS = ("start", "left", "right")


def require(path: Path) -> None:
    """Refuse a stored forest in which a node leads back or out of its tree.

    scikit-learn numbers the nodes of a tree from its root on: both children of a node come behind it.
    What else may be wrong with a file, its reader says.

    Parameters
    ----------
    path : Path
        A file of `stages.classification.models.store`.

    Raises
    ------
    InputError
        Naming the file.
    """
    if path.suffix != ARRAYS:
        return
    try:
        arrays = load_file(path)
        start, left, right = (arrays[name].astype(np.int64) for name in FIELDS)
        bounds = list(zip(start[:-1], start[1:]))
        wrong = not bounds or start[0] != 0 or start[-1] != len(left) or len(left) != len(right)
        wrong = wrong or any(not _ends(left[first:end], right[first:end]) for first, end in bounds)
    except (LookupError, TypeError, ValueError, OSError, SafetensorError):
        return  # the reader names it
    if wrong:
        raise InputError("holds a tree whose nodes lead back or out of it", path,
                         "train the classifiers again")


def _ends(left: np.ndarray, right: np.ndarray) -> bool:
    """Tell whether each node of one tree is a leaf, or has two children behind it."""
    place = np.arange(len(left))
    leaf = (left < 0) & (right < 0)
    inner = (left > place) & (right > place) & (np.maximum(left, right) < len(left))
    return len(left) > 0 and bool((leaf | inner).all())
