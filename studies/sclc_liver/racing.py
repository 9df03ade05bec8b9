"""Record how the threads of the linear booster race: the released fit, again and again.

The default updater lets its threads read and write shared sums without order: no two fits in several
threads are alike, and what they give is a distribution, not a result. No stage of the pipeline makes
it, therefore. It is recorded by a fixed design, with the machine's name (`make race`), in
``metrics/sclc_liver/results/race``, and the judge reads it as it reads a summary of the sweep.
"""

from __future__ import annotations

import json
import os
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost
from tqdm import tqdm

from stages.classification.parameters import read_configurations
from stages.common import canonical, cli
from stages.common.errors import InputError
from studies.sclc_liver import kernels, sensitivity, spreads
from studies.sclc_liver.parameters import read_sensitivity
from studies.sclc_liver.perturb import RACE, RELEASED, SHOTGUN, Variation

# How long a thread that waits stays awake: what libgomp itself takes where there are more threads than
# cores. Without it a fit on a busy machine takes a hundred times as long.
SPIN = {"GOMP_SPINCOUNT": "1000"}
# Enough to compare any printed number, few enough for a record that is kept.
DECIMALS = 6
SECTIONS = ("classification.bootstrap", "classification.configurations",
            "classification.protocols.as-released", "sensitivity.racing")
RUN = (*spreads.RUN, "repeat")


def fits(sweep: sensitivity.Sweep, variation: Variation, repeats: int) -> pd.DataFrame:
    """Repeat one variation in a process of its own, which has as many threads as it asks for.

    Returns
    -------
    DataFrame
        Columns of `sensitivity.COLUMNS` and ``repeat``, from 1.
    """
    job = sensitivity.describe([variation] * repeats, sweep, {})
    answer = json.loads(sensitivity.carry_out(job, variation.kernel, variation.threads, **SPIN))
    rows = pd.DataFrame(answer["rows"], columns=list(sensitivity.COLUMNS))
    return rows.assign(repeat=np.arange(len(rows)) // (len(rows) // repeats) + 1)


def race(sweep: sensitivity.Sweep, kernel: str) -> pd.DataFrame:
    """Carry out the design: ``repeats`` fits for each release, number of threads and order."""
    design = read_sensitivity(sweep.params).racing
    plan = [Variation(RACE, release, kernel, threads, order, 0) for release, threads, order
            in product(sweep.inputs, design.threads, design.orders)]
    rows = pd.concat([fits(sweep, variation, design.repeats) for variation in tqdm(plan)])
    rows["value"] = rows["value"].astype(float).round(DECIMALS)
    return spreads.label(rows, read_configurations(sweep.params)).assign(kind=RACE)


def one_thread(sweep: sensitivity.Sweep, kernel: str) -> dict:
    """Return what one thread gives, by release, source and path: it cannot race."""
    found = {}
    for release in sweep.inputs:
        rows = fits(sweep, Variation(SHOTGUN, release, kernel, 1, RELEASED, 0), 1)
        for source, path, value in rows[["source", "path", "value"]].itertuples(index=False):
            found.setdefault(release, {}).setdefault(source, {})[path] = value
    return found


def machine() -> dict:
    """Name the machine: the CPU, which a virtual machine may hide behind its number, and its cores."""
    lines = (line.partition(":") for line in
             Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines())
    said = {key.strip(): value.strip() for key, _, value in lines}
    names = ("vendor_id", "cpu family", "model", "model name")
    return {name: said.get(name, "unknown") for name in names} | {
        "cores": len(os.sched_getaffinity(0))}


def stage() -> None:
    """Command line."""
    arguments = sensitivity.parser("studies.sclc_liver.racing", __doc__)
    arguments.add_argument("--out", type=Path, required=True, help="design and counts (JSON)")
    arguments.add_argument("--runs", type=Path, required=True,
                           help="which value each single fit gives (CSV)")
    options = arguments.parse_args()
    settings = read_sensitivity(options.params)
    sweep = sensitivity.Sweep(sensitivity.read_releases(options.release), options.params, 1)
    origin = sensitivity.made_from(sweep, options.made_from, SECTIONS)
    available, _ = kernels.probe(settings.kernels)
    if not available:
        raise InputError("none of the kernels runs", options.params, "correct sensitivity.kernels")
    rows = race(sweep, available[0])
    canonical.write_csv(options.runs, spreads.runs(rows, RUN))
    canonical.write_json(options.out, origin | {
        "environment": options.environment, "machine": machine(),
        "design": vars(settings.racing) | SPIN | {"decimals": DECIMALS, "xgboost": xgboost.__version__},
        "one_thread": one_thread(sweep, available[0]),
        "releases": spreads.summarise(rows, f"{RACE}_")})


if __name__ == "__main__":
    cli.main(stage)
