"""Tables of verdicts for people: in the terminal and in README.md."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.verdicts import confirm, ledger, names
from stages.verdicts import settings as house
from stages.verdicts import study as studies
from stages.verdicts.study import Study

BEGIN, END = "<!-- verdicts: begin -->", "<!-- verdicts: end -->"


def counts(study: Study, rows: pd.DataFrame) -> list[list]:
    """Return one line per item and a last one for all: item, numbers, one count per verdict."""
    lines = []
    for name in [*study.order(rows["item"]), "all"]:
        part = rows if name == "all" else rows[rows["item"] == name]
        tally = Counter(part["verdict"])
        lines.append([name, len(part), *(tally.get(verdict, 0) for verdict in names.ALL)])
    return lines


def markdown(rows: pd.DataFrame) -> str:
    """Return how many numbers have which verdict, by what is known of the data, as Markdown."""
    tally, lines = Counter(rows["verdict"]), ["| verdict | numbers |", "| --- | ---: |"]
    for title, group in names.GROUPS.items():
        lines.append(f"| **{title}** | **{sum(tally[name] for name in group)}** |")
        lines += [f"| {name} | {tally[name]} |" for name in group]
    return "\n".join([*lines, f"| **All** | **{len(rows)}** |"])


def terminal(study: Study, rows: pd.DataFrame) -> str:
    """Return the table of verdicts as aligned text."""
    table = [["item", "numbers", *names.ALL], *counts(study, rows)]
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
                       if entry["verdict"] in (names.EXACT, names.UNSTABLE))
        said = ", ".join(f"{count} {verdict}" for verdict, count in tally.most_common())
        where = f"  [{' in '.join(map(str, runs.most_common(1)[0][0]))}]" if runs else ""
        lines.append(f"  {name:<8} {said} of {len(entries)}{where}")
    return "\n".join(lines)


def insert(text: str, table: str, source: str) -> str:
    """Return ``text`` with what stands between the markers replaced by ``table``.

    Raises
    ------
    InputError
        If a marker is missing.
    """
    if BEGIN not in text or END not in text:
        raise InputError("lacks the markers of the verdict table", source, f"add {BEGIN} and {END}")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.verdicts.tables", __doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study's folder")
    parser.add_argument("--ledger", type=Path, help="another ledger than the study's own")
    parser.add_argument("--readme", type=Path, help="write the table into this Markdown file")
    parser.add_argument("--item", help="show one item, as the metrics give it now")
    parser.add_argument("--params", type=Path, default="params.yaml", help="the house's parameters")
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    options = parser.parse_args()
    study = studies.read(options.study)
    if options.item:
        settings = house.read(options.params)
        # What the checks without data say may not have been made yet.
        evidence = ledger.collect(study, settings, options.root, consistency=False)
        rows = confirm.unconfirmed(ledger.build(evidence, settings))
        print(by_row(ledger.frame(rows), options.item))
        return
    rows = canonical.read_csv(options.ledger or study.reports(options.root) / "ledger.csv",
                              ledger.COLUMNS, dtype=str, keep_default_na=False)
    if options.readme:
        try:
            text = options.readme.read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", options.readme) from None
        canonical.write_bytes(options.readme,
                              insert(text, markdown(rows), str(options.readme)).encode())
        print(f"wrote the table of verdicts into {options.readme}", file=sys.stderr)
        return
    print(terminal(study, rows))


if __name__ == "__main__":
    cli.main(stage)
