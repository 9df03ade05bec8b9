"""Runs whose surroundings fail: a full disk, other places, other users, other dates.

A run must either give the bytes of an undisturbed one, or end in one line; then it must give them
once the fault is gone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from containers.commands.faults.house import HOUSE, Scenario, copy
from containers.commands.faults.kills import differences

SAME = "same bytes"
# A mount namespace of its own: what is mounted there is seen by the run alone. Needs root.
MOUNTS = ["unshare", "--mount", "--propagation", "private", "bash", "-c"]
# 30 years on, and before the first commit of any of this: dates of files decide what DVC reads again.
DATES = {"files dated 30 years ahead": 2_700_000_000, "files dated 1990": 631_152_000}
NOBODY = 65534
# The scenarios that are tried; a release is made of what the first one gives.
TRIED = ("reproduce", "own")


@dataclass(frozen=True)
class Trial:
    """One kind of surroundings.

    Attributes
    ----------
    name : str
    said : str
        What the run said: nothing of note, or its one line.
    behind : str
        What it left; what another run gives once the fault is gone.
    survived : bool
    """

    name: str
    said: str
    behind: str
    survived: bool


def last_line(said: str, folder: Path) -> str:
    """Return the line that a run ended with, without the place of this trial.

    Examples
    --------
    >>> last_line("[1/2] a 3 s\\nerror: /t/x/a.csv: cannot write\\n", Path("/t/x"))
    'error: HOUSE/a.csv: cannot write'
    """
    lines = [line.strip() for line in said.replace("\r", "\n").splitlines() if line.strip()]
    return lines[-1].replace(str(folder), "HOUSE")[:200] if lines else ""


def clean(said: str) -> bool:
    """Tell whether a failed run said so in one line, and no program showed its inside.

    Examples
    --------
    >>> clean("x\\nerror: full"), clean("Traceback (most recent call last):\\nerror: x"), clean("x")
    (True, False, False)
    """
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    return "Traceback" not in said and len(errors) == 1


def judge(name: str, scenario: Scenario, folder: Path, known: dict[str, str],
          outcome: tuple[int, str]) -> Trial:
    """Judge a run in other surroundings; where it failed, run again without them."""
    status, said = outcome
    if status == 0:
        wrong = differences(scenario.left(folder), known)
        return Trial(name, "", SAME if not wrong else "; ".join(wrong[:3]), not wrong)
    line = last_line(said, folder)
    if not clean(said):
        return Trial(name, line, f"not one line (exit code {status})", False)
    again, said = scenario.run(folder)
    wrong = [last_line(said, folder)] if again else differences(scenario.left(folder), known)
    return Trial(name, line, f"then {SAME}" if not wrong else "; ".join(wrong[:3]), not wrong)


class Bench:
    """A scenario with what an undisturbed run leaves.

    Parameters
    ----------
    scenario : Scenario
    scratch : Path
        An empty folder to work in.
    """

    def __init__(self, scenario: Scenario, scratch: Path):
        self.scenario, self.scratch, self.made = scenario, scratch, scratch / "made"
        self.made.mkdir(parents=True)
        scenario.make(self.made)
        place = self.copy("known")
        status, said = scenario.run(place)
        if status:
            raise RuntimeError(f"{scenario.name}: {said[-1000:]}")
        self.known = scenario.left(place)
        shutil.rmtree(place)

    def copy(self, name: str = "run") -> Path:
        """Return a new copy of what a run begins with, in a folder of its own."""
        return copy(self.made, Path(tempfile.mkdtemp(dir=self.scratch)) / name)

    def try_(self, name: str, wrap: Callable[[Path], list[str]] = lambda folder: [],
             at: str = "run", prepare: Callable[[Path], None] = lambda folder: None,
             **variables: str) -> Trial:
        """Run in other surroundings.

        Parameters
        ----------
        name : str
            What the table calls them.
        wrap : callable
            Takes the folder; returns what stands before the command line.
        at : str
            Name of the folder.
        prepare : callable
            Changes the folder before.
        **variables
            Of the environment.
        """
        place = self.copy(at)
        prepare(place)
        outcome = self.scenario.run(place, wrap(place), **variables)
        trial = judge(name, self.scenario, place, self.known, outcome)
        shutil.rmtree(place, ignore_errors=True)
        return trial


def mounted(script: str) -> Callable[[Path], list[str]]:
    """Return what runs a command with something mounted; ``{folder}`` stands for the run's folder."""
    return lambda folder: [*MOUNTS, f'{script.format(folder=folder)} && exec "$@"', "bash"]


def dated(seconds: int) -> Callable[[Path], None]:
    """Return what gives every file of a folder another date."""
    def change(folder: Path) -> None:
        for path in folder.rglob("*"):
            if not path.is_symlink() and not {".venv", ".envs", ".git"} & set(path.parts):
                os.utime(path, (seconds, seconds))
    return change


def may_mount() -> bool:
    """Tell whether this user may mount in a namespace of their own."""
    return os.geteuid() == 0 and subprocess.run([*MOUNTS, "true"], capture_output=True).returncode == 0


def twice(bench: Bench) -> Trial:
    """Start two runs in one folder at once; a third one settles what a refused one left undone."""
    place = bench.copy()
    both = [bench.scenario.start(place) for _ in range(2)]
    ends = [(process.communicate()[0], process.returncode) for process in both]
    failed = [(status, said) for said, status in ends if status]
    trial = judge("two runs at once", bench.scenario, place, bench.known, (failed or [(0, "")])[0])
    if len(failed) == 2 and not clean(failed[1][1]):
        trial = Trial(trial.name, last_line(failed[1][1], place), "not one line", False)
    shutil.rmtree(place)
    return trial


def as_nobody(bench: Bench) -> Trial:
    """Run as an ordinary user, who may read the environments or may not."""
    place = bench.copy()
    for path in [place, *place.rglob("*")]:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    wrap = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    python = (place / ".venv" / "bin" / "python").resolve()
    there = subprocess.run([*wrap, str(python), "-c", ""], capture_output=True, cwd="/").returncode == 0
    if not there:
        shutil.rmtree(place)
        return Trial("an ordinary user", "not tried here: the interpreter lies where only root reads",
                     "", True)
    # Down from the folder that was made for this alone, each is for its maker only.
    for path in (place.parent, bench.scratch, bench.scratch.parent):
        path.chmod(0o755)
    outcome = bench.scenario.run(place, wrap, HOME=str(place))
    trial = judge("an ordinary user", bench.scenario, place, bench.known, outcome)
    shutil.rmtree(place)
    return trial


def trials(bench: Bench) -> list[Callable[[], Trial]]:
    """Return what is tried on a scenario; each makes a copy of its own."""
    def shell(script: str) -> Callable[[Path], list[str]]:
        return lambda folder: ["bash", "-c", f'{script} && exec "$@"', "bash"]

    tried = [partial(bench.try_, "64 file handles", shell("ulimit -n 64")),
             partial(bench.try_, "a path with blanks, umlauts and $", at="Größe 'x' $HOME & ü"),
             partial(bench.try_, "the POSIX locale, no home", LC_ALL="POSIX", HOME="/nonexistent"),
             partial(bench.try_, "a locale that is not there", LC_ALL="xx_YY", LANG="xx_YY"),
             partial(bench.try_, "a proxy that refuses", http_proxy="http://127.0.0.1:9",
                     HTTP_PROXY="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9"),
             partial(bench.try_, "umask 077", shell("umask 077")),
             partial(bench.try_, "no folder for temporary files", TMPDIR="/nonexistent"),
             *(partial(bench.try_, name, prepare=dated(at)) for name, at in DATES.items()),
             partial(twice, bench)]
    if not may_mount():
        return tried
    out = "reports" if bench.scenario is HOUSE else "out"

    def there(folder: Path) -> None:
        (folder / out).mkdir(exist_ok=True)

    full = f"mount -t tmpfs -o size=16k none {{folder}}/{out}"
    fixed = f"mount --bind {{folder}}/{out} {{folder}}/{out} && " \
            f"mount -o remount,bind,ro {{folder}}/{out}"
    tried += [partial(bench.try_, "a full disk below the results", mounted(full), prepare=there),
              partial(bench.try_, "results that are read-only", mounted(fixed), prepare=there),
              partial(bench.try_, "no /dev/shm", mounted(
                  "mount -t tmpfs -o ro,mode=000 none /dev/shm"))]
    return [*tried, partial(as_nobody, bench)] if bench.scenario is HOUSE else tried


def run(scenario: Scenario, scratch: Path) -> list[Trial]:
    """Try every kind of surroundings on a scenario, all side by side."""
    bench = Bench(scenario, scratch)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        done = list(pool.map(lambda trial: trial(), trials(bench)))
    return [replace(one, name=f"{one.name} ({scenario.name})") for one in done]
