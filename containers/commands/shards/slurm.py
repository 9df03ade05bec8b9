"""Parts as a job array of a SLURM cluster, whose nodes see the same disk.

Options of a site (partition, account, time, memory) are those that sbatch reads from the environment:
SBATCH_PARTITION, SBATCH_ACCOUNT, SBATCH_TIMELIMIT, SBATCH_MEM_PER_NODE; for GPUs SBATCH_GRES or another
of its variables of GPUs, and if there is none, a part has one GPU. No accounting is needed.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from containers.commands.shards.job import read, write
from containers.commands.shards.local import progress
from containers.launcher import ROOT, LauncherError

# The array of a run, kept so that the next run finds it again.
ARRAY = "slurm.json"
# Series of a part, where the user does not say how many parts there are.
SERIES = 25
# States of a task that will go on or begin. Source: squeue(1), job state codes.
ACTIVE = {"PENDING", "RUNNING", "SUSPENDED", "CONFIGURING", "COMPLETING", "REQUEUED", "REQUEUE_HOLD",
          "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED", "SPECIAL_EXIT", "RESV_DEL_HOLD"}
# Why a task waits in any queue.
ORDINARY = {"None", "Resources", "Priority", "JobArrayTaskLimit", "BeginTime", "Cleaning"}
# Seconds between two looks at the queue, the first and the longest; and how long it may not answer.
FIRST, LONGEST, PATIENCE = 1.0, 10.0, 600.0
# What names GPUs in the environment of sbatch.
GPUS = ("SBATCH_GRES", "SBATCH_GPUS")
SCRIPT = """#!/usr/bin/env bash
#SBATCH --job-name=parts --nodes=1 --ntasks=1 --cpus-per-task=1 --mem=4G --requeue{more}
cd {root} || exit
exec {command} "$SLURM_ARRAY_TASK_ID"
"""


def call(*command: str, given: str | None = None) -> subprocess.CompletedProcess:
    """Run a program of SLURM.

    Raises
    ------
    LauncherError
        If it is not there.
    """
    try:
        return subprocess.run(command, input=given, capture_output=True, text=True)
    except FileNotFoundError:
        raise LauncherError(f"SLURM: {command[0]} is not installed here; run this on a login node of "
                            "the cluster, or with SCHEDULER=local") from None


def said(done: subprocess.CompletedProcess) -> str:
    """Return what a program of SLURM said last, without its name."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return re.sub(r"^\w+: (error: )?", "", lines[-1]) if lines else f"exit status {done.returncode}"


def largest() -> int:
    """Return how many tasks an array of this cluster may have (MaxArraySize).

    Raises
    ------
    LauncherError
        If the cluster does not say.
    """
    done = call("scontrol", "show", "config")
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", done.stdout, re.MULTILINE)
    if done.returncode or not found:
        raise LauncherError(f"SLURM: does not answer ({said(done)}); run this on a login node of the "
                            "cluster, or with SCHEDULER=local")
    return int(found[1])


def count(wanted: int | None, series: int) -> int:
    """Return the number of parts of an array.

    Raises
    ------
    LauncherError
        If more are wanted than an array may have; as `largest`.
    """
    most = largest()
    if wanted and wanted > most:
        raise LauncherError(f"SLURM: SHARDS={wanted}, but an array of this cluster holds {most} tasks "
                            f"(MaxArraySize); give SHARDS={most} or less")
    return wanted or max(1, min(most, -(-series // SERIES)))


def submit(command: list[str], numbers: Iterable[int], jobs: int | None, logs: str,
           gpu: bool = False) -> str:
    """Submit parts; return the number of the array.

    Parameters
    ----------
    command : list of str
        Without the number of the part.
    numbers : iterable of int
    jobs : int or None
        How many at a time.
    logs : str
        Name of a task's log, as sbatch reads it.
    gpu : bool
        Whether each part needs a GPU.

    Raises
    ------
    LauncherError
        With what SLURM says against it.
    """
    asked = any(name.startswith(GPUS) for name in os.environ)
    script = SCRIPT.format(root=shlex.quote(str(ROOT)), command=shlex.join(command),
                           more=" --gres=gpu:1" if gpu and not asked else "")
    done = call("sbatch", "--parsable", f"--array={ranges(numbers)}" + (f"%{jobs}" if jobs else ""),
                f"--output={logs}", given=script)
    if done.returncode:
        reason = said(done)
        mend = ("name one that sinfo lists: SBATCH_PARTITION=…" if "partition" in reason.lower() else
                "correct what is wanted of it (SBATCH_PARTITION, SBATCH_ACCOUNT, SBATCH_TIMELIMIT, "
                "SBATCH_MEM_PER_NODE, SHARDS" + (", SBATCH_GRES" if gpu else "")
                + "), or run with SCHEDULER=local")
        raise LauncherError(f"SLURM: refuses the array ({reason}); {mend}")
    return done.stdout.strip().split(";")[0]


def states(array: str) -> dict[int, tuple[str, str]] | None:
    """Return state and reason of an array's tasks; none of a forgotten one, None without an answer."""
    done = call("squeue", "--noheader", "--array", "--states=all", f"--jobs={array}",
                "--format=%K|%T|%r")
    if done.returncode:
        return {} if "Invalid job id" in done.stderr else None
    lines = (line.split("|", 2) for line in done.stdout.splitlines() if line.count("|") >= 2)
    return {int(index): (state, reason) for index, state, reason in lines if index.isdecimal()}


def wait(array: str, total: int) -> dict[int, str]:
    """Wait for an array; return the states of tasks that did not end well.

    Raises
    ------
    LauncherError
        If SLURM does not answer for `PATIENCE`.
    """
    pause, heard, told, known = FIRST, time.monotonic(), set(), {}
    with progress(total) as show:
        while True:
            found = states(array)
            if found is None and time.monotonic() - heard > PATIENCE:
                raise LauncherError(f"SLURM: does not answer for {PATIENCE / 60:.0f} minutes; array "
                                    f"{array} goes on: run the same command again to wait for it")
            if found is not None:
                heard = time.monotonic()
                known |= found
                active = {index for index, (state, _) in found.items() if state in ACTIVE}
                show(total - len(active))
                if not active:
                    break
                waiting = {reason for state, reason in found.values() if state == "PENDING"}
                for reason in sorted(waiting - ORDINARY - told):
                    print(f"\nnotice: SLURM: parts of array {array} wait: {reason}", file=sys.stderr)
                told |= waiting
            time.sleep(pause)
            pause = min(2 * pause, LONGEST)
    return {index: f"SLURM: {state}" for index, (state, _) in known.items() if state != "COMPLETED"}


def settle(work: Path, same: str) -> None:
    """Wait for what an earlier run has left in the queue; cancel it where it does something else.

    Parameters
    ----------
    work : Path
    same : str
        What this run does; the next one is compared with it.
    """
    before = read(work / ARRAY)
    tasks = states(before["array"]) if before else {}
    if tasks is None:
        raise LauncherError(f"SLURM: does not answer, and array {before['array']} of an earlier run "
                            "may be in its queue; run the same command again later")
    active = [index for index, (state, _) in tasks.items() if state in ACTIVE]
    if not active:
        return
    if before["same"] != same:
        call("scancel", before["array"])
    print(f"notice: array {before['array']} of an earlier run is "
          f"{'waited for' if before['same'] == same else 'cancelled'}", file=sys.stderr)
    wait(before["array"], len(active))


def run(command: list[str], numbers: list[int], jobs: int | None, work: Path, same: str,
        gpu: bool = False) -> dict[int, str]:
    """Run parts; return in words how those ended that did not end well (see `submit`, `settle`)."""
    array = submit(command, numbers, jobs, f"{str(work).replace('%', '%%')}/parts/%5a/log",
                   gpu)
    write(work / ARRAY, {"array": array, "same": same})
    try:
        return wait(array, len(numbers))
    except LauncherError:
        raise
    except BaseException:
        call("scancel", array)
        raise


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers as ranges.

    Examples
    --------
    >>> ranges([0, 1, 2, 5, 7, 8])
    '0-2,5,7-8'
    """
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in found)
