"""What was shown to be identical, on which CPUs: ``reports/verified.csv``, written when asked to.

One row for each run (a pipeline, or a room's small run), engine, CPU and variation of the machine. The
hash says of which bytes: rows of other bytes are of an earlier state, and go when a new one is
recorded.
"""

from __future__ import annotations

import csv
import io
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from containers.launcher import ROOT, LauncherError, environment

FILE = ROOT / "reports" / "verified.csv"
NATIVE, EMULATED = "native", "emulated"


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes
    ----------
    run : str
        A pipeline's file, or the image of a small run.
    engine, cpu, how : str
        ``how`` is `NATIVE`, `EMULATED` or, on a native CPU, a variation's name.
    outputs, identical : str
        Their numbers.
    sha256 : str
        Of all outputs: first 16 digits.
    """

    run: str
    engine: str
    cpu: str
    how: str
    outputs: str
    identical: str
    sha256: str

    @property
    def key(self) -> tuple:
        """What a new row replaces."""
        return self.run, self.engine, self.cpu, self.how


HEADER = tuple(field.name for field in fields(Row))


def native_cpu() -> str:
    """Return this machine's CPU: a name that a virtual machine may hide, and its number."""
    facts = environment.cpu()
    return f"{facts['model']} ({facts['kind']})"


def read(path: Path = FILE) -> list[Row]:
    """Return the rows; none where there is no file.

    Raises
    ------
    LauncherError
        If it is no such table.
    """
    if not path.is_file():
        return []
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    if not rows or tuple(rows[0]) != HEADER or any(len(row) != len(HEADER) for row in rows):
        raise LauncherError(f"{path}: not a table of {', '.join(HEADER)}; restore it (git checkout)")
    return [Row(*row) for row in rows[1:]]


def add(rows: list[Row], path: Path = FILE) -> list[Row]:
    """Put rows into the table; return those of earlier bytes, which leave it."""
    old, now = read(path), _bytes(rows)
    changed = {run for run, digest in _bytes(old).items() if now.get(run, digest) != digest}
    others = [row for row in old if row.key not in {new.key for new in rows}]
    kept, gone = ([row for row in others if (row.run in changed) == out] for out in (False, True))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([HEADER, *(astuple(row) for row in sorted([*kept, *rows], key=astuple))])
    path.write_text(stream.getvalue(), encoding="utf-8")
    return gone


def _bytes(rows: list[Row]) -> dict[str, str]:
    return {row.run: row.sha256 for row in rows if row.identical == row.outputs}
