"""Cross-validate the model configurations, make their ensembles, predict the test series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve
from sklearn.model_selection import ShuffleSplit, StratifiedKFold
from tqdm import tqdm

from stages.classification import data, models, scores
from stages.classification.parameters import (
    Configuration,
    Folds,
    Protocol,
    read_configurations,
    read_protocol,
)
from stages.common import canonical, cli
from stages.common.strict import check_choice


@dataclass
class Trained:
    """Outcome of one configuration.

    Attributes
    ----------
    folds : list of dict
        F1, AUC, iterations and warnings of each fold.
    probability : ndarray, shape (m, 2)
        The ensemble's class probabilities on the test series.
    members : dict
        Name to fitted model: ``refit``, or one per fold.
    refit_warnings : list of str
        Warnings of the refit on the whole training set (empty for the mean of the folds).
    refit_iterations : int or None
        Iterations of the refit, where the model counts them.
    fold_probabilities : list of ndarray, shape (m, 2)
        Class probabilities of each fold's own model on the test series.
    """

    folds: list[dict]
    probability: np.ndarray
    members: dict[str, object]
    refit_warnings: list[str] = field(default_factory=list)
    refit_iterations: int | None = None
    fold_probabilities: list[np.ndarray] = field(default_factory=list)


def fold_indices(folds: Folds, label: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (training rows, held-out rows) for each fold of n series."""
    if folds.kind == "shuffle-split":
        splitter = ShuffleSplit(folds.n_splits, test_size=folds.test_size, random_state=folds.seed)
    else:
        splitter = StratifiedKFold(folds.n_splits)
    return splitter.split(np.zeros((len(label), 1)), label)


def train(train_set: data.Split, test_set: data.Split, settings: Protocol,
          configuration: Configuration, order: np.ndarray | None = None) -> Trained:
    """Cross-validate one configuration and predict with its ensemble.

    Parameters
    ----------
    train_set, test_set : Split
        n and m series with the selected features.
    settings : Protocol
        Folds, ensemble rule and model parameters.
    configuration : Configuration
        Model and weight of the positive class.
    order : ndarray of int, shape (n,), optional
        Order in which each fit is given its series; the folds hold the same series whatever it is.

    Notes
    -----
    The released ensemble holds five copies of one model, refitted on the same rows with the same
    seed: they are identical, so one is fitted and counted five times in the average.
    """
    make = lambda: models.make(  # noqa: E731
        configuration.model, settings.models[configuration.model], configuration.weight)
    features, label = train_set.features, train_set.label
    folds, members, probabilities = [], {}, []
    for number, (inside, outside) in enumerate(fold_indices(settings.folds, label)):
        model = make()
        if order is not None:
            inside = order[np.isin(order, inside)]
        messages = models.fit(model, features.iloc[inside], label[inside])
        held_out = models.probability(model, features.iloc[outside])
        result = scores.score(label[outside], held_out.argmax(axis=1), held_out[:, 1])
        folds.append({"fold": number, "F1": result["F1"], "AUC": result["AUC"],
                      "iterations": models.iterations(model), "warnings": messages})
        probabilities.append(models.probability(model, test_set.features))
        if settings.ensemble == "fold-mean":
            members[f"fold{number}"] = model
    if settings.ensemble == "fold-mean":
        return Trained(folds, np.average(probabilities, axis=0), members,
                       fold_probabilities=probabilities)
    model = make()
    given = (features, label) if order is None else (features.iloc[order], label[order])
    messages = models.fit(model, *given)
    copies = [models.probability(model, test_set.features)] * settings.folds.n_splits
    return Trained(folds, np.average(copies, axis=0), {"refit": model}, messages,
                   models.iterations(model), probabilities)


def summary(trained: Trained, test_set: data.Split) -> dict:
    """Return cross-validation mean, minimum and maximum, test scores and confusion matrix."""
    predicted = trained.probability.argmax(axis=1)
    validation = {}
    for metric in ("F1", "AUC"):
        values = np.array([fold[metric] for fold in trained.folds])
        validation[metric] = {"mean": values.mean(), "min": values.min(), "max": values.max()}
    test = scores.score(test_set.label, predicted, trained.probability[:, 1])
    return {"cross_validation": validation, "test": test,
            "test_percent": {name: 100 * value for name, value in test.items()},
            "confusion": scores.confusion(test_set.label, predicted),
            "refit_iterations": trained.refit_iterations,
            "warnings": {"folds": sum(bool(fold["warnings"]) for fold in trained.folds),
                         "refit": trained.refit_warnings}}


def test_of_folds(trained: Trained, test_set: data.Split) -> dict[str, dict]:
    """Return how the folds' own models, each fitted without its held-out part, score the test series.

    Returns
    -------
    dict
        Metric to ``values`` (one per fold), ``mean``, ``sd`` (of a sample: n - 1), ``min``, ``max``;
        NaN where one of the values is.
    """
    each = [scores.score(test_set.label, probability.argmax(axis=1), probability[:, 1])
            for probability in trained.fold_probabilities]
    found = {metric: np.array([score[metric] for score in each]) for metric in scores.METRICS}
    return {metric: {"values": values, "mean": values.mean(), "sd": values.std(ddof=1),
                     "min": values.min(), "max": values.max()} for metric, values in found.items()}


def predictions(name: str, trained: Trained, test_set: data.Split) -> pd.DataFrame:
    """Return one row per test series."""
    return pd.DataFrame({
        "configuration": name, "series": test_set.series, "study": test_set.studies,
        "patient": test_set.patients, "NE_Score": test_set.score, "NE_Class": test_set.label,
        "predicted": trained.probability.argmax(axis=1), "probability": trained.probability[:, 1]})


def roc(name: str, trained: Trained, test_set: data.Split) -> pd.DataFrame:
    """Return the ROC curve on the test series."""
    false, true, _ = roc_curve(test_set.label, trained.probability[:, 1])
    return pd.DataFrame({"configuration": name, "false_positive_rate": false,
                         "true_positive_rate": true})


def fold_table(name: str, trained: Trained) -> pd.DataFrame:
    """Return one row per fold."""
    table = pd.DataFrame(trained.folds)
    table.insert(0, "configuration", name)
    table["iterations"] = table["iterations"].astype("Int64")
    table["warnings"] = table["warnings"].map("; ".join)
    return table


def stage() -> None:
    """Command line."""
    parser = data.parser("stages.classification.train", __doc__)
    parser.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    parser.add_argument("--out", type=Path, required=True,
                        help="folder for folds.csv, predictions.csv and roc.csv")
    parser.add_argument("--models", type=Path, required=True, help="folder for the fitted models")
    parser.add_argument("--summary", type=Path, required=True, help="scores (JSON)")
    options = parser.parse_args()
    settings = read_protocol(options.params, options.protocol)
    configurations = read_configurations(options.params)
    features = data.read_selected(options.selected)
    train_set, test_set = data.train_and_test(data.read_table(options.table, features), features)
    for name, configuration in configurations.items():
        where = f"classification.configurations.{name}"
        check_choice(configuration.model, sorted(settings.models), f"{where}.model", options.params)
        models.check(configuration.model, settings.models[configuration.model], where, options.params,
                     configuration.weight)
    results, folds, predicted, curves, members = {}, [], [], [], {}
    for name, configuration in tqdm(sorted(configurations.items()), unit="model"):
        trained = train(train_set, test_set, settings, configuration)
        results[name] = (summary(trained, test_set)
                         | {"test_of_folds": test_of_folds(trained, test_set)})
        folds.append(fold_table(name, trained))
        predicted.append(predictions(name, trained, test_set))
        curves.append(roc(name, trained, test_set))
        members[name] = trained.members
    for name, fitted in members.items():
        models.store(options.models / name, fitted, features)
    canonical.write_csv(options.out / "folds.csv", pd.concat(folds))
    canonical.write_csv(options.out / "predictions.csv", pd.concat(predicted))
    canonical.write_csv(options.out / "roc.csv", pd.concat(curves))
    canonical.write_json(options.summary, {"run": data.run_of(options), "configurations": results})


if __name__ == "__main__":
    cli.main(stage)
