"""Tables and summary of the corrected protocol."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stages.classification.corrected import permutation as corrected_permutation
from stages.classification.corrected import scores as corrected_scores
from stages.classification.corrected.fit import Outcome, Problem
from stages.classification.corrected.scores import Part
from stages.classification.parameters import Bootstrap, Corrected

TRIVIAL = "everyone-positive"
PARTS = ("held-out", "test")
Runs = Sequence[Mapping[str, Outcome]]


def parts(problem: Problem, runs: Runs, criteria: Sequence[str]) -> dict[str, dict[str, Part]]:
    """Gather the predictions of all seeds.

    Parameters
    ----------
    problem : Problem
        n training and m test series.
    runs : sequence of dict
        One per seed: model to outcome.
    criteria : sequence of str
        Criteria of the thresholds, each found on held-out training series alone.

    Returns
    -------
    dict
        ``held-out`` and ``test``: model to `Part`, the trivial model among them.
    """
    found = {name: {} for name in PARTS}
    for model in (*runs[0], TRIVIAL):
        held_out = _stack(runs, model, "held_out", problem)
        fold = np.array([next(iter(run.values())).fold for run in runs])
        cuts = {criterion: np.zeros(len(runs)) if model == TRIVIAL else np.array(
            [corrected_scores.threshold(problem.label, row, criterion) for row in held_out])
            for criterion in criteria}
        found["held-out"][model] = Part(problem.label, problem.patients, held_out, fold, cuts)
        test = _stack(runs, model, "test", problem)
        found["test"][model] = Part(problem.test_label, problem.test_patients, test,
                                    np.zeros(test.shape, dtype=int), cuts)
    return found


def _stack(runs: Runs, model: str, name: str, problem: Problem) -> np.ndarray:
    if model != TRIVIAL:
        return np.array([getattr(run[model], name) for run in runs])
    count = len(problem.label if name == "held_out" else problem.test_label)
    return np.full((len(runs), count), problem.label.mean())


def scores(models: Mapping[str, Part], settings: Bootstrap,
           fresh: bool) -> tuple[dict, dict, pd.DataFrame]:
    """Score the models of one part.

    Parameters
    ----------
    models : mapping
    settings : Bootstrap
    fresh : bool
        Whether the thresholds were found on other series: only then are the scores at them
        compared, as the trivial model cannot adapt to the series that it is scored on.

    Returns
    -------
    dict
        Model to score to spread over seeds, with the intervals ``patients`` (mean over the seeds,
        patients drawn anew) and ``patients_and_seeds`` (one run with one seed, patients drawn). Of a
        score that some seeds do not have (NPV without a negative call) only ``n``, how many do:
        their mean would be that of the seeds that happen to have one.
    dict
        Pair of models to score to difference (see `corrected_scores.difference`).
    DataFrame
        One row per model and seed.
    """
    first = next(iter(models.values()))
    drawn = corrected_scores.draw_patients(first.patients, settings.samples, settings.seed)
    whole = np.ones((1, len(first.label)))
    observed = {name: corrected_scores.seed_scores(part, whole) for name, part in models.items()}
    found, means = {}, {}
    for name, part in models.items():
        sampled = corrected_scores.seed_scores(part, drawn)
        means[name] = {key: corrected_scores.over_seeds(values) for key, values in sampled.items()}
        found[name] = {}
        for key, values in sampled.items():
            over_seeds = corrected_scores.spread(observed[name][key][:, 0])
            found[name][key] = {"n": over_seeds["n"]} if over_seeds["n"] < len(values) else {
                **over_seeds,
                "patients": corrected_scores.interval(means[name][key], settings.level),
                "patients_and_seeds": corrected_scores.interval(values.ravel(), settings.level)}
    frames = [pd.DataFrame({key: values[:, 0] for key, values in observed[name].items()})
              .assign(model=name, run=np.arange(len(part.probability)))
              .assign(**{f"{criterion}/threshold": cut
                         for criterion, cut in part.thresholds.items()})
              for name, part in models.items()]
    return found, _pairs(observed, means, settings.level, fresh), pd.concat(frames)


def _pairs(observed: dict, means: dict, level: float, fresh: bool) -> dict:
    compared = [key for key in next(iter(means.values()))
                if key in ("AUC", "Brier") or (fresh and key.endswith(("/F1", "/Accuracy")))]
    found = {}
    for first, second in itertools.combinations(means, 2):
        found[f"{first} - {second}"] = {
            key: corrected_scores.difference(
                means[first][key], means[second][key],
                float(corrected_scores.over_seeds(observed[first][key])[0]
                      - corrected_scores.over_seeds(observed[second][key])[0]), level)
            for key in compared}
    return found


def curves(models: Mapping[str, Part], settings: Corrected) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return reliability and decision curves of one part, one row per model and point."""
    first = next(iter(models.values()))
    resampling = settings.bootstrap
    drawn = corrected_scores.draw_patients(first.patients, resampling.samples, resampling.seed)
    at = np.array(settings.net_benefit.values())
    reliability, decision = [], []
    for name, part in models.items():
        rows = corrected_scores.reliability(part, drawn, settings.reliability_bins,
                                            resampling.level)
        reliability += [{"model": name, **row} for row in rows]
        decision += [{"model": name, **row} for row in
                     corrected_scores.net_benefit(part, drawn, at, resampling.level)]
    return pd.DataFrame(reliability), pd.DataFrame(decision)


def calibration(models: Mapping[str, Part]) -> dict:
    """Return, by model, mean predicted probability (all seeds) and share of positives."""
    return {name: {"predicted": part.probability.mean(), "observed": part.label.mean()}
            for name, part in models.items()}


def predictions(problem: Problem, runs: Runs, seeds: Sequence[int], splits) -> pd.DataFrame:
    """Return one row per part, model, seed and series.

    Series and patients are numbered within their part: the file is kept in git, which holds no
    list of the released names and labels.
    """
    frames = []
    for (name, attribute), split in zip((("held-out", "held_out"), ("test", "test")), splits):
        series = np.arange(len(split.label)) + 1
        patients = np.unique(split.patients, return_inverse=True)[1] + 1
        for seed, run in zip(seeds, runs):
            for model, outcome in run.items():
                frames.append(pd.DataFrame({
                    "part": name, "model": model, "seed": seed, "series": series,
                    "patient": patients, "NE_Class": split.label,
                    "probability": getattr(outcome, attribute)}))
    return pd.concat(frames)


def chosen(runs: Runs) -> dict:
    """Return, by model, how many folds chose each candidate, and the convergence warnings."""
    found = {}
    for model in runs[0]:
        points = Counter(", ".join(f"{key}={value}" for key, value in sorted(point.items()))
                         for run in runs for point in run[model].chosen)
        messages = Counter(text for run in runs for text in run[model].messages)
        found[model] = {"folds": dict(points), "warnings": dict(messages),
                        "features": corrected_scores.spread(np.array(
                            [len(kept) for run in runs for kept in run[model].kept], dtype=float))}
    return found


def selection(runs: Runs, settings: Corrected, features: Sequence[str]) -> pd.DataFrame:
    """Return the share of folds (all seeds) in which each model kept each feature."""
    rows = []
    for model, item in settings.models.items():
        if not item.penalties:
            continue
        counts = np.zeros(len(features))
        folds = [kept for run in runs for kept in run[model].kept]
        for kept in folds:
            counts[kept] += 1
        rows += [{"model": model, "feature": name, "share": count / len(folds)}
                 for name, count in zip(features, counts)]
    return pd.DataFrame(rows)


def permutation(problem: Problem, runs: Runs, permuted: list[dict]) -> tuple[dict, pd.DataFrame]:
    """Return the permutation test of every model, and each run's statistics.

    Parameters
    ----------
    problem : Problem
    runs : sequence of dict
        The runs on the real labels.
    permuted : list of dict
        Model to statistics, one per permutation.
    """
    real = [{model: corrected_permutation.statistics(problem, outcome)
             for model, outcome in run.items()} for run in runs]
    found = {model: {name: corrected_permutation.summarise(
        np.array([run[model][name] for run in real]),
        np.array([run[model][name] for run in permuted]))
        for name in corrected_permutation.STATISTICS} for model in runs[0]}
    rows = [{"labels": kind, "run": number, "model": model, **values}
            for kind, group in (("real", real), ("permuted", permuted))
            for number, run in enumerate(group) for model, values in run.items()]
    return found, pd.DataFrame(rows)
