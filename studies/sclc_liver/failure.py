"""Analyse which test predictions fail: NE score, agreement within a study (Results, Figure 5)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import data
from stages.common import canonical, cli
from stages.common.parameters import section


def scores_by_outcome(part: pd.DataFrame) -> dict:
    """Summarise NE scores of correct and incorrect predictions (n test series)."""
    correct = part["predicted"] == part["NE_Class"]
    found = {}
    for name, rows in (("correct", correct), ("incorrect", ~correct)):
        values = part.loc[rows, "NE_Score"].to_numpy()
        found[name] = {"n": len(values)}
        if len(values):
            found[name] |= {"NE_min": values.min(), "NE_max": values.max(),
                            "NE_mean": values.mean(), "NE_median": np.median(values)}
    return found


def agreement(part: pd.DataFrame) -> dict:
    """Count studies by whether their series are predicted correctly.

    Returns
    -------
    dict
        ``both_correct``, ``both_incorrect``, ``discordant`` over studies with several series;
        ``single_correct``, ``single_incorrect`` over the others.
    """
    correct = (part["predicted"] == part["NE_Class"]).groupby(part["study"])
    share, size = correct.mean(), correct.size()
    several = size > 1
    return {"studies": len(size), "several_series": int(several.sum()),
            "both_correct": int((several & (share == 1)).sum()),
            "both_incorrect": int((several & (share == 0)).sum()),
            "discordant": int((several & (share > 0) & (share < 1)).sum()),
            "single_correct": int((~several & (share == 1)).sum()),
            "single_incorrect": int((~several & (share == 0)).sum())}


def errors_by_distance(part: pd.DataFrame, boundary: float) -> list[dict]:
    """Return the misclassified series, nearest to the score boundary first."""
    wrong = part[part["predicted"] != part["NE_Class"]].copy()
    wrong["distance"] = (wrong["NE_Score"] - boundary).abs()
    columns = ["series", "NE_Score", "NE_Class", "predicted", "probability", "distance"]
    return wrong.sort_values(["distance", "series"])[columns].to_dict("records")


def analyse(predictions: pd.DataFrame, boundary: float) -> dict:
    """Analyse every configuration; ``boundary`` is the NE score that divides the classes."""
    return {name: {"scores": scores_by_outcome(part), "agreement": agreement(part),
                   "misclassified": errors_by_distance(part, boundary)}
            for name, part in predictions.groupby("configuration", sort=True)}


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.failure", __doc__, table=False)
    parser.add_argument("--out", type=Path, required=True, help="analysis (JSON)")
    options = parser.parse_args()
    boundary = section(options.params, "classification.boundary", float)
    columns = ("configuration", "series", "study", "NE_Score", "NE_Class", "predicted")
    predictions = canonical.read_csv(options.predictions, columns)
    canonical.write_json(options.out, {"run": data.run_of(options),
                                       "configurations": analyse(predictions, boundary)})


if __name__ == "__main__":
    cli.main(stage)
