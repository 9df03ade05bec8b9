"""What the authors' notebooks store of their own run: evidence beside the recomputed values.

``metrics/stored/outputs.csv`` holds the values that the released notebooks keep as cell outputs, each
with release, commit, notebook and cell. A rule names those behind a printed number as
``RELEASE | CONFIGURATION | MODEL | QUANTITY`` (shell patterns); where the statistic of the number is
a mean, a standard deviation (of a sample) or an extreme, it is taken over all that are named.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError
from stages.reporting.published import NUMBER, RULES, Number, Rule, fill

COLUMNS = ("release", "commit", "notebook", "cell", "configuration", "model", "quantity", "value")
NAMES = ("release", "configuration", "model", "quantity")
STATISTICS = {"mean": statistics.fmean, "sd": statistics.stdev, "min": min, "max": max}

# The notebooks print six decimals.
PRECISION = 0.5e-6


@dataclass(frozen=True)
class Stored:
    """The stored value of one printed number.

    Attributes
    ----------
    value : float
        As stored, or derived from what is stored; in percent where the printed number is.
    follows : bool
        Whether it rounds to the printed number.
    place : str
        Release, notebook and cell.
    """

    value: float
    follows: bool
    place: str


def read(path: str | Path, count: int | None = None) -> list[dict[str, str]]:
    """Read the stored outputs, one mapping of `COLUMNS` for each.

    Raises
    ------
    InputError
        If there are more or fewer than ``count``, one is listed twice, or one is no number.
    """
    rows = canonical.read_csv(path, COLUMNS, dtype=str, keep_default_na=False).to_dict("records")
    if count is not None and len(rows) != count:
        raise InputError(f"holds {len(rows)} values, and reporting.stored in params.yaml says {count}",
                         path, "restore the file, or correct the count")
    seen = set()
    for row in rows:
        key = tuple(row[name] for name in (*NAMES, "notebook", "cell"))
        if key in seen or not NUMBER.fullmatch(row["value"]):
            what = "is listed twice" if key in seen else f"'{row['value']}' is no number"
            raise InputError(f"{' / '.join(key[:4])}: {what}", path, "correct the row")
        seen.add(key)
    return rows


def find(number: Number, rule: Rule, outputs: list[dict[str, str]], tolerance: float) -> Stored | None:
    """Return what the authors' notebook stores of a printed number; None where the rule names nothing.

    Raises
    ------
    InputError
        If the rule names outputs that do not exist, or several where one is due.
    """
    if not rule.stored:
        return None
    asked = [part.strip() for part in fill(rule.stored, number).split("|")]
    chosen = [row for row in outputs if len(asked) == len(NAMES) and all(
        fnmatchcase(row[name], pattern) for name, pattern in zip(NAMES, asked))]
    statistic = STATISTICS.get(rule.statistic(number.bound))
    if len({(row["notebook"], row["cell"]) for row in chosen}) != 1 or not (
            len(chosen) > 1 if statistic else len(chosen) == 1):
        raise InputError(f"'{' | '.join(asked)}' names {len(chosen)} stored outputs", RULES,
                         "correct the column 'stored': one output, or the folds of one cell")
    values = [float(row["value"]) for row in chosen]
    value = statistic(values) if statistic else values[0]
    if number.metric.endswith("%"):
        value, tolerance = 100 * value, tolerance + 100 * PRECISION
    follows, _ = number.matches(value, tolerance + PRECISION)
    place = "{release}: {notebook}, cell {cell}".format_map(chosen[0])
    return Stored(value, follows, place)
