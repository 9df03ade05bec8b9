"""The results of a job: its tables as one, and what they were made of."""

from __future__ import annotations

import csv
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from containers.commands.shards import job, merge
from containers.launcher import LauncherError

# What the results were made of, so that the same command does nothing.
DONE = ".done.json"
# Where they are put together, in the work folder.
NEW = "results"


def names(kind: str) -> list[str]:
    """Return what the results of parts are called in the result folder."""
    found = job.KINDS[kind]
    return [*found.tables, *(folder for folder, _ in found.folders), merge.FAILED]


def facts(whole: job.Job) -> dict:
    """Return what the results of a table depend on."""
    rows = job.table_rows(Path(whole.table))
    rows = [rows[name] for name in sorted(rows)]
    return {"about": whole.about(), "rows": job.digest(rows),
            "files": job.stamps(Path(whole.table), rows)}


def complete(out: Path, made_of: dict) -> bool:
    """Tell whether the results are there and what they were made of has not changed.

    Raises
    ------
    LauncherError
        If there are others.
    """
    known = job.read(out / DONE)
    if known is None:
        return False
    same = all(known.get(name) == value for name, value in made_of.items())
    try:
        if same and all(job.of_file(out / name) == size for name, size in known["outputs"].items()):
            return True
    except OSError:
        pass
    raise LauncherError(f"{out}: holds results of another table, other files, settings or an older "
                        "version; name a new folder, nothing is overwritten")


def require_none(faults: Iterable[str]) -> None:
    """Tell faults, each once.

    Raises
    ------
    LauncherError
        If there are any.
    """
    lines = list(dict.fromkeys(faults))
    if lines:
        raise LauncherError(lines[0] if len(lines) == 1 else
                            "\n  ".join([f"{len(lines)} faults:", *lines]))


def finish(parts: job.Parts, out: Path, failed: dict[str, str], made_of: dict,
           last: Callable[[Path], list[str]] = lambda new: []) -> bool:
    """Write the results of all parts that have ended; tell whether there are any.

    Those of an earlier run stay until the new ones are all there, and as long as a part of which they
    have a series has not ended.

    Parameters
    ----------
    parts : Parts
    out : Path
        The result folder.
    failed : dict
        What is wrong, by series.
    made_of : dict
        What the results depend on.
    last : callable
        Takes the folder of the new results, makes more of them there; returns their names.
    """
    ends = {number: parts.end(number) for number in range(len(parts))}
    kind = job.KINDS[parts.job.kind]
    left = {name for number, end in ends.items() if end is None for name in parts.names(number)}
    if left & {name for table in kind.tables for name in series(out / table)}:
        print(f"notice: {out}: the results of the run before stay until every part has ended",
              file=sys.stderr)
        return True
    made = {number: list(end["outputs"]) for number, end in ends.items() if end and end["outputs"]}
    if not made:
        if failed:
            job.write_text(out / merge.FAILED, merge.failures(failed))
        return False
    new = parts.work / NEW
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    # Containers read it, as the plan.
    new.chmod(0o755)
    for name in kind.tables:
        job.write_text(new / name, merge.merged(parts.folder(number) / name for number in made))
    for folder, _ in kind.folders:
        (new / folder).mkdir()
    files = [*kind.tables]
    for number, names in made.items():
        for name in names:
            if name not in kind.tables:
                shutil.copyfile(parts.folder(number) / name, new / name)
                files.append(name)
    files += last(new)
    outputs = {name: job.of_file(new / name) for name in files}
    if failed:
        job.write_text(new / merge.FAILED, merge.failures(failed))
    for path in sorted(new.iterdir()):
        replace(path, out / path.name)
    if not failed:
        (out / merge.FAILED).unlink(missing_ok=True)
        job.write(out / DONE, {**made_of, "outputs": outputs})
    return True


def series(table: Path) -> set[str]:
    """Return the series that a table of results has; none where there is no such table."""
    try:
        with open(table, newline="", encoding="utf-8") as stream:
            rows = csv.reader(stream)
            next(rows, None)
            return {row[0] for row in rows if row}
    except (OSError, UnicodeDecodeError, csv.Error):
        return set()


def replace(path: Path, target: Path) -> None:
    """Put a file or a folder in the place of another one, which is gone only then."""
    if path.is_dir() and target.exists():
        old = path.with_name(f".{path.name}")
        os.replace(target, old)
        os.replace(path, target)
        shutil.rmtree(old)
    else:
        os.replace(path, target)


def remove(out: Path, names: list[str]) -> None:
    """Remove results."""
    for name in names:
        path = out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def lines(path: Path) -> int:
    """Return the number of rows of a table."""
    with open(path, encoding="utf-8") as stream:
        return sum(1 for _ in stream) - 1
