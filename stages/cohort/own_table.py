"""The user's own table: which series there are, where they lie, and what is known of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical
from stages.common.columns import GROUP, GROUPS, PATIENT, SCORE, STUDY
from stages.common.errors import InputError
from stages.common.manifest import MASK, PART, PARTS, require_names

NAME, PATH, SAMPLE = "series", "path", "sample"
NEEDED = (NAME, STUDY, PATIENT, PATH)
OPTIONAL = (MASK, SCORE, SAMPLE, GROUP, PART)


@dataclass(frozen=True)
class Own:
    """Section ``own`` of the parameters.

    Attributes
    ----------
    seed : int
        Decides which patients are held out where the table does not say.
    test_share, val_share : float
        Share of the patients in the groups ``test`` and ``val``.
    liver_labels, lesion_labels : tuple of int
        What the user's masks hold.
    padding_hu : float
        What replaces NaN, and DICOM padding that would look like tissue.
    spacing_tolerance : float
        Share of the slice distance by which a DICOM slice may lie off its place.
    """

    seed: int
    test_share: float
    val_share: float
    liver_labels: tuple[int, ...]
    lesion_labels: tuple[int, ...]
    padding_hu: float
    spacing_tolerance: float


def require_file(path: Path) -> None:
    """Refuse what is neither a file nor missing nor a folder: for a pipe a stage would wait for ever.

    Raises
    ------
    InputError
        Naming it.
    """
    if path.is_fifo() or path.is_socket() or path.is_char_device() or path.is_block_device():
        raise InputError("is a pipe, a socket or a device", path, "copy its content into a file")


def check(own: Own, source) -> None:
    """Refuse parameters that mean nothing.

    Raises
    ------
    InputError
        Naming the parameter.
    """
    if own.seed < 0:
        raise InputError(f"parameter 'own.seed' is {own.seed}", source,
                         "give 0 or a larger whole number")
    shares = own.test_share, own.val_share
    if min(shares) < 0 or sum(shares) >= 1:
        raise InputError("parameters 'own.test_share' and 'own.val_share' must be shares whose sum "
                         "is below 1", source, "correct them")
    labels = (0, *own.liver_labels, *own.lesion_labels)
    if len(set(labels)) < len(labels) or not own.lesion_labels:
        raise InputError("parameters 'own.liver_labels' and 'own.lesion_labels' must be different "
                         "labels other than 0", source, "correct them")
    if not 0 < own.spacing_tolerance < 0.5:
        raise InputError(f"parameter 'own.spacing_tolerance' is {own.spacing_tolerance:g}", source,
                         "give a share between 0 and 0.5")
    if not -32768 <= own.padding_hu <= -1024:
        raise InputError(f"parameter 'own.padding_hu' is {own.padding_hu:g}", source,
                         "give a value from -32768 to -1024")


def read(path: Path, scores: Path | None = None) -> pd.DataFrame:
    """Read the table; add the scores of ``scores`` (CSV: sample, NE_Score) by the column sample.

    Returns
    -------
    DataFrame
        n rows, every column of `NEEDED` and `OPTIONAL`: texts ("" where nothing is given), but
        NE_Score, which is a float or NaN. Sorted by series.

    Raises
    ------
    InputError
        Naming the row at fault.
    """
    require_file(path)
    table = canonical.read_csv(path, (), dtype=str, keep_default_na=False)
    missing = [name for name in NEEDED if name not in table]
    unknown = [name for name in table if name not in (*NEEDED, *OPTIONAL)]
    if missing or unknown:
        what = f"lacks the column '{missing[0]}'" if missing else f"has the column '{unknown[0]}'"
        raise InputError(what, path, f"its columns are {', '.join(NEEDED)}, and those wanted of "
                         f"{', '.join(OPTIONAL)}")
    if table.empty:
        raise InputError("names no series", path, "write one row for each series")
    for name in OPTIONAL:
        if name not in table:
            table[name] = ""
    _check_names(table, path)
    table[SCORE] = _scores(table, path) if scores is None else _looked_up(table, path, scores)
    for column, valid in ((GROUP, GROUPS), (PART, PARTS)):
        _check_parts(table, column, valid, path)
    _check_constant(table, PATIENT, (STUDY,), path)
    _check_constant(table, SCORE, (STUDY,), path)
    return table.sort_values(NAME, ignore_index=True)


def _check_names(table, path) -> None:
    for column in (NAME, STUDY, PATIENT):
        require_names(table[column], path, unique=column == NAME)
    twice = table[PATH][table[PATH].duplicated()]
    if len(twice):
        raise InputError(f"has '{twice.iloc[0]}' twice in the column '{PATH}'", path,
                         "name every series once")
    if (table[PATH] == "").any():
        raise InputError(f"series {table[NAME][table[PATH] == ''].iloc[0]} has no path", path,
                         "name a file (.nii, .nii.gz, .nrrd) or a folder of DICOM files")


def _scores(table, path) -> pd.Series:
    numbers = pd.to_numeric(table[SCORE].replace("", None), errors="coerce")
    wrong = (numbers.isna() & (table[SCORE] != "")) | (numbers.abs() > 1)
    if wrong.any():
        raise InputError(f"series {table[NAME][wrong].iloc[0]} has the {SCORE} "
                         f"'{table[SCORE][wrong].iloc[0]}'", path,
                         "give a number from -1 to 1, or leave it empty")
    if (table[SAMPLE] != "").any():
        raise InputError(f"names samples in the column '{SAMPLE}'", path,
                         "give their scores with --scores (stages.expression.ne_scores)")
    return numbers.astype(float)


def _looked_up(table, path, scores: Path) -> pd.Series:
    if (table[SCORE] != "").any():
        raise InputError(f"has scores in the column '{SCORE}' beside --scores", path,
                         "give them in one place")
    known = canonical.read_csv(scores, (SAMPLE, SCORE), dtype={SAMPLE: str})
    twice = known[SAMPLE][known[SAMPLE].duplicated()]
    if len(twice):
        raise InputError(f"has the sample {twice.iloc[0]} twice", scores,
                         "run stages.expression.ne_scores again")
    numbers = pd.to_numeric(known[SCORE], errors="coerce")
    wrong = known[SAMPLE][known[SCORE].notna() & ~numbers.between(-1, 1)]
    if len(wrong):
        raise InputError(f"sample {wrong.iloc[0]} has no {SCORE} from -1 to 1", scores,
                         "run stages.expression.ne_scores again")
    known = dict(zip(known[SAMPLE], numbers))
    named = table[SAMPLE] != ""
    lost = named & ~table[SAMPLE].isin(known)
    if lost.any():
        raise InputError(f"has no sample '{table[SAMPLE][lost].iloc[0]}'", scores,
                         f"correct the column '{SAMPLE}' of {path}, or add the sample")
    return table[SAMPLE].map(known).astype(float)


def _check_parts(table, column, valid, path) -> None:
    other = table[~table[column].isin(("", *valid))]
    if len(other):
        raise InputError(f"series {other[NAME].iloc[0]} has the {column} '{other[column].iloc[0]}'",
                         path, f"valid: {', '.join(valid)}, or nothing in every row")
    given = table[column] != ""
    if given.any() and not given.all() and column == GROUP and (
            ~given & table[SCORE].notna()).any():
        raise InputError(f"has a {GROUP} for some of the scored series only", path,
                         "fill the column, or leave it out")
    _check_constant(table[given], column, (PATIENT,), path)


def _check_constant(table, column, within, path) -> None:
    """Refuse two values of a column for the same patient or study."""
    for key in within:
        several = table.groupby(key)[column].nunique(dropna=False)
        several = several[several > 1]
        if len(several):
            raise InputError(f"{key} {several.index[0]} has more than one {column}", path,
                             f"give all its series the same {column}")


def hold_out(patients, own: Own) -> dict[str, str]:
    """Return the group of each patient: test, val or train.

    Patients are ordered by a hash of seed and name, so that another patient moves few of them.

    Examples
    --------
    >>> own = Own(1, 0.2, 0.2, (1,), (2,), -2048.0, 0.1)
    >>> sorted(hold_out(["a", "b", "c", "d", "e"], own).values())
    ['test', 'train', 'train', 'train', 'val']
    """
    ordered = sorted(set(patients), key=lambda name: hashlib.sha256(
        f"{own.seed}:{name}".encode()).hexdigest())
    test = int(np.floor(own.test_share * len(ordered) + 0.5))
    val = int(np.floor(own.val_share * len(ordered) + 0.5))
    groups = ["test"] * test + ["val"] * val
    return dict(zip(ordered, groups + ["train"] * (len(ordered) - len(groups))))
