"""The event table: one row a patient, with a time and what ended it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical
from stages.common.errors import InputError

PATIENT, TIME, EVENT, DEATH = "patient", "time", "event", "death"
CENSORED, RELAPSE, DIED = 0, 1, 2


@dataclass(frozen=True)
class Events:
    """What happened first to each patient.

    Attributes
    ----------
    patient : (n,) array of str
    time : (n,) array of float
        Months from the start of follow-up; positive.
    kind : (n,) array of int
        `CENSORED`, `RELAPSE` (the event of interest) or `DIED` (without it).
    """

    patient: np.ndarray
    time: np.ndarray
    kind: np.ndarray

    @property
    def relapsed(self) -> np.ndarray:
        """Who had the event of interest, (n,) array of bool; deaths count as censored."""
        return self.kind == RELAPSE


def read(path: Path) -> tuple[Events, pd.DataFrame]:
    """Read an event table; other columns are covariates and stay in the table.

    Columns: ``patient``; ``time`` in months to the first of event, death or end of follow-up;
    ``event`` and ``death``, 0 or 1. A patient with both had the event first: what follows it does not
    count.

    Returns
    -------
    Events, DataFrame
        In the order of the file.

    Raises
    ------
    InputError
        Naming the patient: no name, one that stands twice, an event without a time, a time that is no
        number above zero, an event or a death that is neither 0 nor 1.
    """
    table = canonical.read_csv(path, (PATIENT, TIME, EVENT, DEATH), dtype={PATIENT: str})
    if table.empty:
        raise InputError("holds no patient", path, "write one row for each")
    if (missing := table[PATIENT].isna()).any():
        raise InputError(f"row {int(np.argmax(missing)) + 2} names no patient", path, "add the name")
    if (twice := table[PATIENT].duplicated()).any():
        raise InputError(f"patient {table[PATIENT][twice].iloc[0]} stands twice", path,
                         "keep one row, that of the first event")
    codes = {name: _codes(table, name, path) for name in (EVENT, DEATH)}
    time = pd.to_numeric(table[TIME], errors="coerce").to_numpy(float)
    for name, raw, value, event in zip(table[PATIENT], table[TIME], time, codes[EVENT]):
        if pd.isna(raw):
            what = "has an event without a time" if event else "has no time of follow-up"
            raise InputError(f"patient {name} {what}", path, "add the months, or leave the patient out")
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"patient {name}: the time of follow-up is {raw}, not a number above zero",
                             path, "correct the dates, or leave the patient out")
    kind = np.where(codes[EVENT] == 1, RELAPSE, np.where(codes[DEATH] == 1, DIED, CENSORED))
    return Events(table[PATIENT].to_numpy(str), time, kind), table


def _codes(table: pd.DataFrame, name: str, path: Path) -> np.ndarray:
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(float)
    wrong = ~np.isin(values, (0, 1))
    if wrong.any():
        first = int(np.argmax(wrong))
        raise InputError(f"patient {table[PATIENT].iloc[first]}: '{name}' is "
                         f"{table[name].iloc[first]!r}, neither 0 nor 1", path, "correct it")
    return values.astype(int)
