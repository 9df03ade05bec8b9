"""The weighted logistic regression: minimised by SciPy, its samples summed up exactly.

The first derivation stops scikit-learn's solver where the released code does, and draws samples. Here
the objective is taken to its minimum, in standardised features, and every sample's chance is counted:
a sample holds one series of each study, so the numbers of true positives and of false positives are
sums of independent events.
"""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
from scipy import optimize, special

from studies.sclc_liver.derivations.released import Series

# To a gradient of this size, in at most so many steps (own choices). Some directions are all but flat:
# further steps move single series and with them scores by a few hundredths, not the objective.
GRADIENT, STEPS = 1e-6, 500
# Samples for the interval of the area, the only score that is no function of the counts.
DRAWS, SEED = 5_000, 1


class Fit:
    """A logistic regression with a ridge penalty on the features as they are.

    Parameters
    ----------
    features : array of shape (n, p)
    positive : array of bool, shape (n,)
    weight : float
        Of a positive series in the loss.
    strength : float
        C: the loss counts C times as much as half the squared length of the coefficients.
    """

    def __init__(self, features, positive, weight: float, strength: float):
        self.centre, self.scale = features.mean(axis=0), features.std(axis=0)
        x = np.column_stack([(features - self.centre) / self.scale, np.ones(len(features))])
        sign, loss = np.where(positive, 1.0, -1.0), strength * np.where(positive, weight, 1.0)
        ridge = np.append(self.scale ** -2.0, 0.0)

        def value(b):
            return loss @ np.logaddexp(0, -sign * (x @ b)) + 0.5 * ridge @ b ** 2

        def slope(b):
            return x.T @ (-loss * sign * special.expit(-sign * (x @ b))) + ridge * b

        def curve(b):
            p = special.expit(x @ b)
            return (x.T * (loss * p * (1 - p))) @ x + np.diag(ridge)

        self.solution = optimize.minimize(value, np.zeros(x.shape[1]), jac=slope, hess=curve,
                                          method="trust-ncg",
                                          options={"gtol": GRADIENT, "maxiter": STEPS}).x

    def scores(self, features) -> np.ndarray:
        """Return the log-odds of each series; above 0 it is called positive."""
        return (features - self.centre) / self.scale @ self.solution[:-1] + self.solution[-1]


def area(score, positive) -> float:
    """Return the share of pairs in order, half for ties."""
    pairs = [(a > b) + (a == b) / 2 for a in score[positive] for b in score[~positive]]
    return sum(pairs) / len(pairs)


def f1(called, positive) -> float:
    """Return F1: shares of calls and of positives that are right, their harmonic mean."""
    right = sum(called & positive)
    return 2 * right / (sum(called) + sum(positive)) if right else 0.0


def folds(count: int, parts: int, share: float, seed: int):
    """Yield training and held-out rows: each part deals all rows anew."""
    dealt = np.random.RandomState(seed)
    held = math.ceil(share * count)
    for _ in range(parts):
        order = dealt.permutation(count)
        yield order[held:], order[:held]


def validation(features, positive, weight, strength, split: dict) -> dict[str, dict[str, float]]:
    """Return mean, smallest and largest F1 and AUC over the folds."""
    found = defaultdict(list)
    for inside, outside in folds(len(positive), split["n_splits"], split["test_size"], split["seed"]):
        score = Fit(features[inside], positive[inside], weight, strength).scores(features[outside])
        found["F1"].append(f1(score > 0, positive[outside]))
        found["AUC"].append(area(score, positive[outside]))
    return {name: {"mean": sum(values) / len(values), "min": min(values), "max": max(values)}
            for name, values in found.items()}


def chances(shares) -> np.ndarray:
    """Return the chance of 0, 1, 2, … successes of independent events.

    Examples
    --------
    >>> [float(chance) for chance in chances([0.5, 0.5])]
    [0.25, 0.5, 0.25]
    """
    found = np.ones(1)
    for share in shares:
        found = np.convolve(found, (1 - share, share))
    return found


def counted(tp: int, p: int, fp: int, n: int) -> dict[str, float]:
    """Return the scores of one table of counts; those without a denominator are 0, NPV is left out."""
    called, right = tp + fp, tp + n - fp
    found = {"Accuracy": right / (p + n), "Sensitivity": tp / p, "Specificity": 1 - fp / n,
             "PPV": tp / called if called else 0.0, "F1": 2 * tp / (called + p)}
    return found | ({"NPV": (n - fp) / (p + n - called)} if called < p + n else {})


def sampled(series: list[Series], score, level: float) -> dict[str, dict[str, float]]:
    """Return mean and interval of each score over all samples of one series of each study."""
    studies = defaultdict(list)
    for row, one in enumerate(series):
        studies[one.positive, one.study].append(row)
    rows = {side: [found for (positive, _), found in sorted(studies.items()) if positive == side]
            for side in (True, False)}
    chance = {side: chances([float(np.mean(score[found] > 0)) for found in rows[side]])
              for side in rows}
    values = defaultdict(list)
    for tp, first in enumerate(chance[True]):
        for fp, second in enumerate(chance[False]):
            for name, value in counted(tp, len(rows[True]), fp, len(rows[False])).items():
                values[name].append((value, first * second))
    draw = np.random.default_rng(SEED)
    high, low = (np.stack([draw.choice(score[found], DRAWS) for found in rows[side]], axis=1)
                 for side in (True, False))
    ahead = high[:, :, None] - low[:, None, :]
    values["AUC"] = [(float(one), 1 / DRAWS)
                     for one in ((ahead > 0) + (ahead == 0) / 2).mean(axis=(1, 2))]
    return {name: _summary(found, level) for name, found in values.items()}


def _summary(values, level):
    value, chance = np.array(sorted(values)).T
    chance = chance / chance.sum()
    reached = np.cumsum(chance)
    tail = (1 - level) / 2
    low, high = (float(value[np.searchsorted(reached, end - 1e-12)]) for end in (tail, 1 - tail))
    return {"mean": float(value @ chance), "low": low, "high": high}
