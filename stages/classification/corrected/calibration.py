"""Calibration of the corrected protocol's predictions, and what its calls amount to in counts.

Intercept, slope and observed / expected (Van Calster et al. 2019, doi:10.1186/s12916-019-1466-7), each
with an interval over patients. The intercept is that of a logistic regression of the outcome on the
logarithmic odds with slope 1 (calibration in the large; 0 is right), the slope that of one with both
free (1 is right, less is too extreme, 0 or below says nothing of the outcome).

A ratio of calls (NPV: right ones among the negative calls) has no value for a seed that makes no such
call, and a mean over the others would be one over seeds that were chosen by it: calls are counted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import data
from stages.classification.corrected.scores import Part, draw_patients, interval
from stages.classification.parameters import Bootstrap, read_corrected
from stages.common import canonical, cli
from stages.common.columns import LABEL
from stages.common.errors import InputError

# Forests answer 0 and 1, whose odds are not finite.
LIMIT = 1e-3
# Newton's steps at most; a sample whose classes are divided without error has no finite slope.
STEPS, LARGEST = 50, 100.0
# Of what is written: further digits carry a machine's rounding.
DIGITS = 6
# Samples that are solved at once: some ten megabytes of weights.
BLOCK = 200


def logistic(odds: np.ndarray, label: np.ndarray, weight: np.ndarray,
             free: bool) -> tuple[np.ndarray, np.ndarray]:
    """Fit ``label`` to logarithmic odds by Newton's method, once for each row of weights.

    Parameters
    ----------
    odds : ndarray of float, shape (N,)
    label : ndarray of int, shape (N,)
    weight : ndarray of float, shape (B, N)
    free : bool
        Whether the slope is fitted too; otherwise it is 1.

    Returns
    -------
    ndarray of float, shapes (B,) and (B,)
        Intercept and slope; NaN without a finite optimum.
    """
    count = len(weight)
    # From 0, whence Newton's method goes straight: a start at slope 1 may be thrown far off.
    intercept, slope = np.zeros(count), np.full(count, 0.0 if free else 1.0)
    step = np.full((2, count), np.inf)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(STEPS):
            expected = 1 / (1 + np.exp(-(intercept[:, None] + slope[:, None] * odds)))
            missed, curve = weight * (label - expected), weight * expected * (1 - expected)
            first, second = missed.sum(axis=1), missed @ odds
            whole, mixed, square = curve.sum(axis=1), curve @ odds, curve @ odds ** 2
            if free:
                area = whole * square - mixed ** 2
                step = np.array([square * first - mixed * second,
                                 whole * second - mixed * first]) / area
            else:
                step = np.array([first / whole, np.zeros(count)])
            intercept, slope = intercept + step[0], slope + step[1]
            if not (np.abs(step) > 1e-9).any():
                break
        lost = ~((np.abs(step) <= 1e-6).all(axis=0) & (np.abs(slope) < LARGEST)
                 & (np.abs(intercept) < LARGEST))
    return np.where(lost, np.nan, intercept), np.where(lost, np.nan, slope)


def measures(part: Part, weight: np.ndarray) -> dict[str, np.ndarray]:
    """Return intercept, slope and observed / expected of all seeds together in each sample.

    Parameters
    ----------
    part : Part
        S seeds, n series.
    weight : ndarray of float, shape (B, n)

    Returns
    -------
    dict of ndarray, shape (B,)
        NaN where undefined: a sample of one class, or a model that calls all series alike.
    """
    cut = np.clip(part.probability, LIMIT, 1 - LIMIT)
    odds, seeds = np.log(cut / (1 - cut)).ravel(), len(cut)
    label = np.tile(part.label, seeds)
    found = {"intercept": [], "slope": []}
    for start in range(0, len(weight), BLOCK):
        rows = np.tile(weight[start:start + BLOCK], seeds)
        found["intercept"].append(logistic(odds, label, rows, free=False)[0])
        varies = odds.max() - odds.min() > 1e-9
        found["slope"].append(logistic(odds, label, rows, free=True)[1] if varies
                              else np.full(len(rows), np.nan))
    expected = weight @ part.probability.mean(axis=0)
    return {name: np.concatenate(values) for name, values in found.items()} | {
        "observed_to_expected": np.divide(weight @ part.label, expected,
                                          out=np.full(len(weight), np.nan), where=expected > 0)}


def describe(part: Part, settings: Bootstrap) -> dict:
    """Return each measure with its interval over patients; None where undefined."""
    observed = measures(part, np.ones((1, len(part.label))))
    sampled = measures(part, draw_patients(part.patients, settings.samples, settings.seed))

    def rounded(value):
        return None if value is None or np.isnan(value) else round(float(value), DIGITS)

    found = {}
    for name, value in observed.items():
        bounds = interval(sampled[name], settings.level)
        found[name] = {"value": rounded(value[0]), "low": rounded(bounds["low"]),
                       "high": rounded(bounds["high"]), "defined": bounds["defined"]}
    return found


def calls(part: Part) -> dict:
    """Return counts of calls over all seeds, by criterion of the threshold."""
    positive, found = part.label == 1, {}
    for criterion, cuts in sorted(part.thresholds.items()):
        called = part.probability >= cuts[:, None]
        found[criterion] = {
            "seeds": len(called), "TP": int((called & positive).sum()),
            "FP": int((called & ~positive).sum()), "FN": int((~called & positive).sum()),
            "TN": int((~called & ~positive).sum()),
            "seeds_without_negative_call": int(called.all(axis=1).sum()),
            "seeds_without_positive_call": int((~called).all(axis=1).sum())}
    return found


def parts(predictions: pd.DataFrame, seeds: pd.DataFrame, source) -> dict[tuple[str, str], Part]:
    """Return the predictions of each part and model.

    Parameters
    ----------
    predictions : DataFrame
        One row for each part, model, seed and series.
    seeds : DataFrame
        One row for each part, model and run, with the thresholds.
    source : path
        For error messages.

    Raises
    ------
    InputError
        If a series lacks a seed, or there is one class only.
    """
    found = {}
    for key, own in predictions.groupby(["part", "model"], sort=True):
        wide = own.pivot(index="seed", columns="series", values="probability")
        if wide.isna().any(axis=None):
            raise InputError(f"a series of {' / '.join(key)} lacks a seed", source,
                             "make the corrected protocol's tables again")
        first = own.drop_duplicates("series").set_index("series").loc[wide.columns]
        if first[LABEL].nunique() < 2:
            raise InputError(f"{key[0]} series hold one class only", source,
                             "make the corrected protocol's tables again")
        cuts = seeds[(seeds["part"] == key[0]) & (seeds["model"] == key[1])].sort_values("run")
        found[key] = Part(first[LABEL].to_numpy(), first["patient"].to_numpy(),
                          wide.to_numpy(), np.zeros(wide.shape, dtype=int),
                          {name.removesuffix("/threshold"): cuts[name].to_numpy()
                           for name in cuts if name.endswith("/threshold")})
    return found


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.classification.corrected.calibration", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--release", required=True, help="release of the table, for the record")
    parser.add_argument("--environment", required=True, help="image, for the record")
    parser.add_argument("--tables", type=Path, required=True, help="corrected protocol's tables")
    parser.add_argument("--summary", type=Path, required=True, help="calibration and calls (JSON)")
    options = parser.parse_args()
    settings = read_corrected(options.params).bootstrap
    path = options.tables / "predictions.csv"
    columns = ("part", "model", "seed", "series", "patient", LABEL, "probability")
    found = parts(canonical.read_csv(path, columns),
                  canonical.read_csv(options.tables / "seeds.csv", ("part", "model", "run")), path)
    summary: dict = {"run": data.run_of(options, "corrected")}
    for (name, model), part in found.items():
        summary.setdefault(name, {})[model] = {"calibration": describe(part, settings),
                                               "calls": calls(part)}
    canonical.write_json(options.summary, summary)


if __name__ == "__main__":
    cli.main(stage)
