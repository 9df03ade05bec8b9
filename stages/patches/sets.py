"""A set of slices: FOLDER/slices.csv, one row each, and FOLDER/images.npy, (n, c, h, w).

The columns are ``slice``, ``lesion``, ``patient``, ``label`` (1: the positive class); a study may add
others. A lesion has one patient and a patient one label: what is split, scored and drawn anew rests
on that.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical
from stages.common.errors import InputError

TABLE, IMAGES = "slices.csv", "images.npy"
SLICE, LESION, PATIENT, LABEL = "slice", "lesion", "patient", "label"
COLUMNS = (SLICE, LESION, PATIENT, LABEL)


@dataclass(frozen=True)
class Slices:
    """Slices with their table.

    Attributes
    ----------
    table : DataFrame
        With `COLUMNS`, in the order of ``images``.
    images : ndarray of float32, shape (n, c, h, w)
    """

    table: pd.DataFrame
    images: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """Label of each slice, shape (n,)."""
        return self.table[LABEL].to_numpy(int)

    def ids(self, unit: str) -> np.ndarray:
        """Return the number of each slice's unit (a column), from 0 in order of appearance."""
        return pd.factorize(self.table[unit])[0]


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array in NumPy's format: the same array gives the same bytes."""
    stream = io.BytesIO()
    np.save(stream, np.ascontiguousarray(array), allow_pickle=False)
    canonical.write_bytes(path, stream.getvalue())


def read_array(path: Path) -> np.ndarray:
    """Read an array.

    Raises
    ------
    InputError
        If there is none.
    """
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"is no NumPy array ({error})", path, "make it again") from None


def write(folder: Path, held: Slices) -> None:
    """Write a set, checked (see `check`)."""
    check(held.table, folder / TABLE)
    canonical.write_csv(folder / TABLE, held.table)
    write_array(folder / IMAGES, held.images.astype(np.float32))


def read_table(folder: Path, columns=(), labelled: bool = True) -> pd.DataFrame:
    """Read the table of a set, checked (see `check`); names are texts."""
    wanted = (*(COLUMNS if labelled else COLUMNS[:3]), *columns)
    found = canonical.read_csv(folder / TABLE, wanted,
                               dtype={SLICE: str, LESION: str, PATIENT: str})
    check(found, folder / TABLE, labelled)
    return found


def read(folder: Path, columns=(), labelled: bool = True) -> Slices:
    """Read a set; where it need not be ``labelled``, labels are neither asked for nor checked.

    Raises
    ------
    InputError
        If a file cannot be used, or the two do not go together (see `check` too).
    """
    table, images = read_table(folder, columns, labelled), read_array(folder / IMAGES)
    if images.ndim != 4 or len(images) != len(table):
        raise InputError(f"has the shape {images.shape} for {len(table)} slices", folder / IMAGES,
                         "make the set again: (slices, channels, height, width) is expected")
    if not np.isfinite(images).all():
        raise InputError(f"has a value that is no number in the slice "
                         f"'{table[SLICE].iloc[int(np.argmin(np.isfinite(images).all((1, 2, 3))))]}'",
                         folder / IMAGES, "make the set again")
    return Slices(table, images.astype(np.float32, copy=False))


def check(table: pd.DataFrame, source, labelled: bool = True) -> None:
    """Refuse a table on which nothing can be learnt or split.

    Raises
    ------
    InputError
        Naming the slice, the lesion or the patient at fault.
    """
    for name in COLUMNS[:3]:
        empty = table[name].isna() | (table[name].astype(str) == "")
        if empty.any():
            raise InputError(f"row {int(np.argmax(empty)) + 2} has no {name}", source, "name it")
    twice = table[SLICE][table[SLICE].duplicated()]
    if len(twice):
        raise InputError(f"has the slice '{twice.iloc[0]}' twice", source, "name every slice once")
    _require_one(table, LESION, PATIENT, source)
    if labelled:
        _check_labels(table, source)


def _check_labels(table: pd.DataFrame, source) -> None:
    wrong = ~table[LABEL].isin([0, 1])
    if wrong.any():
        raise InputError(f"the slice '{table[SLICE][wrong].iloc[0]}' has the label "
                         f"'{table[LABEL][wrong].iloc[0]}'", source, "labels are 0 and 1")
    _require_one(table, PATIENT, LABEL, source)
    patients = table.drop_duplicates(PATIENT)[LABEL].value_counts()
    for label in (0, 1):
        if patients.get(label, 0) < 2:
            raise InputError(f"has {patients.get(label, 0)} patient(s) of class {label}", source,
                             "one patient per class cannot be both learnt from and scored: "
                             "add patients")


def _require_one(table: pd.DataFrame, unit: str, other: str, source) -> None:
    kinds = table.groupby(unit, sort=False)[other].nunique()
    if (kinds > 1).any():
        raise InputError(f"the {unit} '{kinds.index[kinds > 1][0]}' has two {other}s", source,
                         f"a {unit} has one {other}; correct the table")
