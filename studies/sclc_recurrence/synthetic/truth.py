"""The right answers of an arm, from what was planted and not from any one cohort."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from stages.survival import scores
from studies.sclc_recurrence.synthetic import cohort
from studies.sclc_recurrence.synthetic.settings import Arm, Cohort

# Patients from whom the right answers are taken; they do not leave before they are needed.
MANY, PAIRED = 20000, 2000


def expected_area(chance: np.ndarray, risk: np.ndarray) -> float:
    """Return the AUC that a risk has on average, where each patient is a case with a known chance.

    Examples
    --------
    >>> expected_area(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    1.0
    >>> expected_area(np.array([0.3, 0.6]), np.array([1.0, 1.0]))
    0.5
    """
    label = np.repeat([1, 0], len(chance))
    return float(roc_auc_score(label, np.tile(risk, 2),
                               sample_weight=np.concatenate([chance, 1 - chance])))


def chance_by(hazard: np.ndarray, other: float, months: np.ndarray | float) -> np.ndarray:
    """Return the chance of a relapse by a time beside another constant hazard.

    Examples
    --------
    >>> float(chance_by(np.array([0.1]), 0.0, 10).round(4)[0])
    0.6321
    """
    both = hazard + other
    return hazard / both * (1 - np.exp(-both * months))


def answers(settings: Cohort, arm: Arm, name: str, months: float) -> dict[str, float]:
    """Return what a protocol should find in an arm.

    Returns
    -------
    dict
        ``auc``: of the true hazard for relapse by `months`, death a competing risk. ``seen``: the best
        AUC for "relapse seen", from hazard and time to the closing date together; above ``auc`` where
        who was followed longer counts as relapsed more often. ``concordance`` of the true hazard. The
        hazard ratios, and the ratio of a relapse in a station that the tumour was in.
    """
    random = cohort.generator(settings, name, 2)
    people = cohort.patients(settings, arm.shortcut, MANY, random)
    hazard = cohort.hazard(settings, arm, people.table)
    chance = chance_by(hazard, settings.death_monthly, months)
    seen = chance_by(hazard, settings.death_monthly + settings.lost_monthly, people.seen)
    time, kind, _ = cohort.outcome(settings, arm, people, random)
    return {"auc": expected_area(chance, chance), "seen": expected_area(seen, seen),
            "concordance": float(scores.concordance(time[:PAIRED], kind[:PAIRED], hazard[:PAIRED])),
            "hazard_ratios": dict(arm.hazard_ratios), "station": arm.station}
