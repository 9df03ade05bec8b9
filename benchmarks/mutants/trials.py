"""Which tests run which lines, and whether one of them notices a change to a line.

Each trial is a fork of one warm process: Python, pandas and pytest start once.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import runpy
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.mutants.changes import Change

INSIDE = Path(__file__).with_name("inside")
# A change may end no loop or fill the memory: that is noticed, too.
SECONDS, BYTES = 20, 6 << 30
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "--doctest-modules")


@dataclass(frozen=True)
class Survey:
    """What the unchanged tests run.

    Attributes
    ----------
    lines : dict
        (file, line) to the tests that run it.
    seconds : dict
        Test to how long it took.
    """

    lines: dict[tuple[str, int], set[str]]
    seconds: dict[str, float]

    def tests(self, change: Change, root: Path) -> list[str]:
        """Return the tests that run what is changed, the quickest first."""
        name = str(root / change.path)
        found = {test for line in change.lines for test in self.lines.get((name, line), ())}
        if not change.inside:
            found = {test for (file, _), tests in self.lines.items() if file == name for test in tests}
        return sorted(found & set(self.seconds), key=lambda test: (self.seconds[test], test))


class Clock:
    """A plugin of pytest that keeps how long each test that passes takes."""

    def __init__(self):
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: set[str] = set()

    def pytest_runtest_logstart(self):
        """Let every line be told anew."""
        if hasattr(sys, "monitoring"):
            sys.monitoring.restart_events()

    def pytest_runtest_logreport(self, report):
        """Add up set-up, call and what comes behind."""
        self.seconds[report.nodeid] += report.duration
        if report.outcome != "passed":
            self.failed.add(report.nodeid)


def newest(tests: Sequence[str]) -> float:
    """Return when a test was changed last: a test that has another name now would read as a failure."""
    paths = [Path(name.partition("::")[0]) for name in tests]
    return max(file.stat().st_mtime for path in paths for file in
               (path.rglob("*.py") if path.is_dir() else [path]))


def survey(root: Path, package: Path, tests: Sequence[str], scratch: Path) -> Survey:
    """Run the tests once, unchanged."""
    notes, times, warm = scratch / "notes", scratch / "times", scratch / "warm"
    notes.mkdir()

    def traced() -> int:
        clock = Clock()
        os.environ["TRACED"] = os.pathsep.join([f"{root / package}{os.sep}", str(notes)])
        start = runpy.run_path(str(INSIDE / "sitecustomize.py"))
        # Only -x is left out: each test is to be seen.
        pytest.main([*OPTIONS[1:], *tests], plugins=[clock])
        sys.settrace(None)
        start["traced"].write(str(notes))
        times.write_text("".join(f"{seconds}\t{test}\n" for test, seconds in clock.seconds.items()
                                 if test not in clock.failed), encoding="utf-8")
        warm.write_text("\n".join(sys.modules), encoding="utf-8")
        return 0

    in_fork(traced, None, say=True)
    for name in warm.read_text(encoding="utf-8").splitlines():
        if name.partition(".")[0] not in _own(package):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    lines = defaultdict(set)
    for path in notes.iterdir():
        for entry in path.read_text(encoding="utf-8").splitlines():
            test, file, line = entry.rsplit("\t", 2)
            lines[file, int(line)].add(test)
    seconds = (entry.split("\t", 1) for entry in times.read_text(encoding="utf-8").splitlines())
    return Survey(dict(lines), {test: float(value) for value, test in seconds})


def noticed(path: Path, source: str, tests: Sequence[str], seconds: float, scratch: Path) -> bool:
    """Run tests against a changed module; tell whether one of them fails.

    Parameters
    ----------
    path : Path
        The module, relative to the repository, which is the working folder.
    source : str
        What it holds instead.
    tests : sequence of str
        As pytest names them.
    seconds : float
        Of the processor, for all of them.
    scratch : Path
        Where the changed source is written.
    """
    changed = scratch / "changed.py"
    changed.write_text(source, encoding="utf-8")
    name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")

    def trial() -> int:
        for module in [one for one in sys.modules if one.partition(".")[0] in _own(path)]:
            del sys.modules[module]
        os.environ["MUTANT"] = os.pathsep.join([name, str(path.resolve()), str(changed)])
        runpy.run_path(str(INSIDE / "sitecustomize.py"))
        importlib.import_module(name)  # pytest would read the file itself, for its doctests
        return int(pytest.main([*OPTIONS, *tests]))

    return in_fork(trial, seconds) != 0


def in_fork(work: Callable[[], int], seconds: float | None, say: bool = False) -> int:
    """Return the exit status of ``work`` in a fork, all of whose processes end with it."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        return status
    os.setsid()
    if seconds:
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        # What waits for ever takes no time of the processor.
        signal.alarm(10 * int(seconds))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(INSIDE), os.environ.get("PYTHONPATH", "")])
    if not say:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
    status = 1
    with contextlib.suppress(BaseException):
        status = work()
    sys.stdout.flush()
    os._exit(status)


def _own(path: Path) -> tuple[str, ...]:
    return (path.parts[0], "tests")
