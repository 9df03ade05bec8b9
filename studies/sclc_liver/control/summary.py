"""Optimism of the paper's protocol over public tables, beside what could have been found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import NormalDist

import numpy as np

from studies.sclc_liver.control.claimed import BASIC
from studies.sclc_liver.control.parameters import Control

# Power and one-sided level at which the smallest detectable mean is given.
POWER, LEVEL = 0.8, 0.05
# Difference: (what is claimed, what it is held against, what it shows).
DIFFERENCES = {
    "test-nested": ("test_best_of_three", "nested_best", "best of three on the test group, against "
                    "the best of the nested models"),
    "cross-validated-nested": ("cv_best", "nested_best", "best cross-validated model behind a "
                               "selection on all training rows, against the best nested model"),
    "selection": ("cv_outside", "cv_inside", "selection on all training rows, against selection "
                  "inside the folds (mean of the three models)"),
    "best-of-three": ("test_best_of_three", "test_LR", "best of three on the test group, against "
                      "the logistic regression named beforehand"),
    "best-of-twelve": ("test_best_of_twelve", "test_LR", "best of all configurations on the test "
                       "group, against the logistic regression named beforehand"),
}


def rows_of(run: dict) -> Iterator[dict]:
    """Yield one row for each AUC of a run."""
    for kind in ("nested", "outside", "inside", "test"):
        for model, value in sorted(run[kind].items()):
            yield {"table": run["table"], "labels": run["labels"], "seed": run["seed"],
                   "protocol": kind, "model": model,
                   "AUC": np.nan if value is None else value}


def means(runs: Sequence[dict]) -> dict[str, float]:
    """Return what one table gives with one kind of labels, means over its seeds."""
    def over(pick):
        values = np.array([pick(run) for run in runs], dtype=float)
        return float(np.mean(values[~np.isnan(values)])) if (values == values).any() else np.nan

    nested = [over(lambda run, name=name: run["nested"][name]) for name in sorted(runs[0]["nested"])]
    return {
        "test_best_of_three": over(lambda run: max(run["test"][name] for name in BASIC)),
        "test_best_of_twelve": over(lambda run: max(run["test"].values())),
        "test_LR": over(lambda run: run["test"]["LR"]),
        "cv_best": over(lambda run: np.nanmax(_numbers(run["outside"]))),
        "cv_outside": over(lambda run: np.nanmean(_numbers(run["outside"]))),
        "cv_inside": over(lambda run: np.nanmean(_numbers(run["inside"]))),
        # The best of the means flatters the nested protocol: optimism is rather too small.
        "nested_best": max(nested), "nested_LR": over(lambda run: run["nested"]["LR"])}


def _numbers(found: dict) -> np.ndarray:
    return np.array([found[name] for name in BASIC], dtype=float)


def over_tables(values: np.ndarray, settings: Control) -> dict:
    """Return mean over data sets, interval, and the smallest mean that would have been found.

    Parameters
    ----------
    values : ndarray of float, shape (D,)
        One difference for each data set.
    settings : Control

    Returns
    -------
    dict
        Interval: percentiles, data sets drawn anew. Smallest detectable: of a one-sided z test of
        the mean at `LEVEL` with `POWER`.
    """
    defined = values[~np.isnan(values)]
    if len(defined) < 2:
        return {"tables": len(defined), "mean": None, "low": None, "high": None,
                "smallest_detectable": None, "above_zero": int((defined > 0).sum())}
    drawn = np.random.default_rng(settings.seeds.first).integers(
        len(defined), size=(settings.samples, len(defined)))
    low, high = np.quantile(defined[drawn].mean(axis=1),
                            [(1 - settings.level) / 2, (1 + settings.level) / 2])
    normal = NormalDist()
    error = defined.std(ddof=1) / np.sqrt(len(defined))
    return {"tables": len(defined), "mean": defined.mean(), "low": low, "high": high,
            "smallest_detectable": (normal.inv_cdf(1 - LEVEL) + normal.inv_cdf(POWER)) * error,
            "above_zero": int((defined > 0).sum())}


def summarise(runs: Sequence[dict], settings: Control, alpha: float) -> dict:
    """Return every table's means and the optimism over all of them, for real and dealt labels.

    Parameters
    ----------
    runs : sequence of dict
    settings : Control
    alpha : float
        The released LASSO penalty: in how many tables it would keep no feature.
    """
    found: dict = {"tables": {}, "optimism": {}}
    groups: dict[tuple[str, str], list[dict]] = {}
    for run in runs:
        groups.setdefault((run["table"], run["labels"]), []).append(run)
    for (table, labels), own in groups.items():
        entry = found["tables"].setdefault(table, {
            name: own[0][name] for name in ("patients", "positive", "features", "selected",
                                            "largest_penalty")})
        entry[labels] = means(own)
    for labels in sorted({name for _, name in groups}):
        each = [entry[labels] for entry in found["tables"].values()]
        found["optimism"][labels] = {
            name: {**over_tables(np.array([row[high] - row[low] for row in each]), settings),
                   "said": said} for name, (high, low, said) in DIFFERENCES.items()}
        found["optimism"][labels]["nested"] = over_tables(
            np.array([row["nested_LR"] - 0.5 for row in each]), settings)
    found["released_penalty_keeps_nothing"] = sum(
        entry["largest_penalty"] <= alpha for entry in found["tables"].values())
    return found
