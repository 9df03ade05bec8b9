"""Random true data sets: detection, overlap and features of images."""

import numpy as np

from stages.verdicts.consistency.features import COUNTS
from tests.verdicts.printing import show


def detection(rng):
    lesions, scans = int(rng.integers(5, 150)), int(rng.integers(3, 40))
    made = {"sensitivities": [], "ppvs": [], "false_positives": []}
    for _ in range(rng.integers(1, 5)):
        tp, fp = int(rng.binomial(lesions, rng.uniform(0.2, 1))), int(rng.integers(0, 9))
        made["sensitivities"].append(show(rng, tp / lesions, 3))
        made["ppvs"].append(show(rng, tp / (tp + fp) if tp + fp else 0.0, 3))
        made["false_positives"].append(show(rng, fp / scans, 2))
    return {"scans": str(scans), "lesions": [1, 300], **made}


def median_dice(rng):
    dice = np.where(rng.random(rng.integers(1, 60)) < rng.uniform(0.1, 0.9), rng.beta(5, 3), 0.0)
    return {"dice": show(rng, np.median(dice), 3), "sensitivity": show(rng, (dice > 0).mean(), 3)}


def mean_in_range(rng):
    values = rng.integers(0, rng.integers(2, 12), rng.integers(1, 30))
    return {"mean": show(rng, values.mean(), 1), "low": str(values.min()), "high": str(values.max()),
            "n": str(values.size)}


def feature_count(rng):
    sizes = COUNTS["pyradiomics", "3.0.1"]
    names = [name for name in sizes if rng.integers(4)] or ["shape"]
    images, extra = int(rng.integers(1, 4)), int(rng.integers(0, 3))
    count = sum(sizes[name] * (1 if name.startswith("shape") else images) for name in names) + extra
    return {"count": str(count), "library": "pyradiomics", "version": "3.0.1", "images": images,
            "extra": extra, **({"classes": names} if rng.integers(2) else {})}
