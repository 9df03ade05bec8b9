"""Random true data sets: tests, P values and survival."""

import math

import numpy as np

from stages.verdicts.consistency.second import _t_tail
from tests.verdicts.printing import show


def _rho(rng, n, slope):
    x = rng.normal(size=n)
    y = slope * x + rng.normal(size=n)
    ranks = [np.argsort(np.argsort(one)) for one in (x, y)]
    return float(np.corrcoef(*ranks)[0, 1])


def spearman(rng):
    n = int(rng.integers(5, 150))
    rho = _rho(rng, n, rng.uniform(-1, 1))
    return {"rho": show(rng, rho, 3), "p": show(rng, _t_tail(abs(rho), n, 400), 4), "n": str(n)}


def spearman_groups(rng):
    sizes = [int(n) for n in rng.integers(5, 60, 2)]
    rhos = [_rho(rng, n, rng.uniform(-1, 1)) for n in sizes]
    return {"rhos": [show(rng, rho, 3) for rho in rhos], "n": str(sum(sizes)),
            "ps": [show(rng, _t_tail(abs(rho), n, 400), 4) for rho, n in zip(rhos, sizes)]}


def normal_p(rng):
    z = rng.normal(0, 2)
    return {"z": show(rng, z, 2), "p": show(rng, math.erfc(abs(z) / math.sqrt(2)), 3)}


def _rank_sum(rng):
    m, k = (int(size) for size in rng.integers(3, 12, 2))
    x, y = rng.normal(rng.uniform(0, 1), 1, m), rng.normal(0, 1, k)
    u = (x[:, None] > y[None, :]).sum()
    return m, k, abs(u - m * k / 2), math.sqrt(m * k * (m + k + 1) / 12)


def rank_sum(rng):
    m, k, away, spread = _rank_sum(rng)
    less = 0.5 * int(rng.integers(2)) if away >= 0.5 else 0.0
    return {"z": show(rng, (away - less) / spread, 3), "n": str(m + k), "first": str(m),
            "correction": bool(less)}


def rank_sum_p(rng):
    m, k, away, spread = _rank_sum(rng)
    z = max(0.0, away - 0.5 * int(rng.integers(2))) / spread
    return {"p": show(rng, math.erfc(z / math.sqrt(2)), 3), "first": str(m), "second": str(k)}


def table_p(rng):
    columns = int(rng.integers(2, 4))
    counts = rng.integers(1, 50, (2, columns))
    expected = counts.sum(1)[:, None] * counts.sum(0)[None, :] / counts.sum()
    x = ((counts - expected) ** 2 / expected).sum()
    # One and two degrees of freedom have a closed form.
    p = math.erfc(math.sqrt(x / 2)) if columns == 2 else math.exp(-x / 2)
    return {"counts": [str(count) for count in counts.ravel()], "p": show(rng, p, 3),
            "columns": columns}


def two_means(rng):
    groups = [rng.normal(rng.uniform(0, 2), rng.uniform(0.5, 3), rng.integers(5, 40)) for _ in "ab"]
    (a, u, v), (b, x, y) = [(group.size, group.mean(), group.var(ddof=1)) for group in groups]
    if rng.integers(2):
        t, freedom = (u - x) / math.sqrt(v / a + y / b), (v / a + y / b) ** 2 / (
            (v / a) ** 2 / (a - 1) + (y / b) ** 2 / (b - 1))
    else:
        freedom = a + b - 2
        t = (u - x) / math.sqrt(((a - 1) * v + (b - 1) * y) / freedom * (1 / a + 1 / b))
    p = _t_tail(abs(t) / math.sqrt(t * t + freedom), freedom + 2, 400)
    return {"n1": str(a), "mean1": show(rng, u, 2), "sd1": show(rng, math.sqrt(v), 2), "n2": str(b),
            "mean2": show(rng, x, 2), "sd2": show(rng, math.sqrt(y), 2), "p": show(rng, p, 3)}


def hazard_ratio(rng):
    beta, error = rng.normal(0, 0.5), rng.uniform(0.1, 0.4)
    ends = (math.exp(beta + sign * 1.959963984540054 * error) for sign in (0, -1, 1))
    ratio, low, high = (show(rng, end, 2) for end in ends)
    return {"ratio": ratio, "low": low, "high": high,
            "p": show(rng, math.erfc(abs(beta / error) / math.sqrt(2)), 3)}


def _follow(rng, n, rate):
    times, limits = rng.exponential(1 / rate, n), rng.uniform(0.5, 4, n)
    return np.minimum(times, limits), times <= limits


def kaplan_meier(rng):
    n, horizon = int(rng.integers(5, 90)), rng.uniform(0.3, 2)
    time, event = _follow(rng, n, 0.5)
    left = 1.0
    for at in np.sort(time[event & (time <= horizon)]):
        left *= 1 - 1 / (time >= at).sum()
    scale = 100 if rng.integers(2) else 1
    return {"survival": show(rng, scale * left, 1 if scale == 100 else 3), "scale": scale, "n": str(n),
            "events": str(int((event & (time <= horizon)).sum()))}


def log_rank(rng):
    sizes = [int(n) for n in rng.integers(5, 40, 2)]
    time = np.concatenate([rng.exponential(1 / rng.uniform(0.3, 2), n) for n in sizes])
    first = np.arange(time.size) < sizes[0]
    stop = np.quantile(time, rng.uniform(0.3, 0.9))
    expected = variance = 0.0
    for at in time[time <= stop]:
        share = first[time >= at].mean()
        expected, variance = expected + share, variance + share * (1 - share)
    events = [int((time[group] <= stop).sum()) for group in (first, ~first)]
    x = (events[0] - expected) ** 2 / variance if variance else 0.0
    return {"n1": str(sizes[0]), "n2": str(sizes[1]), "events1": str(events[0]),
            "events2": str(events[1]), "p": show(rng, math.erfc(math.sqrt(x / 2)), 4)}
