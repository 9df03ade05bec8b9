"""All patients by a repeated nested procedure: AUC, its P, its interval, what could be found.

The statistic is the AUC over held-out examinations, mean over the seeds; its null distribution is
made in the same way from labels dealt between patients. The interval is a jackknife over patients of
the whole procedure, so that it holds the variability of the training; with fewer seeds, which makes
it a little wider.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd

from stages.classification import bootstrap, data, workers
from stages.classification.corrected.permutation import p_value
from stages.classification.corrected.scores import draw_patients, interval
from stages.common import canonical, cli
from stages.common.columns import IMAGE_MINIMUM, SPACING, VOXELS
from studies.sclc_liver.label_permutation import holm
from studies.sclc_liver.nested import linear
from studies.sclc_liver.nested.inputs import SETS, Examinations, examinations
from studies.sclc_liver.nested.parameters import Nested, read_nested
from studies.sclc_liver.parameters import read_retest

NORMAL = NormalDist()
# Standard errors between no effect and the smallest that is found: one-sided 5 %, power 80 %.
FINDABLE = NORMAL.inv_cdf(0.95) + NORMAL.inv_cdf(0.8)
PAIRS = (("radiomics", "volume"), ("both", "volume"), ("stable", "radiomics"))
SAMPLES = 1000


def dealt_rows(patient: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Deal the outcomes of whole patients among patients of equal number of examinations.

    Parameters
    ----------
    patient : ndarray of int, shape (s,)
        Number of the patient of each examination, from 0.
    count, seed : int

    Returns
    -------
    ndarray of int, shape (count, s)
        The examination whose outcome each one gets.

    Notes
    -----
    Outcomes of a patient stay together, so that their likeness is kept as it is and P is exact. The
    price: a patient whose number of examinations no one shares keeps his outcomes, in another order.
    """
    generator = np.random.default_rng(seed)
    own = [np.flatnonzero(patient == number) for number in range(patient.max() + 1)]
    sizes = np.array([len(rows) for rows in own])
    strata = [np.flatnonzero(sizes == size) for size in np.unique(sizes)]
    found = np.empty((count, len(patient)), dtype=int)
    for dealt in found:
        for stratum in strata:
            for to, giver in zip(stratum, generator.permutation(stratum)):
                dealt[own[to]] = generator.permutation(own[giver])
    return found


def _statistic(task) -> np.ndarray:
    cohort, labels, settings, seeds, left_out = task
    studies = None if left_out is None else cohort.without(left_out)
    return linear.statistic(cohort, labels, settings, seeds, studies)


def jackknife(values: np.ndarray) -> float:
    """Return the jackknife standard error of a statistic, each value without one of k patients."""
    count = len(values)
    return float(np.sqrt((count - 1) / count * ((values - values.mean()) ** 2).sum()))


def described(observed: float, error: float, level: float) -> dict:
    """Return an interval of mean and standard error (normal), and the smallest detectable AUC."""
    half = NORMAL.inv_cdf((1 + level) / 2) * error
    return {"se": error, "low": observed - half, "high": observed + half}


def predictions(held: Examinations, name: str, settings: Nested) -> tuple[np.ndarray, ...]:
    """Predict every series by the fold model that did not see its patient.

    Returns
    -------
    ndarray of float, shape (S, n)
        Of each seed.
    ndarray of int, shape (S, n)
        The fold.
    Counter
        How often each penalty was chosen.
    int
        Folds that hold no pair of a positive and a negative examination.
    """
    cohort, label = held.cohorts[name], held.label[:, None].astype(float)
    seeds = settings.seeds.values()
    found, number = np.full((2, len(seeds), len(cohort.study)), np.nan)
    chosen, empty = Counter(), 0
    for row, seed in enumerate(seeds):
        for place, fold in enumerate(linear.folds(cohort, settings, seed)):
            _, position = linear.predict(fold, label)
            penalty = settings.penalties[position[0]]
            held_out = np.isin(cohort.study, fold.outside)
            found[row, held_out] = (linear.hats(cohort, fold.inside, fold.outside,
                                                np.array([penalty]), by_series=True)[0]
                                    @ label[fold.inside])[:, 0]
            number[row, held_out] = place
            chosen[f"{penalty:g}"] += 1
            empty += len(np.unique(held.label[fold.outside])) < 2
    return found, number.astype(int), chosen, empty


def area(predicted, fold, label, weight) -> np.ndarray:
    """Return the AUC over pairs of one fold in each sample, mean over seeds, shape (B,)."""
    return np.mean([bootstrap.weighted(weight, label, label, row, stratum)["AUC"]
                    for row, stratum in zip(predicted, fold)], axis=0)


def subgroups(held: Examinations, predicted: np.ndarray, fold: np.ndarray, settings: Nested) -> dict:
    """Return the AUC of series within subgroups, with interval over patients and what can be found.

    Undefined (None) where a subgroup has no pair of a positive and a negative series. Predictions
    are taken as they are: the intervals do not hold the variability of the training.
    """
    drawn = draw_patients(held.series_patient, SAMPLES, settings.seed)
    found: dict = {}
    for divides, parts in held.groups.items():
        for name, own in parts.items():
            label, patients = held.series_label[own], held.series_patient[own]
            entry = {"series": int(own.sum()), "negatives": int((label == 0).sum()),
                     "patients": len(np.unique(patients)),
                     "patients_with_negatives": len(np.unique(patients[label == 0]))}
            entry |= {"AUC": None, "low": None, "high": None, "smallest_detectable": None}
            if 0 < label.sum() < len(label):
                where = predicted[:, own], fold[:, own], label
                value = float(area(*where, np.ones((1, len(label))))[0])
                sampled = area(*where, drawn[:, own])
                bounds = interval(sampled, settings.level)
                if value == value:
                    entry |= {"AUC": value, "low": bounds["low"], "high": bounds["high"],
                              "smallest_detectable": 0.5 + FINDABLE * float(np.nanstd(sampled))}
            found.setdefault(divides, {})[name] = entry
    return found


def calls(held: Examinations, predicted: np.ndarray) -> dict:
    """Return counts at one half, over all seeds: a ratio of them may have an empty denominator."""
    positive = held.series_label == 1
    called = predicted >= 0.5
    negative_calls = (~called).sum(axis=1)
    return {"seeds": len(predicted), "TP": int((called & positive).sum()),
            "FP": int((called & ~positive).sum()), "FN": int((~called & positive).sum()),
            "TN": int((~called & ~positive).sum()),
            "seeds_without_negative_call": int((negative_calls == 0).sum())}


def calibration(held: Examinations, predicted: np.ndarray, fold: np.ndarray,
                settings: Nested) -> dict:
    """Return slope and observed / expected of the series, each with an interval over patients.

    The slope is that of a straight line through outcome and prediction within the folds: between
    folds, a high share of positives in the training means a low one among those held out. A slope of
    1 is right, 0 says that predictions are as good as their mean.
    """
    within, outcome = predicted.copy(), np.tile(held.series_label.astype(float), (len(predicted), 1))
    for values in (within, outcome):
        for row, stratum in zip(values, fold):
            row -= (np.bincount(stratum, row) / np.bincount(stratum))[stratum]
    products, squares = (within * outcome).sum(axis=0), (within ** 2).sum(axis=0)
    mean, label = predicted.mean(axis=0), held.series_label

    def measure(weight):
        return {"slope": weight @ products / (weight @ squares),
                "observed_to_expected": weight @ label / (weight @ mean)}

    sampled = measure(draw_patients(held.series_patient, SAMPLES, settings.seed))
    return {name: {"value": float(value[0]), **interval(sampled[name], settings.level)}
            for name, value in measure(np.ones((1, len(label)))).items()}


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.nested.stage", __doc__, protocol=False)
    parser.add_argument("--faulty", action="append", default=[], help="series to leave out once")
    parser.add_argument("--null", type=Path, required=True, help="AUCs of dealt labels (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="scores and tests (JSON)")
    options = parser.parse_args()
    settings = read_nested(options.params)
    stable = read_retest(options.params).stable
    table = data.read_table(options.table, (VOXELS, SPACING, IMAGE_MINIMUM))
    held = examinations(table, options.table, stable)
    seeds = settings.seeds.values()
    rows = dealt_rows(held.patient, settings.permutations, settings.seed)
    labels = np.column_stack([held.label, held.label[rows].T]).astype(float)
    patients = held.patient.max() + 1
    few = seeds[:settings.jackknife_seeds]
    tasks = [(held.cohorts[name], labels, settings, seeds, None) if left is None else
             (held.cohorts[name], labels[:, :1], settings, few, left)
             for name in SETS for left in (None, *range(patients))]
    answers = iter(workers.spread(_statistic, tasks, "run"))
    found, without, null = {}, {}, {}
    for name in SETS:
        whole, *left = [next(answers) for _ in range(patients + 1)]
        without[name], null[name] = np.array(left)[:, 0], whole[1:]
        predicted, fold, chosen, empty = predictions(held, name, settings)
        spread = float(null[name].std())
        found[name] = {
            # Copies (volume beside all features) count once.
            "features": np.unique(held.cohorts[name].features, axis=1).shape[1],
            "AUC": float(whole[0]),
            **described(whole[0], jackknife(without[name]), settings.level),
            "P": p_value(whole[0], null[name]),
            "null": {"mean": float(null[name].mean()), "sd": spread,
                     "q95": float(np.quantile(null[name], 0.95))},
            "smallest_detectable": 0.5 + FINDABLE * spread,
            "series_AUC": float(area(predicted, fold, held.series_label,
                                     np.ones((1, len(held.series_label))))[0]),
            "penalties": dict(chosen), "folds_without_pair": empty,
            "calls": calls(held, predicted),
            "calibration": calibration(held, predicted, fold, settings),
            "subgroups": subgroups(held, predicted, fold, settings)}
    differences = {}
    for first, second in PAIRS:
        value = found[first]["AUC"] - found[second]["AUC"]
        error = jackknife(without[first] - without[second])
        differences[f"{first} - {second}"] = {
            "difference": value, **described(value, error, settings.level),
            "P": 2 * NORMAL.cdf(-abs(value) / error) if error else 1.0,
            "smallest_detectable": FINDABLE * error}
    for entry, adjusted in zip(differences.values(),
                               holm(np.array([item["P"] for item in differences.values()]))):
        entry["P_holm"] = float(adjusted)
    left_out = {}
    for series in options.faulty:
        part = data.read_table(options.table, (VOXELS, SPACING, IMAGE_MINIMUM))
        part = part[part["File"] != series].reset_index(drop=True)
        again = examinations(part, options.table, stable)
        left_out[series] = {name: float(linear.statistic(
            again.cohorts[name], again.label[:, None].astype(float), settings, seeds)[0])
            for name in SETS}
    canonical.write_csv(options.null, pd.DataFrame(
        {"deal": np.arange(1, settings.permutations + 1), **null}))
    canonical.write_json(options.summary, {
        "run": data.run_of(options, "nested"), "seeds": len(seeds),
        "permutations": settings.permutations, "stable_features": held.stable,
        "numbers": {"examinations": len(held.label), "series": len(held.series_label),
                    "positive_examinations": int(held.label.sum()), "patients": int(patients),
                    "patients_with_negatives": len(np.unique(held.patient[held.label == 0]))},
        "sets": found, "differences": differences, "without": left_out})


if __name__ == "__main__":
    cli.main(stage)
