"""How many numbers of a printed row single runs give at once: ``reports/STUDY/rows.csv``.

Verdicts are given number by number, and each number may be given by another variation. A paper's row
was written from one run: a number that only runs give which miss the rest of its row is weak evidence.
It stays by rows: other rows are other models, which other fits give.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.common import printed
from stages.verdicts import runs
from stages.verdicts.envelope import PREFIXES
from stages.verdicts.judge import Evidence
from stages.verdicts.published import Number
from stages.verdicts.single import KIND, RELEASE, Runs
from stages.verdicts.study import Study

FILE = "rows.csv"
# Runs as released; the other kinds are those of the variations.
RELEASED = "released"
KINDS = (RELEASED, *PREFIXES)
COLUMNS = ("item", "row", "numbers", "kind", "held", "each", "at_once", "runs", "as_many", "run")


@dataclass(frozen=True)
class Group:
    """Runs of one kind and one origin, against the numbers of one row.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    labels : list of str
    ranks : list of tuple
        The run that comes first where several give as many.
    given, held : ndarray of bool, shape (runs, numbers)
        Which runs round to which printed number; which runs have it.
    """

    kind: str
    labels: list[str]
    ranks: list[tuple]
    given: np.ndarray
    held: np.ndarray


def fitted(evidence: Mapping[Number, Evidence]) -> dict[tuple[str, str], list[Number]]:
    """Return the numbers that a fit stands behind, by item and row."""
    found = defaultdict(list)
    for number, one in evidence.items():
        if one.fitted:
            found[number.item, number.row].append(number)
    return dict(found)


def groups(study: Study, numbers: Sequence[Number], evidence: Mapping[Number, Evidence],
           sweeps: Sequence[Runs], tolerance: float) -> Iterator[Group]:
    """Yield the runs that have numbers of a row: those as released, then those of each sweep."""
    hits = [runs.hits(number, evidence[number], tolerance) for number in numbers]
    every = sorted({run for cell in hits for run in cell}, key=lambda run: study.rank(*run))
    if every:
        yield Group(RELEASED, [" · ".join(run) for run in every], [study.rank(*run) for run in every],
                    np.array([[bool(cell[run]) for cell in hits] for run in every]),
                    np.array([[run in cell for cell in hits] for run in every]))
    for sweep in sweeps:
        nothing = np.zeros(len(sweep.named), bool)
        addresses = [evidence[number].address for number in numbers]
        held = np.column_stack([sweep.held.get(address, nothing) for address in addresses])
        given = np.column_stack([
            printed.rounds(sweep.values[address], number.printed, tolerance)
            if address in sweep.values else nothing for number, address in zip(numbers, addresses)])
        for kind in PREFIXES:
            lines = np.flatnonzero(held.any(axis=1) & (sweep.named[KIND] == kind).to_numpy())
            if len(lines):
                ranks = [study.rank(evidence[numbers[0]].preferred, sweep.named[RELEASE].iloc[line],
                                    sweep.environment) for line in lines]
                yield Group(kind, [sweep.label(line) for line in lines], ranks, given[lines],
                            held[lines])


def build(study: Study, evidence: Mapping[Number, Evidence], sweeps: Sequence[Runs],
          tolerance: float) -> tuple[list[dict], dict[Number, int]]:
    """Count what single runs give of each row.

    Parameters
    ----------
    study : Study
    evidence : dict
        As `gather.gather` returns it.
    sweeps : sequence of Runs
        As `single.collect` returns them.
    tolerance : float
        How near to half a unit counts as half-way.

    Returns
    -------
    list of dict
        `COLUMNS`, a line for each row and kind of runs that have some of it: fitted ``numbers`` of
        the row; the most that one run has (``held``); how many some run gives (``each``); the most
        that one gives (``at_once``); how many runs there are, how many of them give ``as_many``, and
        the first of these.
    dict
        Number to the most numbers of its row that a run which gives it gives at once, of any kind; 0
        where none gives it.
    """
    lines, together = [], {}
    for (item, row), numbers in fitted(evidence).items():
        found = defaultdict(list)
        for group in groups(study, numbers, evidence, sweeps, tolerance):
            found[group.kind].append(group)
        lines += [{"item": item, "row": row, "numbers": len(numbers), "kind": kind}
                  | _count(found[kind]) for kind in KINDS if found[kind]]
        given = np.concatenate([group.given for several in found.values() for group in several]
                               or [np.zeros((0, len(numbers)), bool)])
        most = np.where(given, given.sum(axis=1, keepdims=True), 0).max(axis=0, initial=0)
        together |= dict(zip(numbers, most.tolist()))
    return lines, together


def _count(several: Sequence[Group]) -> dict:
    given = np.concatenate([group.given for group in several])
    held = np.concatenate([group.held for group in several])
    labels = [label for group in several for label in group.labels]
    ranks = [rank for group in several for rank in group.ranks]
    at_once = given.sum(axis=1)
    best = [line for line in range(len(labels)) if at_once[line] == at_once.max() > 0]
    return {"held": int(held.sum(axis=1).max()), "each": int(given.any(axis=0).sum()),
            "at_once": int(at_once.max()), "runs": len(labels), "as_many": len(best),
            "run": labels[min(best, key=lambda line: ranks[line])] if best else ""}


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
