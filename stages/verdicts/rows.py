"""How many numbers of a printed row single runs give at once: ``reports/STUDY/rows.csv``.

Verdicts are given number by number, and each number may be given by another variation. It stays by
rows: other rows are other models, which other fits give.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stages.verdicts.judge import Evidence
from stages.verdicts.published import Number
from stages.verdicts.together import KINDS, Row

FILE = "rows.csv"
COLUMNS = ("item", "row", "numbers", "kind", "held", "each", "at_once", "runs", "as_many", "run")


def build(evidence: Mapping[Number, Evidence]) -> list[dict]:
    """Count what single runs give of each row.

    Parameters
    ----------
    evidence : dict
        As `gather.gather` returns it.

    Returns
    -------
    list of dict
        `COLUMNS`, a line for each row and kind of runs that have some of it: fitted ``numbers`` of
        the row; the most that one run has (``held``); how many some run gives (``each``); the most
        that one gives (``at_once``); how many runs there are, how many of them give ``as_many``, and
        the first of these.
    """
    rows = {(number.item, number.row): one.peers.row for number, one in evidence.items() if one.peers}
    return [{"item": item, "row": name, "numbers": len(row.numbers), "kind": kind} | count(row, kind)
            for (item, name), row in rows.items() for kind in KINDS if (row.kinds == kind).any()]


def count(row: Row, kind: str) -> dict:
    """Return the counts of one kind of runs."""
    lines = np.flatnonzero(row.kinds == kind)
    given = row.given[lines]
    at_once = given.sum(axis=1)
    best = lines[(at_once == at_once.max()) & (at_once > 0)]
    return {"held": int(row.held[lines].sum(axis=1).max()), "each": int(given.any(axis=0).sum()),
            "at_once": int(at_once.max()), "runs": len(lines), "as_many": len(best),
            "run": row.label(min(best, key=lambda line: row.ranks[line])) if len(best) else ""}


def summarise(lines: Sequence[Mapping]) -> dict:
    """Return what the rows come to.

    Returns
    -------
    dict
        ``rows``; ``whole``, how many of them a single run or variation gives completely;
        ``by_row_varied``, how many numbers are given if each row may take the run or variation that
        is best for it.
    """
    best, numbers = defaultdict(int), {}
    for line in lines:
        key = line["item"], line["row"]
        best[key], numbers[key] = max(best[key], line["at_once"]), line["numbers"]
    return {"rows": len(numbers), "whole": sum(best[key] == numbers[key] for key in numbers),
            "by_row_varied": sum(best.values())}


def frame(lines: Sequence[Mapping]) -> pd.DataFrame:
    """Return the lines as a table with its fixed columns."""
    return pd.DataFrame(list(lines), columns=list(COLUMNS), dtype=object)
