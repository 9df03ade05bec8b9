"""Scores of a binary prediction."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, roc_auc_score

METRICS = ("Accuracy", "PPV", "NPV", "Sensitivity", "Specificity", "F1", "AUC")


def _ratio(top: float, bottom: float, empty: float) -> float:
    return float(top / bottom) if bottom else empty


def score(label: np.ndarray, predicted: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Return the seven scores of Table 4.

    Parameters
    ----------
    label, predicted : ndarray of int, shape (n,)
        1 is positive.
    probability : ndarray of float, shape (n,)
        Probability of the positive class.

    Returns
    -------
    dict
        NPV is NaN where nothing is predicted negative; PPV is 0 where nothing is predicted
        positive (scikit-learn's precision); AUC is NaN with one class only.
    """
    (tn, fp), (fn, tp) = confusion_matrix(label, predicted, labels=[0, 1])
    both = 0 < np.sum(label) < len(label)
    return {
        "Accuracy": float(accuracy_score(label, predicted)),
        "PPV": _ratio(tp, tp + fp, 0.0),
        "NPV": _ratio(tn, tn + fn, float("nan")),
        "Sensitivity": _ratio(tp, tp + fn, 0.0),
        "Specificity": _ratio(tn, tn + fp, 0.0),
        "F1": float(f1_score(label, predicted, zero_division=0)),
        "AUC": float(roc_auc_score(label, probability)) if both else float("nan"),
    }


def confusion(label: np.ndarray, predicted: np.ndarray) -> dict[str, int]:
    """Return the confusion matrix as named counts."""
    (tn, fp), (fn, tp) = confusion_matrix(label, predicted, labels=[0, 1])
    return {"TN": int(tn), "FP": int(fp), "FN": int(fn), "TP": int(tp)}
