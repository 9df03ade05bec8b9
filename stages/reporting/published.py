"""The numbers that the paper prints, and the rule that says how each one is checked."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError

COLUMNS = ("item", "row", "metric", "value", "low", "high", "decimals", "locator")
BOUNDS = ("value", "low", "high")
RULES = Path(__file__).with_name("rules.csv")
VERDICTS = ("exact", "envelope", "contradicted", "needs-private-images", "needs-private-labels",
            "not-checked")


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
        """Digits printed after the point; None for a version and for what is no number."""
        try:
            exponent = Decimal(self.printed).as_tuple().exponent
        except InvalidOperation:
            return None
        return max(0, -exponent) if isinstance(exponent, int) else None

    def matches(self, value, tolerance: float) -> tuple[bool, bool]:
        """Compare a recomputed value.

        Parameters
        ----------
        value : float, int or str
            A string (a version) must be equal.
        tolerance : float
            How near to half a unit counts as half-way.

        Returns
        -------
        (bool, bool)
            Whether it rounds to the printed number; whether it lies half-way.

        Examples
        --------
        >>> number = Number("Table4", "RF", "AUC", "value", "0.58", "")
        >>> number.matches(0.5807, 1e-9), number.matches(0.585, 1e-9), number.matches(0.5851, 1e-9)
        ((True, False), (True, True), (False, False))
        """
        if self.decimals is None or isinstance(value, str):
            return str(value) == self.printed, False
        half = 0.5 * 10.0 ** -self.decimals
        away = abs(float(value) - float(self.printed))
        return away <= half + tolerance, abs(away - half) <= tolerance


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
    """

    item: str
    row: str
    metric: str
    source: str
    statistics: tuple[str, ...]
    paths: dict[str, str]
    note: str

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
        return self.paths[number.bound].format(
            row=number.row, metric=number.metric, last=number.row.split("/")[-1],
            head=number.metric.removesuffix("_mean_sd"))


def _literal(pattern: str) -> str:
    """Keep ``*`` as the only wildcard: names of the paper hold brackets."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def read(folder: str | Path) -> list[Number]:
    """Read every printed number below ``folder``, sorted by file, in the paper's order.

    Raises
    ------
    InputError
        If a number is listed twice, is not a number, or has another count of decimals than said.
    """
    numbers, seen = [], set()
    paths = sorted(Path(folder).glob("*.csv"))
    if not paths:
        raise InputError("holds no published table", folder, "restore it from the repository")
    for path in paths:
        table = canonical.read_csv(path, COLUMNS, dtype=str, keep_default_na=False)
        for row in table.to_dict("records"):
            for bound in BOUNDS:
                if not row[bound]:
                    continue
                number = Number(row["item"], row["row"], row["metric"], bound, row[bound],
                                row["locator"])
                key = (number.item, number.row, number.metric, bound)
                if key in seen:
                    raise InputError(f"{' / '.join(key)} is listed twice", path, "keep one")
                seen.add(key)
                if bound == "value" and row["decimals"] and row["decimals"] != str(number.decimals):
                    raise InputError(f"{' / '.join(key)}: {row[bound]} does not have "
                                     f"{row['decimals']} decimals", path, "correct the row")
                numbers.append(number)
    return numbers


def rules(path: str | Path = RULES) -> list[Rule]:
    """Read the rules, first match first."""
    with open(path, encoding="utf-8", newline="") as stream:
        return [Rule(row["item"], row["row"], row["metric"], row["source"],
                     tuple(name for name in row["statistics"].split(";") if name),
                     {bound: row[bound] for bound in BOUNDS if row[bound]}, row["note"])
                for row in csv.DictReader(stream)]


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
