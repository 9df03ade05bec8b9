"""Answer the checklists CLEAR (58 items) and METRICS (30 items) by links into this repository.

The items stand in ``studies/sclc_liver/checklists``, in this project's own short words; what each of
them asks is explained in the checklists themselves. An answer is a list of links: a file, or
``FILE::key/key`` for a value in a JSON or YAML file. Every link must resolve. Assessed is the
classification analysis as this package repeats and corrects it.

Sources: CLEAR, doi:10.1186/s13244-023-01415-8; METRICS and its weights, Table 1 of
doi:10.1186/s13244-023-01572-w.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.verdicts.values import lookup

COLUMNS = ("checklist", "number", "section", "subject", "status", "answer", "note")
STATUSES = ("met", "partly", "not met", "not applicable")
FOLDER = Path(__file__).with_name("checklists")
# File to name and number of items.
CHECKLISTS = {"clear": ("CLEAR", 58), "metrics": ("METRICS", 30)}


def read(path: Path, name: str, items: int) -> pd.DataFrame:
    """Read one checklist.

    Raises
    ------
    InputError
        If an item is missing or listed twice, has an unknown status, or is answered by nothing.
    """
    table = canonical.read_csv(path, COLUMNS[1:], dtype=str, keep_default_na=False)
    if table["number"].tolist() != [str(number) for number in range(1, items + 1)]:
        raise InputError(f"does not list the items 1 to {items} once each, in order", path,
                         f"restore the items of {name}")
    for entry in table.to_dict("records"):
        where = f"item {entry['number']}"
        if entry["status"] not in STATUSES:
            raise InputError(f"{where}: status '{entry['status']}'", path,
                             f"valid: {', '.join(STATUSES)}")
        if entry["status"] in STATUSES[:2] and not entry["answer"]:
            raise InputError(f"{where} is {entry['status']} without an answer", path,
                             "link what answers it")
        if entry["status"] != "met" and not entry["note"]:
            raise InputError(f"{where} is {entry['status']} without a note", path, "say why")
    return table.assign(checklist=name)


def check_links(table: pd.DataFrame, root: Path) -> None:
    """Resolve every link of every answer.

    Raises
    ------
    InputError
        Naming the first link that leads nowhere.
    """
    for entry in table.to_dict("records"):
        for link in filter(None, (part.strip() for part in entry["answer"].split(";"))):
            name, _, key = link.partition("::")
            try:
                if key:
                    lookup(root, name, key)
                elif not (root / name).exists():
                    raise InputError("no such file", root / name)
            except InputError as error:
                raise InputError(f"{entry['checklist']} item {entry['number']}: the link {link} "
                                 f"leads nowhere ({error.what})", FOLDER.name,
                                 "correct the link, or run the pipeline (dvc repro)") from None


def check_weights(table: pd.DataFrame, path: Path) -> None:
    """Refuse items without a weight.

    Raises
    ------
    InputError
        Naming the first one.
    """
    weights = pd.to_numeric(table.get("weight", pd.Series(dtype=float)), errors="coerce")
    wrong = ~(weights.reindex(table.index) > 0)
    if wrong.any():
        raise InputError(f"item {table['number'][wrong].iloc[0]} has no weight above 0", path,
                         "restore the column 'weight'")


def score(table: pd.DataFrame) -> dict:
    """Return the METRICS score: the weight of met items per weight of applicable ones, in percent.

    An item that is only partly met counts as not met: the score has no halves.
    """
    weight = table["weight"].astype(float)
    applicable = weight[table["status"] != "not applicable"].sum()
    met = weight[table["status"] == "met"].sum()
    partly = weight[table["status"] == "partly"].sum()
    return {"percent": round(100 * met / applicable, 6),
            "percent_if_partly_counted": round(100 * (met + partly) / applicable, 6)}


def counts(table: pd.DataFrame) -> dict:
    """Count the items by status."""
    tally = Counter(table["status"])
    return {status: tally.get(status, 0) for status in STATUSES} | {"items": len(table)}


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.verdicts.checklists", __doc__)
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder of the items")
    parser.add_argument("--out", type=Path, required=True, help="items and answers (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="counts and score (JSON)")
    options = parser.parse_args()
    tables = {name: read(options.folder / f"{stem}.csv", name, items)
              for stem, (name, items) in CHECKLISTS.items()}
    for table in tables.values():
        check_links(table, options.root)
    summary = {name: counts(table) for name, table in tables.items()}
    check_weights(tables["METRICS"], options.folder / "metrics.csv")
    summary["METRICS"]["score"] = score(tables["METRICS"])
    canonical.write_csv(options.out, pd.concat(tables.values())[list(COLUMNS)])
    canonical.write_json(options.summary, summary)


if __name__ == "__main__":
    cli.main(stage)
