"""What the authors' notebooks store of their own run: evidence beside the recomputed values.

``stored/outputs.csv`` of a study holds the values that the released notebooks keep as cell outputs,
each with release, commit, notebook and cell. A rule names those behind a printed number as
``RELEASE | CONFIGURATION | MODEL | QUANTITY`` (shell patterns); where the statistic of the number is
a mean, a standard deviation (of a sample) or an extreme, it is taken over all that are named.
"""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts.published import NUMBER, RULES, Number, Rule, fill
from stages.verdicts.study import Study

COLUMNS = ("release", "commit", "notebook", "cell", "configuration", "model", "quantity", "value")
NAMES = ("release", "configuration", "model", "quantity")
COMMIT = re.compile(r"[0-9a-f]{40}")
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
    precision : float
        How far it may be off, as the notebooks print it.
    place : str
        Release, notebook and cell.
    """

    value: float
    precision: float
    place: str

    def follows(self, number: Number, tolerance: float) -> bool:
        """Tell whether the printed number follows from it."""
        return number.matches(self.value, tolerance + self.precision)


def read(path: str | Path, count: int | None = None) -> list[dict[str, str]]:
    """Read the stored outputs, one mapping of `COLUMNS` for each.

    Raises
    ------
    InputError
        If there are more or fewer than ``count``, one is listed twice, one is no number, or one does
        not name its commit, notebook and cell.
    """
    rows = canonical.read_csv(path, COLUMNS, dtype=str, keep_default_na=False).to_dict("records")
    if count is not None and len(rows) != count:
        raise InputError(f"holds {len(rows)} values, and 'stored' in study.yaml says {count}",
                         path, "restore the file, or correct the count")
    seen = set()
    for row in rows:
        key = tuple(row[name] for name in (*NAMES, "notebook", "cell"))
        wrong = ("is listed twice" if key in seen
                 else f"'{row['value']}' is no number" if not NUMBER.fullmatch(row["value"])
                 else f"'{row['commit']}' is no commit (40 hexadecimal digits)"
                 if not COMMIT.fullmatch(row["commit"])
                 else "does not name its notebook and cell" if not (row["notebook"] and row["cell"])
                 else "")
        if wrong:
            raise InputError(f"{' / '.join(key[:4])}: {wrong}", path, "correct the row")
        seen.add(key)
    return rows


def of(study: Study) -> list[dict[str, str]]:
    """Return the stored outputs of a study; none where it has none."""
    if not study.content.stored:
        return []
    return read(study.folder / "stored" / "outputs.csv", study.content.stored)


def value(outputs: list[dict[str, str]], asked: list[str], statistic: str
          ) -> tuple[float, dict[str, str]]:
    """Return the stored value that four shell patterns name, and (one of) the outputs it comes from.

    Parameters
    ----------
    outputs : list of dict
        As `read` returns them.
    asked : list of str
        Release, configuration, model, quantity.
    statistic : str
        One of `STATISTICS`, over all outputs that are named; any other text: there must be one.

    Raises
    ------
    ValueError
        If there is no such output, there are several where one is due, or they are of several cells.
    """
    chosen = [row for row in outputs if len(asked) == len(NAMES) and all(
        fnmatchcase(row[name], pattern) for name, pattern in zip(NAMES, asked))]
    combine = STATISTICS.get(statistic)
    one_cell = len({(row["notebook"], row["cell"]) for row in chosen}) == 1
    if not one_cell or (len(chosen) > 1) != (combine is not None):
        raise ValueError(f"'{' | '.join(asked)}' names {len(chosen)} stored outputs")
    values = [float(row["value"]) for row in chosen]
    return combine(values) if combine else values[0], chosen[0]


def find(number: Number, rule: Rule, outputs: list[dict[str, str]]) -> Stored | None:
    """Return what the authors' notebook stores of a printed number; None where the rule names nothing.

    Raises
    ------
    InputError
        If the rule names outputs that do not exist, or several where one is due.
    """
    if not rule.stored:
        return None
    asked = [part.strip() for part in fill(rule.stored, number).split("|")]
    try:
        found, output = value(outputs, asked, rule.statistic(number.bound))
    except ValueError as error:
        raise InputError(str(error), RULES, "correct the column 'stored': one output, or the folds "
                                            "of one cell") from None
    scale = 100 if number.metric.endswith("%") else 1
    return Stored(scale * found, scale * PRECISION,
                  "{release}: {notebook}, cell {cell}".format_map(output))
