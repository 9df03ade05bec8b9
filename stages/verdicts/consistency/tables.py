"""P values of counted tables: chi-squared (with and without correction), G and Fisher."""

from __future__ import annotations

import math

from stages.verdicts.consistency.check import INCONSISTENT, check
from stages.verdicts.consistency.distributions import chi_squared_above
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Rate, equally_long

METHODS = ("pearson", "yates", "likelihood", "fisher")


@check(INCONSISTENT, "two-sided P of the printed table")
def table_p(counts: list[Count], p: Rate, columns: int = 2, methods: list | None = None) -> bool:
    """Tell whether a table of counts has this P value by one of the tests.

    Parameters
    ----------
    counts : list of Count
        Row by row.
    p : Rate
    columns : int
    methods : list of str, optional
        Of `METHODS`; ``yates`` and ``fisher`` for two by two. All where left out.

    Examples
    --------
    >>> table_p(["48", "82", "38", "12"], "0.000").verdict
    'consistent'
    >>> table_p(["84", "92", "2", "2"], "0.477").verdict
    'inconsistent'
    """
    equally_long(*(counts[start:start + columns] for start in range(0, len(counts), columns)))
    rows = [[one.one() for one in counts[start:start + columns]]
            for start in range(0, len(counts), columns)]
    values = p_values(rows, methods or METHODS)
    return any(p.low - ROUND_OFF <= value <= p.high + ROUND_OFF for value in values)


def p_values(rows: list, methods) -> list[float]:
    """Return the P value of a table by each method that it allows.

    Parameters
    ----------
    rows : list of list of int
    methods : sequence of str
    """
    rows = [row for row in rows if sum(row)]
    columns = [column for column in zip(*rows) if sum(column)]
    rows = [list(row) for row in zip(*columns)]
    if len(rows) < 2 or len(columns) < 2:
        return [1.0]
    small = len(rows) == len(columns) == 2
    makers = {"pearson": lambda: _chi_squared(rows, 0.0), "yates": lambda: _chi_squared(rows, 0.5),
              "likelihood": lambda: _likelihood(rows), "fisher": lambda: _fisher(rows)}
    return [makers[method]() for method in methods if small or method in ("pearson", "likelihood")]


def _expected(rows):
    whole = sum(map(sum, rows))
    return [[sum(row) * sum(column) / whole for column in zip(*rows)] for row in rows]


def _freedom(rows):
    return (len(rows) - 1) * (len(rows[0]) - 1)


def _chi_squared(rows, less):
    # The correction never passes zero.
    x = sum((abs(o - e) - min(less, abs(o - e))) ** 2 / e
            for row, awaited in zip(rows, _expected(rows)) for o, e in zip(row, awaited))
    return chi_squared_above(x, _freedom(rows))


def _likelihood(rows):
    x = 2 * sum(o * math.log(o / e) for row, awaited in zip(rows, _expected(rows))
                for o, e in zip(row, awaited) if o)
    return chi_squared_above(x, _freedom(rows))


def _fisher(rows):
    (a, b), (c, d) = rows
    first, column, whole = a + b, a + c, a + b + c + d
    ways = {k: math.comb(column, k) * math.comb(whole - column, first - k)
            for k in range(max(0, first + column - whole), min(first, column) + 1)}
    return sum(way for way in ways.values() if way <= ways[a]) / math.comb(whole, first)
