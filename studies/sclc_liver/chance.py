"""Published test predictions against chance, and the AUC that these patients could have shown.

P is that of a fixed model (`tested`), and the same corrected as if the best of the compared models
were reported. The converged logistic regression takes the place of the released one in a second
comparison. Beside each stands the true AUC that the test needs for the wanted power (`needed`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import bootstrap, data
from stages.classification.corrected import scores as corrected_scores
from stages.classification.parameters import Bootstrap, read_bootstrap
from stages.common import canonical, cli
from studies.sclc_liver import power, tested
from studies.sclc_liver.label_permutation import compare, dealt

CURVES = ("scores", "rule", "AUC", "power", "se")


def describe(scores: np.ndarray, test: data.Split, models: tuple[str, ...], deals: np.ndarray,
             settings: Bootstrap) -> dict:
    """Return, by model, AUC, interval over patients, P values and likeness within patients."""
    weight = corrected_scores.draw_patients(test.patients, settings.samples, settings.seed)
    found = {}
    for name, row, entry in zip(models, scores, compare(scores, test.label, deals)):
        sampled = bootstrap.weighted(weight, test.label, test.label, row)["AUC"]
        alike = power.likeness(row, test.patients, test.studies, test.label)
        found[name] = entry | {"patients": corrected_scores.interval(sampled, settings.level),
                               "likeness": {"patient": alike.patient, "study": alike.study}}
    return found


def smallest(curves: pd.DataFrame, wanted: float) -> dict[str, dict]:
    """Return, by scores and rule, the smallest AUC with the wanted power (`power.smallest`).

    Parameters
    ----------
    curves : DataFrame
        As `studies.sclc_liver.needed` writes them.
    wanted : float
    """
    found: dict[str, dict] = {}
    for (name, rule), part in curves.groupby(["scores", "rule"], sort=False):
        rows = part.to_dict("records")
        found.setdefault(name, {})[rule] = power.smallest(rows, wanted) | {
            "found_without_effect": rows[0]["power"]}
    return found


def stage() -> None:
    """Command line."""
    parser = tested.parser("studies.sclc_liver.chance", __doc__)
    parser.add_argument("--curves", type=Path, required=True, help="power curves (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="tests and AUCs needed (JSON)")
    options = parser.parse_args()
    resampling = read_bootstrap(options.params)
    given = tested.read(options)
    settings, test, models = given.settings.chance, given.test, given.settings.chance.models
    deals = dealt(test.patients, test.studies, test.label, settings.permutations, settings.seed)
    curves = canonical.read_csv(options.curves, CURVES, dtype={"scores": str, "rule": str})
    canonical.write_json(options.out, {
        "run": data.run_of(options, "as-released"), "permutations": settings.permutations,
        "compared": list(models), "reported": models[0],
        "not_counted": sorted(set(given.settings.configurations) - set(models)),
        "numbers": {"series": len(test.label), "studies": len(np.unique(test.studies)),
                    "patients": len(np.unique(test.patients)),
                    "patients_in_training_and_test": given.shared,
                    "patients_with_negatives": len(np.unique(test.patients[test.label == 0]))},
        "models": {name: describe(rows, test, models, deals, resampling)
                   for name, rows in given.scores.items()},
        "power": {"wanted": settings.power.wanted, "level": settings.power.level,
                  "simulations": settings.power.simulations},
        "declared": [f"{item.patient:g}-{item.study:g}" for item in settings.power.likenesses],
        "smallest": smallest(curves, settings.power.wanted)})


if __name__ == "__main__":
    cli.main(stage)
