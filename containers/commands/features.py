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
import sys
from dataclasses import asdict
from pathlib import Path

from containers.commands.predict_stages import PARAMETERS
from containers.commands.shards import job, results, stages, way
from containers.launcher import LauncherError, entry, environment

NAMES = results.names(job.FEATURES)


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
    way.add_options(parser)
    options = parser.parse_args(arguments)
    if not options.table.strip() or not (options.check or options.out.strip()):
        raise LauncherError("name both the table and the folder: make features TABLE=… OUT=…")
    way.take_options(options)
    if options.scheduler == way.SLURM and not options.out.strip():
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
    if options.check:
        out = Path(options.out).resolve()
        if out.exists() and not out.is_dir():
            raise LauncherError(f"{options.out}: is a file; name a new folder")
        return table, out
    return table, way.folder(options.out, NAMES)


def wanted(options: argparse.Namespace, table: Path, work: Path) -> job.Job:
    """Return the job that is asked for; ``work`` may hold that of an earlier run."""
    file = Path(options.settings)
    given = {# A name of settings is none of a file; a file may lie outside of the repository.
             "settings": str(file.resolve()) if file.suffix else options.settings,
             "regions": options.regions, "method": options.method or ""}
    return job.Job(job.FEATURES, str(table), PARAMETERS, given, [], options.check,
                   way.texts(table, work))


def look(work: Path, whole: job.Job) -> list[list[str]]:
    """Return the stage that refuses settings that do not exist, unless an earlier run has done so."""
    if job.read(work / job.JOB) == asdict(whole):
        return []
    given, reading = stages.settings(whole)
    if not Path(whole.given["settings"]).is_file():
        reading = []
    return [stages.line("stages.radiomics.measure", "radiomics", [
        "--manifest", work / "none.csv", *given, "--check", "--out", work], reading,
        whole.parameters)]


def main() -> int:
    """Entry point."""
    environment.check_cpu()
    options = parse(sys.argv[1:])
    table, out = check(options)
    features = way.Way(options, lambda work: wanted(options, table, work), look, NAMES)
    if options.check:
        print(f"{features.checked(out)} series can be read, with their masks")
        return 0
    with way.begun(out) as work:
        failed = features.made(out, work)
    rows, left = (results.lines(out / name) if (out / name).exists() else 0
                  for name in ("features.csv", "excluded.csv"))
    if failed is None:
        print(f"{options.out}/features.csv: {rows} rows, made before: nothing to do")
    else:
        print(f"{options.out}/features.csv: {rows} rows"
              + (f"; {left} without features (excluded.csv says why)" if left else ""))
    way.ended(failed, work)
    return 0


if __name__ == "__main__":
    entry(main)
