"""Fit the released logistic regression with every weight of the search, and predict the test series.

What it writes has a row for each series and a column for each weight: the probability that the series
is positive.
"""

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
from stages.common import canonical, cli
from studies.sclc_liver import fits

MODEL = "LR"
NAMES = ("series", "study", "patient", "NE_Class")


def scan(train_set: data.Split, test_set: data.Split, released: Protocol,
         search: Search) -> pd.DataFrame:
    """Return the probability of each test series (rows) by weight (columns, as text)."""
    found = {}
    for weight in tqdm(search.values(), unit="weight"):
        estimator = models.make(MODEL, released.models[MODEL], float(weight))
        models.fit(estimator, train_set.features, train_set.label)
        found[repr(float(weight))] = models.probability(estimator, test_set.features)[:, 1]
    names = (test_set.series, test_set.studies, test_set.patients, test_set.label)
    return fits.numbered(pd.DataFrame(dict(zip(NAMES, names)) | found))


def by_weight(table: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions as the train stage writes them, each weight a configuration."""
    rows = table.melt(NAMES, var_name="configuration", value_name="probability")
    return rows.assign(predicted=(rows["probability"] > 0.5).astype(int))


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.scan", __doc__, protocol=False)
    parser.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="probabilities by weight (CSV)")
    options = parser.parse_args()
    features = data.read_selected(options.selected)
    sets = data.train_and_test(data.read_table(options.table, features), features)
    canonical.write_csv(options.out, scan(*sets, read_protocol(options.params, "as-released"),
                                          read_search(options.params)))


if __name__ == "__main__":
    cli.main(stage)
