"""``make features``: own series with own masks to a table of features; no scores, no network.

Writes OUT/features.csv (a row for each series, or for each region that is asked for),
OUT/excluded.csv (what has no features, and why), and OUT/series.csv (what was read). ``CHECK=1`` reads
the whole table and every file, tells all that is wrong at once, and writes nothing. What was done
before an interruption, or before a fault was mended, is not done again. Nothing that is in OUT is
overwritten, and git ignores all of it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from containers.commands.predict import EVERYTHING, IGNORE, PARAMETERS, WORK
from containers.launcher import EXIT_BAD_INPUT, ROOT, LauncherError, entry, environment

RESULTS = ("features.csv", "excluded.csv")
SERIES = "series.csv"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line.

    Raises
    ------
    LauncherError
        If the table or the folder is not named.
    """
    parser = argparse.ArgumentParser(prog="make features", description=__doc__)
    parser.add_argument("--table", required=True, help="the cohort's table (CSV)")
    parser.add_argument("--out", default="", help="folder for the results; new or empty")
    parser.add_argument("--settings", default="released",
                        help="feature settings by name, or a parameter file of PyRadiomics")
    parser.add_argument("--regions", default="lesions", help="regions, with commas between")
    parser.add_argument("--method", choices=("fast", "plain"), help="instead of the parameter")
    parser.add_argument("--check", action="store_true", help="read everything, write nothing")
    options = parser.parse_args(arguments)
    if not options.table.strip() or not (options.check or options.out.strip()):
        raise LauncherError("name both the table and the folder: make features TABLE=… OUT=…")
    return options


def check(options: argparse.Namespace) -> tuple[Path, Path | None]:
    """Return the table and the result folder (None for a check), absolute.

    Raises
    ------
    LauncherError
        If there is no table, or OUT holds something that is not an interrupted run's.
    """
    table = Path(options.table).resolve()
    if not table.is_file():
        raise LauncherError(f"{options.table}: no such file; name the cohort's table (CSV)")
    if options.check:
        return table, None
    out = Path(options.out).resolve()
    if out.exists() and not out.is_dir():
        raise LauncherError(f"{options.out}: is a file; name a new folder")
    if out.is_dir() and any(not _own(item) for item in out.iterdir()):
        raise LauncherError(f"{options.out}: is not empty; name a new folder, nothing is overwritten")
    return table, out


def _own(item: Path) -> bool:
    """Tell whether an interrupted run left this in the result folder."""
    return item.name == WORK or item.name == IGNORE and item.read_text() == EVERYTHING


def commands(options: argparse.Namespace, table: Path, work: Path) -> list[list[str]]:
    """Return the stages, each as arguments of ``containers/run``."""
    checked = ["--check"] if options.check else []
    file = Path(options.settings)
    # A name of settings is none of a file; a file may lie outside of the repository.
    given = str(file.resolve()) if file.suffix else options.settings
    settings = ["--read", str(file.resolve().parent)] if file.is_file() else []
    writing = [] if options.check else ["--write", str(work)]
    cohort = work / "cohort"
    measure = ["--manifest", cohort / "manifest.csv", "--settings", given, "--regions", options.regions,
               *(["--method", options.method] if options.method else []),
               "--record", work / "features.jsonl", "--out", work]
    stages = [
        # First: settings that do not exist are refused before anything is read.
        (settings, "radiomics", "stages.radiomics.measure", [*measure, "--check"]),
        (["--read", str(table.parent)], "cohort", "stages.cohort.masked",
         ["--table", table, "--record", work / "cohort.jsonl", "--out", cohort, *checked]),
        (settings, "radiomics", "stages.radiomics.measure", measure)]
    return [[*extra, *writing, image, "--", "python", "-m", module, "--params", PARAMETERS,
             *(str(argument) for argument in arguments)]
            for extra, image, module, arguments in (stages[:2] if options.check else stages)]


def main() -> int:
    """Entry point."""
    environment.check_cpu()
    options = parse(sys.argv[1:])
    table, out = check(options)
    work = out / WORK if out else table.parent / WORK
    if out:
        work.mkdir(parents=True, exist_ok=True)
        (out / IGNORE).write_text(EVERYTHING)
    launcher = [sys.executable, str(ROOT / "containers" / "run")]
    for arguments in commands(options, table, work):
        if subprocess.run([*launcher, *arguments], cwd=ROOT).returncode:
            # What was read and computed stays for the next run.
            return EXIT_BAD_INPUT
    if not out:
        return 0
    for name in RESULTS:
        (work / name).rename(out / name)
    (work / "cohort" / SERIES).rename(out / SERIES)
    shutil.rmtree(work)
    measured, left = (sum(1 for _ in open(out / name, encoding="utf-8")) - 1 for name in RESULTS)
    print(f"{options.out}/features.csv: {measured} rows"
          + (f"; {left} without features (excluded.csv says why)" if left else ""))
    return 0


if __name__ == "__main__":
    entry(main)
