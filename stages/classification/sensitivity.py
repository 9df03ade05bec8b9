"""Repeat the released analysis over numerical variations: the envelope of each number.

Varied are the OpenBLAS kernel, the number of threads, the order of the columns and the last digit
of the features. The tracked outputs cover kernels that every CPU with AVX2 runs; what only this
machine can show (more kernels, the racing booster) goes to ``--machine``, which is not tracked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from stages.classification import kernels
from stages.classification.variation import (
    PERMUTED,
    RELEASED,
    REVERSED,
    SORTED,
    TASKS,
    Variation,
)
from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import Sensitivity, load

COLUMNS = (*(field.name for field in fields(Variation)), "source", "path", "value")


def orders(settings: Sensitivity) -> list[str]:
    """Return the names of the column orders."""
    return [RELEASED, REVERSED, SORTED,
            *(f"{PERMUTED}-{number}" for number in range(1, settings.permutations + 1))]


def design(settings: Sensitivity, available: list[str], releases: Iterable[str]) -> list[Variation]:
    """Return the variations: each kernel with each order, each noise and each number of threads.

    Parameters
    ----------
    settings : Sensitivity
    available : list of str
        Kernels that run; the first one also carries what no kernel changes (booster, forest).
    releases : iterable of str
    """
    noises, first = range(1, settings.noises + 1), available[0]
    plain = settings.threads[0]
    varied = [(order, 0) for order in orders(settings)] + [(RELEASED, noise) for noise in noises]
    found = []
    for release, kernel in product(releases, available):
        add = lambda task, threads, order, noise: found.append(  # noqa: E731
            Variation(task, release, kernel, threads, order, noise))  # noqa: B023
        for order, noise in varied:
            add("linear", plain, order, noise)
        for threads in settings.threads[1:]:
            add("linear", threads, RELEASED, 0)
        add("search", plain, RELEASED, 0)
        if kernel == first:
            for order, noise in varied:
                add("booster", plain, order, noise)
            for threads in settings.threads[1:]:
                add("booster", threads, RELEASED, 0)
            add("forest", plain, RELEASED, 1)
            for order in settings.search.orders[1:]:
                add("search", plain, order, 0)
            for noise in range(1, settings.search.noises + 1):
                add("search", plain, RELEASED, noise)
        elif kernel == available[-1]:
            add("forest", plain, RELEASED, 0)
    return found


def jobs(variations: list[Variation], size: int = 8) -> list[list[Variation]]:
    """Group variations that one process can compute, slow ones alone, at most ``size`` together."""
    groups = defaultdict(list)
    for variation in variations:
        groups[variation.kernel, variation.threads, variation.task].append(variation)
    found = []
    for (_, _, task), group in groups.items():
        step = 2 if task == "search" else size
        found += [group[start:start + step] for start in range(0, len(group), step)]
    return found


def carry_out(group: list[Variation], inputs: dict, params: Path) -> list[list]:
    """Compute one job in a process of its own.

    Raises
    ------
    InputError
        If the process fails, with the last line that it wrote.
    """
    kernel, threads = group[0].kernel, group[0].threads
    job = {"params": str(params), "kernel": kernel, "inputs": inputs,
           "variations": [asdict(variation) for variation in group]}
    result = subprocess.run([sys.executable, "-m", "stages.classification.variation"],
                            input=json.dumps(job), env=kernels.environment(kernel, threads),
                            capture_output=True, text=True)
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"kernel {kernel}, {threads} thread(s): {last.removeprefix('error: ')}")
    return json.loads(result.stdout)


def sweep(variations: list[Variation], inputs: dict, params: Path, workers: int) -> pd.DataFrame:
    """Compute all variations; rows come in the order of the design, whatever finishes first."""
    groups = jobs(variations)
    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(lambda group: carry_out(group, inputs, params), groups)
        rows = [row for part in tqdm(parts, total=len(groups), unit="job") for row in part]
    place = {variation: position for position, variation in enumerate(variations)}
    width = len(fields(Variation))
    rows.sort(key=lambda row: (place[Variation(*row[:width])], row[width:width + 2]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def spread(values: np.ndarray) -> dict:
    """Summarise the values of one number (NaN where it is not defined)."""
    defined = values[~np.isnan(values)]
    found = {"variations": len(values), "defined": len(defined),
             "distinct": len(np.unique(defined))}
    if len(defined):
        low, median, high = np.quantile(defined, [0.05, 0.5, 0.95])
        found |= {"min": defined.min(), "q05": low, "median": median, "q95": high,
                  "max": defined.max()}
        # Every value with its count: enough to compare any printed number later.
        found["counts"] = {repr(float(value)): int(count) for value, count in
                           zip(*np.unique(defined, return_counts=True))}
    return found


def summarise(rows: pd.DataFrame) -> dict:
    """Return the spread of every number, by release, source and path."""
    found = {}
    for (release, source, path), part in rows.groupby(["release", "source", "path"], sort=True):
        values = part["value"].to_numpy(dtype=float)
        found.setdefault(release, {}).setdefault(source, {})[path] = spread(values)
    return found


def counts(variations: list[Variation]) -> dict:
    """Count variations by release and task."""
    found = defaultdict(lambda: defaultdict(int))
    for variation in variations:
        found[variation.release][variation.task] += 1
    return {release: dict(tasks) for release, tasks in found.items()}


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.classification.sensitivity", __doc__)
    parser.add_argument("--environment", required=True, help="image, for the record")
    parser.add_argument("--release", action="append", required=True, metavar="NAME=TABLE=SELECTED",
                        help="name, canonical table and selected features; repeatable")
    parser.add_argument("--task", action="append", choices=TASKS,
                        help="only these parts of the sweep; repeatable (default: all)")
    parser.add_argument("--params", type=Path, default="params.yaml")
    parser.add_argument("--out", type=Path, required=True, help="all values (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="spreads (JSON)")
    parser.add_argument("--machine", type=Path,
                        help="spreads over what only this machine can run (JSON, not tracked)")
    options = parser.parse_args()
    settings, inputs = load(options.params).sensitivity, {}
    for text in options.release:
        if text.count("=") != 2:
            raise InputError(f"--release {text} is not NAME=TABLE=SELECTED")
        name, table, selected = text.split("=")
        inputs[name] = {"table": table, "selected": selected}
    available, not_run = kernels.probe(settings.kernels)
    if not available:
        raise InputError("none of the kernels runs", options.params, "correct sensitivity.kernels")
    variations = [variation for variation in design(settings, available, inputs)
                  if variation.task in (options.task or TASKS)]
    rows = sweep(variations, inputs, options.params, settings.workers)
    canonical.write_csv(options.out, rows)
    canonical.write_json(options.summary, {
        "environment": options.environment, "kernels": available, "not_run": not_run,
        "variations": counts(variations), "releases": summarise(rows)})
    if options.machine:
        canonical.write_json(options.machine, machine(settings, inputs, options.params))


def machine(settings: Sensitivity, inputs: dict, params: Path) -> dict:
    """Return what cannot be the same everywhere: kernels of this CPU, and the racing booster."""
    from stages.classification import racing

    available, not_run = kernels.probe(settings.machine_kernels)
    found = {"kernels": available, "not_run": not_run,
             "racing": racing.distribution(settings.racing, inputs, params)}
    if available:
        variations = [variation for variation in design(settings, available, inputs)
                      if variation.task == "linear"]
        rows = sweep(variations, inputs, params, settings.workers)
        found |= {"variations": counts(variations), "releases": summarise(rows)}
    return found


if __name__ == "__main__":
    cli.main(stage)
