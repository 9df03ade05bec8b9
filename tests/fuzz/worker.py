"""Run damaged inputs through the stages of one image, all in this process.

Writes a JSON line before each input and one behind it, so that who watches sees which one never
ends: ``python -m tests.fuzz.worker --cases reporting --seed 1 --count 700 --out found.jsonl``.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gc
import importlib
import io
import json
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

from stages.common import cli
from tests.fuzz import mutate
from tests.fuzz.cases import Case

CLEAN, ACCEPTED, SAME, TRACEBACK, HANG, WRONG, STRAY = (
    "one line", "accepted", "same result", "traceback", "hang", "silently wrong", "left something")
MEMORY_BYTES = 6 << 30
# Of the processor: neighbours on the machine make no hang. Who waits for a pipe does not work.
LIMIT_SECONDS, WAIT_SECONDS = 20, 5
NO_NUMBER = re.compile(r"-?(nan|inf|infinity)", re.I)
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE]-?\d+)?")
# In JSON, not in a text.
BARE = re.compile(rb"[\[:,\s](-?(?:NaN|Infinity))\s*[,\]}]")


def spoilt(name: Path, content: bytes, known: bytes) -> str:
    """Return what is no number in a result where the undamaged one holds numbers alone, or nothing."""
    if name.suffix == ".json":
        found = BARE.search(content)
        return found[1].decode() if found and not BARE.search(known) else ""
    if name.suffix != ".csv":
        return ""
    before, after = (list(csv.DictReader(io.StringIO(text.decode()))) for text in (known, content))
    for column in before[0] if before else ():
        cells = [row[column] for row in before if row[column]]
        if cells and all(NUMBER.fullmatch(cell) for cell in cells):
            for row in after:
                if NO_NUMBER.fullmatch(row.get(column) or ""):
                    return row[column]
    return ""


class Hang(BaseException):
    """An input took longer than it may."""


def _hang(number, frame):
    raise Hang


def inputs(cases: list[Case]) -> Iterator[tuple[Case, str, object]]:
    """Yield what is tried of each case once: neutral changes, and the file as such."""
    for case in cases:
        for change in mutate.NEUTRAL[case.kind]:
            yield case, f"neutral: {change.__name__}", change
        for change in (*mutate.AS_SUCH, *([mutate.pipe] if case.pipe else [])):
            yield case, change.__name__, change


class Bench:
    """The cases of one image in a folder, each with what its stage gives undamaged.

    Parameters
    ----------
    cases : list of Case
    root : Path
        The folder, which is the working directory.
    """

    def __init__(self, cases: list[Case], root: Path):
        self.cases, self.root = cases, root
        self.known, self.before = {}, {}
        for case in cases:
            self.before[case.path] = (root / case.path).read_bytes()
        for place, case in enumerate(cases):
            self._clear(case)
            code, said, _ = self._run(case)
            if code:
                raise RuntimeError(f"{case.path}: {said}")
            self.known[place] = self._written(case)
            self._clear(case)

    def try_(self, place: int, mutation: str, change, draw: random.Random) -> tuple[str, str]:
        """Return what becomes of one damaged input: the outcome, and what was said."""
        case = self.cases[place]
        path, content = self.root / case.path, self.before[case.path]
        neutral = mutation.startswith("neutral")
        as_such = not neutral and not mutation.startswith("random")
        self._clear(case)
        try:
            if as_such:
                path.unlink()
                change(path)
                changed = True
            else:
                new = change(content) if neutral else change(content, draw)
                changed = new != content
                path.write_bytes(new)
            there = self._written(case)
            code, said, trace = self._run(case, mutation == mutate.pipe.__name__)
            written = self._written(case)
        finally:
            self._restore(path, content)
            self._clear(case)
        if code > 128:  # asked to end
            sys.exit(code)
        if trace:
            return (HANG if trace == "hang" else TRACEBACK), said
        if code:
            # What begins with \r is a progress line, which a terminal overwrites.
            lines = [line for line in said.split("\n") if line.strip() and "\r" not in line]
            # Several faults stand below the line that counts them.
            if code != 2 or not lines or not lines[0].startswith("error: ") or not (
                    len(lines) == 1 or all(line.startswith("  ") for line in lines[1:])):
                return TRACEBACK, f"exit code {code}: {said}"
            return (STRAY if written != there else CLEAN), lines[0]
        return self._judge(case, place, mutation, neutral, changed, written)

    def _judge(self, case, place, mutation, neutral, changed, written) -> tuple[str, str]:
        """Judge an input that was accepted."""
        if written == self.known[place]:
            return SAME, ""
        if neutral:
            return WRONG, "another result of a change that means nothing"
        if changed and (case.guarded or case.counted and mutation.endswith(
                mutate.COUNTED)):
            return WRONG, "what is counted or has a checksum was changed"
        for name, content in written.items():
            if found := spoilt(name, content, self.known[place].get(name, b"")):
                return WRONG, f"{name} holds {found} among its numbers"
        return ACCEPTED, ""

    def _run(self, case: Case, waits: bool = False) -> tuple[int, str, str]:
        """Return exit code, standard error, and a traceback where there is one."""
        error, trace, code = io.StringIO(), "", 0
        sys.argv = ["stage", *map(str, case.arguments)]
        for number in (signal.SIGPROF, signal.SIGALRM):
            signal.signal(number, _hang)
        signal.setitimer(signal.ITIMER_PROF, LIMIT_SECONDS)
        signal.setitimer(signal.ITIMER_REAL, WAIT_SECONDS if waits else 0)
        try:
            with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
                cli.main(case.stage)
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else 1
        except Hang:
            return 1, traceback.format_exc(limit=-4), "hang"
        except BaseException as fault:
            trace = "".join(traceback.format_exception(fault))
            return 1, trace, trace
        finally:
            for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
                signal.setitimer(timer, 0)
        return code, error.getvalue(), trace

    def _written(self, case: Case) -> dict[Path, bytes]:
        found = {}
        for name in case.outputs:
            path = self.root / name
            for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if one.is_file():
                    found[one.relative_to(self.root)] = one.read_bytes()
        return found

    def _clear(self, case: Case) -> None:
        """Take away what the case's stage writes, but what other stages read."""
        for name in case.outputs:
            path = self.root / name
            if path.is_dir():
                shutil.rmtree(path)
            elif name in self.before:
                path.write_bytes(self.before[name])
            else:
                path.unlink(missing_ok=True)

    def _restore(self, path: Path, content: bytes) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.write_bytes(content)


def plan(cases: list[Case], seed: int, count: int, index: int):
    """Return case, name and change of the input with this index, and what draws its damage."""
    once = list(inputs(cases))
    draw = random.Random(f"{seed}/{index}")
    # A short run draws from what is tried once, too.
    if count > 2 * len(once):
        if index < len(once):
            return *once[index], draw
    elif draw.random() < 0.4:
        return *draw.choice(once), draw
    case = cases[index % len(cases)]
    change = draw.choice(mutate.DAMAGES[case.kind])
    return case, f"random: {change.__name__}", change, draw


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", required=True, help="a module of tests.fuzz")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--only", type=int, nargs="+", help="numbers of inputs to try again")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    out = options.out.resolve()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, open(out, "a") as stream:
        cases = importlib.import_module(f"tests.fuzz.{options.cases}").cases(Path(folder))
        bench = Bench(cases, Path(folder))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
        for index in options.only or range(options.start, options.count):
            case, mutation, change, draw = plan(cases, options.seed, options.count, index)
            entry = {"index": index, "format": case.format, "file": case.path, "mutation": mutation,
                     "stage": case.stage.__module__}
            print(json.dumps(entry), file=stream, flush=True)
            outcome, said = bench.try_(cases.index(case), mutation, change, draw)
            print(json.dumps(entry | {"outcome": outcome, "said": said[-3000:]}), file=stream,
                  flush=True)
            gc.collect()  # a file that an exception kept open is closed


if __name__ == "__main__":
    main()
