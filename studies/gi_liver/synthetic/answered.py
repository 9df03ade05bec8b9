"""What a network said of patients that it has not seen, beside what was to be known of them.

Both go through the scoring of the corrected protocol: a patient's score is the mean of his lesions',
and intervals are from a bootstrap over patients, in which the networks stay as they are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.prediction import judge
from stages.prediction.corrected import Answer
from stages.prediction.lesions import Lesions
from stages.prediction.parameters import Corrected, read_corrected

CHOICES = ("nested", "described")
PREDICTED = ("patient", "lesion", "label", "fold", *CHOICES)
PLANNED = ("patient", "label", "amplitude_hu")


def scored(table: pd.DataFrame, column: str, threshold: float, settings: Corrected) -> dict:
    """Return areas with intervals, and accuracies, by patient and by lesion.

    Parameters
    ----------
    table : DataFrame
        One row for each lesion: ``patient``, ``label``, ``fold`` (only patients of the same fold are
        compared), and its score.
    column : str
        The score.
    threshold : float
        Above it a lesion, or a patient, is called positive.
    settings : Corrected
        ``samples``, ``level`` and ``seed``.
    """
    number = pd.factorize(table["patient"])[0]
    first = table.iloc[np.unique(number, return_index=True)[1]]
    lesions = Lesions(table[[column]].to_numpy(float), (column,), number, first["label"].to_numpy(int))
    return judge.describe(lesions, settings, [
        Answer(table[column].to_numpy(float), threshold, first["fold"].to_numpy(int))])


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.synthetic.answered", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--planned", type=Path, required=True, help="the arm's lesions (CSV)")
    parser.add_argument("--network", type=Path, required=True, help="what the network said (folder)")
    parser.add_argument("--out", type=Path, required=True, help="areas with intervals (JSON)")
    options = parser.parse_args()
    settings = read_corrected(options.params)
    said = canonical.read_csv(options.network / "predictions.csv", PREDICTED, dtype={"patient": str})
    lesions = said.groupby(["patient", "lesion", "label", "fold"], sort=False)[list(CHOICES)].mean()
    lesions = lesions.reset_index()
    planned = canonical.read_csv(options.planned, PLANNED, dtype={"patient": str})
    known = scored(planned.assign(fold=0), "amplitude_hu", planned["amplitude_hu"].median(), settings)
    patients = lesions.drop_duplicates("patient")["label"]
    canonical.write_json(options.out, {
        "patients": len(patients), "lesions": len(lesions), "slices": len(said),
        "folds": int(said["fold"].nunique()), "level": settings.level,
        "constant": {unit: float(max(label.mean(), 1 - label.mean()))
                     for unit, label in (("patient", patients), ("lesion", lesions["label"]))},
        # The amplitude of the texture as it was drawn for these very lesions, with nothing to learn.
        "amplitude": {unit: {name: one[name] for name in ("AUC", "low", "high")}
                      for unit, one in known.items()},
        **{column: scored(lesions, column, 0.5, settings) for column in CHOICES}})


if __name__ == "__main__":
    cli.main(stage)
