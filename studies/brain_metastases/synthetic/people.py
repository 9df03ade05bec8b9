"""Who is in the synthetic cohort: patients, lesions, slices, vendors and the latent variable."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from stages.patches import sets
from studies.brain_metastases.synthetic.parameters import CLASSES, Arm, Cohort

NORMAL = NormalDist()
VENDOR, LATENT, OFFSET = "vendor", "latent", "offset"


def separation(area: float) -> float:
    """Return the distance of two normal classes of SD 1 with this area under the curve.

    Examples
    --------
    >>> separation(0.5), round(separation(0.9), 3)
    (0.0, 1.812)
    """
    return 2 ** 0.5 * NORMAL.inv_cdf(area)


def quotas(cohort: Cohort, odds: float) -> dict[str, list[str]]:
    """Deal vendors to the patients of each class: the common two with an odds ratio.

    Parameters
    ----------
    cohort : Cohort
    odds : float
        Of the first vendor against the second, for SCLC against NSCLC; met as nearly as whole patients
        allow.

    Returns
    -------
    dict of str to list of str
        The vendor of each patient of a class, not yet shuffled.
    """
    weights, total = cohort.vendors, sum(cohort.patients.values())
    first, second, *others = weights
    rare = [name for name in others
            for _ in range(max(1, round(total * weights[name] / sum(weights.values()))))]
    # The rare vendors go to the larger class: they cannot be divided.
    larger = max(CLASSES, key=cohort.patients.get)
    common = {name: count - len(rare) * (name == larger) for name, count in cohort.patients.items()}
    wanted = sum(common.values()) * weights[first] / (weights[first] + weights[second])
    low, high = 0.0, 1.0
    for _ in range(60):  # the share of the second class at which the whole has its own
        share = (low + high) / 2
        other = odds * share / (1 - share + odds * share)
        low, high = ((share, high) if common[CLASSES[0]] * other + common[CLASSES[1]] * share < wanted
                     else (low, share))
    shares = {CLASSES[0]: other, CLASSES[1]: share}
    found = {}
    for name in CLASSES:
        many = round(common[name] * shares[name])
        found[name] = ([first] * many + [second] * (common[name] - many)
                       + (rare if name == larger else []))
    return found


def drawn(cohort: Cohort, arm: Arm, seed: int) -> pd.DataFrame:
    """Draw the cohort of one arm, one row for each slice.

    Parameters
    ----------
    cohort : Cohort
    arm : Arm
    seed : int
        The same one draws the same patients, lesions and noise of the latent variable in every arm.

    Returns
    -------
    DataFrame
        Columns of a set of slices (`stages.patches.sets`), the vendor, the patient's latent variable
        and the slice's place.
    """
    generator, vendors = np.random.default_rng(seed), quotas(cohort, arm.odds)
    rows, number, lesion = [], 0, 0
    shift = separation(arm.area)
    for name in CLASSES:
        count, label = cohort.patients[name], int(name == CLASSES[0])
        extra = np.bincount(generator.integers(count, size=cohort.lesions[name] - count),
                            minlength=count)
        dealt = generator.permutation(vendors[name])
        for place in range(count):
            latent = generator.normal() + shift * label
            for _ in range(1 + extra[place]):
                rows += [(f"L{lesion + 1:03d}-{index + 1}", f"L{lesion + 1:03d}", f"P{number + 1:02d}",
                          label, dealt[place], latent, offset)
                         for index, offset in enumerate(cohort.offsets)]
                lesion += 1
            number += 1
    found = pd.DataFrame(rows, columns=[*sets.COLUMNS, VENDOR, LATENT, OFFSET])
    # Of some lesions one slice is left out: the last.
    cut = generator.permutation(lesion)[:len(found) - cohort.slices]
    lost = (cut + 1) * cohort.slices_per_lesion - 1
    return found.drop(index=lost).reset_index(drop=True)
