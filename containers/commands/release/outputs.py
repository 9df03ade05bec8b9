"""What the stages made and git ignores: which of it may leave this machine, and from where it comes.

An output with ``push: false`` in its ``dvc.yaml`` holds rows that are not ours to pass on: DVC pushes
it nowhere, and no release holds it. One with ``meta: {release: false}`` is left out for its size: its
stage makes it again, and nothing else reads it.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dvc.output import Output

from containers.commands.release.pack import sha256
from containers.commands.schedule import Pipeline
from containers.launcher import LauncherError

# A cell of a table that stands there once and is this long is its row's own: the name of a scan, a
# value with all its digits.
LONG = 12
# So many of them in one file are no chance.
MANY = 20
CELL = re.compile(rb"[^\s,;\"'\[\]{}:()]{%d,}" % LONG)
# Counted voxels: quotients and distances of so small whole numbers tell lesions of two cohorts alike.
DENOMINATOR, NUMERATOR = 2000, 10**6


@dataclass(frozen=True)
class Part:
    """One file of an output, or the list of a folder's files, as DVC's cache holds it.

    Attributes
    ----------
    path : str
        Relative to the repository; a folder's list has the folder's.
    md5 : str
        Its name in the cache.
    file : Path
        Where the cache holds it.
    """

    path: str
    md5: str
    file: Path


class Outputs:
    """The outputs of all pipelines that git ignores.

    Parameters
    ----------
    root : Path
        The repository.

    Attributes
    ----------
    released, withheld, heavy : list of Output
        May and must not leave this machine; may, and are left out for their size.
    fetched : list of Output
        Those of them that a stage fetches (``meta: {network: true}``).
    absent : dict
        ``dvc.yaml`` that no printed number needs, to the first of its outputs that the cache lacks.
    """

    def __init__(self, root: Path):
        self.root, self.pipeline = root, Pipeline(root)
        self.cache = Path(self.pipeline.repo.cache.local.path)
        needed = {id(stage) for stage in self.pipeline.needed(self.pipeline.stages())}
        self.released, self.withheld, self.heavy = [], [], []
        self.fetched, self.absent = [], {}
        kept = [(stage, out) for stage in self.pipeline.order for out in stage.outs if out.use_cache]
        for stage, out in kept:
            lacking = self.lacking(out)
            if lacking and id(stage) not in needed:
                self.absent.setdefault(self.name(stage.path), lacking)
        for stage, out in kept:
            if self.name(stage.path) not in self.absent:
                self._kind(out).append(out)
                if (stage.meta or {}).get("network"):
                    self.fetched.append(out)

    def _kind(self, out: Output) -> list[Output]:
        if not out.can_push:
            return self.withheld
        return self.released if (out.annot.meta or {}).get("release", True) else self.heavy

    def name(self, path: str) -> str:
        """Return a path as it is called in the repository."""
        return Path(path).relative_to(self.root).as_posix()

    def address(self, out: Output) -> str:
        """Return what ``dvc repro`` knows the stage of an output by."""
        return f"{self.name(out.stage.path)}:{out.stage.name}"

    def lacking(self, out: Output) -> str:
        """Return the first file of an output that the cache lacks; empty where it is whole."""
        try:
            return next((part.path for part in self.parts(out) if not part.file.is_file()), "")
        except OSError:
            return self.name(out.fs_path)

    def parts(self, out: Output) -> list[Part]:
        """Return an output's files, sorted, a folder's own list first.

        Raises
        ------
        OSError
            If the list of a folder's files is not in the cache.
        """
        name, md5 = self.name(out.fs_path), out.hash_info.value if out.hash_info else ""
        if not md5:
            raise OSError(f"{name} has no hash in dvc.lock")
        found = [Part(name, md5, self._at(md5))]
        if md5.endswith(".dir"):
            inside = json.loads(found[0].file.read_text())
            found += sorted((Part(f"{name}/{one['relpath']}", one["md5"], self._at(one["md5"]))
                             for one in inside), key=lambda one: one.path)
        return found

    def _at(self, md5: str) -> Path:
        return self.cache / md5[:2] / md5[2:]

    def require(self) -> None:
        """Refuse a cache that lacks what a printed number needs.

        Raises
        ------
        LauncherError
            Naming the first file.
        """
        for out in (*self.released, *self.withheld):
            if lacking := self.lacking(out):
                raise LauncherError(f"{lacking}: not in DVC's cache; run 'make reproduce', or leave "
                                    "such outputs out (WITHOUT=cache)")

    def members(self) -> dict[str, Path]:
        """Return what the archive of the cache holds: its name there, and the file.

        Raises
        ------
        LauncherError
            If a file is missing, or holds rows of what is withheld.
        """
        self.require()
        rows, found = self._rows(), {}
        for out in self.released:
            for part in self.parts(out):
                if self.holds(part.file, rows):
                    raise LauncherError(f"{part.path}: holds rows of data that are not passed on; set "
                                        "'push: false' for it in its dvc.yaml")
                found[f"files/md5/{part.md5[:2]}/{part.md5[2:]}"] = part.file
        return found

    def _rows(self) -> set[bytes]:
        """Return the cells of the fetched tables that tell one row from the others, the heads apart."""
        found: set[bytes] = set()
        for out in self.fetched:
            for part in self.parts(out):
                cells = Counter(CELL.findall(part.file.read_bytes().partition(b"\n")[2]))
                found |= {cell for cell, times in cells.items() if times == 1}
        return found

    @staticmethod
    def holds(file: Path, rows: set[bytes]) -> bool:
        """Tell whether a file holds many cells of withheld rows."""
        shared = rows.intersection(CELL.findall(file.read_bytes()))
        return len(shared) > MANY and sum(not counted(cell) for cell in shared) > MANY

    def sha256(self, out: Output) -> str:
        """Return an output's SHA-256, a folder's that of its files' sums; empty where it is not here.

        A folder's is what ``sha256sum`` says of the lines that ``sha256sum`` writes of its files,
        sorted by path.
        """
        if self.lacking(out):
            return ""
        parts = self.parts(out)
        if not parts[0].md5.endswith(".dir"):
            return sha256(parts[0].file)
        name = f"{parts[0].path}/"
        return folder_sum((part.path.removeprefix(name), part.file) for part in parts[1:])


def counted(cell: bytes) -> bool:
    """Tell whether a cell is a quotient of small whole numbers, or the root of one.

    Small lesions have such features by chance (shares of voxels, distances between them), so that a
    cohort of phantoms and one of patients hold the same; an identifier or a mean intensity is none.

    Examples
    --------
    >>> [counted(cell) for cell in (b"0.2638888888888889", b"11.40175425099138", b"19640812.0000")]
    [True, True, False]
    >>> [counted(cell) for cell in (b"0.7312094417258861", b"scan-number-1", b"nan", b"000000000000")]
    [False, False, False, False]
    """
    try:
        value = float(cell)
    except ValueError:
        return False
    if not 0 < abs(value) <= NUMERATOR:
        return False
    for number in (value, value * value):
        near = Fraction(number).limit_denominator(DENOMINATOR)
        if abs(near.numerator) <= NUMERATOR and math.isclose(near, number, rel_tol=1e-13):
            return True
    return False


def folder_sum(files) -> str:
    """Return the SHA-256 of the lines ``SUM  PATH`` of files, sorted by path."""
    lines = [f"{sha256(file)}  {path}\n" for path, file in sorted(files)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
