"""From the paper's protocol, and worse ones, to the corrected: what each step does to the scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.prediction import corrected
from stages.prediction.lesions import Lesions
from stages.prediction.parameters import Corrected, Model, as_tuned, read_corrected, read_models
from studies.gi_liver.synthetic import paper, plan
from studies.gi_liver.synthetic.parameters import read_paper, read_samplers, read_synthetic

# Each keeps what the ones before changed. The paper stands on "patients".
RUNGS = ("lesions", "sampled-after", "patients", "inside", "named", "folds")
SHOWN = ("KNN", "SVM", "RF", "LR")  # with the sampler that the paper's headline has
SAMPLER, BEST = "SMOTE", "best of all"
COLUMNS = ("cohort", "rung", "model", "unit", "AUC", "accuracy", "constant")


def protocols(whole: paper.Protocol) -> dict[str, paper.Protocol]:
    """Return the protocols with one division, from the worst down."""
    inside = replace(whole, settings=replace(whole.settings, filter_rows="training", scale_apart=False))
    return {"lesions": replace(whole, by_patient=False, sample_first=True),
            "sampled-after": replace(whole, by_patient=False), "patients": whole, "inside": inside}


def climb(lesions: Lesions, whole: paper.Protocol, settings: Corrected, models: dict[str, Model],
          seed: int) -> list[dict]:
    """Score a cohort on every rung.

    Parameters
    ----------
    lesions : Lesions
    whole : Protocol
        The paper's.
    settings : Corrected
    models : dict of Model
        Of the corrected protocol.
    seed : int
        Of the paper's one division.

    Returns
    -------
    list of dict
        `COLUMNS` without ``cohort``. On the first four rungs also the greatest area of all cells,
        chosen on the test set; on ``named`` the model that the corrected protocol names, with the
        sampler of the headline.
    """
    rows = []
    for rung, protocol in protocols(whole).items():
        cells = paper.cells(lesions, protocol, seed)
        rows.append({"rung": rung, "model": BEST, "unit": "lesion", **cells[paper.greatest(cells)]})
        rows += [{"rung": rung, "model": name, "unit": "lesion", **cells[name, SAMPLER]}
                 for name in SHOWN]
    named = next(row for row in rows if (row["rung"], row["model"]) == ("inside", settings.named))
    rows.append({**named, "rung": "named"})
    parts = corrected.divisions(lesions, replace(settings, seeds=1))[0]
    for name in SHOWN:
        found = corrected.answer(lesions, parts, name, models[name], settings.seed)
        called = lesions.by_patient(found.score) > found.threshold
        for unit, area, right, label in (
                ("lesion", corrected.lesion_area, (found.score > found.threshold) == lesions.label,
                 lesions.label),
                ("patient", corrected.patient_area, called == lesions.outcome, lesions.outcome)):
            rows.append({"rung": "folds", "model": name, "unit": unit, "AUC": area(lesions, found),
                         "accuracy": float(right.mean()),
                         "constant": float(max(label.mean(), 1 - label.mean()))})
    return rows


def summarise(rows: pd.DataFrame) -> list[dict]:
    """Return mean, spread and standard error over the cohorts of each rung, model and unit."""
    found = []
    for rung in RUNGS:
        part = rows[rows["rung"] == rung]
        for (model, unit), one in part.groupby(["model", "unit"], sort=True):
            area = one["AUC"].to_numpy()
            low, high = np.quantile(area, [0.05, 0.95])
            found.append({"rung": rung, "model": model, "unit": unit, "cohorts": len(one),
                          "AUC": area.mean(), "q05": low, "q95": high,
                          "se": area.std(ddof=1) / np.sqrt(len(one)) if len(one) > 1 else None,
                          "accuracy": one["accuracy"].mean(), "constant": one["constant"].mean(),
                          "below_constant": (one["accuracy"] < one["constant"]).mean()})
    return found


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.synthetic.ladder", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--arm", required=True)
    parser.add_argument("--out", type=Path, required=True, help="scores on each rung (JSON)")
    options = parser.parse_args()
    cohort, settings = read_synthetic(options.params, options.arm), read_corrected(options.params)
    models = read_models(options.params)
    whole = paper.Protocol(models, read_samplers(options.params), read_paper(options.params),
                           cohort.preset.tuning_folds)
    rows, best = [], []
    for number in range(cohort.preset.ladder_cohorts[options.arm]):
        lesions = plan.draw(cohort, number)
        best.append({"all": plan.best(cohort, lesions),
                     "texture": plan.best(cohort, lesions, plan.texture(cohort.plan))})
        rows += [{"cohort": number, **row} for row in climb(
            lesions, whole, settings, as_tuned(models, settings), number)]
    canonical.write_json(options.out, {
        "arm": options.arm, "rungs": summarise(pd.DataFrame(rows, columns=list(COLUMNS))),
        # The plan's own score, mean over the same cohorts.
        "best": {kind: {unit: np.mean([one[kind][unit] for one in best])
                        for unit in ("lesion", "patient")} for kind in ("all", "texture")}})


if __name__ == "__main__":
    cli.main(stage)
