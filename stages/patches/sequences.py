"""The table of an own MR cohort: one row for each image, with its sequence.

Columns: ``patient``, ``label`` (the name of the class), ``sequence``, ``image`` (a NIfTI file or a
folder with one DICOM series), ``mask`` (of the lesions, on the grid of the first sequence, in that
row), and where wanted ``brain`` (a mask of the brain, in the same row) and ``vendor``. Paths are
relative to the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.common import canonical
from stages.common.errors import InputError
from stages.common.manifest import require_names

PATIENT, LABEL, SEQUENCE, IMAGE, MASK = "patient", "label", "sequence", "image", "mask"
BRAIN, VENDOR = "brain", "vendor"


@dataclass(frozen=True)
class Case:
    """One patient.

    Attributes
    ----------
    patient : str
    label : int
        1: the positive class.
    vendor : str
        Empty where the table has none.
    images : dict of str to Path
        By sequence, in the order that is asked for.
    mask : Path
    brain : Path or None
    """

    patient: str
    label: int
    vendor: str
    images: dict[str, Path]
    mask: Path
    brain: Path | None


def read(path: Path, sequences: tuple[str, ...], classes: tuple[str, ...]) -> list[Case]:
    """Read and check the table.

    Parameters
    ----------
    path : Path
    sequences : tuple of str
        Those that every patient must have; the others are registered to the first.
    classes : tuple of str
        The positive one, and the other.

    Raises
    ------
    InputError
        Naming the patient and what is missing, twice there or contradictory.
    """
    table = canonical.read_csv(path, (PATIENT, LABEL, SEQUENCE, IMAGE, MASK), dtype=str,
                               keep_default_na=False)
    require_names(table[PATIENT], path, unique=False)
    _require(table, SEQUENCE, sequences, path)
    _require(table, LABEL, classes, path)
    cases = [_case(str(name), rows, path, sequences, classes)
             for name, rows in table.groupby(PATIENT, sort=False)]
    for number, name in zip((1, 0), classes):
        count = sum(case.label == number for case in cases)
        if count < 2:
            raise InputError(f"has {count} patient(s) with {name}", path,
                             "one patient per class cannot be both learnt from and scored: "
                             "add patients")
    return cases


def _require(table: pd.DataFrame, column: str, valid: tuple[str, ...], path) -> None:
    odd = ~table[column].isin(valid)
    if odd.any():
        row = table[odd].iloc[0]
        raise InputError(f"the patient '{row[PATIENT]}' has the {column} '{row[column]}'", path,
                         f"valid: {', '.join(valid)}")


def _case(name, rows, path, sequences, classes) -> Case:
    if rows[LABEL].nunique() > 1:
        raise InputError(f"the patient '{name}' has two labels", path, "a patient has one; correct it")
    for sequence in sequences:
        count = int((rows[SEQUENCE] == sequence).sum())
        if count != 1:
            raise InputError(f"the patient '{name}' has {count or 'no'} image{'s' * (count > 1)} of "
                             f"the sequence {sequence}", path, "give one, or leave the patient out")
    first = rows[rows[SEQUENCE] == sequences[0]].iloc[0]
    if not first[MASK]:
        raise InputError(f"the patient '{name}' has no mask in the row of {sequences[0]}", path,
                         "outline the lesions on that sequence")
    files = dict(zip(rows[SEQUENCE], rows[IMAGE]))
    brain = first.get(BRAIN, "")
    return Case(name, int(first[LABEL] == classes[0]), first.get(VENDOR, ""),
                {sequence: path.parent / files[sequence] for sequence in sequences},
                path.parent / first[MASK], path.parent / brain if brain else None)
