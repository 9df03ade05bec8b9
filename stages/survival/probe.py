"""Curves, tests, Cox's model and the penalised one on a few patients, to compare CPUs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli, probe
from stages.common.parameters import section
from stages.survival import compare, curves, predict
from stages.survival.events import CENSORED, RELAPSE

SEED, PATIENTS, COVARIATES, WHEN = 2025, 80, 3, 24.0
# Of the draws and the orders of the outcomes.
FEWER = 20


def make_all(folder: Path, params: Path) -> None:
    """Run everything; write into a folder."""
    random = np.random.Generator(np.random.PCG64(SEED))
    x = random.normal(size=(PATIENTS, COVARIATES))
    # Whole months: ties, as in a clinic's table.
    time = np.ceil(random.exponential(30 * np.exp(-0.5 * x[:, 0]))).clip(1, 60)
    kind = random.choice(3, PATIENTS, p=[0.3, 0.5, 0.2])
    kind[time == 60] = CENSORED
    group = x[:, 0] > 0
    found = {
        "kaplan_meier": _lists(curves.kaplan_meier(time, kind == RELAPSE)),
        "incidence": _lists(curves.incidence(time, kind, RELAPSE)),
        "log_rank": compare.log_rank(time, kind == RELAPSE, group),
        "cox": compare.cox(time, kind == RELAPSE, pd.DataFrame(x, columns=list("abc"))),
        "penalised": predict.assess(x, time, kind, replace(
            section(params, "survival.model", predict.Model), draws=FEWER, permutations=FEWER), WHEN)}
    for name, values in found.items():
        canonical.write_json(folder / f"{name}.json", values)


def _lists(curve):
    return {name: values.tolist() for name, values in curve.items()}


if __name__ == "__main__":
    cli.main(lambda: probe.stage("stages.survival.probe", __doc__, make_all))
