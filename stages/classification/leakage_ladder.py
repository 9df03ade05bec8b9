"""Cross-validated scores as each source of leakage is taken away in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit

from stages.classification import data, models, scores
from stages.classification.corrected import scores as corrected_scores
from stages.classification.parameters import Leakage, Selection
from stages.classification.select import select
from stages.common.errors import InputError

# From the released procedure down: each rung keeps what the ones before it changed.
RUNGS = ("series", "study", "patient", "patient-selection-inside")
METRICS = ("AUC", "F1")


def folds(rung: str, split: data.Split, settings: Leakage,
          seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (training rows, held-out rows) of the folds of one rung.

    Parameters
    ----------
    rung : str
        One of `RUNGS`: what may not stand on both sides of a fold.
    split : Split
        n series.
    settings : Leakage
    seed : int
    """
    kind = ShuffleSplit if rung == "series" else GroupShuffleSplit
    splitter = kind(settings.n_splits, test_size=settings.test_size, random_state=seed)
    groups = {"series": None, "study": split.studies}.get(rung, split.patients)
    return splitter.split(split.label, groups=groups)


def kept(train: data.Split, held_out: data.Split, selection: Selection) -> list[str]:
    """Return the features that LASSO keeps on the training part.

    Raises
    ------
    InputError
        If it keeps none.
    """
    names = list(select(train, held_out, selection).coefficients)
    if not names:
        raise InputError("the selection keeps no feature in one of the folds",
                         "params/classification.yaml", "lower 'alpha' of protocol as-released")
    return names


def climb(train: data.Split, test: data.Split, selection: Selection,
          hyper: Mapping[str, Mapping], settings: Leakage, seed: int) -> list[dict]:
    """Cross-validate the models on every rung with one seed.

    Parameters
    ----------
    train, test : Split
        The test series serve only to describe the selection outside the folds.
    selection : Selection
    hyper : mapping
        Model to keyword arguments.
    settings : Leakage
    seed : int

    Returns
    -------
    list of dict
        ``rung``, ``model``, ``seed``, ``AUC`` and ``F1`` (means over folds where defined),
        ``folds`` (those with both classes held out), ``features`` (mean number) and ``warned``
        (folds whose fit gave a warning: the released LR does not converge).
    """
    rows = []
    outside_names = kept(train, test, selection)
    for rung in RUNGS:
        results = {model: [] for model in hyper}
        sizes = []
        for inside, outside in folds(rung, train, settings, seed):
            part, held_out = train.take(inside), train.take(outside)
            names = kept(part, held_out, selection) if rung == RUNGS[-1] else outside_names
            sizes.append(len(names))
            for model, found in results.items():
                found.append(_fold(model, hyper[model], part, held_out, names))
        rows += [{"rung": rung, "model": model, "seed": seed, **_means(found),
                  "features": float(np.mean(sizes))} for model, found in results.items()]
    return rows


def _fold(model, hyper, part, held_out, names) -> dict:
    if len(np.unique(part.label)) < 2:
        raise InputError("the training part of a fold holds one class only", "cohort table",
                         "lower 'test_size' of the leakage ladder")
    estimator = models.make(model, hyper, threads=1)  # whole seeds are spread over the cores
    messages = models.fit(estimator, part.features[names], part.label)
    probability = models.probability(estimator, held_out.features[names])
    found = scores.score(held_out.label, probability.argmax(axis=1), probability[:, 1])
    return {**found, "warned": bool(messages)}


def _means(found: list[dict]) -> dict:
    area = np.array([fold["AUC"] for fold in found])
    defined = area[~np.isnan(area)]
    return {"AUC": float(defined.mean()) if defined.size else float("nan"),
            "F1": float(np.mean([fold["F1"] for fold in found])), "folds": int(defined.size),
            "warned": sum(fold["warned"] for fold in found)}


def summarise(rows: pd.DataFrame) -> dict:
    """Return spread over seeds of every rung, and of the step from the rung before, by model."""
    found = {}
    for model, part in rows.groupby("model", sort=True):
        found[model] = {"rungs": {}, "steps": {}}
        wide = {rung: part[part["rung"] == rung].set_index("seed") for rung in RUNGS}
        for position, rung in enumerate(RUNGS):
            found[model]["rungs"][rung] = {
                name: corrected_scores.spread(wide[rung][name].to_numpy())
                for name in (*METRICS, "features")} | {
                name: int(wide[rung][name].sum()) for name in ("folds", "warned")}
            if position:
                before = RUNGS[position - 1]
                found[model]["steps"][f"{before} to {rung}"] = {
                    name: corrected_scores.spread(
                        (wide[rung][name] - wide[before][name]).to_numpy()) for name in METRICS}
    return found
