"""Repeat the released analysis over numerical variations: the envelope of each number.

Varied are the OpenBLAS kernel, the number of threads, the order of the columns, the last digit of
the features and the updater of the linear booster. The kernels are those that every CPU with AVX2
runs; `stages.classification.machine` shows what only this machine can.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from stages.classification import design, kernels
from stages.classification.kept import Kept
from stages.classification.variation import FOREST, TASKS, Variation
from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import load

COLUMNS = (*(field.name for field in fields(Variation)), "source", "path", "value")


@dataclass(frozen=True)
class Sweep:
    """What all processes of a sweep are told.

    Attributes
    ----------
    inputs : dict
        Release to the paths of its ``table`` and ``selected`` features.
    params : Path
    workers : int
        Processes at once.
    kept : Kept
        Answers of an interrupted run.
    """

    inputs: dict
    params: Path
    workers: int
    kept: Kept = Kept(None)


def carry_out(group: list[Variation], sweep: Sweep, forests: dict) -> dict:
    """Compute one job in a process of its own.

    Raises
    ------
    InputError
        If the process fails, with the last line that it wrote.
    """
    kernel, threads = group[0].kernel, group[0].threads
    job = json.dumps({"params": str(sweep.params), "kernel": kernel, "inputs": sweep.inputs,
                      "variations": [asdict(variation) for variation in group],
                      "forests": {item.table: forests[item.table] for item in group
                                  if item.task == FOREST and item.table in forests}})
    answer = sweep.kept.get(job)
    if answer is not None:
        return answer
    result = subprocess.run([sys.executable, "-m", "stages.classification.variation"], input=job,
                            env=kernels.environment(kernel, threads), capture_output=True,
                            text=True)
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"kernel {kernel}, {threads} thread(s): {last.removeprefix('error: ')}")
    sweep.kept.put(job, result.stdout)
    return json.loads(result.stdout)


def run(sweep: Sweep, variations: list[Variation]) -> tuple[pd.DataFrame, Counter]:
    """Compute all variations: one forest of each table first, for the others to be held against.

    Returns
    -------
    DataFrame
        Rows in the order of the variations, whatever finishes first.
    Counter
        Release to the number of variations that grew their forests whole.
    """
    first, rest = design.first_of_each_forest(variations)
    rows, forests, whole = [], {}, Counter()
    for groups in (design.jobs(first, alone=True), design.jobs(rest)):
        done = _in_turn(groups, sweep, dict(forests))
        for part in tqdm(done, total=len(groups), unit="job", disable=not groups):
            rows += part["rows"]
            whole.update(part["whole"])
            forests |= {key: grown for key, grown in part["forests"].items() if key not in forests}
    place = {variation: position for position, variation in enumerate(variations)}
    width = len(fields(Variation))
    rows.sort(key=lambda row: (place[Variation(*row[:width])], row[width:width + 2]))
    return pd.DataFrame(rows, columns=list(COLUMNS)), whole


def _in_turn(groups: list[list[Variation]], sweep: Sweep, forests: dict) -> Iterator[dict]:
    """Yield the jobs' answers in their order; a job that fails ends those not yet begun."""
    with ThreadPoolExecutor(sweep.workers) as pool:
        futures = [pool.submit(carry_out, group, sweep, forests) for group in groups]
        try:
            for future in futures:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


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
    found = defaultdict(Counter)
    for variation in variations:
        found[variation.release][variation.task] += 1
    return found


def read_releases(texts: list[str]) -> dict:
    """Read ``NAME=TABLE=SELECTED`` texts: name to the paths of ``table`` and ``selected``."""
    inputs = {}
    for text in texts:
        if text.count("=") != 2:
            raise InputError(f"--release {text} is not NAME=TABLE=SELECTED")
        name, table, selected = text.split("=")
        inputs[name] = {"table": table, "selected": selected}
    return inputs


def parser(module: str, description: str | None):
    """Return a parser with the arguments that both sweeps take."""
    arguments = cli.parser(module, description)
    arguments.add_argument("--environment", required=True, help="image, for the record")
    arguments.add_argument("--release", action="append", required=True,
                           metavar="NAME=TABLE=SELECTED",
                           help="name, canonical table and selected features; repeatable")
    arguments.add_argument("--params", type=Path, default="params.yaml")
    return arguments


def stage() -> None:
    """Command line."""
    arguments = parser("stages.classification.sensitivity", __doc__)
    arguments.add_argument("--task", action="append", choices=TASKS,
                           help="only these parts of the sweep; repeatable (default: all)")
    arguments.add_argument("--out", type=Path, required=True, help="all values (CSV)")
    arguments.add_argument("--summary", type=Path, required=True, help="spreads (JSON)")
    arguments.add_argument("--keep", type=Path,
                           help="folder from which an interrupted sweep goes on; removed at its end")
    options = arguments.parse_args()
    settings, inputs = load(options.params).sensitivity, read_releases(options.release)
    available, not_run = kernels.probe(settings.kernels)
    if not available:
        raise InputError("none of the kernels runs", options.params, "correct sensitivity.kernels")
    variations = [variation for variation in design.variations(settings, available, inputs)
                  if variation.task in (options.task or TASKS)]
    kept = Kept(options.keep, [options.params, *(path for release in inputs.values()
                                                 for path in release.values())])
    rows, whole = run(Sweep(inputs, options.params, settings.workers, kept), variations)
    counted = counts(variations)
    canonical.write_csv(options.out, rows)
    canonical.write_json(options.summary, {
        "environment": options.environment, "kernels": available, "not_run": not_run,
        "variations": counted, "releases": summarise(rows),
        # Forests: how many variations grew them whole, how many grew the first trees alone.
        "forests": {release: {"whole": whole[release], "trees": settings.forest.witnesses,
                              "witnesses": tasks[FOREST] - whole[release]}
                    for release, tasks in counted.items() if FOREST in tasks}})
    kept.clear()


if __name__ == "__main__":
    cli.main(stage)
