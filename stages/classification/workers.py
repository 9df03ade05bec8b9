"""Run independent tasks on several processor cores; results come in the order of the tasks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tqdm import tqdm

LIMIT = 8  # each worker holds its own copy of the libraries: some 200 MB


def available() -> int:
    """Return the number of cores that this process may use, at most `LIMIT`."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, LIMIT)


def spread(function: Callable, tasks: Sequence, unit: str) -> Iterator:
    """Yield ``function(task)`` for each task, in order, with a progress bar.

    Parameters
    ----------
    function : callable
        A module-level function whose result depends on its task alone: then the number of cores
        changes nothing but the time.
    tasks : sequence
    unit : str
        What a task is, for the progress bar.
    """
    workers = min(available(), len(tasks))
    if workers <= 1:
        yield from tqdm(map(function, tasks), total=len(tasks), unit=unit)
        return
    # Fresh processes: a forked one would inherit the state of the libraries' thread pools.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from tqdm(pool.map(function, tasks), total=len(tasks), unit=unit)
