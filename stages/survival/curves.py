"""Curves: freedom from the event (Kaplan-Meier) and its incidence beside death (Aalen-Johansen)."""

from __future__ import annotations

import numpy as np
from lifelines import KaplanMeierFitter
from scipy import stats

LEVEL = 0.95


def kaplan_meier(time: np.ndarray, event: np.ndarray) -> dict[str, np.ndarray]:
    """Return the estimate at every time at which somebody leaves.

    Parameters
    ----------
    time : (n,) array of float
    event : (n,) array of bool
        False where the time is censored.

    Returns
    -------
    dict
        ``time``, ``at_risk``, ``events``, ``estimate``, ``low``, ``high`` (95 %, log-log), each (k,).
    """
    fitted = KaplanMeierFitter(alpha=1 - LEVEL).fit(time, event)
    steps = fitted.event_table.iloc[1:]
    bounds = fitted.confidence_interval_.iloc[1:].to_numpy()
    return {"time": steps.index.to_numpy(float), "at_risk": steps["at_risk"].to_numpy(int),
            "events": steps["observed"].to_numpy(int),
            "estimate": fitted.survival_function_.iloc[1:, 0].to_numpy(float),
            "low": bounds[:, 0], "high": bounds[:, 1]}


def incidence(time: np.ndarray, kind: np.ndarray, cause: int) -> dict[str, np.ndarray]:
    """Return the cumulative incidence of one cause where others compete.

    Own code: lifelines moves tied times apart at random.

    Parameters
    ----------
    time : (n,) array of float
    kind : (n,) array of int
        What ended the time; 0 is censored.
    cause : int

    Returns
    -------
    dict
        ``time``, ``estimate``, ``low``, ``high`` (95 %, log-log), each (k,).

    Source: Aalen and Johansen 1978; variance by the delta method, Marubini and Valsecchi 1995,
    section 10.3.
    """
    at = np.unique(time)
    risk = (time[None] >= at[:, None]).sum(axis=1).astype(float)
    every = np.array([((time == t) & (kind > 0)).sum() for t in at], float)
    own = np.array([((time == t) & (kind == cause)).sum() for t in at], float)
    before = np.concatenate([[1.0], np.cumprod(1 - every / risk)[:-1]])
    estimate = np.cumsum(before * own / risk)
    variance = np.array([_variance(slice(0, j + 1), estimate, before, own, every, risk)
                         for j in range(len(at))])
    low, high = _log_log(estimate, np.sqrt(np.maximum(variance, 0)))
    return {"time": at, "estimate": estimate, "low": low, "high": high}


def _variance(part, estimate, before, own, every, risk):
    left = np.maximum(risk[part] - every[part], 1e-300)
    rise = estimate[part][-1] - estimate[part]
    d, n, s = own[part], risk[part], before[part]
    # Where nobody is left after a time, nothing rises after it either.
    first = np.where(rise > 0, rise**2 * every[part] / (n * left), 0)
    return float((first + s**2 * d * (n - d) / n**3 - 2 * rise * s * d / n**2).sum())


def _log_log(estimate, error):
    z = stats.norm.ppf(0.5 + LEVEL / 2)
    inside = (estimate > 0) & (estimate < 1)
    value = np.where(inside, estimate, 0.5)
    width = z * error / (value * np.log(value))
    bounds = [np.where(inside, value ** np.exp(sign * width), estimate) for sign in (-1, 1)]
    return np.minimum(*bounds), np.maximum(*bounds)


def at(curve: dict[str, np.ndarray], when: float, start: float) -> dict[str, float]:
    """Return a step curve's estimate and bounds at a time; `start` before its first step."""
    place = int(np.searchsorted(curve["time"], when, side="right")) - 1
    return {name: float(curve[name][place]) if place >= 0 else start
            for name in ("estimate", "low", "high")}
