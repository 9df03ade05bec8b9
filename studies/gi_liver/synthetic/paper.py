"""The paper's protocol: one split, sixteen classifiers, the best of them on the test set."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from stages.prediction import classifiers
from stages.prediction.areas import area
from stages.prediction.lesions import Lesions
from stages.prediction.parameters import Model
from stages.prediction.preparation import scaling, uncorrelated
from studies.gi_liver.synthetic.parameters import Paper


@dataclass(frozen=True)
class Protocol:
    """A way from lesions to the scores of a test set.

    Attributes
    ----------
    models : dict of Model
    samplers : dict of dict
    settings : Paper
    tuning_folds : int
        Of lesions; 0 takes the arguments as they are.
    by_patient : bool
        Patients are divided, not lesions.
    sample_first : bool
        Sampling comes before the division.
    """

    models: dict[str, Model]
    samplers: dict[str, dict]
    settings: Paper
    tuning_folds: int = 0
    by_patient: bool = True
    sample_first: bool = False


def held_out(lesions: Lesions, protocol: Protocol, random: np.random.Generator) -> np.ndarray:
    """Return which lesions are the test set, shape (n,).

    As many patients of each class as the paper has; or, where lesions are divided, as many lesions as
    these have, drawn from all.
    """
    patients = np.concatenate([
        random.choice(np.flatnonzero(lesions.outcome == label), protocol.settings.test_patients, False)
        for label in (0, 1)])
    chosen = np.isin(lesions.patient, patients)
    return chosen if protocol.by_patient else random.permutation(chosen)


def cells(lesions: Lesions, protocol: Protocol, seed: int) -> dict[tuple[str, str], dict]:
    """Return area and accuracy on the test set of every classifier with every sampler.

    Parameters
    ----------
    lesions : Lesions
    protocol : Protocol
    seed : int
        Of the division, of the sampling and of the classifiers.
    """
    settings = protocol.settings
    test = held_out(lesions, protocol, np.random.default_rng(seed))
    rows = slice(None) if settings.filter_rows == "all" else ~test
    features = lesions.features[:, uncorrelated(lesions.features[rows], settings.correlation)]
    found = {}
    for sampler, arguments in protocol.samplers.items():
        if protocol.sample_first:
            every, label = classifiers.sample(sampler, arguments, features, lesions.label, seed)
            share, random = test.mean(), np.random.default_rng(seed)
            outside = random.permutation(len(label)) < round(share * len(label))
            learn, answer = (every[~outside], label[~outside]), (every[outside], label[outside])
        else:
            learn = classifiers.sample(sampler, arguments, features[~test], lesions.label[~test], seed)
            answer = features[test], lesions.label[test]
        learn, answer = scaled(learn, answer, settings.scale_apart)
        for name, model in protocol.models.items():
            estimator = fitted(name, model, learn, protocol.tuning_folds, seed)
            score, threshold = classifiers.score(estimator, answer[0])
            found[name, sampler] = {
                "AUC": area(answer[1], score),
                "accuracy": float(np.mean((score > threshold) == answer[1])),
                "constant": float(max(answer[1].mean(), 1 - answer[1].mean()))}
    return found


def scaled(learn: tuple, answer: tuple, apart: bool) -> tuple[tuple, tuple]:
    """Scale both parts: each by its own mean and spread, or both by the first one's."""
    centre, scale = scaling(learn[0])
    other = scaling(answer[0]) if apart else (centre, scale)
    return (((learn[0] - centre) / scale, learn[1]),
            ((answer[0] - other[0]) / other[1], answer[1]))


def fitted(name: str, model: Model, learn: tuple[np.ndarray, np.ndarray], folds: int, seed: int):
    """Return the classifier, fitted; tuned by accuracy over folds of lesions where there are any."""
    estimator = classifiers.make(name, model.arguments, seed)
    if not folds or not model.grid:
        return classifiers.fit(estimator, *learn)
    inner = StratifiedKFold(folds, shuffle=True, random_state=seed)
    search = GridSearchCV(estimator, {key: list(values) for key, values in model.grid.items()},
                          cv=inner)
    return classifiers.fit(search, *learn).best_estimator_


def greatest(found: dict[tuple[str, str], dict]) -> tuple[str, str]:
    """Return the cell with the greatest area on the test set, the first of equal ones."""
    return max(found, key=lambda cell: found[cell]["AUC"])


def importance(lesions: Lesions, protocol: Protocol, seed: int) -> dict[str, float]:
    """Return the permutation importance of the features that the filter keeps, the greatest first.

    Of a random forest, on the rows that it learnt from.
    """
    settings = protocol.settings
    test = held_out(lesions, protocol, np.random.default_rng(seed))
    rows = slice(None) if settings.filter_rows == "all" else ~test
    kept = uncorrelated(lesions.features[rows], settings.correlation)
    learn, label = lesions.features[~test][:, kept], lesions.label[~test]
    forest = fitted("RF", replace(protocol.models["RF"], grid={}), (learn, label), 0, seed)
    means = permutation_importance(forest, learn, label, n_repeats=settings.importance_repeats,
                                   random_state=seed).importances_mean
    order = np.argsort(-means, kind="stable")
    return {lesions.names[kept[place]]: float(means[place]) for place in order}
