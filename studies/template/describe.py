"""Describe the cohort: counts, response rate, age."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section

COLUMNS = ("patient", "age_years", "response")


@dataclass(frozen=True)
class Describe:
    """Section ``describe`` of the study's parameters."""

    ddof: int


def read(path: Path) -> pd.DataFrame:
    """Read the cohort, one row for each patient.

    Raises
    ------
    InputError
        If a column is missing, a patient is there twice, or a value is none.
    """
    table = canonical.read_csv(path, COLUMNS)
    checks = {"is there twice": table["patient"].duplicated(),
              "has no age": ~pd.to_numeric(table["age_years"], errors="coerce").between(0, 120),
              "has a response other than 0 and 1": ~table["response"].isin((0, 1))}
    for what, wrong in checks.items():
        if wrong.any():
            raise InputError(f"patient {table['patient'][wrong].iloc[0]} {what}", path,
                             "correct the row")
    return table


def describe(table: pd.DataFrame, settings: Describe) -> dict:
    """Return counts, the response rate (percent) and the age (years).

    Examples
    --------
    >>> cohort = pd.DataFrame({"patient": ["a", "b"], "age_years": [50, 60], "response": [1, 0]})
    >>> describe(cohort, Describe(ddof=1))["response"]
    {'percent': 50.0}
    """
    responders = int(table["response"].sum())
    return {"counts": {"patients": len(table), "responders": responders},
            "response": {"percent": 100 * responders / len(table)},
            "age": {"mean": float(table["age_years"].mean()),
                    "sd": float(table["age_years"].std(ddof=settings.ddof))}}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.template.describe", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True, help="the cohort (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="what it holds (JSON)")
    options = parser.parse_args()
    settings = section(options.params, "describe", Describe)
    canonical.write_json(options.out, describe(read(options.table), settings))


if __name__ == "__main__":
    cli.main(stage)
