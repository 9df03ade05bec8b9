"""A penalised Cox model of covariates chosen beforehand, scored on patients that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.survival import ridge, scores
from stages.survival.events import CENSORED, DIED, RELAPSE


@dataclass(frozen=True)
class Model:
    """Section ``survival.model`` of the parameters.

    Attributes
    ----------
    penalty : float
        Ridge penalty of standardised covariates.
    folds, groups : int
        Parts of the cross-validation; groups of the calibration.
    draws, permutations, seed : int
        Bootstrap draws of patients; orders of the outcomes for the P value.
    """

    penalty: float
    folds: int
    groups: int
    draws: int
    permutations: int
    seed: int


def folds(n: int, count: int, seed: int) -> np.ndarray:
    """Return the part of each patient, 0 to count - 1, as even as can be."""
    return np.random.default_rng(seed).permutation(np.arange(n) % count)


def standardised(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return covariates in units of the training patients; 0 where they are all equal."""
    spread = x[train].std(axis=0)
    centred = x - x[train].mean(axis=0)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)


def out_of_fold(x: np.ndarray, time: np.ndarray, kind: np.ndarray, part: np.ndarray,
                penalty: float) -> np.ndarray:
    """Return each patient's log hazard by the model of the other parts.

    Parameters
    ----------
    x : (n, p) array of float
    time, kind : (outcomes, n) arrays
        See `stages.survival.events.Events`; each row is an outcome of the same patients.
    part : (n,) array of int
    penalty : float

    Returns
    -------
    (outcomes, n) array of float
        Centred by part: no part's mean tells another part's patients apart.
    """
    risk = np.empty(time.shape)
    for held in np.unique(part):
        train, test = part != held, part == held
        z = standardised(x, train)
        b = ridge.fit(np.broadcast_to(z[train], (len(time), *z[train].shape)), time[:, train],
                      kind[:, train] == RELAPSE, penalty)
        risk[:, test] = b @ z[test].T
    return risk


def within(time: np.ndarray, kind: np.ndarray, risk: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Return the concordance of pairs of the same part, whose risks one model gave: (outcomes,)."""
    return np.nanmean([scores.concordance(time[:, part == held], kind[:, part == held],
                                          risk[:, part == held]) for held in np.unique(part)], axis=0)


def permutation(x: np.ndarray, time: np.ndarray, kind: np.ndarray, settings: Model,
                seed: int) -> tuple[float, float]:
    """Return the cross-validated concordance and its P value: outcomes given to patients at random.

    Time and what ended it stay together; every order goes through the whole protocol.
    """
    random, n = np.random.default_rng([seed, 1]), len(time)
    order = np.stack([np.arange(n), *(random.permutation(n) for _ in range(settings.permutations))])
    part = folds(n, settings.folds, seed)
    risk = out_of_fold(x, time[order], kind[order], part, settings.penalty)
    found = within(time[order], kind[order], risk, part)
    return float(found[0]), float((found >= found[0]).mean())


def incidence(x: np.ndarray, time: np.ndarray, kind: np.ndarray, part: np.ndarray, penalty: float,
              when: float) -> np.ndarray:
    """Return each patient's probability of relapse by a time, by the model of the other parts: (n,).

    Deaths compete with a hazard that is the same for all. Source: Benichou and Gail 1990,
    doi:10.2307/2532098 (absolute risk from cause-specific hazards).
    """
    probability = np.empty(len(time))
    for held in np.unique(part):
        train, test = part != held, part == held
        z = standardised(x, train)
        b = ridge.fit(z[None, train], time[None, train], kind[None, train] == RELAPSE, penalty)[0]
        at = np.unique(time[train & (kind != CENSORED) & (time <= when)])
        risk = np.exp(z[train] @ b)
        there = time[train] >= at[:, None]
        ends = time[train] == at[:, None]
        relapse = (ends & (kind[train] == RELAPSE)).sum(axis=1) / np.maximum(there @ risk, 1e-12)
        death = (ends & (kind[train] == DIED)).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        own = np.exp(z[test] @ b)[:, None] * relapse
        left = np.exp(-np.cumsum(own + death, axis=1) + own + death)
        probability[test] = (left * own).sum(axis=1)
    return np.clip(probability, 0, 1)


def assess(x: np.ndarray, time: np.ndarray, kind: np.ndarray, settings: Model, when: float) -> dict:
    """Return the cross-validated scores with 95 % intervals by drawing patients, P and calibration."""
    part = folds(len(time), settings.folds, settings.seed)
    risk = out_of_fold(x, time[None], kind[None], part, settings.penalty)[0]
    probability = incidence(x, time, kind, part, settings.penalty, when)
    constant = incidence(np.zeros_like(x), time, kind, part, settings.penalty, when)
    random, drawn = np.random.default_rng([settings.seed, 2]), []
    for step in range(settings.draws + 1):
        take = random.integers(len(time), size=len(time)) if step else np.arange(len(time))
        case, weight = scores.weights(time[take], kind[take], when)
        drawn.append([float(scores.concordance(time[take], kind[take], risk[take])),
                      scores.area(case, weight, probability[take]),
                      scores.brier(case, weight, probability[take]),
                      scores.brier(case, weight, constant[take])])
    low, high = np.nanquantile(drawn[1:], [0.025, 0.975], axis=0)
    names = ("concordance", "auc", "brier", "brier_constant")
    case, weight = scores.weights(time, kind, when)
    return {name: {"estimate": drawn[0][place], "low": low[place], "high": high[place]}
            for place, name in enumerate(names)} | {
        "P": permutation(x, time, kind, settings, settings.seed)[1], "months": when,
        "calibration": scores.calibration(case, weight, probability, settings.groups)}
