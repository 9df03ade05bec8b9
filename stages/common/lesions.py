"""A table of patients' images and masks of lesions, as the rooms that work lesion by lesion read it.

Columns: ``patient``, ``label``, ``image`` and ``mask``, files below the table's folder. A mask is split
into lesions; where the column ``lesion`` names one, the whole mask is that lesion.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical
from stages.common.errors import InputError

PATIENT, LESION, LABEL, IMAGE, MASK = "patient", "lesion", "label", "image", "mask"
COLUMNS = (PATIENT, LABEL, IMAGE, MASK)


def read(path: Path) -> pd.DataFrame:
    """Read the table; all cells as text, and ``lesion`` empty where none is named.

    Raises
    ------
    InputError
        If a row has no patient, label or file, a patient has two labels, or a lesion or a mask stands
        there twice.
    """
    table = canonical.read_csv(path, COLUMNS, dtype=str, keep_default_na=False)
    for column in COLUMNS:
        empty = table[column].str.strip() == ""
        if empty.any():
            raise InputError(f"line {2 + int(np.argmax(empty))} has no {column}", path,
                             f"fill in the column {column}")
    several = table.groupby(PATIENT)[LABEL].nunique()
    if (several > 1).any():
        raise InputError(f"patient {several.idxmax()} has two labels", path,
                         "give all lesions of a patient the same one")
    if LESION not in table:
        table[LESION] = ""
    for rows, keys in ((table[table[LESION] != ""], [PATIENT, LESION]), (table, [MASK])):
        twice = rows.duplicated(keys)
        if twice.any():
            raise InputError(f"has {' '.join(rows[twice].iloc[0][keys])} twice", path,
                             "list each lesion and each mask once")
    return table


def name(row: pd.Series, place: int) -> str:
    """Return the name of a lesion: its own, or the mask's file with its place in it, from 1."""
    return row[LESION] or f"{Path(row[MASK]).name.split('.')[0]}-{place}"


def diameter(voxels: int, spacing) -> float:
    """Return the diameter of a ball with as much volume, mm.

    Examples
    --------
    >>> round(diameter(1000, (1, 1, 1.5)), 2)
    14.2
    """
    return float((6 * voxels * np.prod(spacing) / np.pi) ** (1 / 3))
