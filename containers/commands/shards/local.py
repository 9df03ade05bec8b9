"""Parts on this machine's cores."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from containers.launcher import ROOT, SIGNALLED, environment


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def gpus() -> list[str]:
    """Return the GPUs that are given to this process; one without a name where nothing says which."""
    return [name.strip() for name in os.environ.get(environment.DEVICES, "").split(",")]


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], None]]:
    """Count parts on one line of standard error, which ends before anything else is told."""
    def show(count: int) -> None:
        print(f"\rparts {count} of {total}", end="", file=sys.stderr, flush=True)

    try:
        show(0)
        yield show
    finally:
        print(file=sys.stderr)


def run(command: list[str], logs: dict[int, Path], jobs: int,
        devices: list[str] = ()) -> dict[int, str]:
    """Run parts, some of them at a time; return in words how those ended that did not end well.

    Parameters
    ----------
    command : list of str
        Without the number of the part.
    logs : dict
        Where each part, by its number, says what it says; a single one says it here.
    jobs : int
        How many at a time.
    devices : list of str
        GPUs (`gpus`) that parts take in turn.
    """
    free: queue.Queue[str] = queue.Queue()
    for index in range(jobs):
        free.put(devices[index % len(devices)] if devices else "")
    if len(logs) == 1:
        (number, log), = logs.items()
        log.unlink(missing_ok=True)
        return _words({number: subprocess.run([*command, str(number)], cwd=ROOT).returncode})
    pool = ThreadPoolExecutor(jobs)
    try:
        futures = {pool.submit(_one, [*command, str(number)], log, free): number
                   for number, log in logs.items()}
        with progress(len(futures)) as show:
            for count, _ in enumerate(as_completed(futures), 1):
                show(count)
        return _words({number: future.result() for future, number in futures.items()})
    finally:
        # After Ctrl-C, parts that wait are not begun.
        pool.shutdown(cancel_futures=True)


def _one(line: list[str], log: Path, free: queue.Queue[str]) -> int:
    device = free.get()
    variables = {environment.DEVICES: device} if device else {}
    try:
        with open(log, "w", encoding="utf-8") as stream:
            return subprocess.run(line, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT,
                                  env={**os.environ, **variables}).returncode
    finally:
        free.put(device)


def _words(status: dict[int, int]) -> dict[int, str]:
    """Return what ended processes, by part; signals of their children are 128 and more, as in a shell.

    Examples
    --------
    >>> _words({0: 0, 1: 2, 2: -9, 3: 137})
    {1: 'exit status 2', 2: 'signal 9', 3: 'signal 9'}
    """
    return {number: f"exit status {code}" if 0 < code <= SIGNALLED else
            f"signal {-code if code < 0 else code - SIGNALLED}"
            for number, code in status.items() if code}


def last_line(log: Path) -> str:
    """Return the last line of a log."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    # Progress is overwritten on its line.
    said = [line.rpartition("\r")[2].strip() for line in lines]
    return next((line for line in reversed(said) if line), "")
