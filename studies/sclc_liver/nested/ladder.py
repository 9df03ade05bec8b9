"""The leakage ladder on outcomes without effect: leakage told apart from the bias of small folds.

Every rung of the ladder is climbed with the real outcomes and with simulated ones, which are as alike
within patients as the real scores and have nothing to do with the features. On these, what a rung
shows above the last one is leakage; how far the last one lies from one half is the bias of the folds
and no leakage: a class that is rare in the held-out part is frequent in the training.

Whether a procedure that leaks finds what is not there: an AUC counts as found that exceeds what the
last rung, which does not leak, exceeds in a share ``level`` of the first half of the null data sets;
counted is the second half.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from stages.classification import data, models, workers
from stages.classification.corrected.permutation import p_value
from stages.classification.data import Split
from stages.classification.leakage_ladder import RUNGS, folds
from stages.classification.parameters import Leakage, Selection, read_leakage, read_protocol
from stages.classification.select import select
from stages.common import canonical, cli
from stages.common.columns import LABEL, PATIENT, SCORE, STUDY
from stages.common.errors import InputError
from studies.sclc_liver.nested.outcomes import one_way, outcomes
from studies.sclc_liver.nested.parameters import Ladder, read_ladder
from studies.sclc_liver.nested.simulate import share
from studies.sclc_liver.nested.stage import FINDABLE, described

# Null data sets that a worker takes at once.
BLOCK = 20


@dataclass(frozen=True)
class Settings:
    """What every climb shares."""

    ladder: Ladder
    leakage: Leakage
    selection: Selection


def climb(split: Split, settings: Settings) -> np.ndarray:
    """Return the cross-validated AUC of each rung, mean over seeds, shape (R,).

    NaN where the selection keeps no feature, or no fold has both classes on both sides.
    """
    outside = list(select(split, split, settings.selection).coefficients)
    found = np.full((settings.ladder.seeds.count, len(RUNGS)), np.nan)
    for row, seed in enumerate(settings.ladder.seeds.values()):
        for place, rung in enumerate(RUNGS):
            own = []
            for learn, held in folds(rung, split, settings.leakage, seed):
                part, other = split.take(learn), split.take(held)
                names = outside if rung != RUNGS[-1] else list(
                    select(part, other, settings.selection).coefficients)
                own.append(_area(part, other, names, settings.ladder.model))
            defined = [value for value in own if value == value]
            found[row, place] = np.mean(defined) if defined else np.nan
    return found.mean(axis=0)


def _area(part: Split, other: Split, names: list[str], hyper: Mapping) -> float:
    if not names or min(len(np.unique(side.label)) for side in (part, other)) < 2:
        return np.nan
    learn, held = (side.features[names].to_numpy(float) for side in (part, other))
    centre, spread = learn.mean(axis=0), learn.std(axis=0)
    varies = spread > 1e-12 * np.maximum(np.abs(centre), np.finfo(float).tiny)
    learn, held = ((side[:, varies] - centre[varies]) / spread[varies] for side in (learn, held))
    if not varies.any():
        return np.nan
    model = models.make("LR", hyper)
    models.fit(model, learn, part.label)
    return float(roc_auc_score(other.label, models.probability(model, held)[:, 1]))


def simulated(split: Split, table: pd.DataFrame, sets: int, number: int,
              settings: Ladder) -> list[Split]:
    """Return the training part with outcomes without effect.

    Parameters
    ----------
    split : Split
        n training series.
    table : DataFrame
        The whole cohort, one row for each examination: shares of classes and likeness are its own.
    sets, number : int
        How many data sets, and the number of this block of them.
    """
    patient = np.unique(table[PATIENT].to_numpy(), return_inverse=True)[1]
    score = table[SCORE].to_numpy(float)
    drawn = outcomes(patient, one_way(score, patient), int(table["positive"].sum()), sets,
                     np.random.default_rng([settings.seed, number]))
    latent = score.mean() + score.std() * drawn.latent
    place = {name: row for row, name in enumerate(table[STUDY])}
    rows = [place[name] for name in split.studies]
    return [replace(split, score=latent[rows, column], label=drawn.labels[rows, column].astype(int))
            for column in range(sets)]


def _block(task) -> np.ndarray:
    split, table, sets, number, settings = task
    return np.array([climb(one, settings)
                     for one in simulated(split, table, sets, number, settings.ladder)])


def summarise(real: np.ndarray, null: np.ndarray, settings: Ladder) -> dict:
    """Return each rung beside what it shows where there is nothing.

    Parameters
    ----------
    real : ndarray of float, shape (R,)
        AUC with the real outcomes.
    null : ndarray of float, shape (N, R)
        AUC of the null data sets.

    Returns
    -------
    dict
        By rung: AUC with a normal interval (standard error: the spread of the null data sets, which
        holds that of patients, training and folds) and P against its own null distribution, the
        smallest AUC that is found by it, mean of the null data sets with its standard error
        (``bias``: less one half), and ``found_without_effect`` (see the module).

    Raises
    ------
    InputError
        If the real outcomes, or most of the null data sets, cannot be climbed with.
    """
    defined = null[~np.isnan(null).any(axis=1)]
    if np.isnan(real).any() or len(defined) < len(null) / 2:
        raise InputError(f"{len(null) - len(defined)} of {len(null)} data sets without effect, or the "
                         "real one, keep no feature or have folds of one class alone",
                         "params/classification.yaml",
                         "lower 'alpha' of protocol as-released, or use a larger table")
    first, second = np.array_split(defined, 2)
    limit = np.quantile(first[:, -1], 1 - settings.level)
    found = {}
    for place, rung in enumerate(RUNGS):
        own = defined[:, place]
        found[rung] = {
            "AUC": float(real[place]),
            **described(float(real[place]), float(own.std(ddof=1)), settings.confidence),
            "P": p_value(real[place], own),
            "smallest_detectable": float(own.mean() + FINDABLE * own.std(ddof=1)),
            "null": {"mean": own.mean(), "sd": own.std(ddof=1),
                     "se": own.std(ddof=1) / np.sqrt(len(own)),
                     "q05": np.quantile(own, 0.05), "q95": np.quantile(own, 0.95)},
            "bias": float(own.mean() - 0.5),
            "leakage": float((own - defined[:, -1]).mean()),
            "leakage_se": float((own - defined[:, -1]).std(ddof=1) / np.sqrt(len(own))),
            "found_without_effect": share(int((second[:, place] > limit).sum()), len(second),
                                          settings.confidence)}
    return {"rungs": found, "limit": float(limit), "null_sets": len(null),
            "undefined": len(null) - len(defined)}


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.nested.ladder", __doc__, protocol=False)
    parser.add_argument("--sets", type=Path, required=True, help="AUC of each null set (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="rungs (JSON)")
    options = parser.parse_args()
    settings = Settings(read_ladder(options.params), read_leakage(options.params),
                        read_protocol(options.params, "as-released").selection)
    models.check("LR", settings.ladder.model, "ladder.model", options.params)
    table = data.read_table(options.table)
    train, _ = data.train_and_test(table)
    first = table.drop_duplicates(STUDY)
    studies = first[[PATIENT, STUDY, SCORE]].assign(positive=first[LABEL])
    count = settings.ladder.null_sets
    blocks = [(train, studies, min(BLOCK, count - start), start // BLOCK, settings)
              for start in range(0, count, BLOCK)]
    null = np.concatenate(list(workers.spread(_block, blocks, "block")))
    canonical.write_csv(options.sets, pd.DataFrame(null, columns=list(RUNGS)).assign(
        set=np.arange(1, count + 1)))
    canonical.write_json(options.summary, {
        "run": data.run_of(options, "as-released"), "seeds": settings.ladder.seeds.count,
        "level": settings.ladder.level,
        **summarise(climb(train, settings), null, settings.ladder)})


if __name__ == "__main__":
    cli.main(stage)
