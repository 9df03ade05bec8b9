"""The results of a job: its tables as one, and what they were made of."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from containers.commands.shards import job, merge
from containers.launcher import LauncherError

# What the results were made of, so that the same command does nothing.
DONE = ".done.json"


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
           last: Callable[[], list[str]] = list) -> bool:
    """Write the results of all parts that have ended; tell whether there are any.

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
        Makes more of them in the result folder; returns their names.
    """
    made = {number: list(end["outputs"]) for number in range(len(parts)) if (end := parts.end(number))}
    made = {number: names for number, names in made.items() if names}
    if failed:
        job.write_text(out / merge.FAILED, merge.failures(failed))
    if not made:
        return False
    kind = job.KINDS[parts.job.kind]
    for name in kind.tables:
        job.write_text(out / name, merge.merged(parts.folder(number) / name for number in made))
    for folder, _ in kind.folders:
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).mkdir()
    files = [*kind.tables]
    for number, names in made.items():
        for name in names:
            if name not in kind.tables:
                shutil.copyfile(parts.folder(number) / name, out / name)
                files.append(name)
    files += last()
    if not failed:
        (out / merge.FAILED).unlink(missing_ok=True)
        job.write(out / DONE, {**made_of, "outputs": {name: job.of_file(out / name)
                                                     for name in files}})
    return True


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
