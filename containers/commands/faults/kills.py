"""Kill runs at random moments, run again, compare what is left with an undisturbed run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from containers.commands.faults.house import Scenario, copy, snapshot
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


def run(scenario: Scenario, count: int, seed: int, folder: Path) -> Result:
    """Kill ``count`` runs of a scenario.

    Parameters
    ----------
    scenario : Scenario
    count : int
    seed : int
        Decides the moments, as shares of the time that the undisturbed run took.
    folder : Path
        Where everything is made; emptied of the copies.
    """
    draw, result = random.Random(f"{seed}/{scenario.name}"), Result()
    made, place = folder / "made", folder / "run"
    made.mkdir()
    scenario.make(made)
    copy(made, place)
    start = time.monotonic()
    status, said = scenario.run(place)
    seconds, known = time.monotonic() - start, snapshot(place)
    if status:
        raise RuntimeError(f"{scenario.name}: {said[-1000:]}")
    while result.kills < count:
        shutil.rmtree(place)
        copy(made, place)
        killed = 0
        for _ in range(min(IN_A_ROW, count - result.kills)):
            process = scenario.start(place)
            time.sleep(draw.uniform(0.02, 1) * seconds)
            if not kill(process):
                break
            killed += 1
        status, said = scenario.run(place)
        result.kills, result.runs = result.kills + killed, result.runs + 1
        wrong = differences(snapshot(place), known)
        if status:
            wrong = [f"exit code {status}: {said.strip().splitlines()[-1]}"]
        if not wrong:
            result.survived += killed
        result.faults += wrong
    shutil.rmtree(place)
    return result
