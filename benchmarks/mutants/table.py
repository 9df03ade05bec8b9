"""Write the scores into docs/reliability.md: ``python -m benchmarks.mutants.table found-*.csv``.

Each file is what ``python -m benchmarks.mutants`` found of one package. What survived stands in
``kept.csv`` beside this with a reason why no test has to notice it, or is listed as open.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from pathlib import Path

from benchmarks.mutants.__main__ import COLUMNS, KILLED
from containers.commands import reliability

KEPT = Path(__file__).with_name("kept.csv")
HEAD = ("package", "small changes", "noticed", "survived, with a reason", "survived, open", "score")


def kept() -> dict[tuple[str, ...], str]:
    """Return the reasons: module, line of code and change to reason."""
    with open(KEPT, newline="", encoding="utf-8") as stream:
        return {(row["module"], row["code"], row["change"]): row["reason"]
                for row in csv.DictReader(stream)}


def key(row: dict[str, str]) -> tuple[str, str, str]:
    """Return what a reason is found by."""
    lines = Path(row["module"]).read_text(encoding="utf-8").splitlines()
    return row["module"], lines[int(row["line"]) - 1].strip(), row["change"]


def read(path: Path) -> list[dict[str, str]]:
    """Return what was found of one package."""
    with open(path, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise SystemExit(f"error: {path}: is no result of benchmarks.mutants")
    return rows


def part(found: list[list[dict[str, str]]], reasons: dict[tuple[str, ...], str]) -> str:
    """Return the scores as a table, and below it what survived.

    The score is the share that is noticed of those that change something: those with a reason are left
    out of it.
    """
    rows, listed, open_ones = [], [], []
    for one in found:
        survived = [row for row in one if row["outcome"] != KILLED]
        known = [row for row in survived if key(row) in reasons]
        noticed, other = len(one) - len(survived), len(survived) - len(known)
        package = str(Path(*Path(one[0]["module"]).parts[:2]))
        rows.append([package, len(one), noticed, len(known), other,
                     f"{noticed / max(1, noticed + other):.0%}"])
        listed += [(reasons[key(row)], row) for row in known]
        open_ones += [row for row in survived if row not in known]
    table = reliability.table(HEAD, rows)
    why = Counter(reason for reason, _ in listed)
    lines = [f"- {reason} ({count}): " + ", ".join(sorted(
        {f"`{Path(row['module']).name}` {row['line']}" for said, row in listed if said == reason}))
        for reason, count in sorted(why.items())]
    if open_ones:
        lines.append("- no test notices it yet: " + ", ".join(
            f"`{row['module']}` {row['line']}: `{row['change']}`" for row in open_ones))
    return "\n".join([table, "", *lines]) if lines else table


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("found", nargs="+", type=Path, help="results of benchmarks.mutants (CSV)")
    options = parser.parse_args()
    text = part([read(path) for path in options.found], kept())
    reliability.write("mutants", "Seed 1; a change is tried against the tests that run its line "
                      f"(`python -m benchmarks.mutants`).\n\n{text}")


if __name__ == "__main__":
    main()
