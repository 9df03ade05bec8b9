"""Analyse which test predictions fail, of predictions that are found to be whole before.

Beside `studies.sclc_liver.failure`, on whose bytes the sweeps rest.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import bootstrap, data
from stages.common import canonical, cli
from stages.common.errors import InputError
from studies.sclc_liver import failure

COLUMNS = ("configuration", "series", "study", "NE_Score", "NE_Class", "predicted", "probability")
OF_SERIES = ["study", "NE_Score", "NE_Class"]
FIX = "run the train stage again"


def require(predictions: pd.DataFrame, path) -> None:
    """Refuse what the bootstrap refuses, and series that are told of in two ways.

    Parameters
    ----------
    predictions : DataFrame
        One row per configuration and series, with `COLUMNS`.
    path : path
        Their file, for error messages.

    Raises
    ------
    InputError
        If a row is not whole, a score is none, a configuration lists a series twice or other series
        than the first one does, or a series has two studies, scores or classes.
    """
    bootstrap._check(predictions, path)
    scores = pd.to_numeric(predictions["NE_Score"], errors="coerce")
    if not (sound := scores.between(-1, 1)).all():
        raise InputError(f"line {2 + int(np.argmin(sound))} has no NE score from -1 to 1", path, FIX)
    first = None
    for name, part in predictions.groupby("configuration", sort=True):
        series = part["series"].tolist()
        first = series if first is None else first
        if series != first or len(set(series)) < len(series):
            raise InputError(f"configuration {name} lists a series twice, or other series than the "
                             "first one", path, FIX)
    told = predictions[["series", *OF_SERIES]].drop_duplicates()["series"]
    if told.duplicated().any():
        raise InputError(f"series {told[told.duplicated()].iloc[0]} has two studies, scores or classes",
                         path, FIX)


def stage() -> None:
    """Command line: that of `studies.sclc_liver.failure`."""
    parser = data.parser("studies.sclc_liver.failure_checked", __doc__, table=False)
    parser.add_argument("--out", type=Path, required=True, help="analysis (JSON)")
    options = parser.parse_args()
    require(canonical.read_csv(options.predictions, COLUMNS, dtype=bootstrap.TEXTS),
            options.predictions)
    failure.stage()


if __name__ == "__main__":
    cli.main(stage)
