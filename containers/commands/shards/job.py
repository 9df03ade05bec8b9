"""What is done with a cohort in parts, and which parts are done: files in the work folder.

WORK/job.json says what every part does (`Job`), WORK/plan.json which series are in which part
(`stages.cohort.parts`). WORK/parts/K/end.json is written when a part has ended: what it was made of
and what came out. A part is done if nothing of that has changed.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path

from containers.launcher import ROOT, LauncherError, images

JOB, PLAN, END, STOPPED, LOG = "job.json", "plan.json", "end.json", "stopped.json", "log"
FEATURES, PREDICT = "features", "predict"
# Columns of the table: the series, what a user's file of it is, and what will be written.
NAME, FILES, NAMES = "series", ("path", "mask", "liver_mask"), ("series", "study", "patient")
TABLES = ("features.csv", "excluded.csv", "series.csv")


@dataclass(frozen=True)
class Kind:
    """What a command makes of every series.

    Attributes
    ----------
    tables : tuple of str
        Tables of each part, which become one.
    folders : tuple of (str, str)
        Folders with a file for each series, and the ending of these.
    images : tuple of str
        Images that work on a series.
    code : tuple of str
        What their stages are made of.
    """

    tables: tuple[str, ...]
    folders: tuple[tuple[str, str], ...]
    images: tuple[str, ...]
    code: tuple[str, ...]


KINDS = {
    FEATURES: Kind(TABLES, (), ("cohort", "radiomics"),
                   ("stages/cohort", "stages/radiomics", "stages/common")),
    PREDICT: Kind(TABLES[:2], (("masks", ".nii.gz"), ("overlays", ".png")),
                  ("cohort", "segmentation", "radiomics"),
                  ("stages/cohort", "stages/segmentation", "stages/radiomics", "stages/common"))}


def digest(content) -> str:
    """Return the SHA-256 of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def of_file(path: Path) -> list:
    """Return size and SHA-256 of a file."""
    found = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            found.update(block)
        return [stream.tell(), found.hexdigest()]


def write_text(path: Path, text: str) -> None:
    """Write a file: whole or not at all."""
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
    os.chmod(scratch, 0o644)
    os.replace(scratch, path)


def write(path: Path, content) -> None:
    """Write JSON, as `write_text`."""
    write_text(path, json.dumps(content, sort_keys=True))


def read(path: Path):
    """Return what a file of the work folder says; None where there is none, or it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def table_rows(table: Path) -> dict[str, dict]:
    """Return the rows of a table by series; none where it is no such table (its reader says so)."""
    try:
        with open(table, newline="", encoding="utf-8-sig") as stream:
            return {row[NAME]: row for row in csv.DictReader(stream) if row.get(NAME)}
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}


def of_path(path: Path) -> list:
    """Return `of_file` of a file, or of every file of a folder with its name; nothing of no path."""
    if path.is_dir():
        return [[file.relative_to(path).as_posix(), *of_file(file)]
                for file in sorted(path.rglob("*"))
                if file.is_file() and file.parent.name != "__pycache__"]
    return of_file(path) if path.is_file() else []


def stamps(table: Path, rows: Iterable[dict]) -> str:
    """Return a hash of the state (size, time of change) of every file that rows name."""
    given = [table.parent / row[column] for row in rows for column in FILES if row.get(column)]
    return digest([_stamp(str(path)) for path in given])


@cache
def _stamp(path: str) -> list:
    if not os.path.isdir(path):
        return _state(path)
    found = []
    for folder, inside, names in os.walk(path):
        inside.sort()
        found += [[name, *_state(os.path.join(folder, name))] for name in sorted(names)]
    return found


def _state(path: str) -> list:
    try:
        facts = os.stat(path)
    except OSError:
        return []
    return [facts.st_size, facts.st_mtime_ns]


@dataclass(frozen=True)
class Job:
    """What is done with every series.

    Attributes
    ----------
    kind : str
        The command (`KINDS`).
    table : str
        The cohort's table.
    parameters : str
        Folder of the parameters.
    given : dict of str
        What the command was given, as its stages take it; ``settings`` and ``model`` may be a file or a
        folder.
    reads : list of str
        Folders with the files that the table names, besides its own.
    check : bool
        Whether everything is only read.
    texts : list of str
        Names that will be written, of this and earlier tables.
    """

    kind: str
    table: str
    parameters: str
    given: dict[str, str]
    reads: list[str]
    check: bool
    texts: list[str]

    @classmethod
    def of(cls, work: Path) -> Job:
        """Read the job of a work folder.

        Raises
        ------
        LauncherError
            If there is none.
        """
        content = read(work / JOB)
        if not isinstance(content, dict) or content.keys() != {field.name for field in fields(cls)}:
            raise LauncherError(f"{work / JOB}: says no job; run the same command again")
        return cls(**content)

    def write(self, work: Path) -> None:
        """Write it; nothing where it stands there already."""
        if read(work / JOB) != asdict(self):
            write(work / JOB, asdict(self))

    def about(self) -> str:
        """Return a hash of what every series depends on besides its files and its row."""
        kind = KINDS[self.kind]
        used = images.with_gpu if self.given.get("device") == "cuda" else str
        paths = [path for folder in kind.code for path in sorted((ROOT / folder).rglob("*.py"))]
        paths += sorted((ROOT / self.parameters).glob("*"))
        given = [self.given.get(name) for name in ("settings", "model")]
        files = [of_path(ROOT / text) for text in given if text]
        return digest([self.kind, self.given, files, [[str(path), *of_file(path)] for path in paths],
                       [images.load(used(name)).fingerprint() for name in kind.images]])


@dataclass(frozen=True)
class Parts:
    """The parts of a job.

    Attributes
    ----------
    work : Path
        The folder.
    job : Job
    plan : dict
        As ``stages.cohort.parts`` writes it.
    rows : dict
        Rows of the table, by series.
    about : str
        What all parts depend on.
    """

    work: Path
    job: Job
    plan: dict
    rows: dict[str, dict]
    about: str

    @classmethod
    def of(cls, work: Path) -> Parts:
        """Read the parts of a work folder; errors as `Job.of`."""
        job, plan = Job.of(work), read(work / PLAN)
        if plan is None:
            raise LauncherError(f"{work / PLAN}: says no parts; run the same command again")
        labels = plan["lesion_labels"], plan["liver_labels"]
        return cls(work, job, plan, table_rows(Path(job.table)), digest([job.about(), labels]))

    def __len__(self) -> int:
        return len(self.plan["parts"])

    def names(self, number: int) -> list[str]:
        """Return the series of a part."""
        return self.plan["parts"][number]

    def folder(self, number: int) -> Path:
        """Return the folder of a part."""
        return self.work / "parts" / f"{number:05d}"

    def made_of(self, number: int) -> dict:
        """Return what a part depends on now."""
        rows = [self.rows[name] for name in self.names(number) if name in self.rows]
        return {"about": self.about, "rows": digest(rows),
                "files": stamps(Path(self.job.table), rows)}

    def end(self, number: int) -> dict | None:
        """Return how a part ended, None where it did not, or what it was made of has changed."""
        found = read(self.folder(number) / END)
        if not isinstance(found, dict) or any(
                found.get(name) != value for name, value in self.made_of(number).items()):
            return None
        try:
            same = all(of_file(self.folder(number) / name) == known
                       for name, known in found["outputs"].items())
        except OSError:
            return None
        return found if same else None

    def done(self, number: int) -> bool:
        """Tell whether nothing of a part is left to do."""
        end = self.end(number)
        return bool(end) and not end["failed"] and end["names"] == digest(self.job.texts)
