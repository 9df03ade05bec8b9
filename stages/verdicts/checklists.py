"""Answer a study's reporting checklists twice: as published, and as re-analysed here.

The items stand in the study's folder ``checklists``, in this project's own short words; what each of
them asks is explained in the checklists themselves. *As published* is the paper, its supplement and the
repository that it names; an answer says where there, also where something was looked for and is not.
*As re-analysed* is this package; an answer is a list of links: a file, or ``FILE::key/key`` for a value
in a JSON or YAML file. Every link must resolve.

Where files decide (columns ``…_if``: tests of `stages.verdicts.predicates`), the status is written
``met, else partly``: the first one where all tests hold, otherwise the second. A checklist whose items
have weights (column ``weight``) gets a score for each of the two.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.verdicts import predicates, published
from stages.verdicts import study as studies
from stages.verdicts.values import lookup

SIDES = ("published", "reanalysed")
PARTS = ("", "_if", "_by", "_note")
COLUMNS = ("checklist", "number", "section", "subject", "weight",
           *(f"{side}{part}" for side in SIDES for part in PARTS))
STATUSES = ("met", "partly", "unclear", "not met", "not applicable")
# A score that counts them as met is the most that it can be.
OPEN = ("partly", "unclear")
_ELSE = ", else "
# What is meant as a file of the repository among the places that an answer names.
LINK = re.compile(r"[\w.-]+(/[\w.@+-]+)*/?(::.+)?")


def pieces(text: str) -> list[str]:
    """Return the parts of a cell that ``;`` divides.

    Examples
    --------
    >>> pieces("README.md; Methods, Statistical analysis;")
    ['README.md', 'Methods, Statistical analysis']
    """
    return [part for part in (piece.strip() for piece in text.split(";")) if part]


def is_link(part: str) -> bool:
    """Tell whether a place is a file of the repository, not a place in the paper.

    Examples
    --------
    >>> is_link("README.md"), is_link("a/b.json::c/d e"), is_link("Abstract")
    (True, True, False)
    """
    name = part.partition("::")[0]
    return bool(LINK.fullmatch(part)) and ("/" in name or "." in name)


def places(entry: dict, side: str) -> list[tuple[str, bool]]:
    """Return the places that an answer names, and whether each is a file of the repository."""
    return [(part, side == SIDES[1] or is_link(part)) for part in pieces(entry[f"{side}_by"])]


def _in_order(numbers: list[str]) -> bool:
    """Tell whether items are numbered 1, 2, 3a, 3b, 4 and so on."""
    before, letter = 0, ""
    for number in numbers:
        found = re.fullmatch(r"(\d+)([a-z]?)", number)
        if found is None:
            return False
        here, part = int(found[1]), found[2]
        follows = here == before and letter and part == chr(ord(letter) + 1)
        if not follows and (here != before + 1 or part not in ("", "a")):
            return False
        before, letter = here, part
    return True


def read(path: Path, name: str, items: int) -> pd.DataFrame:
    """Read one checklist.

    Raises
    ------
    InputError
        If an item is missing or listed twice, has an unknown status, or is answered by nothing.
    """
    table = canonical.read_csv(path, [name for name in COLUMNS[1:] if name != "weight"], dtype=str,
                               keep_default_na=False)
    numbers = table["number"].tolist()
    if len(numbers) != items or not _in_order(numbers):
        raise InputError(f"does not list {items} items once each, in order", path,
                         f"restore the items of {name}")
    for entry in table.to_dict("records"):
        for side in SIDES:
            _check(entry, side, path)
    if "weight" not in table:
        table["weight"] = ""
    return table.assign(checklist=name)


def _check(entry: dict, side: str, path: Path) -> None:
    """Refuse an answer that is not whole."""
    where = f"item {entry['number']}, {side}"
    statuses = entry[side].split(_ELSE)
    for status in statuses:
        if status not in STATUSES:
            raise InputError(f"{where}: status '{status}'", path, f"valid: {', '.join(STATUSES)}")
    if len(statuses) != (2 if entry[f"{side}_if"] else 1):
        raise InputError(f"{where}: '{entry[side]}' does not go with the tests "
                         f"'{entry[f'{side}_if']}'", path,
                         "write 'met, else partly' where there are tests, one status where not")
    status, by = statuses[0], pieces(entry[f"{side}_by"])
    named = by or entry[f"{side}_if"]
    # What is missing in print was looked for somewhere; what is missing here is nowhere.
    if not named and (status in STATUSES[:2] or side == SIDES[0] and status != STATUSES[-1]):
        raise InputError(f"{where} is {status} without an answer", path,
                         f"say in {side}_by what answers it, or where it was looked for")
    if status != "met" and not entry[f"{side}_note"]:
        raise InputError(f"{where} is {status} without a note", path, "say why")


def check_links(table: pd.DataFrame, root: Path, folder: Path) -> None:
    """Resolve every link of every answer.

    Raises
    ------
    InputError
        Naming the first link that leads nowhere.
    """
    for entry in table.to_dict("records"):
        for link in (part for side in SIDES for part, file in places(entry, side) if file):
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


def decide(table: pd.DataFrame, files: predicates.Files, path: Path) -> pd.DataFrame:
    """Return the table with the statuses that the tests give, and what each test gave.

    Raises
    ------
    InputError
        Naming the first test that cannot be made.
    """
    table = table.copy()
    for side in SIDES:
        for index in table.index[table[f"{side}_if"] != ""]:
            found = []
            for test in pieces(table.loc[index, f"{side}_if"]):
                try:
                    found.append((files.holds(test), test))
                except ValueError as error:
                    raise InputError(f"item {table.loc[index, 'number']}, {side}: the test '{test}' "
                                     f"cannot be made ({error})", path,
                                     "correct it, or run the pipeline (dvc repro)") from None
            statuses = table.loc[index, side].split(_ELSE)
            table.loc[index, side] = statuses[0 if all(held for held, _ in found) else 1]
            table.loc[index, f"{side}_if"] = "; ".join(
                f"{'holds' if held else 'fails'}: {test}" for held, test in found)
    return table


def check_weights(table: pd.DataFrame, path: Path) -> None:
    """Refuse items without a weight.

    Raises
    ------
    InputError
        Naming the first one.
    """
    wrong = ~(pd.to_numeric(table["weight"], errors="coerce") > 0)
    if wrong.any():
        raise InputError(f"item {table['number'][wrong].iloc[0]} has no weight above 0", path,
                         "restore the column 'weight'")


def score(status: pd.Series, weight: pd.Series) -> dict:
    """Return the weight of met items per weight of applicable ones, in percent.

    Returns
    -------
    dict
        ``percent`` has no halves: an item that is partly met or unclear counts as not met;
        ``percent_at_most`` counts it as met. Both are None where no item is applicable.
    """
    applicable = weight[status != STATUSES[-1]].sum()
    met, may_be = weight[status == "met"].sum(), weight[status.isin(OPEN)].sum()
    share = {"percent": met, "percent_at_most": met + may_be}
    return {name: round(100 * value / applicable, 6) if applicable else None
            for name, value in share.items()}


def counts(status: pd.Series) -> dict:
    """Count the items by status."""
    tally = Counter(status)
    return {name: tally.get(name, 0) for name in STATUSES} | {"items": len(status)}


def answer(study: studies.Study, root: Path) -> tuple[pd.DataFrame, dict]:
    """Return the items of all checklists of a study, and for each side their counts and scores."""
    tables, summary, folder = [], {}, study.folder / "checklists"
    files = predicates.Files(root, published.read(study.published, study.content.numbers))
    for stem, checklist in study.content.checklists.items():
        path = folder / f"{stem}.csv"
        table = read(path, checklist.name, checklist.items)
        check_links(table, root, folder)
        table = decide(table, files, path)
        summary[checklist.name] = {side: counts(table[side]) for side in SIDES}
        if checklist.weighted:
            check_weights(table, path)
            for side in SIDES:
                summary[checklist.name][side]["score"] = score(table[side],
                                                               table["weight"].astype(float))
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
