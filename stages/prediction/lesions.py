"""Lesions of patients: their features, and one label for all lesions of a patient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical
from stages.common.errors import InputError

PATIENT, LESION, LABEL = "patient", "lesion", "label"
COLUMNS = (PATIENT, LESION, LABEL)


@dataclass(frozen=True)
class Lesions:
    """n lesions of m patients, with p features.

    Attributes
    ----------
    features : ndarray of float, shape (n, p)
    names : tuple of str
        Of the features.
    patient : ndarray of int, shape (n,)
        Whose lesion each is: 0 … m - 1.
    outcome : ndarray of int, shape (m,)
        Label of each patient; 1 is positive.
    """

    features: np.ndarray
    names: tuple[str, ...]
    patient: np.ndarray
    outcome: np.ndarray

    @cached_property
    def counts(self) -> np.ndarray:
        """Lesions of each patient, shape (m,)."""
        return np.bincount(self.patient, minlength=len(self.outcome))

    @property
    def label(self) -> np.ndarray:
        """Label of each lesion: that of its patient, shape (n,)."""
        return self.outcome[self.patient]

    @property
    def weight(self) -> np.ndarray:
        """Weight of each lesion, shape (n,): all patients have the same, lesions 1 on average."""
        return len(self.patient) / len(self.outcome) / self.counts[self.patient]

    def by_patient(self, value: np.ndarray) -> np.ndarray:
        """Return the mean over each patient's lesions, shape (m,), of values of shape (n,)."""
        return np.bincount(self.patient, value, minlength=len(self.outcome)) / self.counts

    def labelled(self, outcome: np.ndarray) -> Lesions:
        """Return the same lesions, the patients with other labels."""
        return replace(self, outcome=outcome)


def lesions(table: pd.DataFrame, source: str | Path) -> Lesions:
    """Return the lesions of a table: columns `COLUMNS`, and all others are features.

    Parameters
    ----------
    table : DataFrame
        `COLUMNS` as text; labels "0" and "1".
    source : path
        Of the table, for messages.

    Raises
    ------
    InputError
        If a lesion has no patient, name or label, or stands there twice, a patient has two labels, a
        class has fewer than two patients, or a feature is no number or the same in all lesions.
    """
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise InputError(f"lacks the column {missing[0]}", source, "add it")
    for column, what in ((PATIENT, "patient"), (LESION, "name"), (LABEL, "label")):
        empty = table[column].isna() | (table[column] == "")
        if empty.any():
            raise InputError(f"the lesion on line {2 + int(np.argmax(empty))} has no {what}", source,
                             f"fill in the column {column}")
    twice = table.duplicated([PATIENT, LESION])
    if twice.any():
        row = table[twice].iloc[0]
        raise InputError(f"has lesion {row[LESION]} of patient {row[PATIENT]} twice", source,
                         "give every lesion of a patient a name of its own")
    wrong = ~table[LABEL].isin(("0", "1"))
    if wrong.any():
        raise InputError(f"line {2 + int(np.argmax(wrong))} has the label "
                         f"{table[LABEL][wrong].iloc[0]!r}", source, "write 0 or 1")
    several = table.groupby(PATIENT)[LABEL].nunique()
    if (several > 1).any():
        raise InputError(f"patient {several.idxmax()} has two labels", source,
                         "give all lesions of a patient the same one")
    outcome = table.groupby(PATIENT)[LABEL].first().astype(int)
    for label in (0, 1):
        if (outcome == label).sum() < 2:
            raise InputError(f"{(outcome == label).sum()} patient(s) with the label {label}", source,
                             "give at least two patients of each class")
    return Lesions(*_features(table.drop(columns=list(COLUMNS)), source),
                   outcome.index.get_indexer(table[PATIENT]), outcome.to_numpy())


def _features(table, source):
    if table.empty or not len(table.columns):
        raise InputError("has no feature", source, "add columns of numbers")
    values = table.apply(pd.to_numeric, errors="coerce")
    if not np.isfinite(values.to_numpy()).all():
        column = values.columns[np.argmin(np.isfinite(values).all())]
        line = 2 + int(np.argmin(np.isfinite(values[column])))
        raise InputError(f"the feature {column} has no number on line {line}", source,
                         "leave the lesion or the feature out")
    constant = values.nunique() == 1
    if constant.any():
        raise InputError(f"the feature {constant.idxmax()} is the same in all lesions", source,
                         "leave it out")
    return values.to_numpy(float), tuple(values.columns)


def read(path: Path) -> Lesions:
    """Read a table of lesions (CSV, see `lesions`)."""
    return lesions(canonical.read_csv(path, COLUMNS, dtype=dict.fromkeys(COLUMNS, str)), path)


def table(found: Lesions, patients: list[str]) -> pd.DataFrame:
    """Return lesions as a table that `read` reads; a patient's are numbered from 1."""
    number = np.array([np.sum(found.patient[:row] == one) + 1
                       for row, one in enumerate(found.patient)])
    head = pd.DataFrame({PATIENT: np.array(patients)[found.patient],
                         LESION: [str(one) for one in number], LABEL: found.label})
    return pd.concat([head, pd.DataFrame(found.features, columns=list(found.names))], axis=1)
