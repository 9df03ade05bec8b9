"""Fitted models as data: JSON for linear and boosted models, safetensors for forests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from stages.common import canonical


def store(folder: Path, models: Mapping[str, object], features: list[str]) -> None:
    """Write fitted models below ``folder``.

    Parameters
    ----------
    folder : Path
        ``<name>.json`` (logistic regression, XGBoost) or ``<name>.safetensors`` (forest).
    models : mapping
        Name to fitted classifier.
    features : list of str
        Names of the features, in the order in which the models see them.
    """
    canonical.write_json(folder / "features.json", features)
    for name, model in models.items():
        if isinstance(model, LogisticRegression):
            canonical.write_json(folder / f"{name}.json", {
                "coefficients": dict(zip(features, model.coef_[0])),
                "intercept": float(model.intercept_[0])})
        elif isinstance(model, RandomForestClassifier):
            canonical.write_bytes(folder / f"{name}.safetensors", save(forest_arrays(model)))
        else:
            content = json.loads(bytes(model.get_booster().save_raw("json")))
            canonical.write_json(folder / f"{name}.json", content)


def forest_arrays(model: RandomForestClassifier) -> dict[str, np.ndarray]:
    """Return a forest as flat arrays over all its nodes.

    Returns
    -------
    dict
        ``start`` (trees + 1,): where each tree's nodes begin. For each node: ``left``, ``right``
        (offsets within the tree, -1 at a leaf), ``feature``, ``threshold`` (go left if the
        feature, as a 32-bit float, is at most this), ``positive`` (share of the positive class).
    """
    trees = [estimator.tree_ for estimator in model.estimators_]
    values = [tree.value[:, 0, :] for tree in trees]
    return {
        "start": np.cumsum([0] + [tree.node_count for tree in trees]).astype(np.int64),
        "left": np.concatenate([tree.children_left for tree in trees]).astype(np.int32),
        "right": np.concatenate([tree.children_right for tree in trees]).astype(np.int32),
        "feature": np.concatenate([tree.feature for tree in trees]).astype(np.int32),
        "threshold": np.concatenate([tree.threshold for tree in trees]).astype(np.float64),
        "positive": np.concatenate([value[:, 1] / value.sum(axis=1) for value in values]),
    }


def forest_probability(path: Path, features: np.ndarray) -> np.ndarray:
    """Return the probability of the positive class, shape (n,), from a stored forest.

    Parameters
    ----------
    path : Path
        A ``.safetensors`` file of `store`.
    features : ndarray, shape (n, p)
    """
    forest = load_file(path)
    values = np.asarray(features, dtype=np.float32)
    rows = np.arange(len(values))
    total = np.zeros(len(values))
    for start in forest["start"][:-1]:
        node = np.full(len(values), start)
        while (inner := forest["left"][node] >= 0).any():
            feature = np.where(inner, forest["feature"][node], 0)
            lower = values[rows, feature] <= forest["threshold"][node]
            child = np.where(lower, forest["left"][node], forest["right"][node])
            node = np.where(inner, start + child, node)
        total += forest["positive"][node]
    return total / (len(forest["start"]) - 1)
