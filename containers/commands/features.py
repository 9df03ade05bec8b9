"""``make features``: own series with own masks to a table of features; no scores, no network.

Writes OUT/features.csv (a row for each series, or for each region that is asked for),
OUT/excluded.csv (what has no features, and why), and OUT/series.csv (what was read). ``CHECK=1`` reads
the whole table and every file, tells all that is wrong at once, and writes nothing. With ``SHARDS=n``
the table is worked on in n parts, on this machine's cores or (``SCHEDULER=slurm``) as a job array; the
results are the same. Series that cannot be used are named, and listed in OUT/failed.csv; the others are
in the tables. What was done before an interruption, or before a fault was mended, is not done again.
Nothing else that is in OUT is overwritten, and git ignores all of it.
"""

from __future__ import annotations

import argparse
import fcntl
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from containers.commands.predict import EVERYTHING, IGNORE, WORK
from containers.commands.predict_stages import PARAMETERS
from containers.commands.shards import job, local, part, results, slurm
from containers.launcher import EXIT_BAD_INPUT, LauncherError, entry, environment

LOCAL, SLURM = "local", "slurm"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line.

    Raises
    ------
    LauncherError
        If the table or the folder is not named, or an option is none.
    """
    parser = argparse.ArgumentParser(prog="make features", description=__doc__)
    parser.add_argument("--table", required=True, help="the cohort's table (CSV)")
    parser.add_argument("--out", default="", help="folder for the results; new or empty")
    parser.add_argument("--settings", default="released",
                        help="feature settings by name, or a parameter file of PyRadiomics")
    parser.add_argument("--regions", default="lesions", help="regions, with commas between")
    parser.add_argument("--method", choices=("fast", "plain"), help="instead of the parameter")
    parser.add_argument("--check", action="store_true", help="read everything, write nothing")
    parser.add_argument("--shards", default="", help="number of parts (default: 1; with slurm one for "
                        f"{slurm.SERIES} series)")
    parser.add_argument("--scheduler", default=LOCAL, help=f"{LOCAL} or {SLURM}")
    parser.add_argument("--jobs", default="", help="parts at a time (default: cores; with slurm all)")
    options = parser.parse_args(arguments)
    if not options.table.strip() or not (options.check or options.out.strip()):
        raise LauncherError("name both the table and the folder: make features TABLE=… OUT=…")
    for name in ("shards", "jobs"):
        text = getattr(options, name).strip()
        if text and (not text.isdecimal() or int(text) < 1):
            raise LauncherError(f"{name.upper()} is '{text}'; give a whole number from 1")
        setattr(options, name, int(text) if text else None)
    if options.scheduler not in (LOCAL, SLURM):
        raise LauncherError(f"SCHEDULER is '{options.scheduler}'; valid: {LOCAL}, {SLURM}")
    if options.scheduler == SLURM and not options.out.strip():
        raise LauncherError("name a folder that all nodes see: OUT=… (a check leaves nothing in it)")
    return options


def check(options: argparse.Namespace) -> tuple[Path, Path | None]:
    """Return the table and the result folder (None where none is named), absolute.

    Raises
    ------
    LauncherError
        If there is no table, or OUT holds something that is not of this command.
    """
    table = Path(options.table).resolve()
    if not table.is_file():
        raise LauncherError(f"{options.table}: no such file; name the cohort's table (CSV)")
    if not options.out.strip():
        return table, None
    out = Path(options.out).resolve()
    if out.exists() and not out.is_dir():
        raise LauncherError(f"{options.out}: is a file; name a new folder")
    if options.check:
        return table, out
    inside = {item.name for item in out.iterdir()} if out.is_dir() else set()
    if IGNORE in inside and (out / IGNORE).read_text() == EVERYTHING:
        inside -= {IGNORE}
    # An interrupted run's, or a complete one's.
    own = {WORK, results.DONE, *results.RESULTS} if inside & {WORK, results.DONE} else set()
    if inside - own:
        raise LauncherError(f"{options.out}: is not empty; name a new folder, nothing is overwritten")
    return table, out


def wanted(options: argparse.Namespace, table: Path, work: Path) -> job.Job:
    """Return the job that is asked for; ``work`` may hold that of an earlier run."""
    file = Path(options.settings)
    # A name of settings is none of a file; a file may lie outside of the repository.
    settings = str(file.resolve()) if file.suffix else options.settings
    texts = {row[name] for row in job.table_rows(table).values() for name in job.NAMES if row.get(name)}
    before = job.read(work / job.JOB)
    if before and texts <= set(before["texts"]):
        # Nothing new that a header could hold.
        texts = set(before["texts"])
    return job.Job(str(table), PARAMETERS, settings, options.regions, options.method or "",
                   options.check, sorted(texts))


def parts_of(options: argparse.Namespace, whole: job.Job, work: Path) -> job.Parts:
    """Look at the settings and the table, and cut it into parts.

    Raises
    ------
    LauncherError
        If the settings or the table cannot be used; what is wrong was told.
    """
    shards = options.shards
    if options.scheduler == SLURM:
        shards = slurm.count(shards, len(job.table_rows(Path(whole.table))))
    given, reading = part.settings(whole)
    if not Path(whole.settings).is_file():
        reading = []
    table = Path(whole.table)
    look = part.stage("stages.radiomics.measure", "radiomics", whole, [
        "--manifest", work / "none.csv", *given, "--check", "--out", work], reading)
    plan = part.stage("stages.cohort.parts", "cohort", whole, [
        "--table", table, "--count", shards or 1, "--out", work / job.PLAN],
        ["--read", table.parent, "--write", work])
    # First: settings that do not exist are refused before anything is read.
    for arguments in ([plan] if job.read(work / job.JOB) == asdict(whole) else [look, plan]):
        if part.launch(arguments):
            raise SystemExit(EXIT_BAD_INPUT)
    whole.write(work)
    # Parts read the plan as whom containers run; who may see it, the folder around it decides.
    work.chmod(0o755)
    parts = job.Parts.of(work)
    if options.shards and len(parts) < options.shards <= len(parts.rows):
        print(f"notice: {len(parts)} parts, as the run before that was not finished", file=sys.stderr)
    for number in range(len(parts)):
        parts.folder(number).mkdir(parents=True, exist_ok=True)
    return parts


def work_on(options: argparse.Namespace, parts: job.Parts) -> dict[int, str]:
    """Do what is left to do; return in words how those parts ended that did not end well."""
    command = [sys.executable, "-m", "containers.commands.shards.part", str(parts.work)]
    same = job.digest([asdict(parts.job), parts.plan, parts.about])
    if options.scheduler == SLURM:
        slurm.settle(parts.work, same)
    waiting = [number for number in range(len(parts)) if not parts.done(number)]
    if not waiting:
        return {}
    if options.scheduler == SLURM:
        return slurm.run(command, waiting, options.jobs, parts.work, same)
    logs = {number: parts.folder(number) / job.LOG for number in waiting}
    return local.run(command, logs, options.jobs or local.cores())


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
        folder = parts.folder(number)
        end, stopped = parts.end(number), job.read(folder / job.STOPPED)
        if end is not None:
            failed |= end["failed"]
        elif stopped and stopped["status"] == EXIT_BAD_INPUT:
            last = local.last_line(folder / job.LOG).removeprefix("error: ")
            # A part without a log has said here what is wrong.
            forbidden += ((stopped["failed"] or {}).values() or [f"part {number}: {last}"]
                          if last else [""])
        else:
            how = ended.get(number) or "a file changed meanwhile"
            failed |= dict.fromkeys(parts.names(number), f"part {number} did not end ({how}); run the "
                                    "same command again")
    return failed, list(dict.fromkeys(forbidden))


def checked(options: argparse.Namespace, table: Path, folder: Path | None) -> int:
    """Read everything, tell all that is wrong at once, and leave nothing behind."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".check-", dir=folder) as scratch:
        work = Path(scratch)
        whole = wanted(options, table, work)
        parts = parts_of(options, whole, work)
        failed, forbidden = faults(parts, work_on(options, parts))
    lines = list(dict.fromkeys([*forbidden, *(failed[name] for name in sorted(failed))]))
    if lines:
        raise LauncherError(results.told(lines))
    print(f"{len(parts.rows)} series can be read, with their masks")
    return 0


@contextmanager
def turn(work: Path) -> Iterator[None]:
    """Hold the work folder.

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


def measured(options: argparse.Namespace, table: Path, out: Path) -> int:
    """Compute the features; return the exit status."""
    work = out / WORK
    made_of = results.facts(wanted(options, table, work))
    if results.complete(out, made_of):
        rows = results.lines(out / "features.csv")
        print(f"{options.out}/features.csv: {rows} rows, made before: nothing to do")
        shutil.rmtree(work, ignore_errors=True)
        return 0
    work.mkdir(parents=True, exist_ok=True)
    (out / IGNORE).write_text(EVERYTHING)
    with turn(work):
        parts = parts_of(options, wanted(options, table, work), work)
        if parts.plan["faults"]:
            # Nothing is made of a table that will change; its files are read to tell all at once.
            options.check = True
            return checked(options, table, out)
        failed, forbidden = faults(parts, work_on(options, parts))
        if forbidden:
            # Earlier results may hold a name that a header gives away.
            for name in results.RESULTS:
                (out / name).unlink(missing_ok=True)
            if not any(forbidden):
                return EXIT_BAD_INPUT
            raise LauncherError(results.told([line for line in forbidden if line]))
        results.finish(parts, out, failed, made_of)
    rows, left = (results.lines(out / name) if (out / name).exists() else 0
                  for name in ("features.csv", "excluded.csv"))
    print(f"{options.out}/features.csv: {rows} rows"
          + (f"; {left} without features (excluded.csv says why)" if left else ""))
    if failed:
        lines = [failed[name] for name in sorted(failed)]
        raise LauncherError(results.told(list(dict.fromkeys(lines))))
    shutil.rmtree(work)
    return 0


def main() -> int:
    """Entry point."""
    environment.check_cpu()
    options = parse(sys.argv[1:])
    table, out = check(options)
    return checked(options, table, out) if options.check else measured(options, table, out)


if __name__ == "__main__":
    entry(main)
