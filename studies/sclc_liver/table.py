"""Check a released feature table and write it in canonical form.

Adds the columns ``study`` and ``patient``; every other column keeps its name, order and values.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from stages.common import canonical, cli
from stages.common.columns import (
    COMPONENTS,
    FEATURES,
    GROUP,
    GROUPS,
    LABEL,
    PATIENT,
    SCORE,
    SERIES,
    SPACING,
    STATUS,
    STUDY,
    VOXELS,
    spacing_mm,
)
from stages.common.errors import InputError
from stages.common.parameters import section
from studies.sclc_liver.parameters import Expected, read_expected

RELEASED_STUDY, RELEASED_PATIENT = "unique_scandate", "unique_pt"
NUMERIC = (*FEATURES, SCORE, LABEL, VOXELS, COMPONENTS)
STATUS_OF_LABEL = {1: "positive", 0: "negative"}


def schema(boundary: float) -> pa.DataFrameSchema:
    """Return the schema of a cohort table (n rows, one per series).

    Parameters
    ----------
    boundary : float
        NE score above which a series is NE-positive.
    """
    number = {name: pa.Column(float, nullable=False, coerce=True) for name in NUMERIC}
    columns = number | {
        SERIES: pa.Column(str, unique=True),
        STUDY: pa.Column(str),
        PATIENT: pa.Column(str),
        SCORE: pa.Column(float, pa.Check.in_range(-1, 1), coerce=True),
        LABEL: pa.Column(int, pa.Check.isin((0, 1)), coerce=True),
        STATUS: pa.Column(str, pa.Check.isin(tuple(STATUS_OF_LABEL.values()))),
        GROUP: pa.Column(str, pa.Check.isin(GROUPS)),
        SPACING: pa.Column(str),
        VOXELS: pa.Column(int, pa.Check.gt(0), coerce=True),
    }
    checks = [
        _check("label contradicts the score", lambda t: (t[SCORE] > boundary) == (t[LABEL] == 1)),
        _check("status contradicts the label", lambda t: t[STATUS] == t[LABEL].map(STATUS_OF_LABEL)),
        _check("a study has two labels", lambda t: _one_value(t, STUDY, LABEL)),
        _check("a patient is in two groups", lambda t: _one_value(t, PATIENT, GROUP)),
    ]
    return pa.DataFrameSchema(columns, checks=checks)


def _check(message, test):
    return pa.Check(test, error=message)


def _one_value(table, by, column):
    train = table[column].replace({"val": "train"}) if column == GROUP else table[column]
    return train.groupby(table[by]).transform("nunique") == 1


def canonical_table(raw: pd.DataFrame, source: str, boundary: float,
                    expected: Expected | None) -> pd.DataFrame:
    """Check a released table and add ``study`` and ``patient``.

    Parameters
    ----------
    raw : DataFrame
        n rows (series) with the released columns.
    source : str
        The file, for error messages.
    boundary : float
        NE score above which a series is NE-positive.
    expected : Expected, optional
        Counts that the table must have.

    Returns
    -------
    DataFrame
        The same rows and columns, with ``study`` and ``patient`` instead of the release's own.

    Raises
    ------
    InputError
        Naming the first fault, its row and its column.
    """
    _require_columns(raw, source)
    for column in NUMERIC:
        _require_numbers(raw, column, source)
    table = raw.copy()
    parts = table[SERIES].astype(str).str.split("_")
    table[STUDY] = parts.str[:2].str.join("_")
    table[PATIENT] = parts.str[0]
    for own, derived in ((RELEASED_STUDY, STUDY), (RELEASED_PATIENT, PATIENT)):
        if own in table:
            _require(table[own] == table[derived], table, f"'{own}' contradicts the series name",
                     source)
            table = table.drop(columns=own)
    _validate(table, schema(boundary), source)
    spacing_mm(table, source)
    for group in ("train", "test"):
        if not (table[GROUP] == group).any():
            raise InputError(f"the {group} group is empty", source,
                             f"give some patients the value '{group}' in column '{GROUP}'")
    if expected is not None:
        _require_counts(table, expected, source)
    return table


def _require_columns(raw, source):
    wanted = [SERIES, *NUMERIC, STATUS, GROUP, SPACING]
    missing = [name for name in wanted if name not in raw.columns]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise InputError(f"lacks the column(s) {', '.join(missing[:3])}{more}", source,
                         "restore the column names of the released table")


def _require_numbers(raw, column, source):
    numbers = pd.to_numeric(raw[column], errors="coerce")
    bad = numbers.isna() | numbers.isin([float("inf"), float("-inf")])
    if bad.any():
        row = raw.loc[bad.idxmax()]
        found = "is empty" if pd.isna(row[column]) else f"is {row[column]!r}, not a finite number"
        raise InputError(f"series {row[SERIES]}: '{column}' {found}", source,
                         "correct the cell or leave the series out")


def _require(right, table, message, source):
    if not right.all():
        raise InputError(f"series {table.loc[(~right).idxmax(), SERIES]}: {message}", source,
                         "correct the row or fetch the table again")


def _validate(table, rules, source):
    try:
        rules.validate(table, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        of_column = cases[cases["schema_context"] == "Column"]
        first = (of_column if len(of_column) else cases).iloc[0]
        where = ""
        if pd.notna(first["index"]):
            where = f"series {table.loc[int(first['index']), SERIES]}: "
        about = f"column '{first['column']}' " if len(of_column) else ""
        reason = str(first["check"]).replace("field_uniqueness", "holds a duplicate")
        raise InputError(f"{where}{about}{reason}", source,
                         "correct the row or fetch the table again") from None


def _require_counts(table, expected, source):
    found = {"series": len(table), "studies": table[STUDY].nunique(),
             "patients": table[PATIENT].nunique(), "features": len(FEATURES)}
    for name, number in found.items():
        if number != getattr(expected, name):
            raise InputError(f"holds {number} {name}, not {getattr(expected, name)}", source,
                             "fetch the table again, or correct cohort.expected in params/cohort.yaml")


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.table", __doc__)
    parser.add_argument("--table", type=Path, required=True, help="released feature table (CSV)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="canonical table (CSV)")
    options = parser.parse_args()
    boundary = section(options.params, "classification.boundary", float)
    expected = read_expected(options.params)
    # The released code reads the table with pandas' default parser, which may miss the nearest
    # float by one unit in the last place; an unconverged fit sees the difference.
    raw = canonical.read_csv(options.table, float_precision="high")
    table = canonical_table(raw, str(options.table), boundary, expected)
    canonical.write_csv(options.out, table)


if __name__ == "__main__":
    cli.main(stage)
