"""Kill runs at random moments, run again, compare what is left with an undisturbed run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from containers.commands.faults.house import Scenario, copy
from containers.launcher import descendants

# Kills before a run may end: each of the next runs goes on from what the one before has left.
IN_A_ROW = 5


@dataclass
class Result:
    """What became of a scenario.

    Attributes
    ----------
    kills, runs : int
        Runs that were killed while they ran; runs to the end behind them.
    survived : int
        Kills whose run to the end left the same files with the same bytes.
    faults : list of str
        What was different.
    """

    kills: int = 0
    runs: int = 0
    survived: int = 0
    faults: list[str] = field(default_factory=list)


def kill(process: subprocess.Popen) -> bool:
    """Kill a run and everything that it started, as a failure of the power does.

    Returns
    -------
    bool
        Whether it was still running.
    """
    running = process.poll() is None
    for number in (process.pid, *descendants(process.pid)):
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.communicate()
    return running


def differences(found: dict[str, str], known: dict[str, str]) -> list[str]:
    """Return what a run has left otherwise than the undisturbed one, a line each."""
    return [f"{name}: {'stray' if name not in known else 'missing' if name not in found else 'differs'}"
            for name in sorted(set(found) | set(known)) if found.get(name) != known.get(name)]


@dataclass(frozen=True)
class Base:
    """A scenario with what an undisturbed run leaves.

    Attributes
    ----------
    scenario : Scenario
    made : Path
        What every run begins with.
    known : dict
        What an undisturbed run leaves (`Scenario.left`).
    seconds : float
        How long it took.
    """

    scenario: Scenario
    made: Path
    known: dict[str, str]
    seconds: float


def base(scenario: Scenario, folder: Path) -> Base:
    """Make a scenario in a folder, and run it undisturbed.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    made, place = folder / "made", folder / "undisturbed"
    made.mkdir(parents=True)
    scenario.make(made)
    copy(made, place)
    start = time.monotonic()
    status, said = scenario.run(place)
    if status:
        raise RuntimeError(f"{scenario.name}: {said[-1000:]}")
    found = Base(scenario, made, scenario.left(place), time.monotonic() - start)
    shutil.rmtree(place)
    return found


def round_(base: Base, place: Path, count: int, draw: random.Random) -> Result:
    """Kill up to ``count`` runs in a row in a new folder, then run to the end and compare."""
    result = Result(runs=1)
    copy(base.made, place)
    for _ in range(count):
        process = base.scenario.start(place)
        time.sleep(draw.uniform(0.02, 1) * base.seconds)
        if not kill(process):
            break
        result.kills += 1
    status, said = base.scenario.run(place)
    result.faults = differences(base.scenario.left(place), base.known)
    if status:
        result.faults = [f"exit code {status}: {said.strip().splitlines()[-1]}"]
    result.survived = 0 if result.faults else result.kills
    shutil.rmtree(place)
    return result


def run(scenario: Scenario, count: int, seed: int, folder: Path) -> Result:
    """Kill ``count`` runs of a scenario, several rounds side by side.

    Parameters
    ----------
    scenario : Scenario
    count : int
    seed : int
        Decides the moments, as shares of the time that the undisturbed run took.
    folder : Path
        Where everything is made.
    """
    made, result, tried = base(scenario, folder), Result(), 0
    while result.kills < count:
        rounds = [min(IN_A_ROW, count - result.kills - start)
                  for start in range(0, count - result.kills, IN_A_ROW)]
        places = [folder / f"run-{tried + place}" for place in range(len(rounds))]
        draws = [random.Random(f"{seed}/{scenario.name}/{place.name}") for place in places]
        tried += len(rounds)
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            for one in pool.map(round_, [made] * len(rounds), places, rounds, draws):
                result.kills, result.runs = result.kills + one.kills, result.runs + one.runs
                result.survived, result.faults = (result.survived + one.survived,
                                                  result.faults + one.faults)
    return result
