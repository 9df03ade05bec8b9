"""One part of a cohort, from its files to its rows: ``python -m containers.commands.shards.part``.

Takes the work folder and the number of the part. Starts a container for each stage, not for each
series. What a killed run of the part has done is not done again.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from containers.commands.shards.job import END, PLAN, STOPPED, TABLES, Job, Parts, digest, of_file
from containers.commands.shards.job import read as read_state
from containers.commands.shards.job import write as write_state
from containers.launcher import ROOT, LauncherError, entry

INTAKE, MEASURED = "intake.json", "measured.json"


def stage(module: str, image: str, job: Job, arguments: list, options: list = ()) -> list[str]:
    """Return a stage's arguments of ``containers/run``."""
    return [*map(str, options), image, "--", "python", "-m", module, "--params", job.parameters,
            *map(str, arguments)]


def intake(parts: Parts, number: int, *more: str) -> list[str]:
    """Return the stage that reads a part's series."""
    folder, table = parts.folder(number), Path(parts.job.table)
    return stage("stages.cohort.masked", "cohort", parts.job, [
        "--table", table, "--plan", parts.work / PLAN, "--part", number, "--failed", folder / INTAKE,
        "--record", folder / "cohort.jsonl", "--out", folder / "cohort", *more],
        ["--read", table.parent, "--read", parts.work, "--write", folder])


def settings(job: Job) -> tuple[list[str], list]:
    """Return what names the settings, and what lets a container read them."""
    file = Path(job.settings)
    method = ["--method", job.method] if job.method else []
    return (["--settings", job.settings, "--regions", job.regions, *method],
            ["--read", file.parent] if file.is_absolute() else [])


def measure(parts: Parts, number: int) -> list[str]:
    """Return the stage that computes a part's features."""
    folder = parts.folder(number)
    given, reading = settings(parts.job)
    # Several parts share the cores; one part has them all.
    jobs = ["--jobs", 1] if len(parts) > 1 else []
    return stage("stages.radiomics.measure", "radiomics", parts.job, [
        "--manifest", folder / "cohort" / "manifest.csv", *given, *jobs, "--failed", folder / MEASURED,
        "--record", folder / "features.jsonl", "--out", folder], [*reading, "--write", folder])


def launch(arguments: list[str]) -> int:
    """Run a stage; return its exit status."""
    return subprocess.run([sys.executable, str(ROOT / "containers" / "run"), *arguments],
                          cwd=ROOT).returncode


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait for a run of the same part that is still at work; it ends if its own caller was killed."""
    with open(folder / "lock", "w") as lock:
        # Some network disks have no locks; two runs of a part write the same bytes.
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(parts: Parts, number: int) -> int:
    """Do what is left of a part; return the exit status of its stages."""
    folder = parts.folder(number)
    for name in (STOPPED, INTAKE, MEASURED):
        (folder / name).unlink(missing_ok=True)
    end, names = parts.end(number), digest(parts.job.texts)
    if end and not end["failed"] and not parts.job.check:
        # Others of the table's names are new: these headers must not hold them.
        if end["names"] == names or launch(intake(parts, number, "--headers")) == 0:
            write_state(folder / END, {**end, "names": names})
            return 0
    (folder / END).unlink(missing_ok=True)
    # Before anything is read: a file that changes meanwhile is read again by the next run.
    made_of = parts.made_of(number)
    stages = [intake(parts, number, *(["--check"] if parts.job.check else []))]
    stages += [] if parts.job.check else [measure(parts, number)]
    for arguments in stages:
        if status := launch(arguments):
            why = read_state(folder / INTAKE) if arguments is stages[0] else None
            write_state(folder / STOPPED, {"status": status, "failed": why})
            return status
    failed = {**read_state(folder / INTAKE), **(read_state(folder / MEASURED) or {})}
    outputs = () if parts.job.check else TABLES
    if outputs:
        shutil.copyfile(folder / "cohort" / "series.csv", folder / "series.csv")
    write_state(folder / END, {**made_of, "names": names, "failed": failed,
                               "outputs": {name: of_file(folder / name) for name in outputs}})
    if not failed and outputs:
        # The volumes of thousands of series are larger than what was given.
        shutil.rmtree(folder / "cohort")
        for name in ("cohort.jsonl", "features.jsonl"):
            (folder / name).unlink()
    return 0


def main() -> int:
    """Entry point."""
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        raise LauncherError("give the work folder and the number of the part")
    parts, number = Parts.of(Path(sys.argv[1])), int(sys.argv[2])
    if number >= len(parts):
        raise LauncherError(f"there is no part {number}: the last one is {len(parts) - 1}")
    with alone(parts.folder(number)):
        return run(parts, number)


if __name__ == "__main__":
    entry(main)
