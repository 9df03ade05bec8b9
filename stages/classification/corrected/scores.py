"""Scores of the corrected protocol with intervals from a bootstrap over whole patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.classification import bootstrap

AT_THRESHOLD = ("Accuracy", "PPV", "NPV", "Sensitivity", "Specificity", "F1")


@dataclass(frozen=True)
class Part:
    """Held-out predictions of one model on n series, over S seeds.

    Attributes
    ----------
    label : ndarray of int, shape (n,)
    patients : ndarray of str, shape (n,)
    probability : ndarray of float, shape (S, n)
    stratum : ndarray of int, shape (S, n)
        AUC compares series of the same stratum only: scores of different fold models do not share
        a scale.
    thresholds : dict of ndarray, shape (S,)
        By criterion: the probability from which a series is called positive.
    """

    label: np.ndarray
    patients: np.ndarray
    probability: np.ndarray
    stratum: np.ndarray
    thresholds: dict[str, np.ndarray]


def draw_patients(patients: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Draw as many patients as there are, with replacement, many times.

    Parameters
    ----------
    patients : ndarray of str, shape (n,)
    samples : int
        Number of samples, B.
    seed : int

    Returns
    -------
    ndarray of float, shape (B, n)
        How often each sample holds each series: all series of a patient equally often.
    """
    names, code = np.unique(patients, return_inverse=True)
    generator = np.random.default_rng(seed)
    drawn = generator.integers(len(names), size=(samples, len(names)))
    times = np.zeros((samples, len(names)))
    np.add.at(times, (np.arange(samples)[:, None], drawn), 1.0)
    return times[:, code]


def threshold(label: np.ndarray, probability: np.ndarray, criterion: str) -> float:
    """Return the threshold that maximises a criterion.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
    probability : ndarray of float, shape (n,)
    criterion : str
        ``balanced-accuracy`` (mean of sensitivity and specificity) or ``F1``.

    Returns
    -------
    float
        The lowest of the best; midway between neighbouring predictions, or the least prediction
        (everything positive).

    Examples
    --------
    >>> threshold(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.6, 0.7]), "F1")
    0.5
    """
    values = np.unique(probability)
    options = np.concatenate([values[:1], (values[:-1] + values[1:]) / 2])
    called = probability >= options[:, None]
    positive = label == 1
    tp, fp = (called & positive).sum(axis=1), (called & ~positive).sum(axis=1)
    if criterion == "F1":
        quality = 2 * tp / (tp + fp + positive.sum())
    else:
        quality = tp / positive.sum() - fp / (~positive).sum()
    return float(options[np.argmax(quality)])


def seed_scores(part: Part, weight: np.ndarray) -> dict[str, np.ndarray]:
    """Score every seed in every sample.

    Parameters
    ----------
    part : Part
        S seeds, n series.
    weight : ndarray of float, shape (B, n)

    Returns
    -------
    dict of ndarray, shape (S, B)
        ``AUC``, ``Brier`` and, as ``criterion/score``, the scores at each threshold.
    """
    found: dict[str, list[np.ndarray]] = {}
    total = weight.sum(axis=1)
    for seed, probability in enumerate(part.probability):
        error = (probability - part.label) ** 2
        found.setdefault("Brier", []).append(weight @ error / total)
        for position, (criterion, cut) in enumerate(sorted(part.thresholds.items())):
            called = (probability >= cut[seed]).astype(int)
            values = bootstrap.weighted(weight, part.label, called, probability,
                                        part.stratum[seed])
            if position == 0:
                found.setdefault("AUC", []).append(values["AUC"])
            for name in AT_THRESHOLD:
                found.setdefault(f"{criterion}/{name}", []).append(values[name])
    return {name: np.array(values) for name, values in found.items()}


def over_seeds(values: np.ndarray) -> np.ndarray:
    """Return the mean over seeds, shape (B,), without undefined values; NaN where all are."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=0)
    total = np.where(defined, values, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(values.shape[1], np.nan), where=count > 0)


def interval(sample: np.ndarray, level: float) -> dict:
    """Return percentile bounds of the defined values and how many there are."""
    defined = sample[~np.isnan(sample)]
    if not defined.size:
        return {"low": None, "high": None, "defined": 0}
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return {"low": low, "high": high, "defined": int(defined.size)}


def spread(values: np.ndarray) -> dict:
    """Return mean, standard deviation, extremes and quartiles of the defined values."""
    defined = values[~np.isnan(values)]
    if not defined.size:
        return {"n": 0}
    names = ("min", "q25", "median", "q75", "max")
    quantiles = np.quantile(defined, [0, 0.25, 0.5, 0.75, 1])
    return {"n": int(defined.size), "mean": defined.mean(), "sd": defined.std(),
            **dict(zip(names, quantiles))}


def difference(first: np.ndarray, second: np.ndarray, observed: float, level: float) -> dict:
    """Compare two models on the same samples.

    Parameters
    ----------
    first, second : ndarray of float, shape (B,)
        Their scores.
    observed : float
        The difference on the data themselves.
    level : float

    Returns
    -------
    dict
        Difference, interval and a two-sided P: twice the rarer side of zero, ties on both sides,
        one sample added to each.
    """
    change = (first - second)[~np.isnan(first - second)]
    rarer = min((change <= 0).sum(), (change >= 0).sum())
    return {"difference": observed, **interval(change, level),
            "P": min(1.0, 2 * (rarer + 1) / (len(change) + 1))}


def reliability(part: Part, weight: np.ndarray, bins: int, level: float) -> list[dict]:
    """Return the reliability curve of all seeds together.

    Parameters
    ----------
    part : Part
    weight : ndarray of float, shape (B, n)
    bins : int
        Bins that hold equally many predictions (fewer where predictions coincide).
    level : float

    Returns
    -------
    list of dict
        ``bin``, ``series`` (mean number per seed), ``predicted`` (mean probability), ``observed``
        (share of positives) with ``low`` and ``high``.
    """
    edges = np.quantile(part.probability, np.arange(1, bins) / bins)
    number = np.searchsorted(edges, part.probability, side="right")
    rows = []
    for position in range(bins):
        inside = number == position
        if not inside.any():
            continue
        share = inside.mean(axis=0)
        positives, total = weight @ (share * part.label), weight @ share
        observed = np.divide(positives, total, out=np.full(len(total), np.nan), where=total > 0)
        bounds = interval(observed, level)
        rows.append({"bin": position, "series": share.sum(),
                     "predicted": part.probability[inside].mean(),
                     "observed": (share * part.label).sum() / share.sum(),
                     "low": bounds["low"], "high": bounds["high"]})
    return rows


def net_benefit(part: Part, weight: np.ndarray, at: np.ndarray, level: float) -> list[dict]:
    """Return the decision curve, averaged over seeds.

    Net benefit is TP/n - FP/n * t/(1 - t): positives found, less false alarms at the rate at which
    the threshold probability t trades them (Vickers and Elkin 2006, doi:10.1177/0272989X06295361).

    Parameters
    ----------
    part : Part
    weight : ndarray of float, shape (B, n)
    at : ndarray of float, shape (T,)
        Threshold probabilities.
    level : float

    Returns
    -------
    list of dict
        ``threshold``, ``net_benefit``, ``all_positive`` (the same for calling everyone positive),
        and the interval ``low``, ``high`` of their difference.
    """
    rows = []
    total = weight.sum(axis=1)
    for cut in at:
        value = part.label - (1 - part.label) * cut / (1 - cut)
        called = (part.probability >= cut).mean(axis=0)
        bounds = interval(weight @ ((called - 1) * value) / total, level)
        rows.append({"threshold": cut, "net_benefit": (called * value).mean(),
                     "all_positive": value.mean(), "low": bounds["low"], "high": bounds["high"]})
    return rows
