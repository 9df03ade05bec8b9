"""One part of a cohort, from its files to its rows: ``python -m containers.commands.shards.part``.

Takes the work folder and the number of the part. What a killed run of the part has done is not done
again.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from containers.commands.shards import stages
from containers.commands.shards.job import END, KINDS, STOPPED, Parts, digest, of_file
from containers.commands.shards.job import read as read_state
from containers.commands.shards.job import write as write_state
from containers.launcher import LauncherError, entry

FAILURES = (stages.INTAKE, stages.SEGMENTED, stages.MEASURED)


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
    folder, check = parts.folder(number), parts.job.check
    for name in (STOPPED, *FAILURES):
        (folder / name).unlink(missing_ok=True)
    end, names = parts.end(number), digest(parts.job.texts)
    if end and not end["failed"] and not check:
        # Others of the table's names are new: these headers must not hold them.
        if end["names"] == names or stages.launch(stages.intake(parts, number, "--headers")) == 0:
            write_state(folder / END, {**end, "names": names})
            return 0
    (folder / END).unlink(missing_ok=True)
    # Before anything is read: a file that changes meanwhile is read again by the next run.
    made_of = parts.made_of(number)
    waiting = [stages.intake(parts, number, *(["--check"] if check else [])),
               *([] if check else stages.others(parts, number))]
    failed: dict[str, str] = {}
    for arguments in waiting:
        if status := stages.launch(arguments):
            why = read_state(folder / stages.INTAKE) if arguments is waiting[0] else None
            write_state(folder / STOPPED, {"status": status, "failed": why})
            return status
        for name in FAILURES:
            failed |= read_state(folder / name) or {}
        if len(failed) == len(parts.names(number)):
            # Nothing is left for the others.
            break
    good = [name for name in parts.names(number) if name not in failed]
    made = [] if check or not good else outputs(parts, number, good)
    write_state(folder / END, {**made_of, "names": names, "failed": failed,
                               "outputs": {name: of_file(folder / name) for name in made}})
    if not failed and made:
        # The volumes of thousands of series are larger than what was given.
        shutil.rmtree(folder / stages.COHORT)
        for name in stages.RECORDS:
            (folder / name).unlink(missing_ok=True)
    return 0


def outputs(parts: Parts, number: int, good: list[str]) -> list[str]:
    """Return what a part has made, below its folder; take it out of its cohort.

    Parameters
    ----------
    parts, number
        The part.
    good : list of str
        Series that did not fail.
    """
    folder, kind = parts.folder(number), KINDS[parts.job.kind]
    made = [*kind.tables, *(f"{place}/{name}{ending}" for place, ending in kind.folders
                            for name in good)]
    for name in made:
        source = folder / stages.COHORT / name
        if source.is_file():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(source, folder / name)
    return made


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
