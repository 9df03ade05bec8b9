"""The three classifiers: made from parameters, fitted with their warnings kept, stored as data."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from stages.common.errors import InputError

CLASSES = {"LR": LogisticRegression, "RF": RandomForestClassifier, "XGB": XGBClassifier}

# Names that a class takes beside its documented parameters.
ALIASES = {"XGB": ("seed", "updater")}

# XGBoost writes the time and a source line into its messages.
_VARYING = re.compile(r"^\[\d\d:\d\d:\d\d\] (WARNING|INFO): \S+ ?|0x[0-9a-f]+")


def make(model: str, parameters: Mapping, weight=None):
    """Return an unfitted classifier.

    Parameters
    ----------
    model : str
        ``LR``, ``RF`` or ``XGB``.
    parameters : mapping
        Keyword arguments of the library's class.
    weight : float or "balanced", optional
        Weight of the positive class.

    Raises
    ------
    InputError
        If the library does not know a parameter.
    """
    arguments = dict(parameters)
    if model == "XGB":
        # One thread unless asked: the linear booster's default updater races between threads.
        arguments.setdefault("n_jobs", 1)
        if weight is not None:
            arguments["scale_pos_weight"] = weight
    elif weight is not None:
        arguments["class_weight"] = weight if isinstance(weight, str) else {0: 1, 1: weight}
    if model == "RF":
        # Each tree has its own seed: the number of workers changes nothing but the time.
        arguments["n_jobs"] = os.cpu_count()
    known = {*CLASSES[model]().get_params(), *ALIASES.get(model, ())}
    for name in arguments:
        if name not in known:
            raise InputError(f"unknown parameter '{name}' of {model}", "params/classification.yaml",
                             f"see the documentation of {CLASSES[model].__name__}")
    return CLASSES[model](**arguments)


def recorded(caught: list[warnings.WarningMessage]) -> list[str]:
    """Return caught warnings as ``Category: text``, without anything that varies, sorted, once."""
    texts = (f"{item.category.__name__}: {' '.join(_VARYING.sub('', str(item.message)).split())}"
             for item in caught)
    return sorted(set(texts))


def fit(estimator, features: pd.DataFrame, label: np.ndarray) -> list[str]:
    """Fit in place; return the warnings.

    Parameters
    ----------
    estimator : classifier
    features : DataFrame, shape (n, p)
    label : ndarray of int, shape (n,)
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(features, label)
    if isinstance(estimator, RandomForestClassifier):
        estimator.set_params(n_jobs=1)  # concurrent trees would be summed in any order
    return recorded(caught)


def probability(estimator, features: pd.DataFrame) -> np.ndarray:
    """Return class probabilities, shape (n, 2), in the library's own precision.

    XGBoost answers in 32 bits; the released ensemble averages them as they come.
    """
    return estimator.predict_proba(features)


def iterations(estimator) -> int | None:
    """Return the iterations of a logistic regression, None for other models."""
    if isinstance(estimator, LogisticRegression):
        return int(estimator.n_iter_[0])
    return None
