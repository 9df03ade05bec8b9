"""Send one synthetic cohort through the protocol as released and through a corrected one.

*As released*: LASSO on unscaled features, logistic regression as published, AUC of the test series
with the interval of the paper's bootstrap; and the four rungs of the leakage ladder by a logistic
regression of standardised features. *Corrected*: ridge regression over all patients, penalty and
standardisation inside patient-grouped folds, its AUC tested by outcomes dealt between patients. The
same is learnt from all scanners but one and tested on that one. Forests and boosters are not tried:
a thousand cohorts of theirs would take days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.classification import bootstrap, models
from stages.classification.data import Split
from stages.classification.leakage_ladder import RUNGS
from stages.classification.parameters import Protocol
from stages.classification.select import select
from studies.sclc_liver.label_permutation import areas, p_values
from studies.sclc_liver.nested import ladder, linear, makers
from studies.sclc_liver.nested.parameters import Nested
from studies.sclc_liver.nested.stage import dealt_rows
from studies.sclc_liver.recovery.examined import Examined
from studies.sclc_liver.recovery.parameters import FEATURES, Recovery


@dataclass(frozen=True)
class Rules:
    """What every trial shares; without ``climb``, nobody climbs the ladder."""

    recovery: Recovery
    nested: Nested
    protocol: Protocol
    climb: ladder.Settings | None
    boundary: float


def usable(label: np.ndarray, test: np.ndarray, scanner: np.ndarray) -> bool:
    """Return whether both parts and every scanner have both classes, two studies of each."""
    parts = [test, ~test, *(scanner == name for name in np.unique(scanner))]
    return all(min(np.sum(label[part] == 1), np.sum(label[part] == 0)) > 1 for part in parts)


def split(cohort: Examined, label: np.ndarray, rows: np.ndarray) -> Split:
    """Return series of a cohort as the released protocol takes them."""
    study = cohort.study[rows]
    names = np.char.mod("%04d", np.arange(len(cohort.study)))
    return Split(names[rows], np.char.mod("s%04d", study), np.char.mod("p%04d", cohort.patient[study]),
                 pd.DataFrame(cohort.features[rows], columns=list(FEATURES)), cohort.score[study],
                 label[study].astype(int))


def released(train: Split, test: Split, protocol: Protocol, recovery: Recovery) -> dict:
    """Carry out the published logistic regression; NaN where its LASSO keeps no feature."""
    kept = list(select(train, test, protocol.selection).coefficients)
    found = {"released_features": len(kept), "released_AUC": np.nan, "released_low": np.nan}
    if not kept:
        return found
    model = models.make("LR", protocol.models["LR"])
    models.fit(model, train.features[kept], train.label)
    probability = models.probability(model, test.features[kept])[:, 1]
    drawn = bootstrap.draw(test.studies, recovery.samples, recovery.seed)
    sample = bootstrap.bootstrap(drawn, test.label, (probability > 0.5).astype(int), probability)
    return found | {"released_AUC": float(areas(probability[None], test.label[None])[0, 0]),
                    "released_low": float(np.nanquantile(sample["AUC"],
                                                         (1 - recovery.confidence) / 2))}


def corrected(examined: Examined, label: np.ndarray, rules: Rules) -> dict:
    """Test the corrected procedure over all patients, and on each scanner by itself."""
    recovery = rules.recovery
    cohort = linear.Cohort(examined.features, examined.study, examined.patient)
    rows = dealt_rows(examined.patient, recovery.permutations, recovery.seed)
    columns = np.column_stack([label, label[rows].T]).astype(float)
    seeds = recovery.seeds.values()
    whole = linear.statistic(cohort, columns, rules.nested, seeds)
    apart = np.mean([
        makers.transferred(cohort, examined.scanner == name, columns, rules.nested, seeds)
        for name in np.unique(examined.scanner)], axis=0)
    found = {}
    for name, values in (("corrected", whole), ("apart", apart)):
        dealt = values[1:][~np.isnan(values[1:])]
        found |= {f"{name}_AUC": float(values[0]),
                  f"{name}_P": float(p_values(values[:1], dealt[None])[0])}
    return found


def trial(cohort: Examined, rules: Rules) -> dict | None:
    """Return what every procedure gives on a cohort; None where a part has one class.

    Series without features are left out, and studies with them.

    Returns
    -------
    dict or None
        AUC of the oracle over all studies and over the test series, of the released procedure and
        its lower bound, of the rungs of the ladder, of the corrected procedure and of held-out
        scanners with P.
    """
    cohort = cohort.whole()
    label = (cohort.score > rules.boundary).astype(int)
    if not usable(label, cohort.test, cohort.scanner):
        return None
    held = cohort.test[cohort.study]
    train, test = (split(cohort, label, np.flatnonzero(part)) for part in (~held, held))
    rungs = np.full(len(RUNGS), np.nan) if rules.climb is None else ladder.climb(train, rules.climb)
    guess = cohort.oracle[cohort.study][held]
    return {"oracle_AUC": float(areas(cohort.oracle[None], label[None])[0, 0]),
            "test_oracle_AUC": float(areas(guess[None], test.label[None])[0, 0]),
            **released(train, test, rules.protocol, rules.recovery),
            **{f"ladder_{rung}": float(value) for rung, value in zip(RUNGS, rungs)},
            **corrected(cohort, label, rules)}
