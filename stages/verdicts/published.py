"""The numbers that the paper prints, and the rule that says how each one is checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from stages.common import canonical, printed
from stages.common.errors import InputError
from stages.verdicts import plausible

COLUMNS = ("item", "row", "metric", "value", "low", "high", "decimals", "locator")
BOUNDS = ("value", "low", "high")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
# Three numbers, or the year and half of one.
VERSION = re.compile(r"\d+(\.\d+){2,}|R\d{4}[ab]")
RULE_COLUMNS = ("item", "row", "metric", "source", "statistics", *BOUNDS, "note", "stored")
RULES = "rules.csv"


@dataclass(frozen=True)
class Number:
    """One printed number.

    Attributes
    ----------
    item, row, metric : str
        What it is, in the paper's own table and row.
    bound : str
        ``value``, ``low`` or ``high``.
    printed : str
        As printed.
    locator : str
        Where it stands.
    """

    item: str
    row: str
    metric: str
    bound: str
    printed: str
    locator: str

    @property
    def decimals(self) -> int | None:
        """Digits printed after the point; None for a version."""
        return printed.decimals(self.printed)

    def matches(self, value: float | str, tolerance: float) -> bool:
        """Tell whether a recomputed value rounds to the number; a version must be equal.

        Examples
        --------
        >>> Number("Table", "row", "AUC", "value", "0.58", "").matches(0.5807, 1e-9)
        True
        """
        if self.decimals is None or isinstance(value, str):
            return str(value) == self.printed
        return bool(printed.rounds(value, self.printed, tolerance))

    def is_halfway(self, value: float | str, tolerance: float) -> bool:
        """Tell whether a recomputed value lies half-way between the number and the next one."""
        return not (self.decimals is None or isinstance(value, str)) \
            and printed.halfway(value, self.printed, tolerance)

    def is_cut(self, value: float | str) -> bool:
        """Tell whether a recomputed value, cut off at the printed decimals, is the number."""
        return not (self.decimals is None or isinstance(value, str)) \
            and printed.is_cut(value, self.printed)


@dataclass(frozen=True)
class Rule:
    """How the numbers that match the patterns are checked.

    Attributes
    ----------
    item, row, metric : str
        Shell patterns.
    source : str
        Where the recomputed values come from, or a verdict where there are none.
    statistics : tuple of str
        Names of value, low and high.
    paths : dict
        Bound to path inside the source.
    note : str
    stored : str
        Which stored outputs of the authors' notebooks give it (`stages.verdicts.stored`), if any.
    """

    item: str
    row: str
    metric: str
    source: str
    statistics: tuple[str, ...]
    paths: dict[str, str]
    note: str
    stored: str = ""

    def covers(self, number: Number) -> bool:
        """Tell whether the rule is about this number."""
        return all(fnmatchcase(getattr(number, name), _literal(getattr(self, name)))
                   for name in ("item", "row", "metric"))

    def statistic(self, bound: str) -> str:
        """Return the name of the statistic that a bound holds."""
        position = BOUNDS.index(bound)
        return self.statistics[position] if position < len(self.statistics) else bound

    def path(self, number: Number) -> str:
        """Return the path of the recomputed value inside the source."""
        return fill(self.paths[number.bound], number)


def fill(text: str, number: Number) -> str:
    """Put a number's names into a text of the rules: ``{row}``, ``{metric}``, ``{last}``, ``{head}``.

    Raises
    ------
    InputError
        If the text asks for anything else.
    """
    try:
        return text.format(row=number.row, metric=number.metric, last=number.row.split("/")[-1],
                           head=number.metric.removesuffix("_mean_sd"))
    except (KeyError, IndexError, ValueError, AttributeError):
        raise InputError(f"'{text}' is no path", RULES,
                         "use {row}, {metric}, {last} and {head}") from None


def _literal(pattern: str) -> str:
    """Keep ``*`` as the only wildcard: names of the paper hold brackets."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def read(folder: str | Path, counts: Mapping[str, int] | None = None) -> list[Number]:
    """Read every printed number below ``folder``, sorted by file, in the paper's order.

    Parameters
    ----------
    folder : path
    counts : mapping, optional
        File name to how many numbers it has to hold; any where it is not given.

    Raises
    ------
    InputError
        If a file is missing, cut or not declared, or if a number is listed twice, is no number, has
        another count of decimals than said, does not fit its unit or lies outside its own bounds.
    """
    numbers, seen = [], set()
    paths = sorted(Path(folder).glob("*.csv"))
    if not paths:
        raise InputError("holds no published table", folder, "restore it from the repository")
    for path in paths:
        before = len(numbers)
        table = canonical.read_csv(path, COLUMNS, dtype=str, keep_default_na=False)
        for row in table.to_dict("records"):
            found = _numbers(row, path)
            for key in ((n.item, n.row, n.metric, n.bound) for n in found):
                if key in seen:
                    raise InputError(f"{' / '.join(key)} is listed twice", path, "keep one")
                seen.add(key)
            numbers += found
        if counts is not None and len(numbers) - before != counts.get(path.name):
            raise InputError(f"holds {len(numbers) - before} numbers, and 'numbers' in study.yaml "
                             f"says {counts.get(path.name, 'nothing of it')}", path,
                             "restore the file, or correct the count")
    missing = sorted(set(counts or ()) - {path.name for path in paths})
    if missing:
        raise InputError("no such file", Path(folder) / missing[0], "restore it from the repository")
    return numbers


def _numbers(row: dict[str, str], path: Path) -> list[Number]:
    """Return the numbers of one line of a table: value, low and high as far as they are printed."""
    found = [Number(row["item"], row["row"], row["metric"], bound, row[bound], row["locator"])
             for bound in BOUNDS if row[bound]]
    name = " / ".join(row[part] for part in ("item", "row", "metric"))
    for number in found:
        text = number.printed
        version = number.bound == "value" and not row["decimals"] and VERSION.fullmatch(text)
        if not (version or NUMBER.fullmatch(text)):
            raise InputError(f"{name}: '{text}' is no number", path, "correct the row")
        if not version and not plausible.fits(number.metric, float(text)):
            raise InputError(f"{name}: {text} does not fit the unit of {number.metric}", path,
                             plausible.FIX)
        if number.bound == "value" and row["decimals"] != str(
                "" if number.decimals is None else number.decimals):
            raise InputError(f"{name}: {text} does not have {row['decimals'] or 'no'} decimals", path,
                             "correct the row")
    # A low without a high is a standard deviation.
    if row["low"] and row["high"]:
        ends = [float(row[bound]) for bound in ("low", "value", "high") if row[bound]]
        if ends != sorted(ends):
            raise InputError(f"{name}: {row['low']}, {row['value'] or 'no value'}, {row['high']} are "
                             "not low, value, high", path, "correct the row")
    return found


def rules(path: str | Path, numbers: Sequence[Number] | None = None) -> list[Rule]:
    """Read the rules, first match first.

    Parameters
    ----------
    path : path
    numbers : sequence of Number, optional
        What the rules are for: each has to be the first that covers one of them.

    Raises
    ------
    InputError
        If a rule names no number, or only numbers that rules before it cover.
    """
    table = canonical.read_csv(path, RULE_COLUMNS, dtype=str, keep_default_na=False)
    found = [Rule(row["item"], row["row"], row["metric"], row["source"],
                  tuple(name for name in row["statistics"].split(";") if name),
                  {bound: row[bound] for bound in BOUNDS if row[bound]}, row["note"], row["stored"])
             for row in table.to_dict("records")]
    if numbers is not None:
        used = {id(next((rule for rule in found if rule.covers(one)), None)) for one in numbers}
        for line, rule in enumerate(found, start=2):
            if id(rule) not in used:
                raise InputError(f"line {line}: the rule for {rule.item} / {rule.row} / {rule.metric} "
                                 "names no number that no rule before it covers", path,
                                 "correct it or take it out")
    return found


def rule_for(number: Number, ordered: list[Rule]) -> Rule:
    """Return the first rule that covers the number.

    Raises
    ------
    InputError
        If none does: no number is left out.
    """
    for rule in ordered:
        if rule.covers(number):
            return rule
    raise InputError(f"no rule covers {number.item} / {number.row} / {number.metric}", RULES,
                     "add a row that names its source or its verdict")
