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
from stages.classification.select import select
from stages.classification.select import summary as selection_summary
from stages.classification.train import Trained, predictions, summary, test_of_folds, train
from stages.common import cli
from stages.common.columns import FEATURES, GROUP
from stages.common.errors import InputError
from stages.common.parameters import section
from studies.sclc_liver import forest, kernels
from studies.sclc_liver.failure import analyse
from studies.sclc_liver.parameters import Sensitivity, read_sensitivity

RELEASED, REVERSED, SORTED, PERMUTED = "released", "reversed", "sorted", "permuted"
DETERMINISTIC_UPDATER = "coord_descent"
LINEAR, BOOSTER, SHOTGUN, FOREST = "linear", "booster", "shotgun", "forest"
SEARCH_LR, SEARCH_RF, SEARCH_XGB = "search-LR", "search-RF", "search-XGB"
TASKS = (LINEAR, BOOSTER, SHOTGUN, FOREST, SEARCH_LR, SEARCH_RF, SEARCH_XGB)
# Tasks that grow forests: whole once, then confirmed (`studies.sclc_liver.forest`).
GROWING = (FOREST, SEARCH_RF)

# What is kept of each summary: the parts that published numbers come from.
MODEL_PARTS = ("cross_validation", "test", "test_percent")
FOLD_PARTS = ("mean", "sd")
BOOTSTRAP_PARTS = ("mean", "low", "high", "sd")
SELECTION_PARTS = ("candidates", "selected", "families", "rank")
# The paper analyses the failures of this configuration alone, and prints the scores of its folds.
HEADLINE_MODEL = "LR"


@dataclass(frozen=True)
class Variation:
    """One way to compute the same thing.

    Attributes
    ----------
    task : str
        ``linear`` (selection, logistic regression, linear booster), ``booster`` (the linear booster
        with the deterministic updater), ``shotgun`` (with its default updater, in one thread),
        ``forest``, ``search-LR``, ``search-RF`` or ``search-XGB`` (search of the class weight).
    release, kernel : str
    threads : int
        Of OpenBLAS; also those of the booster in ``booster`` and of the trees in ``forest``.
    order : str
        Of the columns: ``released``, ``reversed``, ``sorted`` or ``permuted-N``.
    noise : int
        0, or the number of a seeded table whose features are off by at most one unit in the last
        place.
    """

    task: str
    release: str
    kernel: str
    threads: int
    order: str
    noise: int

    @property
    def forests(self) -> str:
        """Name of the forests that no kernel and no thread enters."""
        return f"{self.task} {self.release} {self.order} {self.noise}"


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


def reorder(features: list[str], order: str, seed: int) -> list[str]:
    """Return the features in the named order.

    Examples
    --------
    >>> reorder(["b", "c", "a"], "reversed", 0), reorder(["b", "c", "a"], "sorted", 0)
    (['a', 'c', 'b'], ['a', 'b', 'c'])
    """
    name, _, number = order.partition("-")
    if name == PERMUTED:
        generator = np.random.default_rng([seed, int(number)])
        return [features[index] for index in generator.permutation(len(features))]
    return {RELEASED: list(features), REVERSED: features[::-1], SORTED: sorted(features)}[name]


def jitter(values: np.ndarray, noise: int, seed: int) -> np.ndarray:
    """Move each value by -1, 0 or 1 unit in the last place, at random; ``noise`` 0 moves nothing.

    Parameters
    ----------
    values : ndarray of float64
    noise : int
        Number of the table.
    seed : int
    """
    if not noise:
        return values
    step = np.random.default_rng([seed, noise, 1]).integers(-1, 2, size=values.shape)
    moved = np.nextafter(values, np.where(step > 0, np.inf, -np.inf))
    return np.where(step == 0, values, moved)


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
        Features that the selection stage kept: every variation fits these. (The selection is
        varied by itself, on all features.)
    variation : Variation
    settings : Settings
    known : Grown, optional
        Forests of the same name (`Variation.forests`), to be confirmed.

    Returns
    -------
    list of [source, path, value]
        Named as in the metrics files of the stages that are varied.
    Grown or None
        The forests, where this variation grew them whole.
    """
    seed = settings.sweep.seed
    table = table.copy()
    table[list(FEATURES)] = jitter(table[list(FEATURES)].to_numpy(float), variation.noise, seed)
    features = reorder(selected, variation.order, seed)
    if variation.task in (SEARCH_LR, SEARCH_RF, SEARCH_XGB):
        return _search(table, features, variation, settings, known)
    released, sets = settings.released, data.train_and_test(table, features)
    if variation.task == FOREST:
        chosen = dict(sorted(_of(settings, forest.MODEL).items()))

        def evaluate(probabilities: list) -> list[list]:
            trained = forest.outcomes(probabilities, sets[0], released, chosen)
            return _evaluate(trained, sets[1], settings)

        return forest.repeat(known, sets, forest.fits(*sets, released, chosen),
                             released.models[forest.MODEL], variation.threads,
                             settings.sweep.forest.witnesses, evaluate)
    if variation.task == BOOSTER:
        booster = released.models["XGB"] | {"updater": DETERMINISTIC_UPDATER,
                                            "n_jobs": variation.threads}
        released = replace(released, models=released.models | {"XGB": booster})
    chosen = ("LR", "XGB") if variation.task == LINEAR else ("XGB",)
    trained = {name: train(*sets, released, configuration)
               for name, configuration in sorted(_of(settings, *chosen).items())}
    rows = _evaluate(trained, sets[1], settings)
    if variation.task == LINEAR:
        rows = _selection(table, variation.order, released.selection, seed) + rows
    return rows, None


def _of(settings: Settings, *chosen: str) -> dict:
    """Return the configurations of these models."""
    return {name: configuration for name, configuration in settings.configurations.items()
            if configuration.model in chosen}


def _selection(table: pd.DataFrame, order: str, settings, seed: int) -> list[list]:
    """Select among all features."""
    candidates = reorder(list(FEATURES), order, seed)
    found = selection_summary(select(*data.train_and_test(table, candidates), settings),
                              len(candidates))
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


def stage() -> None:
    """Carry out the job on standard input."""
    job = json.load(sys.stdin)
    settings, ran = Settings.read(job["params"]), data.kernel()
    if not kernels.is_kernel(job["kernel"], ran):
        raise InputError(f"OpenBLAS runs kernel {ran}, not {job['kernel']}", None,
                         "run the sensitivity stage, which probes them first")
    known = {key: forest.Grown(**grown) for key, grown in job["forests"].items()}
    found = {"rows": [], "forests": {}, "whole": []}
    for item in job["variations"]:
        variation = Variation(**item)
        inputs = job["inputs"][variation.release]
        selected = data.read_selected(inputs["selected"])
        rows, grown = measure(data.read_table(inputs["table"], selected), selected, variation,
                              settings, known.get(variation.forests))
        found["rows"] += [list(asdict(variation).values()) + row for row in rows]
        if grown:
            found["forests"][variation.forests] = asdict(grown)
            found["whole"].append([variation.release, variation.task])
            known.setdefault(variation.forests, grown)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    cli.main(stage)
