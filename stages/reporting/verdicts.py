"""Tables of verdicts for people: in the terminal, in README.md and in the report."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.parameters import load
from stages.reporting import ledger, published

ORDER = ("Table4", "SuppTable2", "SuppTable3", "Fig3", "Fig4", "Fig5b", "Fig5c", "Table1", "Table2",
         "SuppTable1", "Abstract", "Results", "Discussion", "Methods", "Table3", "Fig2")


def items(rows: pd.DataFrame) -> list[str]:
    """Return the items of a ledger: those a reviewer asks for first, then the others by name."""
    present = sorted(set(rows["item"]))
    return [item for item in ORDER if item in present] + [i for i in present if i not in ORDER]


def counts(rows: pd.DataFrame) -> list[list]:
    """Return one line per item and a last one for all: item, numbers, one count per verdict."""
    lines = []
    for name in [*items(rows), "all"]:
        part = rows if name == "all" else rows[rows["item"] == name]
        tally = Counter(part["verdict"])
        lines.append([name, len(part), *(tally.get(verdict, 0) for verdict in published.VERDICTS)])
    return lines


def markdown(rows: pd.DataFrame) -> str:
    """Return the table of verdicts as Markdown."""
    head = ["item", "numbers", *published.VERDICTS]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    lines += ["| " + " | ".join(str(cell) for cell in line) + " |" for line in counts(rows)]
    return "\n".join(lines)


def terminal(rows: pd.DataFrame) -> str:
    """Return the table of verdicts as aligned text."""
    table = [["item", "numbers", *published.VERDICTS], *counts(rows)]
    widths = [max(len(str(line[column])) for line in table) for column in range(len(table[0]))]
    return "\n".join("  ".join(str(cell).ljust(width) if column == 0 else str(cell).rjust(width)
                               for column, (cell, width) in enumerate(zip(line, widths)))
                     for line in table)


def by_row(rows: pd.DataFrame, item: str) -> str:
    """Return one line per table row of an item: how many of its numbers have which verdict."""
    found = defaultdict(list)
    for entry in rows[rows["item"] == item].to_dict("records"):
        found[entry["row"]].append(entry)
    lines = [f"Verdicts on {item}"]
    for name, entries in found.items():
        tally = Counter(entry["verdict"] for entry in entries)
        runs = Counter((entry["release"], entry["environment"]) for entry in entries
                       if entry["verdict"] == "exact")
        said = ", ".join(f"{count} {verdict}" for verdict, count in tally.most_common())
        where = f"  [{' in '.join(map(str, runs.most_common(1)[0][0]))}]" if runs else ""
        lines.append(f"  {name:<8} {said} of {len(entries)}{where}")
    return "\n".join(lines)


def present(options) -> pd.DataFrame:
    """Return the ledger that the metrics give now, without writing it."""
    return ledger.frame(ledger.read_and_build(options.published, options.metrics,
                                              options.variations, load(options.params)))


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.reporting.verdicts", __doc__)
    parser.add_argument("--ledger", type=Path, default="reports/ledger.csv")
    parser.add_argument("--item", help="show one item, as the metrics give it now")
    parser.add_argument("--published", type=Path, default="metrics/published")
    parser.add_argument("--metrics", type=Path, default="metrics")
    parser.add_argument("--variations", type=Path, default="metrics/sensitivity")
    parser.add_argument("--params", type=Path, default="params.yaml")
    options = parser.parse_args()
    if options.item:
        print(by_row(present(options), options.item))
        return
    rows = canonical.read_csv(options.ledger, ledger.COLUMNS, dtype=str, keep_default_na=False)
    print(terminal(rows))


if __name__ == "__main__":
    cli.main(stage)
