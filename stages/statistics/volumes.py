"""Tumour volume of every series, read from a feature table and checked."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical
from stages.common.columns import LABEL, SCORE
from stages.common.errors import InputError

VOXELS = "diagnostics_Mask-original_VoxelNum"
SPACING = "diagnostics_Mask-original_Spacing"
BURDEN = "volume_mm3"


def read(path: str | Path, others: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read the volumes of all series of a cohort table.

    Parameters
    ----------
    path : str or Path
        Canonical cohort table: one row per series, with a ``study`` column.
    others : tuple of str
        Further columns of volumes, in mm³.

    Returns
    -------
    DataFrame
        Columns ``study``, ``volume_mm3`` (mm³), score, label (0 or 1) and ``others``; one row per
        series, in table order.

    Raises
    ------
    InputError
        If a column is missing, a cell is empty or not a number, a study has two labels or scores,
        or a label other than 0 and 1 occurs.
    """
    needed = ["study", VOXELS, SPACING, SCORE, LABEL, *others]
    table = canonical.read_csv(path, needed, dtype={"study": str})
    unnamed = np.flatnonzero(table["study"].isna())
    if unnamed.size:
        raise InputError(f"row {unnamed[0] + 2} names no study", path, "fill the column 'study'")
    sizes = [voxel_volume(text, f"{path}: row {row + 2}")
             for row, text in enumerate(table[SPACING])]
    result = pd.DataFrame({"study": table["study"]})
    result[BURDEN] = _numbers(table, VOXELS, path, lowest=0.0) * np.asarray(sizes, dtype=float)
    result[SCORE] = _numbers(table, SCORE, path)
    labels = _numbers(table, LABEL, path)
    if not np.isin(labels, (0, 1)).all():
        raise InputError(f"column '{LABEL}' holds values other than 0 and 1", path,
                         "use 1 for NE-positive and 0 for NE-negative")
    result[LABEL] = labels.astype(int)
    for name in others:
        result[name] = _numbers(table, name, path, lowest=0.0)
    _check_studies(result, (SCORE, LABEL), path)
    return result


def voxel_volume(text: object, where: str) -> float:
    """Return the volume of one voxel (mm³) from a spacing written as ``(x, y, z)``.

    Raises
    ------
    InputError
        If the text is not three positive numbers.

    Examples
    --------
    >>> voxel_volume("(0.5, 0.5, 2.0)", "row 2")
    0.5
    """
    try:
        spacing = ast.literal_eval(str(text).strip())
        lengths = [float(length) for length in spacing]
    except (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError):
        lengths = []
    if len(lengths) != 3 or not all(math.isfinite(x) and x > 0 for x in lengths):
        raise InputError(f"'{SPACING}' is '{str(text)[:60]}'", where,
                         "write it as three positive numbers in mm, like (0.78, 0.78, 5.0)")
    return math.prod(lengths)


def first_of_study(series: pd.DataFrame) -> pd.DataFrame:
    """Keep the row that comes first for each study, in table order.

    Source: the released code takes the first row of a study; the paper does not say which.
    """
    return series.drop_duplicates("study", keep="first").reset_index(drop=True)


def check_groups(series: pd.DataFrame, path: str | Path) -> None:
    """Refuse a cohort that cannot be compared.

    Raises
    ------
    InputError
        If there are fewer than three studies or one of the two groups is empty.
    """
    studies = first_of_study(series)
    if len(studies) < 3:
        raise InputError(f"holds {len(studies)} studies", path, "a correlation needs at least 3")
    for value, name in ((1, "NE-positive"), (0, "NE-negative")):
        if not (studies[LABEL] == value).any():
            raise InputError(f"no study is {name} ('{LABEL}' is never {value})", path,
                             "the rank-sum test compares two groups; add studies of the other")


def _numbers(table: pd.DataFrame, name: str, path, lowest: float = -math.inf) -> np.ndarray:
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
    wrong = np.flatnonzero(~np.isfinite(values) | (values < lowest))
    if wrong.size:
        kind = "a number" if lowest < 0 else "a non-negative number"
        raise InputError(f"column '{name}', row {wrong[0] + 2}: "
                         f"'{table[name].iloc[wrong[0]]}' is not {kind}", path, "correct the cell")
    return values


def _check_studies(series: pd.DataFrame, names: tuple[str, ...], path) -> None:
    for name in names:
        several = series.groupby("study", sort=False)[name].nunique()
        if (several > 1).any():
            raise InputError(f"study '{several.index[several > 1][0]}' has more than one "
                             f"'{name}'", path, "give all series of a study the same value")
