"""Repeat the released analysis over numerical variations: the envelope of each number.

Varied are the OpenBLAS kernel, the number of threads, the order of the columns, the last digit of
the features and the updater of the linear booster. The kernels are those that every CPU with AVX2
runs; `studies.sclc_liver.machine` shows what only this machine can.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, fields
from importlib.metadata import distributions
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from stages.common import canonical, cli
from stages.common.done import Record, context
from stages.common.errors import InputError
from studies.sclc_liver import design, kernels
from studies.sclc_liver.parameters import read_sensitivity
from studies.sclc_liver.variation import FOREST, GROWING, SEARCH_RF, TASKS, Variation

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
    record : Record
        Answers of an interrupted run.
    """

    inputs: dict
    params: Path
    workers: int
    record: Record = Record(None)

    @property
    def files(self) -> list[str]:
        """Every file that a job reads."""
        return [str(self.params), *(path for part in self.inputs.values() for path in part.values())]


def about() -> str:
    """Return a hash of what every job depends on besides its files: code and libraries."""
    installed = sorted({(item.name, item.version) for item in distributions()})
    return context([sys.version, installed], (), __file__)


def describe(group: list[Variation], sweep: Sweep, forests: dict) -> str:
    """Return one job as `studies.sclc_liver.variation` reads it."""
    return json.dumps({"params": str(sweep.params), "kernel": group[0].kernel,
                       "inputs": sweep.inputs,
                       "variations": [asdict(variation) for variation in group],
                       "forests": {item.forests: forests[item.forests] for item in group
                                   if item.forests in forests}})


def carry_out(job: str, kernel: str, threads: int) -> str:
    """Compute one job in a process of its own.

    Raises
    ------
    InputError
        If the process fails, with the last line that it wrote.
    """
    result = subprocess.run([sys.executable, "-m", "studies.sclc_liver.variation"], input=job,
                            env=kernels.environment(kernel, threads), capture_output=True,
                            text=True)
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"kernel {kernel}, {threads} thread(s): {last.removeprefix('error: ')}")
    return result.stdout


def run(sweep: Sweep, variations: list[Variation]) -> tuple[pd.DataFrame, Counter]:
    """Compute all variations; of each forest one first, for the others to be held against.

    Returns
    -------
    DataFrame
        Rows in the order of the variations, whatever finishes first.
    Counter
        (release, task) to the number of variations that grew their forests whole.
    """
    first, confirmed = design.phases(variations)
    rows, forests, whole = [], {}, Counter()
    for groups in (design.jobs(first, alone=GROWING), design.jobs(confirmed)):
        done = answers(groups, sweep, dict(forests))
        for part in tqdm(done, total=len(groups), unit="job", disable=not groups):
            rows += part["rows"]
            whole.update(map(tuple, part["whole"]))
            forests |= {key: grown for key, grown in part["forests"].items() if key not in forests}
    place = {variation: position for position, variation in enumerate(variations)}
    width = len(fields(Variation))
    rows.sort(key=lambda row: (place[Variation(*row[:width])], row[width:width + 2]))
    return pd.DataFrame(rows, columns=list(COLUMNS)), whole


def answers(groups: list[list[Variation]], sweep: Sweep, forests: dict) -> Iterator[dict]:
    """Yield the jobs' answers as they come; a job that fails ends those not yet begun."""
    with ThreadPoolExecutor(sweep.workers) as pool:
        running = {}
        for group in groups:
            job = describe(group, sweep, forests)
            name = hashlib.sha256(job.encode()).hexdigest()
            known = sweep.record.get(name, sweep.files)
            if known is not None:
                yield json.loads(known)
            else:
                running[pool.submit(carry_out, job, group[0].kernel, group[0].threads)] = name
        try:
            for future in as_completed(running):
                sweep.record.put(running[future], sweep.files, value=future.result())
                yield json.loads(future.result())
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
    arguments.add_argument("--params", type=Path, required=True)
    return arguments


def stage() -> None:
    """Command line."""
    arguments = parser("studies.sclc_liver.sensitivity", __doc__)
    arguments.add_argument("--task", action="append", choices=TASKS,
                           help="only these parts of the sweep; repeatable (default: all)")
    arguments.add_argument("--out", type=Path, required=True, help="all values (CSV)")
    arguments.add_argument("--summary", type=Path, required=True, help="spreads (JSON)")
    arguments.add_argument("--record", type=Path,
                           help="from which an interrupted sweep goes on; removed at its end")
    options = arguments.parse_args()
    settings, inputs = read_sensitivity(options.params), read_releases(options.release)
    available, not_run = kernels.probe(settings.kernels)
    if not available:
        raise InputError("none of the kernels runs", options.params, "correct sensitivity.kernels")
    variations = [variation for variation in design.variations(settings, available, inputs)
                  if variation.task in (options.task or TASKS)]
    record = Record(options.record, about())
    rows, whole = run(Sweep(inputs, options.params, settings.workers, record), variations)
    counted = counts(variations)
    witnesses = {FOREST: settings.forest.witnesses, SEARCH_RF: settings.search.witnesses}
    canonical.write_csv(options.out, rows)
    canonical.write_json(options.summary, {
        "environment": options.environment, "kernels": available, "not_run": not_run,
        "variations": counted, "releases": summarise(rows),
        # Forests: how many variations grew them whole, how many grew their first trees alone.
        "forests": {release: {task: {"whole": whole[release, task], "trees": witnesses[task],
                                     "confirmed": tasks[task] - whole[release, task]}
                              for task in GROWING if task in tasks}
                    for release, tasks in counted.items()}})
    if options.record:
        options.record.unlink(missing_ok=True)


if __name__ == "__main__":
    cli.main(stage)
