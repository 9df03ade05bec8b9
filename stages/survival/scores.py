"""How well a risk tells who relapses: concordance, AUC and Brier score at a time, calibration.

Patients who leave before the time are no controls: those who stay stand for them, by the inverse
probability of staying (IPCW). Who died without the event by then does not relapse: a control.
"""

from __future__ import annotations

import numpy as np

from stages.survival.events import CENSORED, RELAPSE


def staying(time: np.ndarray, kind: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Return the probability of not having left uncensored before each time (Kaplan-Meier).

    Parameters
    ----------
    time, kind : (n,) arrays
        See `stages.survival.events.Events`.
    when : (m,) array of float

    Examples
    --------
    >>> staying(np.array([1., 2, 3, 4]), np.array([0, 1, 0, 1]), np.array([1., 1.5, 4.]))
    array([1.   , 0.75 , 0.375])
    """
    at = np.unique(time[kind == CENSORED])
    left = np.array([(time[kind == CENSORED] == t).sum() for t in at], float)
    # Events at the same time come first: who had one is not at risk of leaving.
    risk = np.array([((time > t) | ((time == t) & (kind == CENSORED))).sum() for t in at], float)
    steps = np.concatenate([[1.0], np.cumprod(1 - left / risk)])
    return steps[np.searchsorted(at, when, side="left")]


def weights(time: np.ndarray, kind: np.ndarray, when: float) -> tuple[np.ndarray, np.ndarray]:
    """Return who relapsed by a time, and what each patient stands for.

    Returns
    -------
    case : (n,) array of bool
    weight : (n,) array of float
        0 for patients who left before; they are neither cases nor controls.

    Source: Blanche, Dartigues and Jacqmin-Gadda 2013, doi:10.1002/sim.5958 (competing risks).
    """
    known = (kind != CENSORED) & (time <= when)
    stays = np.maximum(staying(time, kind, np.minimum(time, when)), 1e-9)
    counted = known | (time > when)
    return known & (kind == RELAPSE), np.where(counted, 1 / stays, 0)


def area(case: np.ndarray, weight: np.ndarray, risk: np.ndarray) -> float:
    """Return the weighted AUC; NaN where there is no case or no control.

    Examples
    --------
    >>> area(np.array([True, False, False]), np.array([1., 1, 3]), np.array([2., 1, 3]))
    0.25
    """
    better = (risk[case][:, None] > risk[~case]) + 0.5 * (risk[case][:, None] == risk[~case])
    pairs = weight[case][:, None] * weight[~case]
    return float((better * pairs).sum() / pairs.sum()) if pairs.sum() > 0 else float("nan")


def brier(case: np.ndarray, weight: np.ndarray, probability: np.ndarray) -> float:
    """Return the weighted mean square of what was foretold minus what happened (per patient)."""
    return float((weight * (case - probability) ** 2).sum() / len(case))


def concordance(time: np.ndarray, kind: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Return Harrell's C of one or more outcomes; deaths count as censored.

    Parameters
    ----------
    time, kind, risk : (..., n) arrays

    Returns
    -------
    (...) array of float
        Share of the pairs, of which one is known to relapse earlier, with the larger risk on it.

    Examples
    --------
    >>> float(concordance(np.array([1., 2, 3]), np.array([1, 1, 0]), np.array([3., 1, 2])))
    0.6666666666666666
    """
    first = time[..., :, None] < time[..., None, :]
    # Censored at the time of an event: later than it.
    same = time[..., :, None] == time[..., None, :]
    pair = (kind == RELAPSE)[..., :, None] & (first | (same & (kind != RELAPSE)[..., None, :]))
    higher = risk[..., :, None] > risk[..., None, :]
    equal = risk[..., :, None] == risk[..., None, :]
    return ((higher + 0.5 * equal) * pair).sum(axis=(-2, -1)) / pair.sum(axis=(-2, -1))


def calibration(case: np.ndarray, weight: np.ndarray, probability: np.ndarray,
                groups: int) -> list[dict[str, float]]:
    """Return foretold and observed risk in groups of rising risk (IPCW means)."""
    made = []
    for part in np.array_split(np.argsort(probability, kind="stable"), groups):
        total = weight[part].sum()
        made.append({"patients": len(part), "foretold": float(probability[part].mean()),
                     "observed": float((weight * case)[part].sum() / total) if total > 0 else None})
    return made
