"""The corrected procedure: everything that learns, learns inside patient-grouped folds."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from sklearn.linear_model import Lasso
from sklearn.model_selection import StratifiedGroupKFold

from stages.classification import models
from stages.classification.messages import recorded
from stages.classification.parameters import Corrected, CorrectedModel
from stages.common.errors import InputError

# Coordinate-descent passes that the LASSO may take; those that it needs are a few hundred.
PASSES = 100_000


@dataclass(frozen=True)
class Problem:
    """Arrays of one analysis: n training and m test series.

    Attributes
    ----------
    inputs : dict of (ndarray (n, p), ndarray (m, p))
        Training and test features: ``radiomics`` and ``volume``.
    label, test_label : ndarray of int, shapes (n,) and (m,)
    target : ndarray of float, shape (n,)
        What the selection regresses on.
    patients, studies, test_patients, test_studies : ndarray of str
    """

    inputs: dict[str, tuple[np.ndarray, np.ndarray]]
    label: np.ndarray
    target: np.ndarray
    patients: np.ndarray
    studies: np.ndarray
    test_label: np.ndarray
    test_patients: np.ndarray
    test_studies: np.ndarray


@dataclass(frozen=True)
class Preparation:
    """Standardisation and selection learnt from some rows: p features, k of them kept."""

    centre: np.ndarray
    scale: np.ndarray
    kept: np.ndarray
    messages: tuple[str, ...] = ()

    def apply(self, features: np.ndarray) -> np.ndarray:
        """Return the kept features, standardised, shape (n, k)."""
        return (features[:, self.kept] - self.centre[self.kept]) / self.scale[self.kept]


@dataclass
class Outcome:
    """What one model gives in one run.

    Attributes
    ----------
    held_out : ndarray of float, shape (n,)
        Probability of each training series from the fold model that did not see its patient.
    fold : ndarray of int, shape (n,)
        The fold in which each training series was held out.
    test : ndarray of float, shape (m,)
        Mean probability of the fold models.
    chosen : list of dict
        Penalty and hyper-parameters of each fold.
    kept : list of ndarray of int
        Selected features of each fold.
    messages : list of str
        Warnings of all fits, the inner ones included.
    """

    held_out: np.ndarray
    fold: np.ndarray
    test: np.ndarray
    chosen: list[dict] = field(default_factory=list)
    kept: list[np.ndarray] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


def grouped_folds(label: np.ndarray, patients: np.ndarray, count: int,
                  seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (training rows, held-out rows) of folds that never divide a patient.

    Raises
    ------
    InputError
        If there are fewer patients or series of a class than folds, or the training rows of a fold
        hold one class only.
    """
    if len(np.unique(patients)) < count:
        raise InputError(f"{len(np.unique(patients))} patients cannot make {count} folds",
                         "cohort table", "lower 'folds' or 'inner_folds' in params/classification.yaml")
    if np.bincount(label, minlength=2).min() < count:
        raise InputError(f"a class has fewer series than {count} folds", "cohort table",
                         "lower 'folds' or 'inner_folds' in params/classification.yaml")
    # With shuffle=True, scikit-learn 1.2 to 1.7 shuffles the class counts without the groups that
    # they belong to, and does not stratify: shuffle the order of the patients instead.
    names, code = np.unique(patients, return_inverse=True)
    order = np.random.RandomState(seed).permutation(len(names))[code]
    folds = list(StratifiedGroupKFold(count).split(np.zeros((len(label), 1)), label, order))
    for inside, _ in folds:
        if len(np.unique(label[inside])) < 2:
            raise InputError("the training part of a fold holds one class only", "cohort table",
                             "lower 'folds' or 'inner_folds' in params/classification.yaml")
    return folds


def prepare(features: np.ndarray, target: np.ndarray, penalty: float | None) -> Preparation:
    """Learn standardisation and selection from these rows.

    Parameters
    ----------
    features : ndarray, shape (n, p)
    target : ndarray, shape (n,)
    penalty : float or None
        LASSO penalty as a share of the smallest one that removes every feature; None keeps all.
    """
    centre, spread = features.mean(axis=0), features.std(axis=0)
    # A constant feature leaves rounding noise behind, which must not be blown up to unit variance.
    varies = spread > 1e-12 * np.maximum(np.abs(centre), np.finfo(float).tiny)
    scale = np.where(varies, spread, 1.0)
    if penalty is None:
        return Preparation(centre, scale, np.arange(features.shape[1]))
    standard = np.where(varies, (features - centre) / scale, 0.0)
    largest = np.abs(standard.T @ (target - target.mean())).max() / len(target)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = Lasso(alpha=penalty * largest, max_iter=PASSES).fit(standard, target)
    return Preparation(centre, scale, np.flatnonzero(model.coef_), tuple(recorded(caught)))


def candidates(model: CorrectedModel) -> list[tuple[float | None, dict]]:
    """Return (penalty, hyper-parameters) of every candidate, in the order of the parameters."""
    names = list(model.grid)
    points = [dict(zip(names, values)) for values in itertools.product(*model.grid.values())]
    return [(penalty, point) for penalty in (model.penalties or (None,)) for point in points]


class _Rows:
    """Training rows of one fold, with each preparation made once."""

    def __init__(self, features: np.ndarray, problem: Problem, inside: np.ndarray):
        self.features, self.inside = features[inside], inside
        self.label, self.target = problem.label[inside], problem.target[inside]
        self.prepared: dict[float | None, Preparation] = {}

    def preparation(self, penalty: float | None) -> Preparation:
        if penalty not in self.prepared:
            self.prepared[penalty] = prepare(self.features, self.target, penalty)
        return self.prepared[penalty]

    def fit(self, model: CorrectedModel, penalty: float | None, point: dict, seed: int):
        """Return a function from features (k, p) to probabilities (k,), and the warnings."""
        preparation = self.preparation(penalty)
        # One thread: whole runs are spread over the cores.
        estimator = models.make(model.model, {**model.fixed, **point}, seed=seed, threads=1)
        messages = models.fit(estimator, preparation.apply(self.features), self.label)
        return (lambda features: models.probability(
            estimator, preparation.apply(features))[:, 1].astype(float),
            [*preparation.messages, *messages])


def choose(model: CorrectedModel, outer: _Rows, inner: list[tuple[_Rows, np.ndarray]],
           seed: int) -> tuple[float | None, dict, list[str]]:
    """Return the candidate with the least Brier score on the inner held-out series, and warnings.

    A proper score that stays bounded where a forest answers 0 or 1; the first of equal ones wins.
    """
    options, found, messages = candidates(model), [], []
    if len(options) == 1:
        return (*options[0], [])
    for penalty, point in options:
        error = 0.0
        for rows, outside in inner:
            predict, said = rows.fit(model, penalty, point, seed)
            error += float(((predict(outer.features[outside]) - outer.label[outside]) ** 2).sum())
            messages += said
        found.append(error)
    return (*options[int(np.argmin(found))], messages)


def run(problem: Problem, settings: Corrected, seed: int) -> dict[str, Outcome]:
    """Carry out the whole procedure once, for every model on the same folds.

    Parameters
    ----------
    problem : Problem
    settings : Corrected
    seed : int
        Seed of the folds and of the forests.
    """
    count, tests = len(problem.label), len(problem.test_label)
    outcomes = {name: Outcome(np.full(count, np.nan), np.full(count, -1), np.zeros(tests))
                for name in settings.models}
    folds = grouped_folds(problem.label, problem.patients, settings.folds, seed)
    for number, (inside, outside) in enumerate(folds):
        parts = dict(_parts(problem, settings, inside, seed))
        for name, model in settings.models.items():
            outer, inner = parts[model.inputs]
            penalty, point, messages = choose(model, outer, inner, seed)
            predict, said = outer.fit(model, penalty, point, seed)
            training, test = problem.inputs[model.inputs]
            outcome = outcomes[name]
            outcome.held_out[outside], outcome.fold[outside] = predict(training[outside]), number
            outcome.test += predict(test) / settings.folds
            outcome.chosen.append(point if penalty is None else {"penalty": penalty, **point})
            outcome.kept.append(outer.preparation(penalty).kept)
            outcome.messages += [*messages, *said]
    return outcomes


def _parts(problem: Problem, settings: Corrected, inside: np.ndarray,
           seed: int) -> Iterator[tuple[str, tuple[_Rows, list]]]:
    """Yield, for each kind of inputs, the fold's rows and its inner folds."""
    folds = grouped_folds(problem.label[inside], problem.patients[inside], settings.inner_folds,
                          seed)
    for name, (training, _) in problem.inputs.items():
        inner = [(_Rows(training, problem, inside[rows]), outside) for rows, outside in folds]
        yield name, (_Rows(training, problem, inside), inner)
