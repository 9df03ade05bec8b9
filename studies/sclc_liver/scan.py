"""Fit the released logistic regression with every weight of the search, and predict the test series."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tqdm import tqdm

from stages.classification import data, models
from stages.classification.parameters import (
    Protocol,
    Search,
    read_protocol,
    read_search,
)
from stages.classification.train import Trained, predictions
from stages.common import canonical, cli

MODEL = "LR"


def scan(train_set: data.Split, test_set: data.Split, released: Protocol,
         search: Search) -> pd.DataFrame:
    """Return the predictions of the test series, each weight (as text) a configuration."""
    found = []
    for weight in tqdm(search.values(), unit="weight"):
        estimator = models.make(MODEL, released.models[MODEL], float(weight))
        models.fit(estimator, train_set.features, train_set.label)
        fitted = Trained([], models.probability(estimator, test_set.features), {})
        found.append(predictions(repr(float(weight)), fitted, test_set))
    return pd.concat(found)


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.scan", __doc__, protocol=False)
    parser.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="predictions by weight (CSV)")
    options = parser.parse_args()
    features = data.read_selected(options.selected)
    sets = data.train_and_test(data.read_table(options.table, features), features)
    canonical.write_csv(options.out, scan(*sets, read_protocol(options.params, "as-released"),
                                          read_search(options.params)))


if __name__ == "__main__":
    cli.main(stage)
