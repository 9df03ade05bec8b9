"""The cohort manifest: a CSV table with one row per series, which every imaging stage reads.

Its columns are `COLUMNS`; a cohort may add others. Paths are relative to the manifest. An empty Group
(classification: train, val, test) or Segmentation (train, test) leaves the series out of that part.
Masks hold the labels `BACKGROUND`, `LIVER` and `LESION`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from stages.common import canonical
from stages.common.columns import GROUP, LABEL, PATIENT, SCORE, SERIES, STATUS, STUDY
from stages.common.errors import InputError

COHORT, PART, IMAGE, MASK = "Cohort", "Segmentation", "image", "mask"
COLUMNS = (SERIES, STUDY, PATIENT, COHORT, SCORE, STATUS, LABEL, GROUP, PART, IMAGE, MASK)
# Those that a cohort needs which nothing is known of.
UNKNOWN = (SERIES, COHORT, PART, IMAGE, MASK)
PARTS = ("train", "test")
BACKGROUND, LIVER, LESION = 0, 1, 2
# Names become names of files.
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]*")


def files(name: str) -> dict[str, str]:
    """Return the columns that say where image and mask of a series lie in a cohort's folder."""
    return {IMAGE: f"images/{name}.nii.gz", MASK: f"masks/{name}.nii.gz"}


def labelled(score: float | None, boundary: float) -> dict:
    """Return the columns of the NE score: itself, its label and status; None where there is none.

    Examples
    --------
    >>> labelled(0.0, 0.0), labelled(None, 0.0)["NE_Status"]
    ({'NE_Score': 0.0, 'NE_Class': 0, 'NE_Status': 'negative'}, None)
    """
    positive = None if score is None else score > boundary
    return {SCORE: score, LABEL: None if positive is None else int(positive),
            STATUS: None if positive is None else "positive" if positive else "negative"}


def table(rows: Iterable[dict], columns: Iterable[str] = COLUMNS) -> pd.DataFrame:
    """Return a manifest of rows by column; what a row lacks is empty."""
    return pd.DataFrame(rows, columns=list(columns), dtype=object)


def read(path: str | Path, columns: Iterable[str] = (), text: bool = True) -> pd.DataFrame:
    """Read a manifest.

    Parameters
    ----------
    path : path
        The CSV file.
    columns : iterable of str
        Columns that it must have besides ``File``.
    text : bool
        Every cell as it stands there, "" where nothing does; else numbers as numbers, but for the
        names of series and files.

    Raises
    ------
    InputError
        If the file or a column is missing, or a name of a series cannot be used (`require_names`).
    """
    options = {"dtype": str, "keep_default_na": False} if text else {
        # A converter, and not a type: a series may be called NA.
        "converters": dict.fromkeys((SERIES, IMAGE, MASK), str)}
    found = canonical.read_csv(path, (SERIES, *columns), **options)
    require_names(found[SERIES], path)
    return found


def require_names(names: pd.Series, path, unique: bool = True) -> None:
    """Refuse names that cannot be names of files, or stand there twice but for capital letters.

    Raises
    ------
    InputError
        Naming the file, the column and the first such name.
    """
    for line, name in enumerate(names, start=2):
        if not SAFE.fullmatch(name):
            raise InputError(f"'{name}' in the column '{names.name}' is no usable name (line {line})",
                             path, "use letters, digits, '.', '_', '+', '=' and '-'")
    # File systems may not tell capitals apart.
    for compared, but in ((names, ""), (names.str.lower(), ", but for capital letters")):
        twice = names[compared.duplicated()]
        if unique and len(twice):
            raise InputError(f"has '{twice.iloc[0]}' twice in the column '{names.name}'{but}", path,
                             "give every series a name of its own")
