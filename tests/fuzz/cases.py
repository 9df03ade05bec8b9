"""A file that users give, the stage that reads it, and what the stage writes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One input of one stage.

    Attributes
    ----------
    format : str
        What the table of results calls it.
    path : str
        The file, below the folder that the stage runs in.
    kind : str
        Of `tests.fuzz.mutate.DAMAGES`.
    stage : callable
        The stage's command line.
    arguments : sequence of str
        What it is given.
    outputs : sequence of str
        Files and folders that it writes, below the folder.
    guarded : bool
        Whether a checksum or a declared count guards every value of the file, so that none can be
        changed, left out or repeated unnoticed.
    counted : bool
        Whether numbers in it guard how many parts it has (`tests.fuzz.mutate.COUNTED`).
    pipe : bool
        Whether it is tried with a pipe in the file's place, too.
    """

    format: str
    path: str
    kind: str
    stage: Callable[[], None]
    arguments: Sequence[str]
    outputs: Sequence[str]
    guarded: bool = False
    counted: bool = False
    pipe: bool = False


def run(stage: Callable[[], None], arguments: Sequence) -> None:
    """Run a stage with the arguments of its command line."""
    sys.argv = ["stage", *map(str, arguments)]
    stage()
