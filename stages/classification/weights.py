"""Search the weight of the positive class: fit on group ``train``, score on group ``val``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from stages.classification import data, models, scores
from stages.classification.parameters import read_search
from stages.common import canonical, cli
from stages.common.columns import GROUP
from stages.common.errors import InputError
from stages.common.parameters import choose

SCORED = ("F1", "Accuracy", "AUC")


def evaluate(train_set: data.Split, val_set: data.Split, model: str, parameters: dict,
             weights: np.ndarray) -> pd.DataFrame:
    """Fit one model per weight.

    Parameters
    ----------
    train_set, val_set : Split
        n and m series with the selected features.
    model : str
        A classifier's name.
    parameters : dict
        Its keyword arguments.
    weights : ndarray, shape (k,)

    Returns
    -------
    DataFrame, k rows
        ``weight``, ``F1``, ``Accuracy``, ``AUC``, ``warnings``.
    """
    rows = []
    for weight in tqdm(weights, unit="weight", desc=model):
        estimator = models.make(model, parameters, float(weight))
        messages = models.fit(estimator, train_set.features, train_set.label)
        held_out = models.probability(estimator, val_set.features)
        rows.append(scored(weight, val_set.label, held_out) | {"warnings": "; ".join(messages)})
    return pd.DataFrame(rows)


def scored(weight: float, label: np.ndarray, probability: np.ndarray) -> dict:
    """Return the weight and the scores of its class probabilities, shape (m, 2)."""
    result = scores.score(label, probability.argmax(axis=1), probability[:, 1])
    return {"weight": weight} | {name: result[name] for name in SCORED}


def winners(curve: pd.DataFrame) -> dict:
    """Return, for each score, the first weight that reaches the maximum, and how many share it."""
    found = {}
    for name in SCORED:
        best = curve[name].max()
        reaching = curve.loc[curve[name] == best, "weight"]
        found[name] = {"weight": float(reaching.iloc[0]), "score": float(best),
                       "ties": int(len(reaching)), "last": float(reaching.iloc[-1])}
    return found


def stage() -> None:
    """Command line."""
    parser = data.parser("stages.classification.weights", __doc__, protocol=False)
    parser.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    parser.add_argument("--model", required=True, action="append",
                        help="a name of classification.search.models; repeatable")
    parser.add_argument("--out", type=Path, required=True, help="scores by weight (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="winners (JSON)")
    options = parser.parse_args()
    search = read_search(options.params)
    features = data.read_selected(options.selected)
    table = data.read_table(options.table, features)
    train_set = data.split(table, table[GROUP] == "train", features)
    val_set = data.split(table, table[GROUP] == "val", features)
    if not len(val_set.label):
        raise InputError("the val group is empty", options.table,
                         f"give some patients the value 'val' in column '{GROUP}'")
    for model in options.model:
        models.check(model, choose(search.models, model, "model"),
                     f"classification.search.models.{model}", options.params, search.start)
    curves, found = [], {}
    for model in options.model:
        curve = evaluate(train_set, val_set, model, search.models[model],
                         np.array(search.values()))
        curve.insert(0, "model", model)
        curves.append(curve)
        found[model] = winners(curve)
    canonical.write_csv(options.out, pd.concat(curves))
    canonical.write_json(options.summary,
                         {"run": data.run_of(options, "as-released"), "winners": found})


if __name__ == "__main__":
    cli.main(stage)
