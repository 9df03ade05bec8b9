"""What many synthetic cohorts say of a protocol: what it finds, misses, and finds where nothing is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stages.classification.leakage_ladder import RUNGS
from studies.sclc_liver.nested.simulate import share
from studies.sclc_liver.recovery.parameters import LABELS, PLANTED, SHORTCUT, Recovery

LADDER = tuple(f"ladder_{rung}" for rung in RUNGS)
AREAS = ("oracle_AUC", "test_oracle_AUC", "released_AUC", "corrected_AUC", "apart_AUC", *LADDER)


def spread(values: pd.Series) -> dict:
    """Return mean with standard error, and the middle 90 % of the defined values."""
    defined = values.dropna().to_numpy()
    if len(defined) < 2:
        return {"sets": len(defined), "mean": None, "se": None, "q05": None, "q95": None}
    low, high = np.quantile(defined, [0.05, 0.95])
    return {"sets": len(defined), "mean": defined.mean(), "q05": low, "q95": high,
            "se": defined.std(ddof=1) / np.sqrt(len(defined))}


def inflation(rows: pd.DataFrame) -> dict:
    """Return how far each rung of the ladder lies above the one that divides by patient."""
    patient = rows["ladder_patient"]
    return {rung: spread(rows[f"ladder_{rung}"] - patient) for rung in RUNGS if rung != "patient"}


def found(rows: pd.DataFrame, settings: Recovery) -> dict:
    """Return what the procedures say of the cohorts of one twin and strength.

    Returns
    -------
    dict
        Spread of every AUC; ``corrected`` and ``apart``: share of cohorts with P at most the level
        (power, or the type-I error where nothing is planted); ``released``: share whose interval lies
        above one half; ``luck``: share of cohorts in which a procedure exceeds the oracle on the
        same series or studies; ``drop``: corrected less held-out scanners.
    """
    usable = rows.dropna(subset=["corrected_AUC"])
    released = usable.dropna(subset=["released_low"])

    def often(mask):
        return share(int(mask.sum()), len(mask), settings.confidence)

    return {"sets": len(rows), "unusable": len(rows) - len(usable),
            "areas": {name: spread(usable[name]) for name in AREAS},
            "corrected": often(usable["corrected_P"] <= settings.level),
            "apart": often(usable["apart_P"] <= settings.level),
            "released": often(released["released_low"] > 0.5)
            | {"undefined": len(usable) - len(released)},
            "luck": {"released": often(released["released_AUC"] > released["test_oracle_AUC"]),
                     "corrected": often(usable["corrected_AUC"] > usable["oracle_AUC"])},
            "drop": spread(usable["corrected_AUC"] - usable["apart_AUC"]),
            "inflation": inflation(usable)}


def shortcut(rows: pd.DataFrame, settings: Recovery) -> dict:
    """Return how often a shortcut shows as a loss on scanners that were not learnt from.

    A loss counts that is larger than what 95 % of the planted cohorts of the preset's own strength
    lose, where the effect is real. ``believed`` counts the cohorts whose corrected AUC is significant:
    patient-grouped folds alone do not protect.
    """
    drop = rows["corrected_AUC"] - rows["apart_AUC"]
    own = max(settings.effects)
    planted = drop[(rows["twin"] == PLANTED) & (rows["effect"] == own)].dropna()
    tied = rows["twin"] == SHORTCUT
    limit = float(np.quantile(planted, 1 - settings.level)) if len(planted) else np.nan
    lost, believed = drop[tied].dropna() > limit, rows[tied].dropna(subset=["corrected_AUC"])
    return {"limit": limit, "planted_effect": own,
            "found": share(int(lost.sum()), len(lost), settings.confidence),
            "believed": share(int((believed["corrected_P"] <= settings.level).sum()), len(believed),
                              settings.confidence)}


def summarise(rows: pd.DataFrame, settings: Recovery) -> dict:
    """Return `found` of every kind of cohort, twin and strength, and `shortcut`.

    Parameters
    ----------
    rows : DataFrame
        One row for each cohort: ``kind`` (``labels``, ``images``, or ``again``: the cohorts of
        ``images`` with simulated features), ``twin``, ``effect``, ``set`` and the results of
        `trial.trial`.
    settings : Recovery
    """
    groups = [{"kind": kind, "twin": twin, "effect": effect, **found(part, settings)}
              for (kind, twin, effect), part in rows.groupby(["kind", "twin", "effect"], sort=True)]
    return {"level": settings.level, "confidence": settings.confidence, "groups": groups,
            "shortcut": shortcut(rows[rows["kind"] == LABELS], settings)}
