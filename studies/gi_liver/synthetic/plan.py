"""Draw cohorts of lesions from a plan, and say what the plan's own score would reach."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np

from stages.prediction.lesions import Lesions
from studies.gi_liver.synthetic.parameters import CLASSES, Plan, Preset, Synthetic

NORMAL = NormalDist()
# Factors that belong to the scan, and those that say nothing of the tumour's texture.
SCAN, NUISANCES = ("parenchyma", "noise"), ("size", "parenchyma", "noise")


def counts(plan: Plan, preset: Preset, random: np.random.Generator) -> list[np.ndarray]:
    """Return the number of lesions of each patient, for each class.

    Log-normal with the mean that is asked for, rounded, at least 1 and at most the cap.
    """
    found = []
    for name in CLASSES:
        middle = np.log(preset.mean_lesions[name]) - plan.lesions_log_sd ** 2 / 2
        drawn = np.rint(random.lognormal(middle, plan.lesions_log_sd, preset.patients[name]))
        found.append(np.clip(drawn, 1, preset.most_lesions[name]).astype(int))
    return found


def share(plan: Plan, kind: str) -> float:
    """Return the share of a factor's variance that a patient's lesions have in common."""
    return plan.scan_share if kind in SCAN else plan.patient_share


def kinds(plan: Plan) -> list[str]:
    """Return the kind of each factor."""
    return [kind for kind, count in plan.factors.items() for _ in range(count)]


def names(plan: Plan) -> tuple[str, ...]:
    """Return the features' names: the kind of their factor, its number and theirs."""
    owner = owners(plan)
    every, seen, found = kinds(plan), {}, []
    for factor in owner:
        seen[factor] = seen.get(factor, 0) + 1
        found.append(f"{every[factor]}_{factor + 1:02d}_{seen[factor]}")
    return tuple(found)


def owners(plan: Plan) -> np.ndarray:
    """Return the factor of each feature: as many for each as the numbers allow."""
    return np.sort(np.arange(plan.features) % sum(plan.factors.values()))


def draw(cohort: Synthetic, number: int) -> Lesions:
    """Draw a cohort.

    Parameters
    ----------
    cohort : Synthetic
    number : int
        Of the cohort: each number is another one, and the arms of one number differ by their shifts
        alone.

    Returns
    -------
    Lesions
        Patients of the class 0 first. A factor has unit variance among the lesions of a class, and the
        arm's difference between the classes; a feature is its factor and noise of its own.
    """
    plan, preset = cohort.plan, cohort.preset
    random = np.random.default_rng([preset.seed, number])
    numbers = counts(plan, preset, random)
    outcome = np.repeat([0, 1], [len(one) for one in numbers])
    patient = np.repeat(np.arange(len(outcome)), np.concatenate(numbers))
    every = kinds(plan)
    common = np.array([share(plan, kind) for kind in every])
    of_patient = random.standard_normal((len(outcome), len(every)))[patient]
    of_lesion = random.standard_normal((len(patient), len(every)))
    shift = np.array([cohort.shifts.get(kind, 0.0) for kind in every])
    factors = (np.sqrt(common) * of_patient + np.sqrt(1 - common) * of_lesion
               + outcome[patient, None] * shift)
    own = random.standard_normal((len(patient), plan.features))
    features = plan.loading * factors[:, owners(plan)] + sqrt(1 - plan.loading ** 2) * own
    return Lesions(features, names(plan), patient, outcome)


def best(cohort: Synthetic, lesions: Lesions, given: tuple[str, ...] | None = None) -> dict:
    """Return the area that the generating score reaches, by lesion and by patient.

    The score weighs each factor by its difference between the classes, which is best for lesions; a
    patient's is the mean of his lesions'. It knows the factors, which no feature shows whole.

    Parameters
    ----------
    cohort : Synthetic
    lesions : Lesions
        Of the cohort: their numbers decide how well a mean is known.
    given : tuple of str, optional
        The kinds of factors that the score may use; all by default.
    """
    shifts = [(cohort.shifts.get(kind, 0.0), share(cohort.plan, kind)) for kind in kinds(cohort.plan)
              if given is None or kind in given]
    apart = sum(shift ** 2 for shift, _ in shifts)
    if not apart:
        return {"lesion": 0.5, "patient": 0.5}
    common = sum(shift ** 2 * part for shift, part in shifts)
    spread = common + (apart - common) / lesions.counts
    low, high = spread[lesions.outcome == 0], spread[lesions.outcome == 1]
    pairs = np.sqrt(high[:, None] + low)
    return {"lesion": NORMAL.cdf(sqrt(apart / 2)),
            "patient": float(np.mean([NORMAL.cdf(apart / pair) for pair in pairs.ravel()]))}


def texture(plan: Plan) -> tuple[str, ...]:
    """Return the kinds of factors that are about the tumour's texture."""
    return tuple(kind for kind in plan.factors if kind not in NUISANCES)
