"""The corrected protocol: patients are divided, and everything that learns, learns inside.

Folds divide patients without regard to their labels, so that filter and scaling, which know no label
either, are the same when the labels of the patients are dealt anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import KFold

from stages.prediction import classifiers
from stages.prediction.areas import area
from stages.prediction.lesions import Lesions
from stages.prediction.parameters import Corrected, Model
from stages.prediction.preparation import Preparation, prepare


@dataclass(frozen=True)
class Part:
    """One fold: a rows to learn from, b rows of other patients.

    Attributes
    ----------
    inside, outside : ndarray of int, shapes (a,) and (b,)
        Rows of the lesions.
    preparation : Preparation
        Learnt from the rows inside.
    within, beyond : ndarray of float, shapes (a, k) and (b, k)
        Their prepared features.
    inner : tuple of Part
        Folds of the patients inside.
    """

    inside: np.ndarray
    outside: np.ndarray
    preparation: Preparation
    within: np.ndarray
    beyond: np.ndarray
    inner: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a model says of lesions that it did not learn from.

    Attributes
    ----------
    score : ndarray of float, shape (n,)
    threshold : float
        Above it a lesion is called positive.
    fold : ndarray of int, shape (m,)
        In which fold each patient was held out.
    """

    score: np.ndarray
    threshold: float
    fold: np.ndarray


def divisions(lesions: Lesions, settings: Corrected) -> list[list[Part]]:
    """Return the folds of every division of the patients, with inner ones where models are tuned."""
    everyone = np.arange(len(lesions.outcome))
    return [list(_divide(lesions, everyone, settings.folds, settings.seed + seed, settings,
                         settings.inner_folds if settings.tuned else 0))
            for seed in range(settings.seeds)]


def _divide(lesions, patients, count, seed, settings, inner_count):
    for learn, hold in KFold(count, shuffle=True, random_state=seed).split(patients):
        inside = np.flatnonzero(np.isin(lesions.patient, patients[learn]))
        outside = np.flatnonzero(np.isin(lesions.patient, patients[hold]))
        learnt = prepare(lesions.features[inside], settings.correlation)
        inner = tuple(_divide(lesions, patients[learn], inner_count, seed, settings, 0)
                      if inner_count else ())
        yield Part(inside, outside, learnt, learnt.apply(lesions.features[inside]),
                   learnt.apply(lesions.features[outside]), inner)


def answer(lesions: Lesions, parts: list[Part], name: str, model: Model, seed: int) -> Answer:
    """Fit a model in every fold and let it answer for the patients outside.

    Parameters
    ----------
    lesions : Lesions
    parts : list of Part
        Of the same lesions; their labels may have been dealt anew since.
    name : str
        Of the classifier.
    model : Model
    seed : int
    """
    score = np.zeros(len(lesions.patient))
    fold = np.zeros(len(lesions.outcome), int)
    threshold = classifiers.HALF
    for number, part in enumerate(parts):
        arguments = choose(lesions, part, name, model, seed)
        score[part.outside], threshold = predict(lesions, part, name, arguments, seed)
        fold[lesions.patient[part.outside]] = number
    return Answer(score, threshold, fold)


def choose(lesions: Lesions, part: Part, name: str, model: Model, seed: int) -> dict:
    """Return the arguments with the greatest area over the patients of the inner folds.

    The first of equal ones.
    """
    options = model.candidates
    if len(options) == 1:
        return options[0]
    everyone, fold = np.unique(lesions.patient[part.inside]), np.zeros(len(lesions.outcome), int)
    found = []
    for arguments in options:
        score = np.zeros(len(lesions.patient))
        for number, inner in enumerate(part.inner):
            score[inner.outside] = predict(lesions, inner, name, arguments, seed)[0]
            fold[lesions.patient[inner.outside]] = number
        found.append(area(lesions.outcome[everyone], lesions.by_patient(score)[everyone],
                          fold[everyone]))
    return options[int(np.nanargmax(found))] if np.isfinite(found).any() else options[0]


def predict(lesions: Lesions, part: Part, name: str, arguments: dict,
            seed: int) -> tuple[np.ndarray, float]:
    """Return a score of every lesion outside, shape (b,), and the threshold.

    Lesions weigh so that patients weigh the same, where the classifier takes weights. Where all
    patients inside have one label, every score is the threshold: nothing can be learnt.
    """
    label = lesions.label[part.inside]
    estimator = classifiers.make(name, arguments, seed)
    if label.min() == label.max():
        threshold = classifiers.BOUNDARY if name.endswith("SVM") else classifiers.HALF
        return np.full(len(part.outside), threshold), threshold
    weight = lesions.weight[part.inside] if classifiers.weighs(name) else None
    classifiers.fit(estimator, part.within, label, weight)
    return classifiers.score(estimator, part.beyond)


def patient_area(lesions: Lesions, found: Answer) -> float:
    """Return the area under the ROC curve by patient: mean scores, pairs of the same fold."""
    return area(lesions.outcome, lesions.by_patient(found.score), found.fold)


def lesion_area(lesions: Lesions, found: Answer) -> float:
    """Return the area under the ROC curve by lesion: pairs of the same fold."""
    return area(lesions.label, found.score, found.fold[lesions.patient])
