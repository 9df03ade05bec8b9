"""Send one synthetic cohort through the protocol as released and through a corrected one.

*As released*: LASSO on unscaled features, logistic regression as published, AUC of the test series
with the interval of the paper's bootstrap; and the four rungs of the leakage ladder by a logistic
regression of standardised features. *Corrected*: ridge regression over all patients, penalty and
standardisation inside patient-grouped folds, its AUC tested by outcomes dealt between patients. The
same is learnt from all scanners but one and tested on that one. Forests and boosters are not tried:
a thousand cohorts of theirs would take days.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
from studies.sclc_liver.recovery.cohorts import Layout
from studies.sclc_liver.recovery.measured import FEATURES
from studies.sclc_liver.recovery.parameters import Recovery


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


def split(layout: Layout, features: np.ndarray, label: np.ndarray, rows: np.ndarray) -> Split:
    """Return series of a cohort as the released protocol takes them."""
    study = layout.study[rows]
    names = np.char.mod("%04d", np.arange(len(layout.study)))
    return Split(names[rows], np.char.mod("s%04d", study), np.char.mod("p%04d", layout.patient[study]),
                 pd.DataFrame(features[rows], columns=list(FEATURES)), layout.score[study],
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


def corrected(layout: Layout, features: np.ndarray, label: np.ndarray, rules: Rules) -> dict:
    """Test the corrected procedure over all patients, and on each scanner by itself."""
    recovery = rules.recovery
    cohort = linear.Cohort(features, layout.study, layout.patient)
    rows = dealt_rows(layout.patient, recovery.permutations, recovery.seed)
    columns = np.column_stack([label, label[rows].T]).astype(float)
    seeds = recovery.seeds.values()
    whole = linear.statistic(cohort, columns, rules.nested, seeds)
    apart = np.mean([makers.transferred(cohort, layout.scanner == name, columns, rules.nested, seeds)
                     for name in np.unique(layout.scanner)], axis=0)
    found = {}
    for name, values in (("corrected", whole), ("apart", apart)):
        dealt = values[1:][~np.isnan(values[1:])]
        found |= {f"{name}_AUC": float(values[0]),
                  f"{name}_P": float(p_values(values[:1], dealt[None])[0])}
    return found


def trial(layout: Layout, features: np.ndarray, rules: Rules) -> dict | None:
    """Return what every procedure gives on a cohort; None where a part has one class.

    Series without features are left out, and studies with them.

    Returns
    -------
    dict or None
        AUC of the oracle over all studies and over the test series, of the released procedure and
        its lower bound, of the rungs of the ladder, of the corrected procedure and of held-out
        scanners with P.
    """
    layout, features = without_gaps(layout, features)
    label = (layout.score > rules.boundary).astype(int)
    if not usable(label, layout.test, layout.scanner):
        return None
    held = layout.test[layout.study]
    train, test = (split(layout, features, label, np.flatnonzero(part)) for part in (~held, held))
    rungs = np.full(len(RUNGS), np.nan) if rules.climb is None else ladder.climb(train, rules.climb)
    series_oracle = layout.oracle[layout.study][held]
    return {"oracle_AUC": float(areas(layout.oracle[None], label[None])[0, 0]),
            "test_oracle_AUC": float(areas(series_oracle[None], test.label[None])[0, 0]),
            **released(train, test, rules.protocol, rules.recovery),
            **{f"ladder_{rung}": float(value) for rung, value in zip(RUNGS, rungs)},
            **corrected(layout, features, label, rules)}


def without_gaps(layout: Layout, features: np.ndarray) -> tuple[Layout, np.ndarray]:
    """Return a cohort without the series that have no features, numbered anew."""
    kept = np.isfinite(features).all(axis=1)
    if kept.all():
        return layout, features
    studies, study = np.unique(layout.study[kept], return_inverse=True)
    return replace(
        layout, series=[one for one, own in zip(layout.series, kept) if own], study=study,
        patient=np.unique(layout.patient[studies], return_inverse=True)[1],
        scanner=layout.scanner[studies], test=layout.test[studies], score=layout.score[studies],
        oracle=layout.oracle[studies], covariates=layout.covariates[kept]), features[kept]
