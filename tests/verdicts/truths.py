"""Random true data sets, summarised and printed as a paper would: rounded or cut off."""

import numpy as np

from tests.verdicts import truths_areas
from tests.verdicts.printing import places, show
from tests.verdicts.truths_areas import (  # noqa: F401
    area,
    one_test_set,
    operating_point,
    ranked,
)
from tests.verdicts.truths_images import (  # noqa: F401
    detection,
    feature_count,
    mean_in_range,
    median_dice,
)
from tests.verdicts.truths_tests import (  # noqa: F401
    hazard_ratio,
    kaplan_meier,
    log_rank,
    normal_p,
    rank_sum,
    rank_sum_p,
    spearman,
    spearman_groups,
    table_p,
    two_means,
)


def percentage(rng):
    n = rng.integers(5, 400)
    k = rng.integers(0, n + 1)
    return {"count": str(k), "total": str(n), "percent": show(rng, 100 * k / n, places(rng, 0, 2))}


def ratio(rng):
    n, k = rng.integers(5, 200), rng.integers(0, 900)
    return {"numerator": str(k), "denominator": str(n), "quotient": show(rng, k / n, 2)}


def reduction(rng):
    n = rng.integers(5, 400)
    k = rng.integers(0, n + 1)
    return {"before": str(n), "after": str(k),
            "percent": show(rng, 100 * (n - k) / n, places(rng, 0, 2))}


def total(rng):
    parts = rng.integers(0, 200, rng.integers(2, 6))
    taken = min(int(rng.integers(0, 50)), int(parts.sum()))
    if rng.integers(5) == 0:
        return {"total": str(parts.sum() + taken), "parts": [*map(str, parts)], "rest": [0, 60]}
    return {"total": str(parts.sum() - taken), "parts": [*map(str, parts), str(taken)],
            "weights": [1] * len(parts) + [-1]}


def shares(rng):
    parts = rng.dirichlet(np.ones(rng.integers(2, 6))) * 100
    return {"parts": [show(rng, part, places(rng, 0, 1)) for part in parts]}


def restated(rng):
    value = rng.uniform(0, 1)
    return {"numbers": [show(rng, value, places(rng)), show(rng, 100 * value, places(rng, 0, 1))],
            "scales": [100, 1]}


def recounted(rng):
    return {"numbers": [str(rng.integers(0, 500))] * 2}


def same_text(rng):
    return {"texts": [".".join(map(str, rng.integers(0, 9, 3)))] * 2}


def ordered(rng):
    return {"numbers": [show(rng, value, 2) for value in np.sort(rng.uniform(-1, 1, 3))]}


def at_most(rng):
    return {"counts": [str(value) for value in np.sort(rng.integers(0, 60, 3))]}


def member(rng):
    allowed = [80, 90, 100, 110, 120, 130, 140]
    return {"value": str(rng.choice(allowed)), "allowed": allowed}


def on_grid(rng):
    start, step = float(rng.choice([0.0, 0.05])), float(rng.choice([0.05, 0.1, 0.25]))
    value = start + step * int(rng.integers(0, 40))
    return {"value": show(rng, value + 1e-12, 2), "start": start, "step": step, "count": 40}


def release(rng):
    releases = ["1.0.0", "1.1.0", "1.1.1", "1.2.0", "1.2.1", "1.2.2"]
    return {"version": str(rng.choice(releases)), "releases": releases}


def summary(rng):
    n, integer = int(rng.integers(2, 60)), bool(rng.integers(2))
    values = (rng.geometric(0.1, n) if rng.integers(2) else rng.integers(0, 9, n)).astype(float)
    if not integer:
        values = values * rng.uniform(0.5, 1.5, n) - 3 * rng.integers(2)
    digits = places(rng, 1, 2)
    made = {"mean": show(rng, values.mean(), digits),
            "sd": show(rng, values.std(ddof=int(rng.integers(2))), digits),
            "median": show(rng, np.median(values), 1), "low": show(rng, values.min(), 1),
            "high": show(rng, values.max(), 1)}
    kept = {name: text for name, text in made.items() if rng.integers(4)}
    if integer and rng.integers(2):
        kept["total"] = str(int(values.sum()))
    size = str(n) if rng.integers(2) else [max(1, n - 2), n + 3]
    return {"n": size, "integer": integer, "mean": made["mean"], **kept}


def mean_share(rng):
    shares = rng.beta(0.7, 0.7, int(rng.integers(1, 9)))
    shares[rng.random(shares.size) < 0.2] = float(rng.integers(2))
    ends = ((str(int(end)) if end in (0, 1) else show(rng, min(max(end, 0.01), 0.99), 2))
            for end in (shares.min(), shares.max()))
    shares = np.where(np.isin(shares, (0, 1)), shares, np.clip(shares, 0.01, 0.99))
    return {"mean": show(rng, shares.mean(), 3), **dict(zip(("low", "high"), ends)),
            "n": str(shares.size) if rng.integers(2) else [shares.size, shares.size + 2]}


def at_most_each(rng):
    held = rng.integers(1, rng.integers(2, 9), rng.integers(1, 90))
    return {"total": str(held.sum()), "groups": str(held.size), "most": str(held.max())}


def pooled(rng):
    groups = [rng.normal(rng.uniform(0, 30), rng.uniform(1, 9), rng.integers(3, 40))
              for _ in range(rng.integers(2, 4))]
    lost, whole = int(rng.integers(2)), np.concatenate(groups)
    hidden = len(groups) == 2 and rng.integers(2)
    return {"sizes": [[1, whole.size] if hidden else str(group.size) for group in groups],
            "means": [show(rng, group.mean(), 1) for group in groups],
            "sds": [show(rng, group.std(ddof=lost), 1) for group in groups],
            "size": str(whole.size), "mean": show(rng, whole.mean(), 1),
            "sd": show(rng, whole.std(ddof=lost), 1)}


def rate(rng):
    n = int(rng.integers(5, 60))
    return {"rate": show(rng, rng.integers(0, 2 * n) / n, 3), "n": str(n)}


def percentile(rng):
    n, samples = int(rng.integers(2, 30)), int(rng.integers(20, 300))
    percent = rng.choice([2.5, 50, 97.5])
    rates = rng.binomial(n, rng.beta(3, 2), samples) / n
    return {"value": show(rng, np.percentile(rates, percent), 2), "n": str(n),
            "percent": float(percent), "samples": samples}


def _table(rng, low=2, high=60):
    p, q = (int(size) for size in rng.integers(low, high, 2))
    return p, q, int(rng.binomial(p, rng.beta(4, 2))), int(rng.binomial(q, rng.beta(4, 2)))


def _rates(p, q, tp, tn, empty=0.0):
    def part(top, bottom):
        return top / bottom if bottom else empty
    return {"accuracy": (tp + tn) / (p + q), "sensitivity": part(tp, p), "specificity": part(tn, q),
            "ppv": part(tp, tp + q - tn), "npv": part(tn, tn + p - tp),
            "f1": part(2 * tp, tp + p + q - tn)}


def f1_score(rng):
    found = _rates(*_table(rng))
    return {name: show(rng, found[key], 2)
            for name, key in (("precision", "ppv"), ("recall", "sensitivity"), ("f1", "f1"))}


def macro(rng):
    values = rng.uniform(0, 1, 3)
    return {"classes": [show(rng, value, 2) for value in values],
            "average": show(rng, values.mean(), 2)}


def weighted(rng):
    values, sizes = rng.uniform(0, 1, 3), rng.integers(3, 60, 3)
    wide = rng.integers(2)
    return {"classes": [show(rng, value, 2) for value in values],
            "sizes": [[int(size) - 1, int(size) + 2] if wide else str(size) for size in sizes],
            "average": show(rng, (values * sizes).sum() / sizes.sum(), 2)}


def two_by_two(rng):
    p, q, tp, tn = _table(rng)
    digits = places(rng)
    found = {name: show(rng, value, digits)
             for name, value in _rates(p, q, tp, tn, float(rng.integers(2))).items()}
    if rng.integers(3):
        return {"positives": str(p), "negatives": str(q), **found}
    return {"positives": [max(1, p - 3), p + 3], "negatives": [max(1, q - 3), q + 3],
            "n": str(p + q), **found}


def two_parts(rng):
    tables = [_table(rng, 8, 40), _table(rng, 3, 12)]
    (p, q, *_), (a, b, *_) = tables
    shown = {}
    for name, table in zip(("train", "test"), tables):
        found = _rates(*table)
        shown |= {f"{name}_{key}": show(rng, found[key], 2)
                  for key in ("accuracy", "sensitivity", "ppv", "f1")}
    return {"n": str(p + q + a + b), "positives": str(p + a), "train": [p + q - 2, p + q + 2],
            "test": [max(2, a + b - 2), a + b + 2], **shown}


def subgroups(rng):
    groups = [(rng.normal(1, 1, rng.integers(2, 14)), rng.normal(0, 1, rng.integers(2, 8)))
              for _ in range(2)]
    wrong = [int((p < 0.5).sum() + (q >= 0.5).sum()) for p, q in groups]
    return {"accuracies": [show(rng, 1 - bad / (p.size + q.size), 3)
                           for bad, (p, q) in zip(wrong, groups)],
            "positives": str(sum(p.size for p, _ in groups)),
            "negatives": str(sum(q.size for _, q in groups)), "errors": str(sum(wrong)),
            "areas": [show(rng, truths_areas.auc(p, q), 3) for p, q in groups]}


def resampled(rng):
    p, q = int(rng.integers(3, 24)), int(rng.integers(2, 12))
    chances = rng.beta(3, 2, p), rng.beta(2, 2, q)
    tables = [(p, q, int((rng.random(p) < chances[0]).sum()), int((rng.random(q) < chances[1]).sum()))
              for _ in range(200)]
    empty = (0.0, 1.0, np.nan)[rng.integers(3)]
    values = {name: np.array([_rates(*table, empty)[name] for table in tables])
              for name in ("accuracy", "sensitivity", "specificity", "ppv", "npv", "f1")}
    names = [name for name in values if not np.isnan(values[name]).all()]
    ends = [np.nanpercentile(values[name], [2.5, 97.5]) for name in names]
    return {"positives": p, "negatives": q, "bounded": names,
            "lows": [show(rng, low, 2) for low, _ in ends],
            "highs": [show(rng, high, 2) for _, high in ends],
            **{name: show(rng, np.nanmean(values[name]), 2) for name in names}}


def fold_means(rng):
    tables = [_table(rng, 3, 9) for _ in range(5)]
    empty = float(rng.integers(2))
    found = [_rates(*table, empty) for table in tables]
    wide = int(rng.integers(2))
    return {"positives": [[max(1, p - wide), p + wide] for p, *_ in tables],
            "negatives": [[max(1, q - wide), q + wide] for _, q, *_ in tables],
            **{name: show(rng, np.mean([one[name] for one in found]), 2) for name in found[0]}}


def counted(rng):
    n, runs = int(rng.integers(2, 12)), int(rng.integers(3, 6))
    rates = rng.binomial(n, rng.beta(8, 2), runs) / n
    return {"mean": show(rng, rates.mean(), places(rng)), "runs": runs,
            "sd": show(rng, rates.std(ddof=int(rng.integers(2))), places(rng)),
            "n": str(n) if rng.integers(2) else [max(1, n - 1), n + 1]}


def both_f1(rng):
    found = [(_rates(p, q, tp, tn, 0.0), _rates(q, p, tn, tp, 0.0)["f1"])
             for p, q, tp, tn in (_table(rng, 3, 40) for _ in range(rng.integers(1, 6)))]
    return {"accuracy": show(rng, np.mean([one["accuracy"] for one, _ in found]), 2),
            "first": show(rng, np.mean([one["f1"] for one, _ in found]), 2),
            "second": show(rng, np.mean([other for _, other in found]), 2)}


def constant_answer(rng):
    p, q = (int(size) for size in rng.integers(2, 90, 2))
    found = _rates(p, q, p, 0)
    return {"positives": p, "negatives": q,
            **{name: show(rng, found[name], 2) for name in ("accuracy", "f1", "ppv")}}
