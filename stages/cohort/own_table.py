"""The user's own table: which series there are, where they lie, and what is known of them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.cohort.dicom_files import UID
from stages.common import canonical
from stages.common.columns import GROUP, GROUPS, PATIENT, SCORE, STUDY
from stages.common.errors import InputError
from stages.common.faults import require_none
from stages.common.manifest import MASK, PART, PARTS, SAFE

NAME, PATH, SAMPLE = "series", "path", "sample"
NEEDED = (NAME, STUDY, PATIENT, PATH)
# Where the liver is, if not in the mask; names or labels of lesion and liver in them.
LIVER_MASK, LESION_NAMES, LIVER_NAMES = "liver_mask", "lesion", "liver"
OPTIONAL = (MASK, LESION_NAMES, LIVER_NAMES, LIVER_MASK, UID, SCORE, SAMPLE, GROUP, PART)


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
    ignore_labels : tuple
        Further labels that they may hold: numbers, and ranges as texts (``6-117``).
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
    ignore_labels: tuple[object, ...]
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


def ignored(own: Own) -> list[int]:
    """Return the labels that ``own.ignore_labels`` names.

    Raises
    ------
    InputError
        If one is neither a number nor a range.

    Examples
    --------
    >>> ignored(Own(1, 0.2, 0.2, (5,), (), (3, "6-8"), -2048.0, 0.1))
    [3, 6, 7, 8]
    """
    found = []
    for item in own.ignore_labels:
        ends = re.fullmatch(r"(\d+)(?:\s*-\s*(\d+))?", str(item))
        if ends is None:
            raise InputError(f"parameter 'own.ignore_labels' has {item!r}", None,
                             "give numbers, or ranges such as 6-117")
        found += range(int(ends[1]), int(ends[2] or ends[1]) + 1)
    return found


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
    if set(labels) & set(ignored(own)):
        raise InputError("parameter 'own.ignore_labels' has 0, or a label of liver or lesion", source,
                         "correct it")
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
    """Read the table as `look`; refuse what is wrong with it, all faults at once.

    Raises
    ------
    InputError
        Naming the rows at fault.
    """
    table, errors = look(path, scores)
    require_none(errors)
    return table


def look(path: Path, scores: Path | None = None,
         needed: tuple[str, ...] = NEEDED) -> tuple[pd.DataFrame, list[InputError]]:
    """Read the table; add the scores of ``scores`` (CSV: sample, NE_Score) by the column sample.

    Parameters
    ----------
    path, scores : Path
    needed : tuple of str
        Columns that it must have; without study and patient a series stands for itself.

    Returns
    -------
    table : DataFrame
        n rows, every column of `NEEDED` and `OPTIONAL`: texts ("" where nothing is given), but
        NE_Score, which is a float or NaN. Sorted by series.
    errors : list of InputError
        One for each row at fault.

    Raises
    ------
    InputError
        If the file cannot be read, has no row, or lacks a column or has an unknown one.
    """
    require_file(path)
    table = canonical.read_csv(path, (), dtype=str, keep_default_na=False)
    missing = [name for name in needed if name not in table]
    unknown = [name for name in table if name not in (*NEEDED, *OPTIONAL)]
    if missing or unknown:
        what = f"lacks the column '{missing[0]}'" if missing else f"has the column '{unknown[0]}'"
        others = [name for name in (*NEEDED, *OPTIONAL) if name not in needed]
        raise InputError(what, path, f"its columns are {', '.join(needed)}, and those wanted of "
                         f"{', '.join(others)}")
    if table.empty:
        raise InputError("names no series", path, "write one row for each series")
    for name in (STUDY, PATIENT):
        if name not in table:
            table[name] = table[NAME]
    for name in OPTIONAL:
        if name not in table:
            table[name] = ""
    errors = [*_names(table, path), *_paths(table, path)]
    table[SCORE], wrong = (_scores(table, path) if scores is None
                           else _looked_up(table, path, scores))
    errors += wrong
    for column, valid in ((GROUP, GROUPS), (PART, PARTS)):
        errors += _parts(table, column, valid, path)
    errors += [*_constant(table, PATIENT, STUDY, path), *_constant(table, SCORE, STUDY, path)]
    return table.sort_values(NAME, ignore_index=True), errors


def _names(table, path):
    """Yield what is wrong with names, as `stages.common.manifest.require_names` words it."""
    for column in (NAME, STUDY, PATIENT):
        for line, name in enumerate(table[column], start=2):
            if not SAFE.fullmatch(name):
                yield InputError(f"'{name}' in the column '{column}' is no usable name (line {line})",
                                 path, "use letters, digits, '.', '_', '+', '=' and '-'")
    names = table[NAME]
    # File systems may not tell capitals apart.
    same = names.duplicated()
    likes = names.str.lower().duplicated() & ~same
    for twice, but in ((same, ""), (likes, ", but for capital letters")):
        for name in sorted(set(names[twice])):
            yield InputError(f"has '{name}' twice in the column '{NAME}'{but}", path,
                             "give every series a name of its own")


def _paths(table, path):
    # Two series of a study may lie in one folder.
    place = table[PATH] + "\0" + table[UID]
    for name in sorted(set(table[PATH][place.duplicated() & (table[PATH] != "")])):
        yield InputError(f"has '{name}' twice in the column '{PATH}'", path,
                         f"name every series once; of those in one folder, name the {UID}")
    for name in table[NAME][table[PATH] == ""]:
        yield InputError(f"series {name} has no path", path,
                         "name a file (.nii, .nii.gz, .nrrd) or a folder of DICOM files")


def _scores(table, path) -> tuple[pd.Series, list[InputError]]:
    numbers = pd.to_numeric(table[SCORE].replace("", None), errors="coerce")
    wrong = (numbers.isna() & (table[SCORE] != "")) | (numbers.abs() > 1)
    errors = [InputError(f"series {name} has the {SCORE} '{score}'", path,
                         "give a number from -1 to 1, or leave it empty")
              for name, score in zip(table[NAME][wrong], table[SCORE][wrong])]
    if (table[SAMPLE] != "").any():
        errors.append(InputError(f"names samples in the column '{SAMPLE}'", path,
                                 "give their scores with --scores (stages.expression.ne_scores)"))
    return numbers.astype(float), errors


def _looked_up(table, path, scores: Path) -> tuple[pd.Series, list[InputError]]:
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
    lost = (table[SAMPLE] != "") & ~table[SAMPLE].isin(known)
    errors = [InputError(f"has no sample '{name}'", scores,
                         f"correct the column '{SAMPLE}' of {path}, or add the sample")
              for name in sorted(set(table[SAMPLE][lost]))]
    return table[SAMPLE].map(known).astype(float), errors


def _parts(table, column, valid, path):
    other = table[~table[column].isin(("", *valid))]
    for name, part in zip(other[NAME], other[column]):
        yield InputError(f"series {name} has the {column} '{part}'", path,
                         f"valid: {', '.join(valid)}, or nothing in every row")
    given = table[column] != ""
    if given.any() and not given.all() and column == GROUP and (
            ~given & table[SCORE].notna()).any():
        yield InputError(f"has a {GROUP} for some of the scored series only", path,
                         "fill the column, or leave it out")
    yield from _constant(table[given], column, PATIENT, path)


def _constant(table, column, key, path):
    """Yield every patient or study that has two values of a column."""
    several = table.groupby(key)[column].nunique(dropna=False)
    for name in several.index[several > 1]:
        yield InputError(f"{key} {name} has more than one {column}", path,
                         f"give all its series the same {column}")


def hold_out(patients, own: Own) -> dict[str, str]:
    """Return the group of each patient: test, val or train.

    Patients are ordered by a hash of seed and name, so that another patient moves few of them.

    Examples
    --------
    >>> own = Own(1, 0.2, 0.2, (1,), (2,), (), -2048.0, 0.1)
    >>> sorted(hold_out(["a", "b", "c", "d", "e"], own).values())
    ['test', 'train', 'train', 'train', 'val']
    """
    ordered = sorted(set(patients), key=lambda name: hashlib.sha256(
        f"{own.seed}:{name}".encode()).hexdigest())
    test = int(np.floor(own.test_share * len(ordered) + 0.5))
    val = int(np.floor(own.val_share * len(ordered) + 0.5))
    groups = ["test"] * test + ["val"] * val
    return dict(zip(ordered, groups + ["train"] * (len(ordered) - len(groups))))
