"""Random forest: scikit-learn's, kept as flat arrays over all its nodes."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

from stages.classification.estimator import Estimator


class Classifier(Estimator):
    """Random forest.

    Its arrays are ``start`` (trees + 1,): where each tree's nodes begin; and for each node ``left``,
    ``right`` (offsets within the tree, -1 at a leaf), ``feature``, ``threshold`` (go left if the
    feature, as a 32-bit float, is at most this), ``positive`` (share of the positive class).
    """

    kind = RandomForestClassifier
    fields = frozenset(("start", "left", "right", "feature", "threshold", "positive"))
    arrays = True

    def arguments(self, parameters: Mapping, weight=None) -> dict:
        """Use all cores: each tree has its own seed, so that their number changes nothing but time."""
        return super().arguments(parameters, weight) | {"n_jobs": os.cpu_count()}

    def settle(self, fitted) -> None:
        """Predict with one worker: concurrent trees would be summed in any order."""
        fitted.set_params(n_jobs=1)

    def store(self, fitted, features: list[str]) -> dict[str, np.ndarray]:
        """Return the nodes of all trees."""
        trees = [estimator.tree_ for estimator in fitted.estimators_]
        values = [tree.value[:, 0, :] for tree in trees]
        return {
            "start": np.cumsum([0] + [tree.node_count for tree in trees]).astype(np.int64),
            "left": np.concatenate([tree.children_left for tree in trees]).astype(np.int32),
            "right": np.concatenate([tree.children_right for tree in trees]).astype(np.int32),
            "feature": np.concatenate([tree.feature for tree in trees]).astype(np.int32),
            "threshold": np.concatenate([tree.threshold for tree in trees]).astype(np.float64),
            "positive": np.concatenate([value[:, 1] / value.sum(axis=1) for value in values]),
        }

    def probability(self, content: Mapping, features: pd.DataFrame) -> np.ndarray:
        """Return the mean over the trees of the share of the positive class in the leaf."""
        values = features.to_numpy(dtype=np.float32)
        rows = np.arange(len(values))
        total = np.zeros(len(values))
        for start in content["start"][:-1]:
            node = np.full(len(values), start)
            while (inner := content["left"][node] >= 0).any():
                feature = np.where(inner, content["feature"][node], 0)
                lower = values[rows, feature] <= content["threshold"][node]
                child = np.where(lower, content["left"][node], content["right"][node])
                node = np.where(inner, start + child, node)
            total += content["positive"][node]
        return total / (len(content["start"]) - 1)
