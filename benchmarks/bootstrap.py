"""Bootstrap of 12 prediction sets: the vectorised form against a plain scikit-learn loop.

Run side by side in one process, alternating: ``containers/run classification-notebook -- python -m
benchmarks.bootstrap``. Prints the median times and their ratio, and checks that both agree.
"""

from __future__ import annotations

import statistics
import time
import warnings

import numpy as np
from sklearn import metrics

from stages.classification.bootstrap import bootstrap, draw, intervals

SERIES_PER_STUDY = (2,) * 24 + (1, 1)
SETS, SAMPLES, SEED, LEVEL, REPEATS = 12, 1000, 822, 0.95, 3


def cohort():
    """Return studies, labels and twelve probability columns of the paper's test-set size."""
    generator = np.random.default_rng(0)
    studies = np.repeat([f"s{i:02}" for i in range(len(SERIES_PER_STUDY))], SERIES_PER_STUDY)
    label = np.repeat(np.arange(len(SERIES_PER_STUDY)) % 4 > 0, SERIES_PER_STUDY).astype(int)
    return studies, label, generator.uniform(size=(SETS, len(label)))


def vectorised(studies, label, probabilities):
    """Return means and intervals of every set by the package's own functions."""
    drawn = draw(studies, SAMPLES, SEED)
    return [intervals(bootstrap(drawn, label, (p > 0.5).astype(int), p), LEVEL)
            for p in probabilities]


def loop(studies, label, probabilities):
    """Return the same with one scikit-learn call per sample, set and score."""
    np.random.seed(SEED)
    rows = {s: list(np.flatnonzero(studies == s)) for s in np.unique(studies)}
    values = [{name: [] for name in ("Accuracy", "PPV", "NPV", "Sensitivity", "Specificity", "F1",
                                     "AUC")} for _ in probabilities]
    for _ in range(SAMPLES):
        sample = [np.random.choice(rows[s], size=1, replace=False)[0] for s in rows]
        for found, probability in zip(values, probabilities):
            true, share = label[sample], probability[sample]
            called = (share > 0.5).astype(int)
            found["Accuracy"].append(metrics.accuracy_score(true, called))
            found["PPV"].append(metrics.precision_score(true, called, zero_division=0))
            found["NPV"].append(metrics.precision_score(1 - true, 1 - called, zero_division=0)
                                if (called == 0).any() else np.nan)
            found["Sensitivity"].append(metrics.recall_score(true, called, zero_division=0))
            found["Specificity"].append(metrics.recall_score(1 - true, 1 - called, zero_division=0))
            found["F1"].append(metrics.f1_score(true, called, zero_division=0))
            found["AUC"].append(metrics.roc_auc_score(true, share))
    return [intervals({k: np.array(v) for k, v in found.items()}, LEVEL) for found in values]


def main():
    """Time both, alternating, and print the ratio."""
    data, times, results = cohort(), {vectorised: [], loop: []}, {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(REPEATS):
            for form, taken in times.items():
                start = time.perf_counter()
                results[form] = form(*data)
                taken.append(time.perf_counter() - start)
    away = max(abs(a[name][key] - b[name][key]) for a, b in zip(*results.values())
               for name in a for key in ("mean", "low", "high"))
    fast, slow = (statistics.median(taken) for taken in times.values())
    print(f"{SETS} prediction sets x {SAMPLES} samples, median of {REPEATS} alternating runs")
    print(f"loop       {slow:8.2f} s\nvectorised {fast:8.3f} s\nratio      {slow / fast:8.0f} x")
    print(f"largest difference {away:.1e}")
    if away > 1e-12:
        raise SystemExit("error: the two forms disagree")


if __name__ == "__main__":
    main()
