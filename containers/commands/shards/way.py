"""The way from a cohort's table to its results in parts, which `features` and `predict` share."""

from __future__ import annotations

import argparse
import fcntl
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from containers.commands.shards import job, local, results, slurm, stages
from containers.launcher import EXIT_BAD_INPUT, LauncherError

LOCAL, SLURM = "local", "slurm"
WORK = ".incomplete"
# What keeps git from taking a patient's pictures, wherever OUT lies: a file that ignores its folder.
IGNORE, EVERYTHING = ".gitignore", "*\n"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a command line say in how many parts and where."""
    parser.add_argument("--shards", default="", help="number of parts (default: 1; with slurm one for "
                        f"{slurm.SERIES} series)")
    parser.add_argument("--scheduler", default=LOCAL, help=f"{LOCAL} or {SLURM}")
    parser.add_argument("--jobs", default="", help="parts at a time (default: cores, or GPUs; with "
                        "slurm all)")


def take_options(options: argparse.Namespace) -> None:
    """Turn these options into numbers.

    Raises
    ------
    LauncherError
        If one is none.
    """
    for name in ("shards", "jobs"):
        text = getattr(options, name).strip()
        if text and (not text.isdecimal() or int(text) < 1):
            raise LauncherError(f"{name.upper()} is '{text}'; give a whole number from 1")
        setattr(options, name, int(text) if text else None)
    if options.scheduler not in (LOCAL, SLURM):
        raise LauncherError(f"SCHEDULER is '{options.scheduler}'; valid: {LOCAL}, {SLURM}")


def folder(given: str, names: list[str]) -> Path:
    """Return the result folder, absolute.

    Parameters
    ----------
    given : str
    names : list of str
        What results are called.

    Raises
    ------
    LauncherError
        If it holds something that is not of this command.
    """
    out = Path(given).resolve()
    if out.exists() and not out.is_dir():
        raise LauncherError(f"{given}: is a file; name a new folder")
    inside = {item.name for item in out.iterdir()} if out.is_dir() else set()
    if IGNORE in inside and (out / IGNORE).read_text() == EVERYTHING:
        inside -= {IGNORE}
    # An interrupted run's, or a complete one's.
    own = {WORK, results.DONE, *names} if inside & {WORK, results.DONE} else set()
    if inside - own:
        raise LauncherError(f"{given}: is not empty; name a new folder, nothing is overwritten")
    return out


@contextmanager
def begun(out: Path) -> Iterator[Path]:
    """Hold the work folder of a result folder; nothing stays if all is refused before any part begins.

    Raises
    ------
    LauncherError
        If another run has it.
    """
    work = out / WORK
    work.mkdir(parents=True, exist_ok=True)
    (out / IGNORE).write_text(EVERYTHING)
    with turn(work):
        try:
            yield work
        except (LauncherError, SystemExit):
            if not (work / "parts").exists():
                # Some network disks keep an open file's name for a while.
                shutil.rmtree(work, ignore_errors=True)
                if {item.name for item in out.iterdir()} == {IGNORE}:
                    shutil.rmtree(out)
            raise


@contextmanager
def turn(work: Path) -> Iterator[None]:
    """Hold a work folder.

    Raises
    ------
    LauncherError
        If another run has it.
    """
    with open(work / "turn", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LauncherError(f"{work.parent}: another run is at work there; wait for its "
                                "end") from None
        except OSError:
            # Some network disks have no locks.
            pass
        yield


def texts(table: Path, work: Path) -> list[str]:
    """Return the names that will be written, those of an earlier run too if none is new."""
    found = {row[name] for row in job.table_rows(table).values() for name in job.NAMES if row.get(name)}
    before = job.read(work / job.JOB)
    if before and found <= set(before["texts"]):
        # Nothing new that a header could hold.
        found = set(before["texts"])
    return sorted(found)


def ended(failed: dict[str, str] | None, work: Path) -> None:
    """Tell what is wrong with series; where nothing is, the work folder goes.

    Raises
    ------
    LauncherError
        If something is.
    """
    results.require_none(failed[name] for name in sorted(failed or {}))
    shutil.rmtree(work)


def launched(lines: list[list[str]]) -> None:
    """Run stages; end where one does not end well, and has said why."""
    for arguments in lines:
        if stages.launch(arguments):
            raise SystemExit(EXIT_BAD_INPUT)


@dataclass(frozen=True)
class Way:
    """How a command works on a table.

    Attributes
    ----------
    options : Namespace
        With ``shards``, ``scheduler`` and ``jobs``.
    wanted : callable
        Takes the work folder; returns the `job.Job`.
    first : callable
        Takes the work folder and the job; returns the stages that refuse what cannot be used, before
        any series is read.
    last : callable
        Takes the work folder and the folder of the new results; makes more of them there, returns
        their names.
    more : dict
        What the results depend on besides the job.
    names : list of str
        What they are called.
    ready : callable
        Takes the work folder, when the stages of ``first`` have run.
    """

    options: argparse.Namespace
    wanted: Callable[[Path], job.Job]
    first: Callable[[Path, job.Job], list[list[str]]]
    names: list[str]
    last: Callable[[Path, Path], list[str]] = lambda work, new: []
    more: dict | None = None
    ready: Callable[[Path], None] = lambda work: None

    def made(self, out: Path, work: Path) -> dict[str, str] | None:
        """Make the results; return what is wrong by series, None where they were made before.

        Raises
        ------
        LauncherError
            With everything that forbids any result.
        """
        whole = self.wanted(work)
        made_of = {**results.facts(whole), **(self.more or {})}
        if results.complete(out, made_of):
            return None
        parts = self.parts(whole, work)
        if parts.plan["faults"]:
            # Nothing is made of a table that will change; its files are read to tell all at once.
            if not any(parts.end(number) for number in range(len(parts))):
                shutil.rmtree(work / "parts")
            self.checked(out)
        failed, forbidden = faults(parts, self.work_on(parts))
        if forbidden:
            if revealed(parts):
                # Earlier results may hold the name, too.
                results.remove(out, self.names)
            results.require_none(line for line in forbidden if line)
            raise SystemExit(EXIT_BAD_INPUT)
        if not results.finish(parts, out, failed, made_of, lambda new: self.last(work, new)):
            results.remove(out, [name for name in self.names if name != results.merge.FAILED])
        return failed

    def parts(self, whole: job.Job, work: Path) -> job.Parts:
        """Look at what a job is done with, and cut its table into parts.

        Raises
        ------
        LauncherError
            If something cannot be used; what is wrong was told.
        """
        shards = self.options.shards
        if self.options.scheduler == SLURM:
            shards = slurm.count(shards, len(job.table_rows(Path(whole.table))))
        launched(self.first(work, whole))
        self.ready(work)
        launched([stages.plan(whole, work, shards or 1)])
        whole.write(work)
        # Parts read the plan as whom containers run; who may see it, the folder around it decides.
        work.chmod(0o755)
        parts = job.Parts.of(work)
        if self.options.shards and len(parts) < self.options.shards <= len(parts.rows):
            print(f"notice: {len(parts)} parts, as the run before that was not finished",
                  file=sys.stderr)
        for number in range(len(parts)):
            parts.folder(number).mkdir(parents=True, exist_ok=True)
        return parts

    def work_on(self, parts: job.Parts) -> dict[int, str]:
        """Do what is left to do; return in words how those parts ended that did not end well."""
        command = [sys.executable, "-m", "containers.commands.shards.part", str(parts.work)]
        same = job.digest([asdict(parts.job), parts.plan, parts.about])
        if self.options.scheduler == SLURM:
            slurm.settle(parts.work, same)
        waiting = [number for number in range(len(parts)) if not parts.done(number)]
        if not waiting:
            return {}
        gpu = parts.job.given.get("device") == "cuda"
        if self.options.scheduler == SLURM:
            return slurm.run(command, waiting, self.options.jobs, parts.work, same, gpu)
        logs = {number: parts.folder(number) / job.LOG for number in waiting}
        devices = local.gpus() if gpu else []
        jobs = self.options.jobs or len(devices) or local.cores()
        return local.run(command, logs, jobs, devices)

    def checked(self, out: Path | None) -> int:
        """Read everything, tell all that is wrong at once, and leave nothing behind."""
        if out:
            out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".check-", dir=out) as scratch:
            work = Path(scratch)
            whole = job.Job(**{**asdict(self.wanted(work)), "check": True})
            parts = self.parts(whole, work)
            failed, forbidden = faults(parts, self.work_on(parts))
        results.require_none([*forbidden, *(failed[name] for name in sorted(failed))])
        return len(parts.rows)


def revealed(parts: job.Parts) -> bool:
    """Tell whether a name of the table gives away what a header holds.

    For nothing else the intake ends with a list of series (`stages.cohort.masked`).
    """
    found = [job.read(parts.folder(number) / job.STOPPED) or {} for number in range(len(parts))]
    return any(stopped.get("status") == EXIT_BAD_INPUT and stopped["failed"] for stopped in found)


def faults(parts: job.Parts, ended: dict[int, str]) -> tuple[dict[str, str], list[str]]:
    """Return what is wrong with each series, and what forbids any result.

    Parameters
    ----------
    parts : Parts
    ended : dict
        In words, how parts ended that did not end well.
    """
    failed, forbidden = dict(parts.plan["failed"]), list(parts.plan["faults"])
    for number in range(len(parts)):
        place = parts.folder(number)
        end, stopped = parts.end(number), job.read(place / job.STOPPED)
        if end is not None:
            failed |= end["failed"]
        elif stopped and stopped["status"] == EXIT_BAD_INPUT:
            last = local.last_line(place / job.LOG).removeprefix("error: ")
            # A part without a log has said here what is wrong.
            forbidden += ((stopped["failed"] or {}).values() or [f"part {number}: {last}"]
                          if last else [""])
        else:
            how = ended.get(number) or "a file changed meanwhile"
            failed |= dict.fromkeys(parts.names(number), f"part {number} did not end ({how}); run the "
                                    "same command again")
    return failed, list(dict.fromkeys(forbidden))
