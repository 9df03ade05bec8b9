"""The three classifiers on all patients: nested AUC, its P, what could be found.

Beside the ridge regression of `nested.stage`, whose permutations cost next to nothing, stand logistic
regression, random forest and booster with the folds and inner choices of the corrected protocol
(`stages.classification.corrected.fit`). The statistic is the AUC over held-out examinations, mean over
the seeds; its null distribution is made in the same way from dealt labels.

P is that of a sequential Monte-Carlo test (Besag and Clifford 1991, Biometrika 78:301): deals end when
a number of them have reached the observed AUC, so that what is plainly not there costs little.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import bootstrap, data, models, workers
from stages.classification.corrected.fit import Outcome, Problem, candidates, run
from stages.classification.parameters import Corrected, read_corrected
from stages.common import canonical, cli
from stages.common.columns import IMAGE_MINIMUM, SPACING, VOXELS
from studies.sclc_liver.nested.inputs import Examinations, examinations
from studies.sclc_liver.nested.parameters import Classifiers, read_classifiers
from studies.sclc_liver.nested.stage import FINDABLE, dealt_rows, described
from studies.sclc_liver.parameters import read_retest

# Deals that are carried out before it is asked whether they are enough, after the least number. The
# stopping rule looks at each deal by itself: this number changes nothing but the time.
BLOCK = 8


def problem(held: Examinations, label: np.ndarray) -> Problem:
    """Return all series with one label for each examination.

    Parameters
    ----------
    held : Examinations
    label : ndarray of int, shape (s,)

    Notes
    -----
    The corrected protocol also predicts a test part. There is none here: the first series stands for
    it, and nothing reads what is predicted.
    """
    cohort = held.cohorts["radiomics"]
    series = label[cohort.study]
    patients, studies = (values.astype(str) for values in (held.series_patient, cohort.study))
    return Problem({"radiomics": (cohort.features, cohort.features[:1])}, series,
                   series.astype(float), patients, studies, series[:1], patients[:1], studies[:1])


def area(held: Examinations, label: np.ndarray, outcome: Outcome) -> float:
    """Return the AUC over pairs of held-out examinations of one fold.

    An examination has the mean probability of its series.
    """
    study = held.cohorts["radiomics"].study
    count = np.bincount(study)
    probability, fold = (np.bincount(study, values) / count
                         for values in (outcome.held_out, outcome.fold))
    whole = np.ones((1, len(label)))
    return float(bootstrap.weighted(whole, label, label, probability, fold.astype(int))["AUC"][0])


def _seed(task) -> dict[str, tuple[float, list[dict]]]:
    held, label, settings, seed = task
    return {name: (area(held, label, outcome), outcome.chosen)
            for name, outcome in run(problem(held, label), settings, seed).items()}


def sequential(observed: float, null: np.ndarray, exceed: int) -> tuple[float, int]:
    """Return P and how many deals it took.

    Parameters
    ----------
    observed : float
    null : ndarray of float, shape (n,)
        In the order in which they were made.
    exceed : int
        Deals that have to reach the observed value before the test ends.

    Examples
    --------
    >>> sequential(0.6, np.array([0.7, 0.5, 0.6, 0.9]), 2)
    (0.6666666666666666, 3)
    >>> sequential(0.8, np.array([0.7, 0.5, 0.6, 0.9]), 2)
    (0.4, 4)
    """
    reached = np.flatnonzero(null >= observed)
    if len(reached) >= exceed:
        used = int(reached[exceed - 1]) + 1
        return exceed / used, used
    return (1 + len(reached)) / (1 + len(null)), len(null)


def assess(held: Examinations, settings: Corrected, rules: Classifiers) -> tuple[dict, pd.DataFrame]:
    """Carry out the procedure on the real labels and on dealt ones.

    Returns
    -------
    dict
        By classifier: ``AUC`` (mean over seeds), ``seeds`` (least and largest), interval and
        ``smallest_detectable`` from the spread of the null, ``P`` with the deals that it took,
        ``chosen`` (how many folds chose each candidate).
    DataFrame
        One row for each deal and classifier.
    """
    seeds = rules.seeds.values()
    rows = dealt_rows(held.patient, rules.permutations, rules.seed)
    real = list(workers.spread(_seed, [(held, held.label, settings, seed) for seed in seeds], "seed"))
    values = {name: np.array([one[name][0] for one in real]) for name in settings.models}
    null: dict[str, list[float]] = {name: [] for name in settings.models}
    open_models = dict(settings.models)
    for block in np.split(rows, range(rules.least, len(rows), BLOCK)):
        some = replace(settings, models=open_models)
        found = list(workers.spread(
            _seed, [(held, held.label[row], some, seed) for row in block for seed in seeds], "run"))
        for place in range(len(block)):
            mine = found[place * len(seeds):(place + 1) * len(seeds)]
            for name in open_models:
                null[name].append(float(np.mean([one[name][0] for one in mine])))
        open_models = {name: model for name, model in open_models.items()
                       if not _ended(values[name].mean(), np.array(null[name]), rules)}
        if not open_models:
            break
    summary, tables = {}, []
    for name in settings.models:
        observed, dealt = float(values[name].mean()), np.array(null[name])
        p, used = sequential(observed, dealt, rules.exceed)
        dealt = dealt[:max(used, min(rules.least, len(dealt)))]
        spread = float(dealt.std(ddof=1))
        summary[name] = {
            "AUC": observed,
            "seeds": {"min": float(values[name].min()), "max": float(values[name].max())},
            **described(observed, spread, rules.level), "P": p, "deals": used,
            "null": {"mean": float(dealt.mean()), "sd": spread, "deals": len(dealt)},
            "smallest_detectable": float(dealt.mean() + FINDABLE * spread),
            "chosen": dict(Counter(_text(point) for one in real for point in one[name][1]))}
        tables.append(pd.DataFrame({"model": name, "deal": np.arange(len(dealt)) + 1, "AUC": dealt}))
    return summary, pd.concat(tables)


def _ended(observed: float, null: np.ndarray, rules: Classifiers) -> bool:
    return len(null) >= rules.least and (null >= observed).sum() >= rules.exceed


def _text(point: dict) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(point.items())) or "no choice"


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.nested.classifiers", __doc__, protocol=False)
    parser.add_argument("--null", type=Path, required=True, help="AUCs of dealt labels (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="AUCs and tests (JSON)")
    options = parser.parse_args()
    rules = read_classifiers(options.params)
    for name, model in rules.models.items():
        for _, point in candidates(model):
            models.check(model.model, {**model.fixed, **point}, f"nested.classifiers.models.{name}",
                         options.params)
    table = data.read_table(options.table, (VOXELS, SPACING, IMAGE_MINIMUM))
    held = examinations(table, options.table, read_retest(options.params).stable)
    settings = replace(read_corrected(options.params), folds=rules.folds, inner_folds=rules.inner_folds,
                       models=rules.models)
    summary, null = assess(held, settings, rules)
    canonical.write_csv(options.null, null)
    canonical.write_json(options.summary, {
        "run": data.run_of(options, "nested"), "seeds": rules.seeds.count, "exceed": rules.exceed,
        "most_deals": rules.permutations, "models": summary})


if __name__ == "__main__":
    cli.main(stage)
