"""No accusation without a second derivation, nor without what would make the authors right."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts import names
from stages.verdicts.evidence import MAKE
from stages.verdicts.published import Number
from stages.verdicts.study import Study

FILE, COLUMNS = "fairness.csv", ("item", "row", "metric", "right_if")
AGREES, DISAGREES = "yes", "no"
ALONE = "one derivation alone contradicts it: no second one was made"
APART = "one derivation contradicts it and a second one does not confirm that"


@dataclass(frozen=True)
class Fair:
    """What would have to be true for the paper to be right, for the numbers that match."""

    item: str
    row: str
    metric: str
    right_if: str

    def covers(self, number: Number) -> bool:
        """Tell whether it is about this number; ``*`` is the only wildcard."""
        return all(fnmatchcase(getattr(number, name), getattr(self, name).replace("[", "[[]"))
                   for name in COLUMNS[:3])


def fairness(study: Study) -> list[Fair]:
    """Read ``fairness.csv`` of a study, first match first; a study without accusations needs none.

    Raises
    ------
    InputError
        If a line names no numbers or says nothing.
    """
    path = study.folder / FILE
    if not path.exists():
        return []
    table = canonical.read_csv(path, COLUMNS, dtype=str, keep_default_na=False)
    found = [Fair(**{name: row[name].strip() for name in COLUMNS}) for row in table.to_dict("records")]
    for line, one in enumerate(found, 2):
        if not all((one.item, one.row, one.metric, one.right_if)):
            raise InputError(f"line {line} is not complete", path,
                             "say of which numbers, and what would make the paper right")
    return found


def derived(study: Study, root: Path) -> dict[tuple[str, str], dict[str, float]]:
    """Read the second derivations of a study.

    Returns
    -------
    dict
        (source, path) of the first derivation to the value by release.

    Raises
    ------
    InputError
        If a file is missing, is of another release, or holds what is no finite number.
    """
    found: dict[tuple[str, str], dict[str, float]] = {}
    for release in study.content.runs.releases if study.content.second else ():
        path = study.results(root) / study.content.second.format(release=release)
        content = canonical.read_json(path)
        values = content.get("values") if isinstance(content, dict) else None
        if not isinstance(values, dict) or content.get("release") != release or not all(
                isinstance(part, dict) for part in values.values()):
            raise InputError(f"holds no second derivations of release {release}", path, MAKE)
        for source, part in values.items():
            for address, value in part.items():
                if type(value) not in (int, float) or not math.isfinite(value):
                    raise InputError(f"'{address}' of '{source}' is no number ({value!r})", path, MAKE)
                found.setdefault((source, address), {})[release] = value
    return found


def gives(number: Number, value: float, tolerance: float) -> bool:
    """Tell whether a second derivation gives the printed number, rounded or cut off."""
    return number.matches(value, tolerance) or number.is_cut(value)


def agrees(number: Number, first: float, second: float) -> bool:
    """Tell whether a second derivation confirms the first one against the printed number.

    It lies nearer to the first derivation than to what is printed.

    Examples
    --------
    >>> number = Number("Table", "row", "AUC", "value", "0.81", "")
    >>> agrees(number, 0.50, 0.52), agrees(number, 0.50, 0.72), agrees(number, 0.50, 0.92)
    (True, False, False)
    """
    return abs(second - first) < abs(second - float(number.printed))


def unconfirmed(rows: Iterable[dict]) -> list[dict]:
    """Take back contradictions that no second derivation confirms: nothing is said then.

    With other settings than the study's (an experiment) a number may fall that nobody derived twice.

    Parameters
    ----------
    rows : iterable of dict
        Rows of the ledger: ``verdict``, ``note``, ``second_agrees``.

    Examples
    --------
    >>> row = {"verdict": names.CONTRADICTED, "note": "", "second_agrees": ""}
    >>> unconfirmed([row])[0]["note"]
    'one derivation alone contradicts it: no second one was made'
    >>> unconfirmed([row | {"second_agrees": AGREES}]) == [row | {"second_agrees": AGREES}]
    True
    """
    return [row if row["verdict"] != names.CONTRADICTED or row["second_agrees"] == AGREES
            else row | {"verdict": names.UNTESTABLE, "note": "; ".join(filter(None, (
                row["note"], ALONE if not row["second_agrees"] else APART)))} for row in rows]


def require(rows: Iterable[dict], study: Study) -> None:
    """Refuse a ledger that accuses without two derivations that agree, or without fairness.

    Parameters
    ----------
    rows : iterable of dict
        Rows of the ledger: ``verdict``, ``second`` (the value), ``second_agrees``, ``right_if``.

    Raises
    ------
    InputError
        Naming the first such row and what it lacks.
    """
    for row in rows:
        if row["verdict"] not in names.AGAINST:
            continue
        where = " / ".join(row[name] for name in ("item", "row", "metric", "statistic"))
        said = f"{where} is {row['verdict']}"
        if not row.get("second_agrees"):
            raise InputError(f"{said} without a second derivation", study.results(),
                             "derive it again with other code, or take the accusation back")
        if row["second_agrees"] != AGREES:
            raise InputError(f"{said}: {row['reproduced']} by the first derivation, {row['second']} by "
                             "the second, which disagree", study.results(),
                             "settle which one is right before anything is said")
        if not row.get("right_if"):
            raise InputError(f"{said}, and nothing says what would make the paper right",
                             study.folder / FILE, "add a line")
