"""Repeat the released forests without growing every tree again.

A tree is grown from the 32-bit features, the labels and a seed of its own; no kernel and no thread
enters. A variation that hands the trees the same bits therefore grows only the first trees of each
forest. Where they are, split by split, those of the forest grown whole, it takes that forest's
probabilities; where a bit or a split differs, it grows its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from stages.classification import data, models, scores
from stages.classification.train import Trained, fold_indices
from stages.common.errors import InputError
from stages.common.parameters import Configuration, Protocol

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
    probabilities : dict
        Configuration to one list per forest: class probabilities of the held-out series of each
        fold, then of the test series after the refit, each of shape (n, 2).
    """

    inputs: str
    witnesses: str
    probabilities: dict[str, list]


def digest_of_inputs(train_set: data.Split, test_set: data.Split) -> str:
    """Return a digest of the bits that trees see: scikit-learn gives them 32-bit features."""
    seen = hashlib.sha256()
    for part in (train_set, test_set):
        seen.update(np.ascontiguousarray(part.features.to_numpy(dtype=np.float32)).tobytes())
        seen.update(np.ascontiguousarray(part.label, dtype=np.int64).tobytes())
    return seen.hexdigest()


def grow(train_set: data.Split, test_set: data.Split, settings: Protocol,
         configurations: dict[str, Configuration], witnesses: int, threads: int,
         whole: bool) -> Grown:
    """Grow every forest of the configurations.

    Parameters
    ----------
    train_set, test_set : Split
    settings : Protocol
        Of the ensemble ``refit``.
    configurations : dict
        Name to configuration, forests only.
    witnesses : int
        Number of first trees that the digest covers.
    threads : int
        That grow trees at once.
    whole : bool
        Grow all trees; else the witnesses alone, without probabilities.

    Raises
    ------
    InputError
        If the protocol makes another ensemble.
    """
    if settings.ensemble != "refit":
        raise InputError(f"the forests of the ensemble '{settings.ensemble}' cannot be varied",
                         "params.yaml", "the sweep varies the ensemble 'refit'")
    label, found = train_set.label, {}
    digest = hashlib.sha256()
    rows = [*fold_indices(settings.folds, label), (np.arange(len(label)), None)]
    for name, configuration in sorted(configurations.items()):
        found[name] = []
        for inside, outside in rows:
            forest = models.make(MODEL, settings.models[MODEL], configuration.weight)
            count = forest.n_estimators if whole else min(witnesses, forest.n_estimators)
            forest.set_params(n_estimators=count, n_jobs=threads)
            models.fit(forest, train_set.features.iloc[inside], label[inside])
            for member in forest.estimators_[:witnesses]:
                tree = member.tree_
                for part in (tree.children_left, tree.children_right, tree.feature, tree.threshold,
                             tree.value):
                    digest.update(np.ascontiguousarray(part).tobytes())
            if whole:
                asked = test_set.features if outside is None else train_set.features.iloc[outside]
                found[name].append(models.probability(forest, asked).tolist())
    return Grown(digest_of_inputs(train_set, test_set), digest.hexdigest(), found)


def repeat(train_set: data.Split, test_set: data.Split, settings: Protocol,
           configurations: dict[str, Configuration], witnesses: int, threads: int,
           known: Grown | None) -> tuple[dict[str, Trained], Grown | None]:
    """Return the outcome of every configuration; and the forests, if they had to be grown whole.

    Parameters
    ----------
    known : Grown or None
        Forests of the same column order, to be confirmed.
    """
    arguments = (train_set, test_set, settings, configurations, witnesses, threads)
    if known and known.inputs == digest_of_inputs(train_set, test_set):
        if grow(*arguments, whole=False).witnesses == known.witnesses:
            return _outcomes(known, train_set, settings), None
    grown = grow(*arguments, whole=True)
    return _outcomes(grown, train_set, settings), grown


def _outcomes(grown: Grown, train_set: data.Split, settings: Protocol) -> dict[str, Trained]:
    """Score the folds and average the copies of the refitted forest, as `train.train` does."""
    found, label = {}, train_set.label
    for name, probabilities in grown.probabilities.items():
        *held_out, test = (np.array(values) for values in probabilities)
        folds = []
        for number, ((_, outside), values) in enumerate(
                zip(fold_indices(settings.folds, label), held_out, strict=True)):
            result = scores.score(label[outside], values.argmax(axis=1), values[:, 1])
            folds.append({"fold": number, "F1": result["F1"], "AUC": result["AUC"],
                          "iterations": None, "warnings": []})
        average = np.average([test] * settings.folds.n_splits, axis=0)
        found[name] = Trained(folds, average, {})
    return found
