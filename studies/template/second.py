"""Derive the response rate once more, with other code: no verdict against a paper without that."""

from __future__ import annotations

import csv
import statistics
from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError


def percent(path: Path) -> float:
    """Return the response rate in percent.

    Raises
    ------
    InputError
        If the table holds no patient, or a response that is no number.
    """
    try:
        with path.open(newline="") as stream:
            return 100 * statistics.fmean(float(row["response"]) for row in csv.DictReader(stream))
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"gives no response rate ({error})", path, "correct the table") from None


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.template.second", __doc__)
    parser.add_argument("--table", type=Path, required=True, help="the cohort (CSV)")
    parser.add_argument("--release", required=True, help="of the data")
    parser.add_argument("--out", type=Path, required=True, help="values by source and path (JSON)")
    options = parser.parse_args()
    canonical.write_json(options.out, {
        "release": options.release,
        "values": {"describe": {"response/percent": percent(options.table)}}})


if __name__ == "__main__":
    cli.main(stage)
