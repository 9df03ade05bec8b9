"""Logistic regression: scikit-learn's, kept as its coefficients."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from stages.classification.estimator import Estimator


class Classifier(Estimator):
    """Logistic regression."""

    kind = LogisticRegression
    fields = frozenset(("coefficients", "intercept"))

    def iterations(self, fitted) -> int:
        """Return the iterations of the solver."""
        return int(fitted.n_iter_[0])

    def store(self, fitted, features: list[str]) -> dict:
        """Return coefficients by feature, and the intercept."""
        return {"coefficients": dict(zip(features, fitted.coef_[0])),
                "intercept": float(fitted.intercept_[0])}

    def probability(self, content: Mapping, features: pd.DataFrame) -> np.ndarray:
        """Return the logistic function of the weighted sum."""
        if set(content["coefficients"]) != set(features.columns):
            raise KeyError("other features have coefficients")
        weights = np.array([content["coefficients"][name] for name in features.columns])
        decision = features.to_numpy() @ weights + content["intercept"]
        # Of the two equal forms the one that cannot overflow.
        small = np.exp(-np.abs(decision))
        return np.where(decision >= 0, 1 / (1 + small), small / (1 + small))
