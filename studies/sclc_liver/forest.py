"""Repeat the released forests without growing every tree again.

A tree is grown from the 32-bit features, the labels and a seed of its own; no kernel and no thread
enters. A variation that hands the trees the same bits therefore grows only the first trees of each
forest. Where they are, split by split, those of the forests grown whole, it takes the numbers that
these gave; where a bit or a split differs, it grows its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.classification import data, models, scores
from stages.classification.parameters import Configuration, Protocol
from stages.classification.train import Trained, fold_indices
from stages.common.errors import InputError

MODEL = "RF"


@dataclass(frozen=True)
class Grown:
    """Forests that were grown whole.

    Attributes
    ----------
    inputs : str
        Digest of what the trees are grown from and asked about.
    witnesses : str
        Digest of the first trees of every forest.
    rows : list of [source, path, value]
        The numbers that they gave.
    """

    inputs: str
    witnesses: str
    rows: list


@dataclass(frozen=True)
class Fit:
    """One forest to grow.

    Attributes
    ----------
    weight : float or str or None
        Of the positive class.
    rows : ndarray of int
        Series of the training set to grow it from.
    asked : DataFrame, shape (n, p)
        Series whose class probabilities count.
    """

    weight: float | str | None
    rows: np.ndarray
    asked: pd.DataFrame


def digest_of_inputs(train_set: data.Split, other_set: data.Split) -> str:
    """Return a digest of the bits that trees see: scikit-learn gives them 32-bit features."""
    seen = hashlib.sha256()
    for part in (train_set, other_set):
        seen.update(np.ascontiguousarray(part.features.to_numpy(dtype=np.float32)).tobytes())
        seen.update(np.ascontiguousarray(part.label, dtype=np.int64).tobytes())
    return seen.hexdigest()


def grow(train_set: data.Split, fits: list[Fit], parameters: dict, threads: int, witnesses: int,
         whole: bool) -> tuple[str, list]:
    """Grow forests.

    Parameters
    ----------
    train_set : Split
    fits : list of Fit
    parameters : dict
        Keyword arguments of the forests.
    threads : int
        That grow trees at once.
    witnesses : int
        Number of first trees that the digest covers.
    whole : bool
        Grow all trees; else the witnesses alone, without probabilities.

    Returns
    -------
    str
        Digest of the witnesses' splits.
    list
        Class probabilities, one array (as lists) per forest.
    """
    digest, found = hashlib.sha256(), []
    for fit in fits:
        forest = models.make(MODEL, parameters, fit.weight)
        count = forest.n_estimators if whole else min(witnesses, forest.n_estimators)
        forest.set_params(n_estimators=count, n_jobs=threads)
        models.fit(forest, train_set.features.iloc[fit.rows], train_set.label[fit.rows])
        for member in forest.estimators_[:witnesses]:
            tree = member.tree_
            for part in (tree.children_left, tree.children_right, tree.feature, tree.threshold,
                         tree.value):
                digest.update(np.ascontiguousarray(part).tobytes())
        if whole:
            found.append(models.probability(forest, fit.asked).tolist())
    return digest.hexdigest(), found


def repeat(known: Grown | None, sets: tuple[data.Split, data.Split], fits: list[Fit],
           parameters: dict, threads: int, witnesses: int, evaluate: Callable[[list], list]
           ) -> tuple[list, Grown | None]:
    """Return the numbers that forests give; and the forests, if they had to be grown whole.

    Parameters
    ----------
    known : Grown or None
        Forests to be confirmed.
    sets : (Split, Split)
        All series that enter; the forests are grown from the first.
    fits, parameters, threads, witnesses
        See `grow`.
    evaluate : callable
        Makes the numbers (Grown.rows) from the class probabilities (see `grow`).
    """
    arguments, inputs = (sets[0], fits, parameters, threads, witnesses), digest_of_inputs(*sets)
    if known and known.inputs == inputs:
        if grow(*arguments, whole=False)[0] == known.witnesses:
            return known.rows, None
    digest, probabilities = grow(*arguments, whole=True)
    grown = Grown(inputs, digest, evaluate(probabilities))
    return grown.rows, grown


def fits(train_set: data.Split, test_set: data.Split, settings: Protocol,
         configurations: dict[str, Configuration]) -> list[Fit]:
    """Return what the ensemble ``refit`` grows: each configuration's folds, then its refit.

    Raises
    ------
    InputError
        If the protocol makes another ensemble.
    """
    if settings.ensemble != "refit":
        raise InputError(f"the forests of the ensemble '{settings.ensemble}' cannot be varied",
                         "params/classification.yaml", "the sweep varies the ensemble 'refit'")
    features, label = train_set.features, train_set.label
    parts = [(inside, features.iloc[outside])
             for inside, outside in fold_indices(settings.folds, label)]
    parts.append((np.arange(len(label)), test_set.features))
    return [Fit(configuration.weight, *part) for configuration in configurations.values()
            for part in parts]


def outcomes(probabilities: list, train_set: data.Split, settings: Protocol,
             configurations: dict[str, Configuration]) -> dict[str, Trained]:
    """Return what `train.train` does for each configuration, from the class probabilities."""
    step = settings.folds.n_splits + 1
    return {name: _outcome(probabilities[step * number:step * (number + 1)], train_set, settings)
            for number, name in enumerate(configurations)}


def _outcome(probabilities: list, train_set: data.Split, settings: Protocol) -> Trained:
    """Score the folds and average the copies of the refitted forest."""
    *held_out, test = (np.array(values) for values in probabilities)
    folds, label = [], train_set.label
    for number, ((_, outside), values) in enumerate(
            zip(fold_indices(settings.folds, label), held_out, strict=True)):
        result = scores.score(label[outside], values.argmax(axis=1), values[:, 1])
        folds.append({"fold": number, "F1": result["F1"], "AUC": result["AUC"],
                      "iterations": None, "warnings": []})
    return Trained(folds, np.average([test] * settings.folds.n_splits, axis=0), {})
