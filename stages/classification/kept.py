"""Keep what an interrupted sweep has computed, for the next run to go on from."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path

from stages.common import canonical

CODE = Path(__file__).resolve().parents[1]


class Kept:
    """Answers of jobs, one file each, in a folder that goes when the sweep is done.

    Parameters
    ----------
    folder : Path or None
        None keeps nothing.
    files : iterable of str or Path
        Files that the jobs read: an answer counts only for the same bytes in them, in the code and
        for the same libraries.
    """

    def __init__(self, folder: Path | None, files: Iterable[str | Path] = ()):
        self.folder = folder
        self._state = hashlib.sha256()
        if folder is not None:
            code = (path for room in ("classification", "common")
                    for path in sorted((CODE / room).glob("*.py")))
            for path in (*files, *code):
                self._state.update(canonical.sha256(path).encode())
            installed = sorted({(item.name, item.version) for item in distributions()})
            self._state.update(repr((sys.version, installed)).encode())

    def _path(self, job: str) -> Path | None:
        if self.folder is None:
            return None
        state = self._state.copy()
        state.update(job.encode())
        return self.folder / f"{state.hexdigest()}.json"

    def get(self, job: str) -> dict | None:
        """Return the answer to a job (its description), None where there is none."""
        path = self._path(job)
        return json.loads(path.read_text()) if path and path.is_file() else None

    def put(self, job: str, answer: str) -> None:
        """Keep the answer (JSON text), whole or not at all."""
        path = self._path(job)
        if path:
            canonical.write_bytes(path, answer.encode())

    def clear(self) -> None:
        """Remove all answers."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
