"""Measure the released analysis under numerical variations that should not matter.

As a command: read a job (JSON) from standard input, write its rows (JSON) to standard output. One
process is one OpenBLAS kernel and one number of threads; `studies.sclc_liver.sensitivity`
starts it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import data, weights
from stages.classification.bootstrap import summarise
from stages.classification.parameters import (
    Bootstrap,
    Configuration,
    Protocol,
    Search,
    read_bootstrap,
    read_configurations,
    read_protocol,
    read_search,
)
from stages.classification.select import Selected, select
from stages.classification.select import summary as selection_summary
from stages.classification.train import Trained, predictions, summary, test_of_folds, train
from stages.common import cli
from stages.common.columns import FEATURES, GROUP
from stages.common.errors import InputError
from stages.common.parameters import section
from studies.sclc_liver import forest, kernels, perturb
from studies.sclc_liver.failure import analyse
from studies.sclc_liver.parameters import Sensitivity, read_sensitivity
from studies.sclc_liver.perturb import (
    BOOSTER,
    FOREST,
    LINEAR,
    RACE,
    SEARCH_LR,
    SEARCH_RF,
    SEARCH_XGB,
    Variation,
)

DETERMINISTIC_UPDATER = "coord_descent"

# What is kept of each summary: the parts that published numbers come from.
MODEL_PARTS = ("cross_validation", "test", "test_percent")
FOLD_PARTS = ("mean", "sd")
BOOTSTRAP_PARTS = ("mean", "low", "high", "sd")
SELECTION_PARTS = ("candidates", "selected", "families", "rank")
# The paper analyses the failures of this configuration alone, and prints the scores of its folds.
HEADLINE_MODEL = "LR"


@dataclass(frozen=True)
class Settings:
    """The released analysis, and how it is varied."""

    released: Protocol
    configurations: dict[str, Configuration]
    bootstrap: Bootstrap
    boundary: float
    search: Search
    sweep: Sensitivity

    @classmethod
    def read(cls, path: str | Path) -> Settings:
        """Read them from a parameters file."""
        return cls(read_protocol(path, "as-released"), read_configurations(path),
                   read_bootstrap(path), section(path, "classification.boundary", float),
                   read_search(path), read_sensitivity(path))


def flatten(node: dict, path: str) -> Iterator[tuple[str, float]]:
    """Yield the slash-separated path and the value of every number below ``node``."""
    for key, value in node.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{path}/{key}")
        elif isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
            yield f"{path}/{key}", float(value)


def _part(content: dict, names: tuple[str, ...]) -> dict:
    return {name: content[name] for name in names if name in content}


def measure(table: pd.DataFrame, selected: list[str], variation: Variation,
            settings: Settings, known: forest.Grown | None = None
            ) -> tuple[list[list], forest.Grown | None]:
    """Compute one variation.

    Parameters
    ----------
    table : DataFrame
        Canonical cohort table.
    selected : list of str
        Features that the selection stage kept.
    variation : Variation
    settings : Settings
    known : Grown, optional
        Forests of the same name (`Variation.forests`), to be confirmed.

    Returns
    -------
    list of [source, path, value]
        Named as in the metrics files of the stages that are varied. The numbers of the selection
        rest on all features, those of the fits on the features of ``variation.selection``.
    Grown or None
        The forests, where this variation grew them whole.
    """
    seed = settings.sweep.seed
    varied = perturb.varied(table, variation, seed)
    features = perturb.reorder(perturb.apply(selected, variation.selection), variation.order, seed)
    if variation.task in (SEARCH_LR, SEARCH_RF, SEARCH_XGB):
        return _search(varied, features, variation, settings, known)
    released, sets = settings.released, data.train_and_test(varied, features)
    if variation.task == FOREST:
        chosen = dict(sorted(_of(settings, forest.MODEL).items()))

        def evaluate(probabilities: list) -> list[list]:
            trained = forest.outcomes(probabilities, sets[0], released, chosen)
            return _evaluate(trained, sets[1], settings)

        return forest.repeat(known, sets, forest.fits(*sets, released, chosen),
                             released.models[forest.MODEL], variation.threads,
                             settings.sweep.forest.witnesses, evaluate)
    more = {BOOSTER: {"updater": DETERMINISTIC_UPDATER, "n_jobs": variation.threads},
            RACE: {"n_jobs": variation.threads}}.get(variation.task, {})
    released = replace(released,
                       models=released.models | {"XGB": released.models["XGB"] | more})
    chosen = ("LR", "XGB") if variation.task == LINEAR else ("XGB",)
    order = perturb.row_order(len(sets[0].label), variation.rows, seed)
    trained = {name: train(*sets, released, configuration, order)
               for name, configuration in sorted(_of(settings, *chosen).items())}
    rows = _evaluate(trained, sets[1], settings)
    if variation.task == LINEAR and variation.selection == perturb.RELEASED:
        rows = _selection(table, variation, settings) + rows
    return rows, None


def lasso(table: pd.DataFrame, variation: Variation, settings: Settings) -> Selected:
    """Select among all features under a variation (see `measure`)."""
    seed = settings.sweep.seed
    train_set, test_set = data.train_and_test(
        perturb.varied(table, variation, seed),
        perturb.reorder(list(FEATURES), variation.order, seed))
    return select(perturb.in_order(train_set, variation.rows, seed), test_set,
                  settings.released.selection)


def _of(settings: Settings, *chosen: str) -> dict:
    """Return the configurations of these models."""
    return {name: configuration for name, configuration in settings.configurations.items()
            if configuration.model in chosen}


def _selection(table: pd.DataFrame, variation: Variation, settings: Settings) -> list[list]:
    found = selection_summary(lasso(table, variation, settings), len(FEATURES))
    return [["selection", path[1:], value]
            for path, value in flatten(_part(found, SELECTION_PARTS), "")]


def _evaluate(trained: dict[str, Trained], test_set: data.Split,
              settings: Settings) -> list[list]:
    """Score and bootstrap the fitted configurations; analyse the failures."""
    rows, predicted = [], []
    for name, outcome in trained.items():
        predicted.append(predictions(name, outcome, test_set))
        kept = _part(summary(outcome, test_set), MODEL_PARTS)
        rows += [["models", *item] for item in flatten(kept, f"configurations/{name}")]
    predicted = pd.concat(predicted)
    for name, metrics in summarise(predicted, settings.bootstrap).items():
        for metric, content in metrics.items():
            rows += [["bootstrap", *item] for item in flatten(
                _part(content, BOOTSTRAP_PARTS), f"configurations/{name}/{metric}")]
    if HEADLINE_MODEL in trained:
        for metric, content in test_of_folds(trained[HEADLINE_MODEL], test_set).items():
            rows += [["models", *item] for item in flatten(
                _part(content, FOLD_PARTS),
                f"configurations/{HEADLINE_MODEL}/test_of_folds/{metric}")]
    failed = analyse(predicted[predicted["configuration"] == HEADLINE_MODEL], settings.boundary)
    return rows + [["failure", *item] for name, content in failed.items()
                   for item in flatten(content, f"configurations/{name}")]


def _search(table: pd.DataFrame, features: list[str], variation: Variation,
            settings: Settings, known: forest.Grown | None
            ) -> tuple[list[list], forest.Grown | None]:
    """Search the class weight of one model, as `weights.evaluate` does."""
    search, model = settings.search, variation.task.split("-")[1]
    sets = tuple(data.split(table, table[GROUP] == name, features) for name in ("train", "val"))
    tried = np.array(search.values())
    if variation.task != SEARCH_RF:
        return _winners(model, weights.evaluate(*sets, model, search.models[model], tried)), None

    def evaluate(probabilities: list) -> list[list]:
        return _winners(model, pd.DataFrame([
            weights.scored(weight, sets[1].label, np.array(probability))
            for weight, probability in zip(tried, probabilities, strict=True)]))

    everything = np.arange(len(sets[0].label))
    fits = [forest.Fit(float(weight), everything, sets[1].features) for weight in tried]
    return forest.repeat(known, sets, fits, search.models[model], variation.threads,
                         settings.sweep.search.witnesses, evaluate)


def _winners(model: str, curve: pd.DataFrame) -> list[list]:
    return [["weights", f"winners/{model}/{metric}/weight", winner["weight"]]
            for metric, winner in weights.winners(curve).items()]


def selections(job: dict, settings: Settings) -> list[str]:
    """Return what the LASSO selects under each variation of a job, as `Variation.selection`."""
    tables, found = {}, []
    for variation in (Variation(**item) for item in job["variations"]):
        inputs = job["inputs"][variation.release]
        if variation.release not in tables:
            tables[variation.release] = data.read_table(inputs["table"])
        own = lasso(tables[variation.release], variation, settings).coefficients
        if not own:
            raise InputError(f"the LASSO selects no feature in the order {variation.order}, noise "
                             f"{variation.noise}, rows {variation.rows}", inputs["table"],
                             "select with a smaller alpha")
        found.append(perturb.difference(data.read_selected(inputs["selected"]), set(own)))
    return found


def measurements(job: dict, settings: Settings) -> dict:
    """Return ``rows`` of each variation of a job; ``forests`` and ``whole``: those grown whole."""
    known = {key: forest.Grown(**grown) for key, grown in job["forests"].items()}
    found = {"rows": [], "forests": {}, "whole": []}
    for variation in (Variation(**item) for item in job["variations"]):
        inputs = job["inputs"][variation.release]
        table, selected = data.read_table(inputs["table"]), data.read_selected(inputs["selected"])
        rows, grown = measure(table, selected, variation, settings, known.get(variation.forests))
        found["rows"] += [list(asdict(variation).values()) + row for row in rows]
        if grown:
            found["forests"][variation.forests] = asdict(grown)
            found["whole"].append([variation.release, variation.task])
            known.setdefault(variation.forests, grown)
    return found


def stage() -> None:
    """Carry out the job on standard input."""
    job = json.load(sys.stdin)
    settings, ran = Settings.read(job["params"]), data.kernel()
    if not kernels.is_kernel(job["kernel"], ran):
        raise InputError(f"OpenBLAS runs kernel {ran}, not {job['kernel']}", None,
                         "run the sensitivity stage, which probes them first")
    carry_out = selections if job["what"] == "selections" else measurements
    sys.stdout.write(json.dumps(carry_out(job, settings)))


if __name__ == "__main__":
    cli.main(stage)
