"""Leakage ladder: cross-validated AUC and F1 of the released models, leak by leak removed.

The released split (series drawn at random, selection on all training series), split by study, split
by patient, and by patient with the selection inside the fold; each over many seeds.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stages.classification import data, models, workers
from stages.classification.leakage_ladder import RUNGS, climb, summarise
from stages.classification.parameters import Leakage, Protocol, read_leakage, read_protocol
from stages.common import canonical, cli


def _climb(task: tuple) -> list[dict]:
    return climb(*task)


def ladder(train: data.Split, test: data.Split, released: Protocol,
           settings: Leakage) -> pd.DataFrame:
    """Return one row per rung, model and seed (see `leakage_ladder.climb`)."""
    hyper = {model: dict(values) for model, values in released.models.items()}
    hyper["RF"]["n_estimators"] = settings.trees
    tasks = [(train, test, released.selection, hyper, settings, seed)
             for seed in settings.seeds.values()]
    rows = [row for rows in workers.spread(_climb, tasks, "seed") for row in rows]
    return pd.DataFrame(rows)


def stage() -> None:
    """Command line."""
    parser = data.parser("stages.classification.leakage", __doc__, protocol=False)
    parser.add_argument("--out", type=Path, required=True, help="scores by rung and seed (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="spread over seeds (JSON)")
    options = parser.parse_args()
    released, settings = read_protocol(options.params, "as-released"), read_leakage(options.params)
    for model, hyper in released.models.items():
        models.check(model, hyper, f"classification.protocols.as-released.models.{model}",
                     options.params)
    train, test = data.train_and_test(data.read_table(options.table))
    rows = ladder(train, test, released, settings)
    canonical.write_csv(options.out, rows)
    canonical.write_json(options.summary, {
        "run": data.run_of(options, "as-released"), "rungs": list(RUNGS),
        "trees": settings.trees, "models": summarise(rows)})


if __name__ == "__main__":
    cli.main(stage)
