"""The model card of a network and the classifiers that were trained on its masks.

Sections and their names after Mitchell et al. 2019 (Model Cards for Model Reporting,
doi:10.1145/3287560.3287596), and the ranges of the training series, with which
`stages.classification.apply` compares each new one. Every number comes from the models, their training
table and their test predictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import applicability, apply, bootstrap, data, models
from stages.classification.corrected.scores import draw_patients
from stages.classification.parameters import Bootstrap, read_bootstrap, read_configurations
from stages.common import canonical, cli, origin
from stages.common.columns import SPACING
from stages.common.errors import InputError

NETWORK = "model.json"
# The configurations with the weights of their own cohort (stages.classification.train_on_cohort).
OWN = "configurations.json"
SOURCES = {"phantom": "synthetic CT (phantoms)", "lits": "LiTS", "own": "an own cohort"}
UNKNOWN = "data that its folder does not name"
SYNTHETIC = "phantom"
PREDICTED = ("configuration", "series", "study", "patient", "NE_Class", "predicted", "probability")
MAKE = "run the pipeline that trained the models again (make demo)"


def counts(series, studies, patients, label: np.ndarray) -> dict[str, int]:
    """Count n series, their studies and patients, and what is positive."""
    patients = np.asarray(patients)
    return {"series": len(series), "studies": len(set(studies)), "patients": len(set(patients)),
            "positive_series": int(np.sum(label)), "negative_series": int(np.sum(label == 0)),
            "patients_with_positives": len(set(patients[label == 1])),
            "patients_with_negatives": len(set(patients[label == 0]))}


def performance(predictions: pd.DataFrame, settings: Bootstrap) -> dict[str, dict]:
    """Score the test predictions of each configuration, with intervals over patients.

    Parameters
    ----------
    predictions : DataFrame
        Columns `PREDICTED`.
    settings : Bootstrap
        Samples, seed and level: patients are drawn anew, each with all its series.

    Returns
    -------
    dict
        Configuration to score to ``value``, ``low``, ``high`` and ``defined``: None where no sample
        (or the test set) defines the score; ``defined`` counts the samples that do.
    """
    found = {}
    for name, part in predictions.groupby("configuration", sort=True):
        drawn = draw_patients(part["patient"].to_numpy(), settings.samples, settings.seed)
        weight = np.vstack([np.ones(len(part)), drawn])
        values = bootstrap.weighted(weight, part["NE_Class"].to_numpy(),
                                    part["predicted"].to_numpy(), part["probability"].to_numpy())
        found[name] = {score: _interval(each, settings.level) for score, each in values.items()}
    return found


def _interval(values: np.ndarray, level: float) -> dict:
    """Return the first value, and the percentile interval of the others."""
    value, sample = values[0], values[1:][~np.isnan(values[1:])]
    low, high = (np.quantile(sample, [(1 - level) / 2, (1 + level) / 2]) if sample.size
                 else (None, None))
    return {"value": value, "low": low, "high": high, "defined": int(sample.size)}


def network(folder: Path) -> dict:
    """Return what a network's own file says of it and its training.

    Raises
    ------
    InputError
        If the file is missing or says too little.
    """
    about = canonical.read_json(folder / NETWORK)
    try:
        trained = about["result"]
        if about.get("kind") == "nnunet":
            settings = about["settings"]
            how = {"kind": "nnunet", "epochs": settings["training"]["epochs"],
                   "spacing_mm": settings["plan"]["spacing_mm"]}
        else:
            how = {"kind": about["network"]["kind"], "epochs": about["network"]["epochs"],
                   "spacing_mm": about["preset"]["prepare"]["spacing_mm"]}
        return {**how,
                "source": about.get(origin.KEY, origin.UNKNOWN),
                "training": list(trained["training"]), "validation": list(trained["validation"]),
                "validation_dice": float(trained["best_dice"])}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"says too little of its training ({error})", folder / NETWORK,
                         "train the network again") from None


def detection(choice: Path, folder: Path) -> dict:
    """Return how the chosen network found the lesions of the test scans.

    Raises
    ------
    InputError
        If the files of metrics are not whole.
    """
    path = folder / "network"
    try:
        path = folder / f"{canonical.read_json(choice)['chosen']}.json"
        found = canonical.read_json(path)
        return {name: found[name] for name in ("scans", "lesions", "sensitivity", "ppv")} | {
            "false_positives_per_scan": found["false_positives_per_scan"]["mean"],
            "lesion_dice": {key: found["lesion_dice"][key] for key in ("median", "min", "max")}}
    except (KeyError, TypeError) as error:
        raise InputError(f"is not whole ({error})", path, MAKE) from None


def texts(classifiers: str, masks: str, shared: int, test: Mapping) -> dict[str, dict]:
    """Return the sections in words, as the origin of the training data has it.

    Parameters
    ----------
    classifiers, masks : str
        Source of the classifiers' and the network's training data.
    shared : int
        Training series of the classifiers on which the network was trained as well.
    test : mapping
        `counts` of the test set.
    """
    synthetic = SYNTHETIC in (classifiers, masks)
    primary = ("To show that the pipeline runs from CT to NE status, on CT that nobody was scanned for."
               if synthetic else
               "Research on CT like those of the training cohort, by those who know that cohort.")
    refused = ["Any decision about a patient: this is no medical device.",
               "Other tumours than liver metastases of small cell lung cancer; other images than CT.",
               "Series with values outside of the ranges of the training series."]
    if synthetic:
        refused.insert(0, "CT of patients: what the models say of them means nothing.")
    caveats = [f"The test set holds {test['patients']} patients, "
               f"{test['patients_with_negatives']} of them with NE-negative series: read the "
               "intervals, not the values.",
               "Whether the probabilities are calibrated was not looked at."]
    if shared:
        caveats.append(f"The network was trained on {shared} of the series that the classifiers were "
                       "trained on: their masks are better than those of a new CT.")
    return {
        "intended_use": {"primary_intended_uses": primary,
                         "primary_intended_users": "Researchers who work on radiomics.",
                         "out_of_scope_use_cases": refused},
        "ethical_considerations": {
            "data": "No person's data." if synthetic else
            "Patients' data: models and card stay where their protocol allows them to be.",
            "groups": "Age, sex and origin are not in the training table: no performance by group, and "
            "no statement on fairness."},
        "caveats_and_recommendations": caveats}


def card(parts: Mapping, settings: Bootstrap) -> dict:
    """Put the card together.

    Parameters
    ----------
    parts : mapping
        ``configurations`` (name to model, weight of the positive class and features), ``source`` (of
        the classifiers), ``network``, ``detection``, ``table`` (training table), ``predictions`` (of
        the test series), ``summary`` (metrics of the training), ``digests`` and ``path`` (of the
        training table, for error messages).
    settings : Bootstrap
    """
    used, net = parts["configurations"], parts["network"]
    together = list(dict.fromkeys(name for one in used.values() for name in one["features"]))
    table, held_out = parts["table"], parts["predictions"]
    training = data.split(table, table["Group"] != "test", together)
    one = held_out[held_out["configuration"] == held_out["configuration"].iloc[0]]
    test = counts(one["series"], one["study"], one["patient"], one["NE_Class"].to_numpy())
    values = applicability.quantities(table[table["Group"] != "test"], together, parts["path"])
    shared = len(set(training.series) & set(net["training"]))
    scores = performance(held_out, settings)
    return {
        "model_details": {
            "classifiers": {"run": parts["summary"]["run"], "features": together,
                            "configurations": used},
            "network": {key: net[key] for key in ("kind", "epochs", "spacing_mm")},
            "digests": parts["digests"]},
        **texts(parts["source"], net["source"], shared, test),
        "factors": {"relevant": ["voxel spacing", "tumour volume", "contrast", "scanner"],
                    "evaluated": [],
                    "spacing_of_training_series_mm": applicability.ranges(
                        values[list(applicability.ACQUISITION)])},
        "metrics": {"measures": list(next(iter(scores.values()))),
                    "decision_threshold": apply.THRESHOLD,
                    "interval": {"kind": "percentile bootstrap", "unit": "patient",
                                 "samples": settings.samples, "level": settings.level}},
        "training_data": {
            "classifiers": {"source": parts["source"], **counts(
                training.series, training.studies, training.patients, training.label)},
            "network": {"source": net["source"], "training_series": len(net["training"]),
                        "validation_series": len(net["validation"])}},
        "evaluation_data": {
            "classifiers": {"source": parts["source"], **test, "patients_also_in_training": len(
                set(one["patient"]) & set(training.patients))},
            "network": {"source": net["source"], "scans": parts["detection"]["scans"]}},
        "quantitative_analyses": {
            "test": scores,
            "cross_validation": {name: parts["summary"]["configurations"][name]["cross_validation"]
                                 for name in sorted(used)},
            "network": {"validation_dice": net["validation_dice"], **parts["detection"]}},
        "ranges": applicability.ranges(values)}


def read_predictions(path: Path, names) -> pd.DataFrame:
    """Read the test predictions of these configurations.

    Raises
    ------
    InputError
        If there is none of one of them, or one is not whole.
    """
    found = canonical.read_csv(path, PREDICTED, dtype={name: str for name in PREDICTED[:4]})
    numbers = found[list(PREDICTED[4:])].apply(pd.to_numeric, errors="coerce")
    whole = (found[list(PREDICTED[:4])].notna().all(axis=1) & numbers["probability"].between(0, 1)
             & numbers[["NE_Class", "predicted"]].isin((0, 1)).all(axis=1))
    if not whole.all():
        raise InputError(f"line {2 + int(np.argmin(whole))} is no whole prediction", path, MAKE)
    for name in names:
        if name not in set(found["configuration"]):
            raise InputError(f"has no prediction of {name}", path, MAKE)
    return found[found["configuration"].isin(names)]


def configurations(classifiers: Path, params: Path) -> dict[str, dict]:
    """Return model, weight of the positive class, number of fitted models and features, by name.

    Raises
    ------
    InputError
        If a configuration is not one of the parameters.
    """
    known, used = read_configurations(params), {}
    recorded = classifiers / OWN
    own = canonical.read_json(recorded) if recorded.is_file() else {}
    for folder in apply.configurations(classifiers):
        if folder.name not in known:
            raise InputError(f"'{folder.name}' is no configuration of the parameters", classifiers,
                             f"valid: {', '.join(sorted(known))}")
        used[folder.name] = {
            "model": known[folder.name].model,
            "weight": own.get(folder.name, vars(known[folder.name]))["weight"],
            "members": len(models.stored(folder)), "features": apply.features(folder)}
    return used


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.classification.card", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--classifiers", type=Path, required=True, help="folder of the classifiers")
    parser.add_argument("--network", type=Path, required=True, help="folder of the network")
    parser.add_argument("--table", type=Path, required=True, help="their training table (CSV)")
    parser.add_argument("--predictions", type=Path, required=True, help="of the test series (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="scores of the training (JSON)")
    parser.add_argument("--choice", type=Path, required=True, help="which network was taken (JSON)")
    parser.add_argument("--detection", type=Path, required=True, help="folder of networks' scores")
    parser.add_argument("--out", type=Path, required=True, help="the card (JSON)")
    options = parser.parse_args()
    used = configurations(options.classifiers, options.params)
    summary = canonical.read_json(options.summary)
    if not isinstance(summary, dict) or not isinstance(summary.get("configurations", {}), dict):
        raise InputError("is no summary of a training", options.summary, MAKE)
    missing = [name for name in used if name not in summary.get("configurations", {})]
    if missing or "run" not in summary:
        raise InputError(f"says nothing of {', '.join(missing) or 'its run'}", options.summary, MAKE)
    parts = {
        "configurations": used, "source": origin.read(options.classifiers),
        "network": network(options.network), "detection": detection(options.choice, options.detection),
        "table": data.read_table(options.table, (SPACING,)), "path": options.table,
        "predictions": read_predictions(options.predictions, used), "summary": summary,
        "digests": {"classifiers": applicability.digest(options.classifiers),
                    "network": applicability.digest(options.network)}}
    settings = read_bootstrap(options.params)
    try:
        content = canonical.json_bytes(card(parts, settings))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"no card can be made of this network, the summary {options.summary} and the "
                         f"scores below {options.detection} ({type(error).__name__}: {error})",
                         options.network, MAKE) from None
    canonical.write_bytes(options.out, content)


if __name__ == "__main__":
    cli.main(stage)
