"""What each single run of a sweep gives: the tables beside the summaries of the variations.

One line is a run: one variation of one model, whose numbers come from the same fits. Columns named
``SOURCE/PATH`` hold numbers, all others name the run; ``release`` and ``kind`` (`envelope.PREFIXES`)
are among these. A cell is the place, from 0, of the run's value among the sorted distinct values that
the summary counts of this number for the release, of all kinds; ``nan`` where the run does not define
it, empty where it does not give it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts import envelope
from stages.verdicts.envelope import PREFIXES, RESTORE, Spread
from stages.verdicts.study import Study

RELEASE, KIND, UNDEFINED = "release", "kind", "nan"

# Source and path of a number; release and kind of runs.
Key = Group = tuple[str, str]


@dataclass(frozen=True)
class Runs:
    """The runs of one sweep.

    Attributes
    ----------
    environment : str
    named : DataFrame of str, one row per run
        What names each, ``release`` and ``kind`` among it.
    values : mapping of ndarray of float, shape (runs,)
        (source, path) to the value of each run; NaN where it is not defined or not given.
    held : mapping of ndarray of bool, shape (runs,)
        Which runs give the number at all.
    """

    environment: str
    named: pd.DataFrame
    values: Mapping[Key, np.ndarray]
    held: Mapping[Key, np.ndarray]

    def columns(self, of: Mapping[Key, np.ndarray], keys: Sequence[Key], missing) -> np.ndarray:
        """Return ``values`` or ``held`` of some numbers, shape (runs, numbers)."""
        nothing = np.full(len(self.named), missing)
        return np.column_stack([of.get(key, nothing) for key in keys])

    def label(self, place: int) -> str:
        """Return a run in words: environment, release, and what else names it."""
        row = self.named.iloc[place]
        more = (f"{name} {value}" for name, value in row.items() if name not in (RELEASE, KIND))
        return " · ".join((self.environment, row[RELEASE], ", ".join(more)))


def collect(study: Study, root: Path) -> list[Runs]:
    """Read every table of single runs that the study declares; there may be none.

    Raises
    ------
    InputError
        If one is missing or damaged, or is not of the runs that its summary counts.
    """
    return [read(runs, summary) for summary, runs in study.single_runs(root)]


def read(path: Path, summary: Path) -> Runs:
    """Read one table of single runs, with the summary that counts them.

    Raises
    ------
    InputError
        As `collect`.
    """
    spreads = defaultdict(dict)
    for key, spread in envelope.read(summary):
        spreads[key][spread.release, spread.kind] = spread
    environment = canonical.read_json(summary)["environment"]
    table = canonical.read_csv(path, (RELEASE, KIND), dtype=str, keep_default_na=False)
    numbers = [name for name in table.columns if "/" in name]
    known = {"/".join(key): key for key in spreads}
    for name in sorted(set(numbers) ^ set(known)):
        here, there = (path, summary) if name in known else (summary, path)
        raise InputError(f"lacks '{name}', which {there.name} gives", here, RESTORE)
    named = table.drop(columns=numbers)
    for line, kind in enumerate(named[KIND], start=2):
        if kind not in PREFIXES:
            raise InputError(f"line {line}: '{kind}' is no kind of variation", path,
                             f"valid: {', '.join(PREFIXES)}")
    groups = {(release, kind): ((named[RELEASE] == release) & (named[KIND] == kind)).to_numpy()
              for release in sorted(set(named[RELEASE])) for kind in PREFIXES}
    values, held = {}, {}
    for name in numbers:
        key = known[name]
        held[key] = (table[name] != "").to_numpy()
        values[key] = _decode(table[name], groups, spreads[key], path, summary)
        _compare(name, values[key], held[key], groups, spreads[key], path, summary)
    return Runs(environment, named, values, held)


def _decode(cells: pd.Series, groups: Mapping[Group, np.ndarray], spreads: Mapping[Group, Spread],
            path: Path, summary: Path) -> np.ndarray:
    """Return the value of each run."""
    values = np.full(len(cells), np.nan)
    codes, texts = pd.factorize(cells)
    for release in sorted({release for release, _ in groups}):
        counted = [spread.values for (other, _), spread in spreads.items() if other == release]
        distinct = np.unique(np.concatenate([[], *counted]))
        mine = np.logical_or.reduce([groups[release, kind] for kind in PREFIXES])
        for code in np.unique(codes[mine]):
            cell, lines = texts[code], mine & (codes == code)
            if cell in ("", UNDEFINED):
                continue
            if not (cell.isascii() and cell.isdigit() and int(cell) < len(distinct)):
                raise InputError(f"line {np.argmax(lines) + 2}: '{cells.name}' is '{cell}', no place "
                                 f"among the {len(distinct)} values that {summary.name} counts", path,
                                 RESTORE)
            values[lines] = distinct[int(cell)]
    return values


def _compare(name: str, values: np.ndarray, held: np.ndarray, groups: Mapping[Group, np.ndarray],
             spreads: Mapping[Group, Spread], path: Path, summary: Path) -> None:
    """Refuse runs that are not those that the summary counts."""
    for group in sorted({*groups, *spreads}):
        mine = groups.get(group, np.zeros(len(held), bool)) & held
        given, spread = np.sort(values[mine & ~np.isnan(values)]), spreads.get(group)
        counted = np.sort(spread.values) if spread else []
        if mine.sum() != (spread.variations if spread else 0) or not np.array_equal(given, counted):
            raise InputError(f"its {group[1]} runs of {group[0]} do not give the values of '{name}' "
                             f"that {summary.name} counts", path, RESTORE)
