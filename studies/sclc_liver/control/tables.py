"""The public radiomics tables of the control: which they are, and what one must hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical
from stages.common.errors import InputError

COLUMNS = ("table", "file", "bytes", "sha256", "rows", "features")
IDENTITY, TARGET = "ID", "Target"
FETCH_AGAIN = "remove it and fetch it again (stages.cohort.fetch_pinned)"


@dataclass(frozen=True)
class Pinned:
    """One table, pinned by content; ``rows`` and ``features`` are what it must hold."""

    table: str
    file: str
    bytes: int
    sha256: str
    rows: int
    features: int


@dataclass(frozen=True)
class Table:
    """One table: n patients, p features.

    Attributes
    ----------
    features : ndarray of float, shape (n, p)
    label : ndarray of int, shape (n,)
        1 is the class that the table calls 1 or True.
    patients : ndarray of str, shape (n,)
    """

    features: np.ndarray
    label: np.ndarray
    patients: np.ndarray


def read_pinned(path: str | Path) -> list[Pinned]:
    """Read the list of tables.

    Raises
    ------
    InputError
        If a table is named twice, or a size is no whole number.
    """
    listed = canonical.read_csv(path, COLUMNS)
    if listed["table"].duplicated().any():
        raise InputError("names a table twice", path, "remove one of the lines")
    try:
        return [Pinned(row.table, row.file, int(row.bytes), row.sha256, int(row.rows),
                       int(row.features)) for row in listed.itertuples()]
    except ValueError as error:
        raise InputError(f"has a size that is no whole number ({error})", path,
                         "restore the file from the repository") from None


def read(pinned: Pinned, folder: Path) -> Table:
    """Read one table and check it against what it must be.

    Raises
    ------
    InputError
        If it is missing or changed, lacks the target, has other than two classes, or holds
        something else than finite numbers.
    """
    path = folder / pinned.file
    if not path.is_file():
        raise InputError("no such file", path, "fetch it (stages.cohort.fetch_pinned)")
    if canonical.sha256(path) != pinned.sha256:
        raise InputError("has another SHA-256 than the one it is pinned by", path, FETCH_AGAIN)
    found = canonical.read_csv(path, (IDENTITY, TARGET), dtype={IDENTITY: str})
    label = found[TARGET].astype(str).map({"0": 0, "1": 1, "False": 0, "True": 1})
    if label.isna().any() or label.nunique() != 2:
        raise InputError(f"'{TARGET}' does not hold the classes 0 and 1", path,
                         "leave the table out of the list")
    features = found.drop(columns=[IDENTITY, TARGET]).apply(pd.to_numeric, errors="coerce")
    if not np.isfinite(features.to_numpy(dtype=float)).all():
        raise InputError("holds something else than finite numbers", path,
                         "leave the table out of the list")
    if features.shape != (pinned.rows, pinned.features):
        raise InputError(f"holds {features.shape[0]} rows of {features.shape[1]} features, not "
                         f"{pinned.rows} of {pinned.features}", path, "correct the list")
    return Table(features.to_numpy(dtype=float), label.to_numpy(dtype=int),
                 found[IDENTITY].to_numpy(dtype=str))
