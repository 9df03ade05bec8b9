"""Fit the unweighted models."""

from __future__ import annotations

import pandas as pd

from stages.classification import data
from stages.classification.parameters import Protocol
from stages.classification.train import predictions, summary, train
from stages.common.errors import InputError
from studies.sclc_liver.fits import UNWEIGHTED


def fit(train_set: data.Split, test_set: data.Split,
        settings: Protocol) -> tuple[dict[str, dict], pd.DataFrame]:
    """Train the unweighted models under one protocol.

    Returns
    -------
    dict
        Model to its scores (`train.summary`).
    DataFrame
        Predictions of the test series, one row for each model and series.

    Raises
    ------
    InputError
        If there is no feature.
    """
    if train_set.features.empty:
        raise InputError("the selection keeps no feature", "params/classification.yaml",
                         f"lower 'alpha' ({settings.selection.alpha:g})")
    scored, tables = {}, []
    for model, configuration in UNWEIGHTED.items():
        trained = train(train_set, test_set, settings, configuration)
        scored[model] = summary(trained, test_set)
        tables.append(predictions(model, trained, test_set))
    return scored, pd.concat(tables)
