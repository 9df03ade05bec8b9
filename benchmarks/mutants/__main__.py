"""Mutation score of a package: small changes to its code, each of which a test should notice.

``containers/run --tests reporting -- python -m benchmarks.mutants --package stages/verdicts --count 150
--out found.csv tests/verdicts``. A change is tried against the tests that run its line, the quickest
first. Own code and not mutmut or cosmic-ray: those start Python, pandas and pytest anew for each
change, ten times the cost. ``--again`` tries what survived earlier once more, with the tests of today.
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
from pathlib import Path

from benchmarks.mutants import trials
from benchmarks.mutants.changes import Change, applied, changes

KILLED, SURVIVED, UNTESTED = "killed", "survived", "no test runs it"
COLUMNS = ("module", "line", "kind", "change", "outcome")


def drawn(package: Path, count: int, seed: int) -> list[Change]:
    """Return a sample of a package's changes; a larger one begins with a smaller one."""
    every = [one for path in sorted(package.rglob("*.py"))
             for one in changes(path, path.read_text(encoding="utf-8"))]
    random.Random(seed).shuffle(every)
    return every[:count]


def earlier(path: Path) -> set[tuple[str, ...]]:
    """Return the changes that an earlier run killed: module, kind and change."""
    with open(path, newline="", encoding="utf-8") as stream:
        return {(row["module"], row["kind"], row["change"], row["line"])
                for row in csv.DictReader(stream) if row["outcome"] == KILLED}


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="folder of modules")
    parser.add_argument("--count", type=int, required=True, help="how many changes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="one line per change (CSV)")
    parser.add_argument("--again", action="store_true", help="keep what was killed in --out")
    parser.add_argument("--longest", type=float, default=60, help="seconds of tests for a change")
    parser.add_argument("tests", nargs="+", help="as pytest takes them")
    options = parser.parse_args()
    killed = earlier(options.out) if options.again else set()
    dated = trials.newest(options.tests)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        scratch = Path(folder)
        known = trials.survey(Path.cwd(), options.package, options.tests, scratch)
        print(f"{len(known.seconds)} tests, {sum(known.seconds.values()):.0f} s", flush=True)
        with open(options.out, "w", newline="", encoding="utf-8") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(COLUMNS)
            for change in drawn(options.package, options.count, options.seed):
                source, said = applied(change.path.read_text(encoding="utf-8"), change)
                row = [str(change.path), change.lines.start, change.kind, said]
                if (row[0], row[2], row[3], str(row[1])) in killed:
                    outcome = KILLED
                else:
                    outcome = tried(change, source, known, scratch, options.longest)
                if trials.newest(options.tests) != dated:
                    raise SystemExit("error: the tests were changed while they ran; start again")
                table.writerow([*row, outcome])
                stream.flush()


def tried(change: Change, source: str, known: trials.Survey, scratch: Path, longest: float) -> str:
    """Return what became of a change."""
    tests, seconds = [], 0.0
    for test in known.tests(change, Path.cwd()):
        seconds += known.seconds[test]
        if tests and seconds > longest:
            break
        tests.append(test)
    if not tests:
        return UNTESTED
    limit = trials.SECONDS + 3 * min(seconds, longest)
    return KILLED if trials.noticed(change.path, source, tests, limit, scratch) else SURVIVED


if __name__ == "__main__":
    main()
