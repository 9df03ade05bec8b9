"""Solve the released logistic regression to its optimum and score it.

The released solver stops before the optimum, and where it stops depends on the machine. The
optimum does not: written with the digits of ``converged.digits``, it is the same on every kernel.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from stages.classification import data, newton, scores
from stages.classification.bootstrap import summarise
from stages.classification.parameters import (
    Bootstrap,
    Configuration,
    Converged,
    Protocol,
    read_bootstrap,
    read_configurations,
    read_converged,
    read_protocol,
)
from stages.classification.train import Trained, fold_indices, predictions, summary
from stages.common import canonical, cli

PARTS = ("cross_validation", "test", "confusion")


def rounded(value, digits: int):
    """Round every float below ``value`` to ``digits`` significant digits.

    Examples
    --------
    >>> rounded({"a": [1 / 3, 12345.678]}, 3)
    {'a': [0.333, 12300.0]}
    """
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item, digits) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.{digits - 1}e}")
    return value


def fit(part: data.Split, rows: np.ndarray, configuration: Configuration, strength: float,
        settings: Converged) -> newton.Solution:
    """Solve one configuration on the given rows of a split."""
    label = part.label[rows]
    return newton.solve(part.features.to_numpy(float)[rows], label,
                        newton.sample_weights(label, configuration.weight), strength,
                        settings.tolerance, settings.iterations)


def train(train_set: data.Split, test_set: data.Split, released: Protocol,
          configuration: Configuration, settings: Converged) -> tuple[Trained, newton.Solution]:
    """Cross-validate and refit one configuration, as `train.train` does, at the optimum.

    Parameters
    ----------
    train_set, test_set : Split
        n and m series with the selected features.
    released : Protocol
        Folds, and C of the released model.
    configuration : Configuration
    settings : Converged
    """
    strength, features = released.models["LR"]["C"], train_set.features.to_numpy(float)
    folds = []
    for number, (inside, outside) in enumerate(fold_indices(released.folds, train_set.label)):
        solution = fit(train_set, inside, configuration, strength, settings)
        held_out = _probability(solution, features[outside], settings)
        result = scores.score(train_set.label[outside], held_out.argmax(axis=1), held_out[:, 1])
        folds.append({"F1": result["F1"], "AUC": result["AUC"], "fold": number,
                      "iterations": None, "warnings": []})
    solution = fit(train_set, np.arange(len(features)), configuration, strength, settings)
    test = _probability(solution, test_set.features.to_numpy(float), settings)
    return Trained(folds, test, {"refit": solution}), solution


def _probability(solution: newton.Solution, features: np.ndarray, settings: Converged):
    """Round before ranking: two series that differ by less than the digits are tied everywhere."""
    positive = np.array(rounded(solution.probability(features)[:, 1].tolist(), settings.digits))
    return np.column_stack([1 - positive, positive])


def describe(train_set: data.Split, test_set: data.Split, released: Protocol,
             configurations: dict[str, Configuration], bootstrap: Bootstrap,
             settings: Converged) -> dict:
    """Return the converged solution and the scores of every logistic configuration."""
    chosen = {name: item for name, item in sorted(configurations.items()) if item.model == "LR"}
    found = {}
    for name, configuration in tqdm(chosen.items(), unit="model"):
        trained, solution = train(train_set, test_set, released, configuration, settings)
        scored = summary(trained, test_set)
        boot = summarise(predictions(name, trained, test_set), bootstrap)
        found[name] = {part: scored[part] for part in PARTS} | {
            "bootstrap": boot[name], "objective": solution.objective,
            "coefficients": dict(zip(train_set.features.columns, solution.coefficients.tolist())),
            "intercept": solution.intercept}
    return rounded(found, settings.digits)


def stage() -> None:
    """Command line."""
    parser = data.parser("stages.classification.converged", __doc__, protocol=False)
    parser.add_argument("--selected", type=Path, required=True, help="selected features (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="optimum and scores (JSON)")
    options = parser.parse_args()
    settings = read_converged(options.params)
    analysis = (read_protocol(options.params, "as-released"), read_configurations(options.params),
                read_bootstrap(options.params))
    features = data.read_selected(options.selected)
    sets = data.train_and_test(data.read_table(options.table, features), features)
    canonical.write_json(options.out, {
        "release": options.release, "significant_digits": settings.digits,
        "relative_step_at_most": settings.tolerance,
        "configurations": describe(*sets, *analysis, settings)})


if __name__ == "__main__":
    cli.main(stage)
