"""Measure the released analysis under numerical variations that should not matter.

As a command: read a job (JSON) from standard input, write its rows (JSON) to standard output. One
process is one OpenBLAS kernel and one number of threads; `stages.classification.sensitivity`
starts it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from stages.classification import data, kernels, weights
from stages.classification.bootstrap import summarise
from stages.classification.failure import analyse
from stages.classification.select import select
from stages.classification.select import summary as selection_summary
from stages.classification.train import predictions, summary, train
from stages.common import canonical, cli
from stages.common.columns import FEATURES, GROUP
from stages.common.errors import InputError
from stages.common.parameters import Classification, Protocol, load, protocol

RELEASED, REVERSED, SORTED, PERMUTED = "released", "reversed", "sorted", "permuted"
DEFAULT_UPDATER, DETERMINISTIC_UPDATER = "shotgun", "coord_descent"
TASKS = ("linear", "booster", "forest", "search")

# What is kept of each summary: the parts that published numbers come from.
MODEL_PARTS = ("cross_validation", "test", "test_percent")
BOOTSTRAP_PARTS = ("mean", "low", "high", "sd")
SELECTION_PARTS = ("candidates", "selected", "families", "rank")
FAILURE_MODEL = "LR"


@dataclass(frozen=True)
class Variation:
    """One way to compute the same thing.

    Attributes
    ----------
    task : str
        ``linear`` (selection, logistic regression, linear booster), ``booster`` (the linear
        booster with the deterministic updater), ``forest`` or ``search`` (weight search).
    release, kernel : str
    threads : int
        Of OpenBLAS; of the booster in ``booster``.
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
            parameters: Classification, seed: int) -> list[list]:
    """Compute one variation.

    Parameters
    ----------
    table : DataFrame
        Canonical cohort table.
    selected : list of str
        Features that the selection stage kept: every variation fits these. (The selection is
        varied by itself, on all features.)
    variation : Variation
    parameters : Classification
    seed : int
        Of permutations and noise.

    Returns
    -------
    list of [source, path, value]
        Named as in the metrics files of the stages that are varied.
    """
    table = table.copy()
    table[list(FEATURES)] = jitter(table[list(FEATURES)].to_numpy(float), variation.noise, seed)
    settings = protocol(parameters, "as-released")
    features = reorder(selected, variation.order, seed)
    if variation.task == "search":
        return _search(table, features, parameters)
    if variation.task == "forest":
        return _configurations(table, features, settings, parameters, ("RF",))
    if variation.task == "booster":
        booster = settings.models["XGB"] | {"updater": DETERMINISTIC_UPDATER,
                                            "n_jobs": variation.threads}
        settings = replace(settings, models=settings.models | {"XGB": booster})
        return _configurations(table, features, settings, parameters, ("XGB",))
    candidates = reorder(list(FEATURES), variation.order, seed)
    found = selection_summary(select(*data.train_and_test(table, candidates), settings.selection),
                              len(candidates))
    rows = [["selection", path[1:], value]
            for path, value in flatten(_part(found, SELECTION_PARTS), "")]
    return rows + _configurations(table, features, settings, parameters, ("LR", "XGB"))


def _configurations(table: pd.DataFrame, features: list[str], settings: Protocol,
                    parameters: Classification, chosen: tuple[str, ...]) -> list[list]:
    """Train and bootstrap the configurations of the chosen models; analyse the failures."""
    train_set, test_set = data.train_and_test(table, features)
    rows, predicted = [], []
    for name, configuration in sorted(parameters.configurations.items()):
        if configuration.model not in chosen or (chosen == ("RF",) and name != "RF"):
            continue  # the forest is a control: its unweighted configuration is enough
        trained = train(train_set, test_set, settings, configuration)
        predicted.append(predictions(name, trained, test_set))
        kept = _part(summary(trained, test_set), MODEL_PARTS)
        rows += [["models", *item] for item in flatten(kept, f"configurations/{name}")]
    predicted = pd.concat(predicted)
    for name, metrics in summarise(predicted, parameters.bootstrap).items():
        for metric, content in metrics.items():
            rows += [["bootstrap", *item] for item in flatten(
                _part(content, BOOTSTRAP_PARTS), f"configurations/{name}/{metric}")]
    failed = analyse(predicted[predicted["configuration"] == FAILURE_MODEL], parameters.boundary)
    return rows + [["failure", *item] for name, content in failed.items()
                   for item in flatten(content, f"configurations/{name}")]


def _search(table: pd.DataFrame, features: list[str], parameters: Classification) -> list[list]:
    parts = [data.split(table, table[GROUP] == name, features) for name in ("train", "val")]
    rows = []
    for model in ("LR", "XGB"):
        curve = weights.evaluate(*parts, model, parameters.search.models[model],
                                 weights.grid(parameters.search))
        for metric, winner in weights.winners(curve).items():
            rows.append(["weights", f"winners/{model}/{metric}/weight", winner["weight"]])
    return rows


def stage() -> None:
    """Carry out the job on standard input."""
    job = json.load(sys.stdin)
    parameters = load(job["params"])
    ran, rows = data.kernel(), []
    if not kernels.is_kernel(job["kernel"], ran):
        raise InputError(f"OpenBLAS runs kernel {ran}, not {job['kernel']}", None,
                         "run the sensitivity stage, which probes them first")
    for item in job["variations"]:
        variation = Variation(**item)
        inputs = job["inputs"][variation.release]
        selected = data.read_selected(inputs["selected"])
        table = data.read_table(inputs["table"], selected)
        rows += [list(asdict(variation).values()) + row for row in measure(
            table, selected, variation, parameters.classification, parameters.sensitivity.seed)]
    sys.stdout.write(canonical.json_bytes(rows).decode())


if __name__ == "__main__":
    cli.main(stage)
