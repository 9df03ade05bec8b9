"""Answer a study's reporting checklists by links into this repository.

The items stand in the study's folder ``checklists``, in this project's own short words; what each of
them asks is explained in the checklists themselves. An answer is a list of links: a file, or
``FILE::key/key`` for a value in a JSON or YAML file. Every link must resolve. A checklist whose items
have weights (column ``weight``) gets a score.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.verdicts import study as studies
from stages.verdicts.values import lookup

COLUMNS = ("checklist", "number", "section", "subject", "status", "answer", "note")
STATUSES = ("met", "partly", "not met", "not applicable")


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


def check_links(table: pd.DataFrame, root: Path, folder: Path) -> None:
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
                                 f"leads nowhere ({error.what})", folder,
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
    """Return the weight of met items per weight of applicable ones, in percent.

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


def answer(study: studies.Study, root: Path) -> tuple[pd.DataFrame, dict]:
    """Return the items of all checklists of a study, and their counts and scores."""
    tables, summary, folder = [], {}, study.folder / "checklists"
    for stem, checklist in study.content.checklists.items():
        path = folder / f"{stem}.csv"
        table = read(path, checklist.name, checklist.items)
        check_links(table, root, folder)
        summary[checklist.name] = counts(table)
        if checklist.weighted:
            check_weights(table, path)
            summary[checklist.name]["score"] = score(table)
        tables.append(table[list(COLUMNS)])
    empty = pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(tables) if tables else empty, summary


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.verdicts.checklists", __doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study's folder")
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    options = parser.parse_args()
    study = studies.read(options.study)
    table, summary = answer(study, options.root)
    folder = study.reports(options.root)
    canonical.write_csv(folder / "checklists.csv", table)
    canonical.write_json(folder / "checklists.json", summary)


if __name__ == "__main__":
    cli.main(stage)
