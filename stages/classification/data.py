"""The arrays that the classification stages work on, and the run that they belong to."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_info

from stages.common import canonical, cli
from stages.common.columns import (
    FEATURES,
    GROUP,
    GROUPS,
    LABEL,
    PATIENT,
    SCORE,
    SERIES,
    STUDY,
)
from stages.common.errors import InputError

MAKE_AGAIN = "make the table again (studies.sclc_liver.table or stages.radiomics.table)"


@dataclass(frozen=True)
class Run:
    """What a result is a result of."""

    protocol: str
    release: str
    environment: str
    kernel: str


@dataclass(frozen=True)
class Split:
    """One part of the cohort: n series.

    Attributes
    ----------
    series, studies, patients : ndarray of str, shape (n,)
    features : DataFrame, shape (n, number of features)
    score : ndarray of float, shape (n,)
        NE score.
    label : ndarray of int, shape (n,)
        1 is NE-positive.
    """

    series: np.ndarray
    studies: np.ndarray
    patients: np.ndarray
    features: pd.DataFrame
    score: np.ndarray
    label: np.ndarray

    def target(self, name: str) -> np.ndarray:
        """Return the score or the label, by the name of its column."""
        return {SCORE: self.score, LABEL: self.label}[name]

    def take(self, rows: np.ndarray) -> Split:
        """Return the rows of these numbers."""
        return Split(self.series[rows], self.studies[rows], self.patients[rows],
                     self.features.iloc[rows], self.score[rows], self.label[rows])


def split(table: pd.DataFrame, rows, features=FEATURES) -> Split:
    """Cut the rows (a boolean mask, shape (n,)) and the named features out of a cohort table."""
    part = table[rows]
    return Split(part[SERIES].to_numpy(), part[STUDY].to_numpy(), part[PATIENT].to_numpy(),
                 part[list(features)], part[SCORE].to_numpy(dtype=float),
                 part[LABEL].to_numpy(dtype=int))


def train_and_test(table: pd.DataFrame, features=FEATURES) -> tuple[Split, Split]:
    """Return training (every group but ``test``) and test part."""
    test = table[GROUP] == "test"
    return split(table, ~test, features), split(table, test, features)


def kernel() -> str:
    """Return the OpenBLAS kernel in use, as threadpoolctl names it."""
    pools = [pool for pool in threadpool_info() if pool.get("internal_api") == "openblas"]
    return "+".join(sorted({pool["architecture"] for pool in pools})) or "none"


def read_table(path: str | Path, columns=()) -> pd.DataFrame:
    """Read a canonical cohort table.

    Raises
    ------
    InputError
        If a column is missing, there is no series, or a series is there twice or lacks a feature,
        score, label, name or group.
    """
    needed = (SERIES, STUDY, PATIENT, *FEATURES, SCORE, LABEL, GROUP)
    table = canonical.read_csv(path, (*needed, *columns))
    if table.empty:
        raise InputError("holds no series", path, MAKE_AGAIN)
    numbers = table[[*FEATURES, SCORE]].apply(pd.to_numeric, errors="coerce")
    unnamed = table[[SERIES, STUDY, PATIENT]].isna().any(axis=1)
    unmeasured = ~np.isfinite(numbers).all(axis=1)
    checks = {"is there twice": table[SERIES].duplicated(),
              "lacks its name, study or patient": unnamed,
              "lacks a number among its features or as its score": unmeasured,
              f"has an {LABEL} other than 0 and 1": ~table[LABEL].isin((0, 1)),
              f"has a {GROUP} other than {', '.join(GROUPS)}": ~table[GROUP].isin(GROUPS)}
    for what, wrong in checks.items():
        if wrong.any():
            raise InputError(f"series {table[SERIES][wrong].iloc[0]} {what}", path, MAKE_AGAIN)
    for name in sorted({GROUPS[0], GROUPS[-1]} - set(table[GROUP])):
        raise InputError(f"has no series of the {GROUP} {name}", path, "assign some to it")
    return table


def read_selected(path: str | Path) -> list[str]:
    """Read the names of the selected features, in the order of the table.

    Raises
    ------
    InputError
        If none is named, one is no feature, or is named twice.
    """
    names = canonical.read_csv(path, ("feature",))["feature"].tolist()
    if not names:
        raise InputError("names no feature", path, "select with a smaller alpha")
    for name in names:
        if name not in FEATURES or names.count(name) > 1:
            raise InputError(f"'{name}' is no feature, or is there twice", path,
                             "make it again with stages.classification.select")
    return names


def parser(module: str, description: str | None, *, protocol: bool = True, table: bool = True):
    """Return a parser with the arguments that every stage takes whose result belongs to a run.

    Without ``table`` it works on the predictions of the test series.
    """
    arguments = cli.parser(module, description)
    if table:
        arguments.add_argument("--table", type=Path, required=True,
                               help="canonical cohort table (CSV)")
    else:
        arguments.add_argument("--predictions", type=Path, required=True, help="predictions.csv")
    arguments.add_argument("--params", type=Path, required=True)
    if protocol:
        arguments.add_argument("--protocol", required=True, help="a protocol of the parameters")
    arguments.add_argument("--release", required=True, help="data release, for the record")
    arguments.add_argument("--environment", required=True, help="image, for the record")
    return arguments


def run_of(options: argparse.Namespace, protocol: str | None = None) -> dict:
    """Return the run's description as it stands in every output."""
    return asdict(Run(protocol or options.protocol, options.release, options.environment, kernel()))
