"""Check three points of the released procedure on its own training set and predictions.

Folds: how many held-out series have another series of the same study, or patient, among the series
that the fold model was trained on. Intervals: the released models' test scores when whole patients
are drawn instead of one series per study. Weights: which weight of the positive class gives a
printed row of Suppl. Table 3, and whether it gives the same row of Suppl. Table 2.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import bootstrap, data
from stages.classification.corrected.scores import draw_patients, interval
from stages.classification.parameters import (
    Bootstrap,
    Configuration,
    Folds,
    Protocol,
    protocol,
    read_bootstrap,
    read_configurations,
    read_protocols,
)
from stages.classification.train import fold_indices, summary, train
from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.printed import rounds
from studies.sclc_liver.fits import TEXTS
from studies.sclc_liver.scan import NAMES, by_weight

UNITS = ("studies", "patients")
# Column of a printed table to its name in the bootstrap's and the cross-validation's results.
BOUNDS = {"value": "mean", "low": "low", "high": "high"}
CROSS_VALIDATION_BOUNDS = {"value": "mean", "low": "min", "high": "max"}


def overlap(train_set: data.Split, folds: Folds) -> dict:
    """Count held-out series whose study or patient is in the training part of the fold.

    Parameters
    ----------
    train_set : Split
        n series.
    folds : Folds

    Returns
    -------
    dict
        ``held_out`` (over all folds), ``never_held_out`` (series), and for each of `UNITS` the
        count and share of held-out series that share it with the training part.
    """
    times, shared = np.zeros(len(train_set.label), dtype=int), dict.fromkeys(UNITS, 0)
    for inside, outside in fold_indices(folds, train_set.label):
        times[outside] += 1
        for unit in UNITS:
            names = getattr(train_set, unit)
            shared[unit] += int(np.isin(names[outside], names[inside]).sum())
    total = int(times.sum())
    return {"held_out": total, "never_held_out": int((times == 0).sum()),
            **{unit: {"shared": count, "share": count / total} for unit, count in shared.items()}}


def by_patient(predicted: pd.DataFrame, settings: Bootstrap) -> dict:
    """Bootstrap whole patients on the test predictions of one configuration.

    Returns
    -------
    dict
        Score to value on all series and percentile interval.
    """
    arrays = [predicted[name].to_numpy() for name in ("NE_Class", "predicted", "probability")]
    weight = draw_patients(predicted["patient"].to_numpy(), settings.samples, settings.seed)
    values = bootstrap.weighted(weight, *arrays)
    whole = bootstrap.weighted(np.ones((1, len(predicted))), *arrays)
    return {name: {"all_series": float(whole[name][0])} | interval(sample, settings.level)
            for name, sample in values.items()}


def printed_row(path: Path, row: str) -> dict[tuple[str, str], str]:
    """Read a printed row: (metric, bound) to the number as printed.

    Raises
    ------
    InputError
        If the table has no such row.
    """
    table = canonical.read_csv(path, ("row", "metric", *BOUNDS), dtype=str, keep_default_na=False)
    cells = {(entry["metric"], bound): entry[bound]
             for entry in table[table["row"] == row].to_dict("records")
             for bound in BOUNDS if entry[bound]}
    if not cells:
        raise InputError(f"has no row {row}", path, "name a row of the table with --row")
    return cells


def agreement(found: dict, printed: dict, bounds: dict) -> int:
    """Count the printed numbers to which results round; ``bounds`` names the result of a column."""
    count = 0
    for (metric, bound), number in printed.items():
        if metric in found:
            count += rounds(found[metric][bounds[bound]], number)
    return count


def scores(predicted: pd.DataFrame, settings: Bootstrap, printed: dict) -> dict:
    """Bootstrap what each weight of the search predicts (`studies.sclc_liver.scan`).

    Returns
    -------
    dict
        Weight (as text) to the count of printed numbers that it gives, its mean sensitivity,
        specificity and AUC.
    """
    scored = bootstrap.summarise(predicted, settings)
    return {weight: {
        "equal": agreement(scored[weight], printed, BOUNDS),
        **{name: scored[weight][name]["mean"] for name in ("Sensitivity", "Specificity", "AUC")}}
        for weight in sorted(scored, key=float)}


def best_weights(scan: dict, printed: dict) -> dict:
    """Return the weights that give the most printed numbers, and the least with that sensitivity."""
    most = max(entry["equal"] for entry in scan.values())
    sensitivity = printed["Sensitivity", "value"]
    reaching = [float(weight) for weight, entry in scan.items()
                if rounds(entry["Sensitivity"], sensitivity)]
    return {"numbers": len(printed), "most_equal": most,
            "weights": [float(weight) for weight, entry in scan.items() if entry["equal"] == most],
            "least_weight_with_printed_sensitivity": min(reaching, default=None)}


def cross_validated(sets, released: Protocol, weights: list[float], printed: dict) -> dict:
    """Count the printed cross-validation numbers that each weight gives.

    Returns
    -------
    dict
        ``numbers`` and, under ``equal``, weight (as text) to count.
    """
    scored = {key: number for key, number in printed.items() if key[0] in ("F1", "AUC")}
    found = {}
    for weight in weights:
        trained = train(*sets, released, Configuration("LR", weight))
        found[repr(weight)] = agreement(summary(trained, sets[1])["cross_validation"], scored,
                                        CROSS_VALIDATION_BOUNDS)
    return {"numbers": len(scored), "equal": found}


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.audit", __doc__, protocol=False)
    parser.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    parser.add_argument("--predictions", type=Path, required=True, help="predictions.csv")
    parser.add_argument("--weights", type=Path, required=True,
                        help="probabilities with every weight of the search (CSV)")
    parser.add_argument("--published", type=Path, required=True, help="Suppl. Table 3 (CSV)")
    parser.add_argument("--published-folds", type=Path, required=True,
                        help="Suppl. Table 2 (CSV)")
    parser.add_argument("--row", default="LR_AUC", help="row of both")
    parser.add_argument("--out", type=Path, required=True, help="findings (JSON)")
    options = parser.parse_args()
    protocols, settings = read_protocols(options.params), read_bootstrap(options.params)
    released = protocol(protocols, "as-released")
    configurations = read_configurations(options.params)
    features = data.read_selected(options.selected)
    sets = data.train_and_test(data.read_table(options.table, features), features)
    predicted = canonical.read_csv(options.predictions, (
        "configuration", "series", "patient", "NE_Class", "predicted", "probability"))
    printed = printed_row(options.published, options.row)
    weights = by_weight(canonical.read_csv(options.weights, NAMES, dtype=TEXTS))
    own = float(configurations[options.row].weight)
    if repr(own) not in set(weights["configuration"]):
        raise InputError(f"holds no weight {own}, that of {options.row}", options.weights,
                         "search a grid that has it")
    scan = scores(weights, settings, printed)
    best = best_weights(scan, printed)
    folds = cross_validated(sets, released, [own, *best["weights"]],
                            printed_row(options.published_folds, options.row))
    canonical.write_json(options.out, {
        "run": data.run_of(options, "as-released"),
        "folds": {name: overlap(sets[0], item.folds) for name, item in protocols.items()},
        "patients": {name: by_patient(part, settings)
                     for name, part in predicted.groupby("configuration", sort=True)},
        "weights": {options.row: best | {"stated": {"weight": own} | scan[repr(own)],
                                         "cross_validation": folds}}})


if __name__ == "__main__":
    cli.main(stage)
