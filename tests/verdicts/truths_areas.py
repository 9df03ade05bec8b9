"""True data sets with an area under the ROC curve, or ranks (see `truths`)."""

import numpy as np

from tests.verdicts.printing import places, show


def auc(positive, negative):
    apart = positive[:, None] - negative[None, :]
    return ((apart > 0).sum() + 0.5 * (apart == 0).sum()) / apart.size


def _scores(rng):
    p, q = rng.integers(2, 25, 2)
    shift = rng.uniform(0, 2)
    return np.round(rng.normal(shift, 1, p), 1), np.round(rng.normal(0, 1, q), 1)


def area(rng):
    positive, negative = _scores(rng)
    return {"auc": show(rng, auc(positive, negative), 4), "positives": str(positive.size),
            "negatives": str(negative.size)}


def ranked(rng):
    ranks = rng.permutation(int(rng.integers(2, 12)))
    values = -np.sort(-rng.uniform(-1, 1, ranks.size))
    return {"ranks": [str(rank + 1) for rank in ranks],
            "values": [show(rng, values[rank], 2) for rank in ranks]}


def operating_point(rng):
    positive, negative = _scores(rng)
    cut = rng.normal(0.5, 0.7)
    return {"auc": show(rng, auc(positive, negative), 2),
            "sensitivity": show(rng, (positive >= cut).mean(), 2),
            "specificity": show(rng, (negative < cut).mean(), 2)}


def one_test_set(rng):
    p, q = (int(size) for size in rng.integers(1, 40, 2))
    models, common, made = int(rng.integers(1, 4)), bool(rng.integers(2)), []
    right = int(rng.integers(0, p + 1))
    for _ in range(models):
        positive, negative = rng.normal(rng.uniform(-1, 2), 1, p), rng.normal(0, 1, q)
        if common:  # as many positives above the cutoff as every other model has
            cut = np.sort(np.append(positive, np.inf))[p - right]
        else:
            positive, negative = np.round(positive, 1), np.round(negative, 1)
            cut = rng.normal(0.5, 0.7)
        found, clear = (positive >= cut).sum(), (negative < cut).sum()
        made.append(((found + clear) / (p + q), auc(positive, negative), found / p))
    accuracies, areas, rates = zip(*made)
    kept, digits = rates[:1] if common else rates, places(rng)
    shown = ({"rates": [show(rng, one, digits) for one in kept]} if rng.integers(2) else
             {"percents": [show(rng, 100 * one, digits - 2) for one in kept]})
    wide = int(rng.integers(4))
    return {"accuracies": [show(rng, one, digits) for one in accuracies],
            "areas": [show(rng, one, digits) for one in areas],
            "positives": [max(0, p - wide), p + wide] if wide else str(p),
            "negatives": [max(0, q - wide), q + wide],
            "n": str(p + q) if rng.integers(2) else None, **shown}
