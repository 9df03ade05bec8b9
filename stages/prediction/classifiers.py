"""Classifiers and samplers by name: made from parameters, asked for one score per row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from imblearn.over_sampling import SMOTE
from imblearn.under_sampling import RandomUnderSampler
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from stages.common.errors import InputError

# "K-SVM" can be a support vector machine with a kernel, as here, or one machine for each cluster of
# k-means (Gu and Han 2013, doi:10.1137/1.9781611972832.47).
CLASSIFIERS = {"XGB": XGBClassifier, "RF": RandomForestClassifier, "SVM": SVC, "K-SVM": SVC,
               "KNN": KNeighborsClassifier, "LR": LogisticRegression, "NB": GaussianNB,
               "Tree": DecisionTreeClassifier}
SAMPLERS = {"undersampling": RandomUnderSampler, "SMOTE": SMOTE}
# Of a score: the share of the positive class, or a distance from the boundary.
HALF, BOUNDARY = 0.5, 0.0


def make(name: str, arguments: Mapping, seed: int):
    """Return an unfitted classifier that works in one thread.

    Parameters
    ----------
    name : str
        One of `CLASSIFIERS`.
    arguments : mapping
        Keyword arguments of the library's class.
    seed : int
        For those that draw at random.

    Raises
    ------
    InputError
        If there is no such classifier or argument.
    """
    kind = _named(CLASSIFIERS, name, "classifier")
    known = kind().get_params()
    for argument in arguments:
        if argument not in known:
            raise InputError(f"{name} has no argument '{argument}'", "params",
                             f"see the documentation of {kind.__name__}")
    own = {"random_state": seed, "n_jobs": 1}
    return kind(**{**{key: value for key, value in own.items() if key in known}, **arguments})


def weighs(name: str) -> bool:
    """Tell whether a classifier can be fitted with weights of rows."""
    return _named(CLASSIFIERS, name, "classifier") is not KNeighborsClassifier


def fit(estimator, features: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None):
    """Fit in place and return the classifier; the library's warnings are shown.

    Parameters
    ----------
    estimator : classifier of `make`
    features : ndarray of float, shape (n, p)
    label : ndarray of int, shape (n,)
    weight : ndarray of float, shape (n,), optional
    """
    if weight is None:
        return estimator.fit(features, label)
    return estimator.fit(features, label, sample_weight=weight)


def score(estimator, features: np.ndarray) -> tuple[np.ndarray, float]:
    """Return one score per row, shape (n,), and the threshold above which a row is called positive.

    The probability of the positive class, or the distance from the boundary where the library's
    class has no probability of its own.
    """
    if isinstance(estimator, SVC):
        return estimator.decision_function(features), BOUNDARY
    return estimator.predict_proba(features)[:, 1].astype(float), HALF


def sample(name: str | None, arguments: Mapping, features: np.ndarray, label: np.ndarray,
           seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows with as many of each class: features (m, p) and labels (m,).

    Parameters
    ----------
    name : str or None
        One of `SAMPLERS`; None returns the rows as they are.
    arguments : mapping
        Keyword arguments of the library's class.
    features, label : ndarray, shapes (n, p) and (n,)
    seed : int

    Raises
    ------
    InputError
        If there is no such sampler, or a class has too few rows for it.
    """
    if name is None:
        return features, label
    sampler = _named(SAMPLERS, name, "sampler")(random_state=seed, **arguments)
    try:
        return sampler.fit_resample(features, label)
    except ValueError as error:
        raise InputError(f"{name} cannot work on classes of {np.bincount(label).tolist()} rows "
                         f"({str(error).splitlines()[0]})", "feature table",
                         "give more lesions, or fewer neighbours") from None


def _named(known, name, what):
    if name not in known:
        raise InputError(f"there is no {what} '{name}'", "params", f"valid: {', '.join(known)}")
    return known[name]
