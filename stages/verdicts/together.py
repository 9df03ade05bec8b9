"""The numbers of a printed row, together: which of them each single run gives.

A paper's row was written from one run. What single runs give of it is known of the runs as released
and of those variations whose table of single runs the study declares (`stages.verdicts.single`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from stages.common import printed
from stages.verdicts.envelope import PREFIXES
from stages.verdicts.published import Number
from stages.verdicts.single import KIND, RELEASE, Runs
from stages.verdicts.study import Study

# Runs as released; the other kinds are those of the variations.
RELEASED = "released"
KINDS = (RELEASED, *PREFIXES)

Run = tuple[str, str, str]
Key = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Row:
    """The fitted numbers of one row and all runs that have some of them.

    Attributes
    ----------
    numbers : tuple of Number
    values : ndarray of float, shape (runs, numbers)
        NaN where a run does not define or does not give a number.
    held : ndarray of bool, shape (runs, numbers)
        Which runs give which number at all.
    kinds : ndarray of str, shape (runs,)
        Of `KINDS`.
    ranks : list of tuple
        The run that is named first where several give as many.
    places : list of (Runs or None, int or Run)
        Where each run stands.
    tolerance : float
        How near to half a unit counts as half-way.
    """

    numbers: tuple[Number, ...]
    values: np.ndarray
    held: np.ndarray
    kinds: np.ndarray
    ranks: list[tuple]
    places: list[tuple]
    tolerance: float

    @cached_property
    def given(self) -> np.ndarray:
        """Which runs round to which printed number: bool, shape (runs, numbers)."""
        return np.column_stack([
            printed.rounds(self.values[:, place], number.printed, self.tolerance)
            for place, number in enumerate(self.numbers)])

    def label(self, line: int) -> str:
        """Return a run in words."""
        sweep, place = self.places[line]
        return sweep.label(place) if sweep else " · ".join(place)

    def changed(self, changed: Mapping[Number, Number]) -> Row:
        """Return the row with other numbers printed."""
        if not any(number in changed for number in self.numbers):
            return self
        return replace(self, numbers=tuple(changed.get(one, one) for one in self.numbers))


@dataclass(frozen=True, eq=False)
class Peers:
    """One number among those of its row."""

    row: Row
    place: int

    def together(self) -> int:
        """Return the most numbers of the row that a run which gives this one gives; 0 if none does."""
        return int(self.row.given[self.row.given[:, self.place]].sum(axis=1).max(initial=0))

    def doubt(self, number: Number) -> str:
        """Say why runs that give a number speak for nothing, in words; empty where they do not.

        One run wrote the row: where runs that do not give the number give more of the rest than any
        run that gives it, it is hit by chance.
        """
        found = self.others(number)
        if found is None or found[0] >= found[1]:
            return ""
        return (f"runs that give it give at most {found[0]} of the other {len(self.row.numbers) - 1} "
                f"numbers of its row, runs that do not give it {found[1]}")

    def others(self, number: Number) -> tuple[int, int] | None:
        """Return how many other numbers of the row are given by the runs that give a number.

        Parameters
        ----------
        number : Number
            What is printed in this place.

        Returns
        -------
        (int, int) or None
            The most that a run which gives it gives of the others, and the most that one which does
            not give it does; None where no single run is known to give it.
        """
        row = self.row
        mine = printed.rounds(row.values[:, self.place], number.printed, row.tolerance)
        others = np.delete(row.given, self.place, axis=1).sum(axis=1)
        if not mine.any():
            return None
        return (int(others[mine].max()),
                int(others[row.held[:, self.place] & ~mine].max(initial=0)))


def row(study: Study, numbers: Sequence[Number], addresses: Sequence[Key],
        released: Sequence[Mapping[Run, float]], sweeps: Sequence[Runs], tolerance: float) -> Row:
    """Put together what is known of one row.

    Parameters
    ----------
    study : Study
    numbers : sequence of Number
    addresses : sequence of (str, str)
        Source and path of each.
    released : sequence of mapping
        For each number: run as released (protocol, release, environment) to its value.
    sweeps : sequence of Runs
    tolerance : float
    """
    every = sorted({run for found in released for run in found}, key=lambda run: study.rank(*run))
    values = [np.array([[found.get(run, np.nan) for found in released] for run in every], float)
              .reshape(len(every), len(numbers))]
    held = [np.array([[run in found for found in released] for run in every], bool)
            .reshape(len(every), len(numbers))]
    kinds, ranks = [RELEASED] * len(every), [study.rank(*run) for run in every]
    places: list[tuple] = [(None, run) for run in every]
    for sweep in sweeps:
        have = sweep.columns(sweep.held, addresses, False)
        lines = np.flatnonzero(have.any(axis=1))
        values.append(sweep.columns(sweep.values, addresses, np.nan)[lines])
        held.append(have[lines])
        kinds += sweep.named[KIND].iloc[lines].tolist()
        ranks += [study.rank(study.content.protocols[0], release, sweep.environment)
                  for release in sweep.named[RELEASE].iloc[lines]]
        places += [(sweep, line) for line in lines]
    return Row(tuple(numbers), np.concatenate(values), np.concatenate(held), np.array(kinds, str),
               ranks, places, tolerance)
