"""Fit the linear booster again and again with its default updater, which races between threads.

What it gives is a distribution, not a result: no two runs are alike, so it is never a tracked
output.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from stages.classification import data
from stages.classification.bootstrap import summarise
from stages.classification.parameters import (
    read_bootstrap,
    read_configurations,
    read_protocol,
)
from stages.classification.train import predictions, summary, train
from studies.sclc_liver.parameters import Racing


def distribution(design: Racing, inputs: dict, params: Path) -> dict:
    """Repeat every configuration of the booster.

    Parameters
    ----------
    design : Racing
        Numbers of threads, and repeats of each.
    inputs : dict
        Release to the paths of its ``table`` and ``selected`` features.
    params : Path

    Returns
    -------
    dict
        Release, threads, configuration and metric to ``repeats``, the number of ``distinct``
        values and ``counts`` of the bootstrap means, rounded to two decimals.
    """
    settings, bootstrap, found = read_protocol(params, "as-released"), read_bootstrap(params), {}
    boosters = {name: configuration for name, configuration in read_configurations(params).items()
                if configuration.model == "XGB"}
    for release, paths in inputs.items():
        features = data.read_selected(paths["selected"])
        sets = data.train_and_test(data.read_table(paths["table"], features), features)
        for threads in design.threads:
            booster = settings.models["XGB"] | {"n_jobs": threads}
            raced = replace(settings, models=settings.models | {"XGB": booster})
            samples = []
            for _ in tqdm(range(design.repeats), unit="repeat", desc=f"{threads} thread(s)"):
                samples.append(_repeat(sets, raced, boosters, bootstrap))
            found.setdefault(release, {})[f"threads {threads}"] = _count(pd.DataFrame(samples))
    return found


def _repeat(sets, settings, boosters, bootstrap) -> dict[str, float]:
    predicted, row = [], {}
    for name, configuration in boosters.items():
        trained = train(*sets, settings, configuration)
        predicted.append(predictions(name, trained, sets[1]))
        validation = summary(trained, sets[1])["cross_validation"]
        for metric, values in validation.items():
            row |= {f"models/{name}/{metric}/{key}": float(value) for key, value in values.items()}
    for name, metrics in summarise(pd.concat(predicted), bootstrap).items():
        for metric, values in metrics.items():
            row |= {f"bootstrap/{name}/{metric}/{key}": float(values[key])
                    for key in ("mean", "low", "high")}
    return row


def _count(samples: pd.DataFrame) -> dict:
    found = {}
    for name in samples:
        values = samples[name].dropna()
        counts = Counter(f"{value:.2f}" for value in values)
        found[name] = {"repeats": len(samples), "distinct": int(values.nunique()),
                       "counts": dict(sorted(counts.items()))}
    return found
