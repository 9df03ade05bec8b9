"""Printed numbers, and which values are one of them. Part of verify.sh."""

import csv
import fnmatch
import re
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

BOUNDS = ("value", "low", "high")


class Printed:
    """One printed number: where it stands, and its text."""

    def __init__(self, item, row, metric, bound, text):
        self.item, self.row, self.metric, self.bound, self.text = item, row, metric, bound, text
        plain = re.fullmatch(r"-?\d+(\.\d+)?", text)
        self.number = Decimal(text) if plain else None
        self.unit = Decimal(1).scaleb(self.number.as_tuple().exponent) if plain else None
        self.known = {}

    @property
    def key(self):
        return self.item, self.row, self.metric, self.bound

    def is_given(self, value, tolerance):
        """Tell whether a value rounds to it; of a version, whether it is the same."""
        if self.number is None or isinstance(value, str):
            return str(value) == self.text
        if (value, tolerance) not in self.known:  # sweeps give few values many times
            off = abs(Decimal(repr(value)) - self.number)
            self.known[value, tolerance] = off <= self.unit / 2 + Decimal(repr(tolerance))
        return self.known[value, tolerance]

    def is_cut(self, value):
        """Tell whether a value that is cut off, not rounded, is it."""
        if self.number is None or isinstance(value, str):
            return False
        return Decimal(repr(value)).quantize(self.unit, ROUND_DOWN) == self.number


def table(path):
    """Return the rows of a CSV file as mappings."""
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def read(folder, counts):
    """Return the printed numbers of a study in the order of the ledger.

    A file must hold as many as the study declares: a cut file is named.
    """
    found = []
    for path in sorted(Path(folder).glob("*.csv")):
        here = [Printed(row["item"], row["row"], row["metric"], bound, row[bound])
                for row in table(path) for bound in BOUNDS if row[bound]]
        if len(here) != counts.get(path.name):
            raise ValueError(f"{path}: {len(here)} numbers, declared {counts.get(path.name)}")
        found += here
    if {path.name for path in Path(folder).glob("*.csv")} != set(counts):
        raise ValueError(f"{folder}: other files than the study declares")
    return found


def like(text, pattern):
    """Tell whether a text is of a shell pattern."""
    return fnmatch.fnmatchcase(text, pattern)


def like_name(text, pattern):
    """The same for names of the paper, in which only ``*`` is a wildcard."""
    return like(text, pattern.replace("[", "[[]").replace("?", "[?]"))


class Rule:
    """A line of rules.csv."""

    def __init__(self, row):
        self.row, self.source, self.stored = row, row["source"], row["stored"]
        self.statistics = [name for name in row["statistics"].split(";") if name]

    def covers(self, number):
        return all(like_name(getattr(number, name), self.row[name])
                   for name in ("item", "row", "metric"))

    def statistic(self, bound):
        place = BOUNDS.index(bound)
        return self.statistics[place] if place < len(self.statistics) else bound

    def path(self, number):
        return fill(self.row[number.bound], number)


def fill(text, number):
    """Put a number's names into a text of the rules."""
    head = number.metric[:-len("_mean_sd")] if number.metric.endswith("_mean_sd") else number.metric
    return text.format(row=number.row, metric=number.metric, head=head, last=number.row.split("/")[-1])
