"""Permutation test of an AUC on series of few patients: outcomes are dealt anew by patient."""

from __future__ import annotations

import numpy as np

from stages.classification.corrected import permutation as corrected_permutation


def midranks(scores: np.ndarray) -> np.ndarray:
    """Return the rank of each series, tied ones sharing the mean.

    Parameters
    ----------
    scores : ndarray of float, shape (..., n)

    Returns
    -------
    ndarray of float, shape (..., n)
        From 1.

    Examples
    --------
    >>> midranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    own, other = scores[..., :, None], scores[..., None, :]
    return (own > other).sum(axis=-1) + 0.5 * (own == other).sum(axis=-1) + 0.5


def areas(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the AUC of every vector of scores on every vector of labels.

    Parameters
    ----------
    scores : ndarray of float, shape (R, n)
    labels : ndarray of int, shape (M, n)
        Each holds both classes.

    Returns
    -------
    ndarray of float, shape (R, M)
        By the rank sum: sums of halves, so that equal AUCs are equal floats.
    """
    positives = labels.sum(axis=1)
    surplus = midranks(scores) @ labels.T.astype(float) - positives * (positives + 1) / 2
    return surplus / (positives * (labels.shape[1] - positives))


def dealt(patients: np.ndarray, studies: np.ndarray, label: np.ndarray, count: int,
          seed: int) -> np.ndarray:
    """Deal the labels ``count`` times by `corrected_permutation.deal`.

    Parameters
    ----------
    patients, studies : ndarray of str, shape (n,)
    label : ndarray of int, shape (n,)
    count, seed : int

    Returns
    -------
    ndarray of int, shape (count, n)
    """
    generator = np.random.default_rng(seed)
    codes = [np.unique(names, return_inverse=True)[1] for names in (patients, studies)]
    return np.array([label[corrected_permutation.deal(*codes, generator)] for _ in range(count)])


def p_values(observed: np.ndarray, permuted: np.ndarray) -> np.ndarray:
    """Return the Monte-Carlo P of each row.

    Parameters
    ----------
    observed : ndarray of float, shape (R,)
    permuted : ndarray of float, shape (R, M)

    Returns
    -------
    ndarray of float, shape (R,)
        Share of values at least as large as the observed one, itself counted: never below
        1 / (M + 1).
    """
    return (1 + (permuted >= observed[:, None]).sum(axis=1)) / (1 + permuted.shape[1])


def best_of(observed: np.ndarray, permuted: np.ndarray) -> np.ndarray:
    """Return the P of each model, corrected for the choice of the best one.

    The largest statistic of all models in the same permutation is what each is compared with
    (single-step max-T: Westfall and Young 1993, Resampling-based multiple testing). The statistic
    is the AUC itself, by which the best one is chosen: a model whose AUC spreads more over dealt
    labels weighs more, so that P may exceed Bonferroni's.

    Parameters
    ----------
    observed : ndarray of float, shape (K,)
        Of K models on the same series.
    permuted : ndarray of float, shape (K, M)

    Returns
    -------
    ndarray of float, shape (K,)
        Never below `p_values`.
    """
    return p_values(observed, np.broadcast_to(permuted.max(axis=0), permuted.shape))


def holm(values: np.ndarray) -> np.ndarray:
    """Return P values adjusted by Holm's step-down rule (1979, Scand J Stat 6:65-70).

    Examples
    --------
    >>> holm(np.array([0.04, 0.01, 0.3])).tolist()
    [0.08, 0.03, 0.3]
    """
    order = np.argsort(values, kind="stable")
    steps = values[order] * (len(values) - np.arange(len(values)))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def compare(scores: np.ndarray, label: np.ndarray, deals: np.ndarray) -> list[dict]:
    """Test whether the AUCs of K models differ from one half.

    Parameters
    ----------
    scores : ndarray of float, shape (K, n)
    label : ndarray of int, shape (n,)
    deals : ndarray of int, shape (M, n)
        Dealt labels.

    Returns
    -------
    list of dict
        By model: ``AUC``, its spread over the dealt labels (``dealt``), and under ``one_sided``
        and ``two_sided`` (distance from one half) ``P``, ``P_best`` (`best_of`), ``P_holm`` and
        ``P_bonferroni``.
    """
    observed, permuted = areas(scores, label[None])[:, 0], areas(scores, deals)
    found = [{"AUC": float(area), "dealt": {
        "mean": values.mean(), "sd": values.std(), "q05": low, "q95": high}}
        for area, values, (low, high) in zip(observed, permuted,
                                             np.quantile(permuted, [0.05, 0.95], axis=1).T)]
    for side, change in (("one_sided", lambda area: area),
                         ("two_sided", lambda area: np.abs(area - 0.5))):
        own, others = change(observed), change(permuted)
        single = p_values(own, others)
        columns = {"P": single, "P_best": best_of(own, others), "P_holm": holm(single),
                   "P_bonferroni": np.minimum(1.0, len(single) * single)}
        for position, entry in enumerate(found):
            entry[side] = {name: float(values[position]) for name, values in columns.items()}
    return found
