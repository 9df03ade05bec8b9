"""The released forest with other seeds: everything else, the order of the columns too, as released."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from stages.classification import data
from stages.classification.bootstrap import summarise
from stages.classification.parameters import (
    Bootstrap,
    Configuration,
    Protocol,
    Seeds,
    read_bootstrap,
    read_protocol,
)
from stages.classification.train import predictions, summary, train
from stages.common import canonical, cli
from stages.common.parameters import section

MODEL = "RF"


def forests(train_set: data.Split, test_set: data.Split, settings: Protocol, bootstrap: Bootstrap,
            seeds: Seeds) -> dict:
    """Grow the unweighted forest with each seed.

    Parameters
    ----------
    train_set, test_set : Split
        n and m series with the selected features.
    settings : Protocol
    bootstrap : Bootstrap
    seeds : Seeds

    Returns
    -------
    dict
        By score (cross-validated and bootstrapped F1 and AUC): ``values`` in the order of the seeds,
        ``min``, ``median`` and ``max``.
    """
    found = {}
    for seed in tqdm(seeds.values(), unit="seed"):
        forest = settings.models[MODEL] | {"random_state": seed}
        grown = train(train_set, test_set, replace(settings, models=settings.models | {MODEL: forest}),
                      Configuration(MODEL))
        tested = summarise(predictions(MODEL, grown, test_set), bootstrap)[MODEL]
        validated = summary(grown, test_set)["cross_validation"]
        for kind, scores in (("cross_validation", validated), ("bootstrap", tested)):
            for metric in ("F1", "AUC"):
                found.setdefault(kind, {}).setdefault(metric, []).append(scores[metric]["mean"])
    return {kind: {metric: {"values": values, "min": min(values), "median": float(np.median(values)),
                            "max": max(values)} for metric, values in scores.items()}
            for kind, scores in found.items()}


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.seeds", __doc__)
    parser.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="scores by seed (JSON)")
    options = parser.parse_args()
    features = data.read_selected(options.selected)
    sets = data.train_and_test(data.read_table(options.table, features), features)
    seeds = section(options.params, "forest.seeds", Seeds)
    found = forests(*sets, read_protocol(options.params, options.protocol),
                    read_bootstrap(options.params), seeds)
    canonical.write_json(options.out, {"run": data.run_of(options), "seeds": seeds.count} | found)


if __name__ == "__main__":
    cli.main(stage)
