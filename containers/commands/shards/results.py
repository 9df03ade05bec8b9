"""The results of a job: its tables as one, and what they were made of."""

from __future__ import annotations

from pathlib import Path

from containers.commands.shards import job, merge
from containers.launcher import LauncherError

# What the results were made of, so that the same command does nothing.
DONE = ".done.json"
RESULTS = (*job.TABLES, merge.FAILED)


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


def told(lines: list[str]) -> str:
    """Return faults as the message of an error."""
    return lines[0] if len(lines) == 1 else "\n  ".join([f"{len(lines)} faults:", *lines])


def finish(parts: job.Parts, out: Path, failed: dict[str, str], made_of: dict) -> None:
    """Write the results of all parts that have ended."""
    ended = [number for number in range(len(parts)) if parts.end(number)]
    if not ended:
        return
    for name in job.TABLES:
        job.write_text(out / name, merge.merged(parts.folder(number) / name for number in ended))
    if failed:
        job.write_text(out / merge.FAILED, merge.failures(failed))
        return
    (out / merge.FAILED).unlink(missing_ok=True)
    job.write(out / DONE, {**made_of, "outputs": {name: job.of_file(out / name)
                                                 for name in job.TABLES}})


def lines(path: Path) -> int:
    """Return the number of rows of a table."""
    with open(path, encoding="utf-8") as stream:
        return sum(1 for _ in stream) - 1
