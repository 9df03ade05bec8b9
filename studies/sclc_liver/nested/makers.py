"""Scanner makers and slice thickness: harmonised inside the folds, and each maker held out by itself.

The maker is not released. It is guessed from the lowest value of the image, which is how a scanner
pads what lies outside its field of view: two groups, named by that value and not by a maker. Nothing
that anybody has printed is contradicted by it.

Harmonisation (ComBat) is learnt from the training series of each fold, outer and inner, and applied
to the others. Without outcomes among its covariates it takes away an effect that goes with the batch.
For a maker that is held out by itself there is nothing to learn it from.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.classification import data, workers
from stages.classification.corrected.permutation import p_value
from stages.common import canonical, cli
from stages.common.columns import IMAGE_MINIMUM, SPACING, VOXELS
from studies.sclc_liver.nested import combat, linear
from studies.sclc_liver.nested.inputs import Examinations, examinations
from studies.sclc_liver.nested.parameters import Nested, read_nested
from studies.sclc_liver.nested.stage import FINDABLE, NORMAL, dealt_rows, described, jackknife
from studies.sclc_liver.parameters import read_retest

# What divides the series into batches: names of `Examinations.groups`.
BATCHES = {"maker": "lowest_value", "thickness": "thickness"}
PLAIN = "unharmonised"


def variants(held: Examinations) -> dict[str, linear.Cohort]:
    """Return the cohort with all features, as it is and harmonised by each kind of batch."""
    plain = held.cohorts["radiomics"]
    found = {PLAIN: plain}
    for name, divides in BATCHES.items():
        batch = np.zeros(len(plain.study), dtype=int)
        for number, own in enumerate(held.groups[divides].values()):
            batch[own] = number
        found[name] = combat.Harmonised(plain.features, plain.study, plain.patient, batch)
    return found


def unlearnt(cohort: combat.Harmonised, settings: Nested) -> int:
    """Return how many outer folds, of all seeds, hold out a batch that their training cannot teach."""
    count = 0
    for seed in settings.seeds.values():
        outer = linear.assigned(cohort.patient.max() + 1, settings.folds,
                                np.random.default_rng(seed))[cohort.patient][cohort.study]
        for number in range(settings.folds):
            names, sizes = np.unique(cohort.batch[outer != number], return_counts=True)
            known = names[sizes >= combat.LEAST]
            count += not np.isin(cohort.batch[outer == number], known).all()
    return count


def apart(cohort: linear.Cohort, own: np.ndarray, settings: Nested, seed: int,
          studies: np.ndarray | None = None) -> linear.Fold | None:
    """Return the fold that holds out the examinations of one maker.

    Parameters
    ----------
    cohort : Cohort
    own : ndarray of bool, shape (s,)
        Examinations of that maker. Patients who have one are not trained on.
    settings : Nested
    seed : int
        Of the inner folds.
    studies : ndarray of int, optional
        Studies to use.

    Returns
    -------
    Fold or None
        None where nothing is left to hold out, or to choose the penalty by.
    """
    used = np.zeros(cohort.patient.size, dtype=bool)
    used[slice(None) if studies is None else studies] = True
    inside = used & ~np.isin(cohort.patient, cohort.patient[own])
    outside, penalties = np.flatnonzero(used & own), np.array(settings.penalties)
    within = linear.assigned(cohort.patient.max() + 1, settings.inner_folds,
                             np.random.default_rng(seed))[cohort.patient]
    inner = []
    for part in range(settings.inner_folds):
        pair = [np.flatnonzero(inside & side) for side in (within != part, within == part)]
        if all(map(len, pair)):
            inner.append(linear.Fold(*pair, linear.hats(cohort, *pair, penalties)))
    if not inner or not len(outside):
        return None
    inside = np.flatnonzero(inside)
    return linear.Fold(inside, outside, linear.hats(cohort, inside, outside, penalties), tuple(inner))


def transferred(cohort: linear.Cohort, own: np.ndarray, labels: np.ndarray, settings: Nested, seeds,
                studies: np.ndarray | None = None) -> np.ndarray:
    """Return the AUC on one maker of what was learnt from the others, mean over seeds, shape (C,).

    NaN where the maker's examinations, or those that are learnt from, are all of one class.
    """
    total = np.zeros(labels.shape[1])
    for seed in seeds:
        fold = apart(cohort, own, settings, seed, studies)
        if fold is None:
            return np.full(labels.shape[1], np.nan)
        predicted, _ = linear.predict(fold, labels)
        wins, possible = linear.pairs(predicted, labels[fold.outside])
        learnt = labels[fold.inside].mean(axis=0)
        total += np.divide(wins, possible, out=np.full(len(wins), np.nan),
                           where=(possible > 0) & (learnt > 0) & (learnt < 1))
    return total / len(seeds)


def tested(observed: float, without: np.ndarray, null: np.ndarray, level: float) -> dict:
    """Return an AUC with its interval, P and the smallest that is found; None where undefined.

    Parameters
    ----------
    observed : float
    without : ndarray of float
        The same without each patient.
    null : ndarray of float
        The same with dealt outcomes. Deals without an AUC are counted and not used.
    level : float
    """
    null, defined = null[~np.isnan(null)], without[~np.isnan(without)]
    names = ("AUC", "se", "low", "high", "P", "null", "smallest_detectable")
    if observed != observed or len(defined) < len(without) or not len(null):
        return {**dict.fromkeys(names), "deals": len(null)}
    spread = float(null.std())
    return {"AUC": float(observed), **described(float(observed), jackknife(without), level),
            "P": p_value(observed, null), "deals": len(null),
            "null": {"mean": float(null.mean()), "sd": spread},
            "smallest_detectable": 0.5 + FINDABLE * spread}


def _statistic(task) -> np.ndarray:
    cohort, own, labels, settings, seeds, left_out = task
    studies = None if left_out is None else cohort.without(left_out)
    if own is None:
        return linear.statistic(cohort, labels, settings, seeds, studies)
    return transferred(cohort, own, labels, settings, seeds, studies)


def numbers(held: Examinations, own: np.ndarray) -> dict:
    """Return how many examinations and patients one maker has, and how many teach when it is held."""
    patient, label = held.patient, held.label
    learnt = ~np.isin(patient, patient[own])

    def said(part):
        return {"examinations": int(part.sum()), "patients": len(np.unique(patient[part])),
                "negatives": int((label[part] == 0).sum()),
                "patients_with_negatives": len(np.unique(patient[part & (label == 0)]))}

    return {"held_out": said(own), "learnt_from": said(learnt)}


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.nested.makers", __doc__, protocol=False)
    parser.add_argument("--summary", type=Path, required=True, help="scores and tests (JSON)")
    options = parser.parse_args()
    settings = read_nested(options.params)
    table = data.read_table(options.table, (VOXELS, SPACING, IMAGE_MINIMUM))
    held = examinations(table, options.table, read_retest(options.params).stable)
    cohorts, patients = variants(held), held.patient.max() + 1
    first = np.unique(cohorts[PLAIN].study, return_index=True)[1]
    makers = {name: own[first] for name, own in held.groups[BATCHES["maker"]].items()}
    rows = dealt_rows(held.patient, settings.permutations, settings.seed)
    labels = np.column_stack([held.label, held.label[rows].T]).astype(float)
    seeds = settings.seeds.values()
    few = seeds[:settings.jackknife_seeds]
    cases = {("folds", name): (cohort, None) for name, cohort in cohorts.items()}
    cases |= {("apart", name): (cohorts[PLAIN], own) for name, own in makers.items()}
    tasks = [(*case, labels, settings, seeds, None) if left is None else
             (*case, labels[:, :1], settings, few, left)
             for case in cases.values() for left in (None, *range(patients))]
    answers = iter(workers.spread(_statistic, tasks, "run"))
    found, without = {}, {}
    for name in cases:
        whole, *left = [next(answers) for _ in range(patients + 1)]
        without[name] = np.array(left)[:, 0]
        found[name] = tested(whole[0], without[name], whole[1:], settings.level)
    differences = {}
    for name in BATCHES:
        value = found["folds", name]["AUC"] - found["folds", PLAIN]["AUC"]
        error = jackknife(without["folds", name] - without["folds", PLAIN])
        differences[name] = {"difference": value, **described(value, error, settings.level),
                             "P": 2 * NORMAL.cdf(-abs(value) / error) if error else 1.0,
                             "smallest_detectable": FINDABLE * error}
    canonical.write_json(options.summary, {
        "run": data.run_of(options, "nested"), "seeds": len(seeds),
        "permutations": settings.permutations,
        "harmonised": {name: found["folds", name] | (
            {"folds_with_a_batch_not_learnt": unlearnt(cohort, settings)} if name != PLAIN else {})
            for name, cohort in cohorts.items()},
        "differences": differences,
        "apart": {name: found["apart", name] | {"numbers": numbers(held, own)}
                  for name, own in makers.items()}})


if __name__ == "__main__":
    cli.main(stage)
