"""Type-I error and power of whole procedures, on the real features and structure of patients.

Outcomes are simulated, features are the released ones. A null outcome has the likeness within
patients of the real score and nothing to do with the features. An effect mixes a signal of the
features into it: their leading component, or a direction drawn anew in each data set.

Tried are the nested procedure over all patients, training included, and the published logistic
regression, selection and fit included, with the permutation test of its test AUC. The forests,
boosters and the choice of the best of three are not: a data set would take minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import beta

from stages.classification import data, models, workers
from stages.classification.corrected.permutation import deal
from stages.classification.data import Split
from stages.classification.parameters import Protocol, read_protocol
from stages.classification.select import select
from stages.common import canonical, cli
from stages.common.columns import GROUP, IMAGE_MINIMUM, SPACING, STUDY, VOXELS
from studies.sclc_liver.label_permutation import areas, p_values
from studies.sclc_liver.nested import linear
from studies.sclc_liver.nested.inputs import Examinations, examinations
from studies.sclc_liver.nested.outcomes import one_way, outcomes, signals
from studies.sclc_liver.nested.parameters import Nested, Simulated, read_nested, read_simulated
from studies.sclc_liver.nested.stage import dealt_rows
from studies.sclc_liver.parameters import read_retest

SIGNALS = ("leading", "any")
# Null data sets that are simulated together.
BLOCK = 50


def exact_interval(found: int, tried: int, level: float) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934).

    Examples
    --------
    >>> [round(value, 4) for value in exact_interval(0, 10, 0.95)]
    [0.0, 0.3085]
    """
    tail = (1 - level) / 2
    low = beta.ppf(tail, found, tried - found + 1) if found else 0.0
    high = beta.ppf(1 - tail, found + 1, tried - found) if found < tried else 1.0
    return float(low), float(high)


def rejected(cohort: linear.Cohort, labels: np.ndarray, rows: np.ndarray, settings: Nested,
             simulated: Simulated) -> tuple[np.ndarray, np.ndarray]:
    """Test each data set by the nested procedure and labels dealt between patients.

    Parameters
    ----------
    cohort : Cohort
    labels : ndarray of float, shape (s, C)
    rows : ndarray of int, shape (M, s)
        Deals, the same for every data set.

    Returns
    -------
    ndarray of float, shapes (C,) and (C,)
        Nested AUC and its P.
    """
    columns = np.concatenate([labels[:, None], labels[rows].transpose(1, 0, 2)], axis=1)
    found = linear.statistic(cohort, columns.reshape(len(labels), -1), settings,
                             simulated.seeds.values()).reshape(len(rows) + 1, -1)
    return found[0], p_values(found[0], found[1:].T)


def published(table: pd.DataFrame, held: Examinations, latent: np.ndarray, labels: np.ndarray,
              protocol: Protocol, simulated: Simulated) -> dict:
    """Carry out the published logistic regression on every null data set and test its test AUC.

    Returns
    -------
    dict
        ``tried``, ``found`` (P at most the level), ``undefined`` (no feature kept, or one class in a
        part of the data).
    """
    _, study = np.unique(table[STUDY].to_numpy(), return_inverse=True)
    splits = data.train_and_test(table)
    test = (table[GROUP] == "test").to_numpy()
    # The test patients' own numbering: labels are dealt among them alone.
    own = np.unique(study[test])
    # Dealt as the published AUC is tested (`studies.sclc_liver.chance`).
    generator = np.random.default_rng(simulated.seed)
    rows = np.array([deal(held.patient[own], np.arange(len(own)), generator)
                     for _ in range(simulated.permutations)])
    centre, spread = held.score.mean(), held.score.std()
    found = undefined = 0
    for column in range(latent.shape[1]):
        score = centre + spread * latent[study, column]
        label = labels[study, column].astype(int)
        sets = [Split(part.series, part.studies, part.patients, part.features, score[where],
                      label[where]) for part, where in zip(splits, (~test, test))]
        p = _published_p(*sets, labels[own, column].astype(int), rows,
                         np.searchsorted(own, study[test]), protocol)
        undefined += p is None
        found += p is not None and p <= simulated.level
    return {"tried": latent.shape[1] - undefined, "found": found, "undefined": undefined}


def _published_p(train: Split, test: Split, label: np.ndarray, rows: np.ndarray, study: np.ndarray,
                 protocol: Protocol) -> float | None:
    if min(len(np.unique(part.label)) for part in (train, test)) < 2:
        return None
    kept = list(select(train, test, protocol.selection).coefficients)
    if not kept:
        return None
    model = models.make("LR", protocol.models["LR"])
    models.fit(model, train.features[kept], train.label)
    score = models.probability(model, test.features[kept])[None, :, 1]
    dealt = label[rows][:, study]
    return float(p_values(areas(score, test.label[None])[:, 0], areas(score, dealt))[0])


def share(found: int, tried: int, level: float) -> dict:
    """Return how often something was found, with its exact interval."""
    low, high = exact_interval(found, tried, level) if tried else (None, None)
    return {"found": found, "tried": tried, "share": found / tried if tried else None, "low": low,
            "high": high}


@dataclass(frozen=True)
class Cases:
    """Data sets that are simulated together, with a seed of their own.

    Attributes
    ----------
    kind : str
        ``null`` or one of `SIGNALS`.
    effect : float
    sets, number : int
        How many data sets, and the number of this block.
    """

    kind: str
    effect: float
    sets: int
    number: int


@dataclass(frozen=True)
class Setting:
    """What every block of data sets shares."""

    table: pd.DataFrame
    held: Examinations
    settings: Nested
    simulated: Simulated
    protocol: Protocol


def carry_out(task: tuple[Cases, Setting]) -> dict:
    """Simulate one block of data sets and test each.

    Returns
    -------
    dict
        ``found`` and ``tried`` of the nested procedure, its mean ``nested_AUC``; of null data sets
        ``published`` besides, of others ``AUC``, that of the best possible score.
    """
    cases, shared = task
    held, simulated = shared.held, shared.simulated
    cohort = held.cohorts["radiomics"]
    generator = np.random.default_rng([simulated.seed, cases.number])
    signal = None
    if cases.kind != "null":
        signal = signals(cohort, cases.kind, simulated.components, cases.sets, generator)
    drawn = outcomes(held.patient, one_way(held.score, held.patient), int(held.label.sum()),
                     cases.sets, generator, signal, cases.effect)
    rows = dealt_rows(held.patient, simulated.permutations, simulated.seed)
    reached, p = rejected(cohort, drawn.labels, rows, shared.settings, simulated)
    found = {"found": int((p <= simulated.level).sum()), "tried": cases.sets,
             "nested_AUC": float(reached.mean())}
    if signal is None:
        return found | {"published": published(shared.table, held, drawn.latent, drawn.labels,
                                               shared.protocol, simulated)}
    return found | {"AUC": float(np.mean([
        areas(signal[None, :, column], drawn.labels[None, :, column])[0, 0]
        for column in range(cases.sets)]))}


def blocks(simulated: Simulated) -> list[Cases]:
    """Return the blocks of data sets, null ones first."""
    found = [("null", 0.0, min(BLOCK, simulated.null_sets - start))
             for start in range(0, simulated.null_sets, BLOCK)]
    found += [(kind, effect, simulated.effect_sets) for kind in SIGNALS
              for effect in simulated.effects]
    return [Cases(*item, number) for number, item in enumerate(found)]


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.nested.simulate", __doc__, protocol=False)
    parser.add_argument("--curves", type=Path, required=True, help="power curves (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="type-I error and power (JSON)")
    options = parser.parse_args()
    settings, simulated = read_nested(options.params), read_simulated(options.params)
    table = data.read_table(options.table, (VOXELS, SPACING, IMAGE_MINIMUM))
    held = examinations(table, options.table, read_retest(options.params).stable)
    shared = Setting(table, held, settings, simulated, read_protocol(options.params, "as-released"))
    cases = blocks(simulated)
    answers = list(workers.spread(carry_out, [(item, shared) for item in cases], "block"))
    null = [found for item, found in zip(cases, answers) if item.kind == "null"]
    told = {name: sum(found["published"][name] for found in null)
            for name in ("found", "tried", "undefined")}
    curves = []
    for item, found in zip(cases, answers):
        if item.kind != "null":
            own = share(found["found"], found["tried"], settings.level)
            curves.append({"signal": item.kind, "effect": item.effect, "AUC": found["AUC"],
                           "nested_AUC": found["nested_AUC"], "power": own["share"],
                           "low": own["low"], "high": own["high"]})
    generator = np.random.default_rng(simulated.seed)
    rows = dealt_rows(held.patient, simulated.permutations, simulated.seed)
    canonical.write_csv(options.curves, pd.DataFrame(curves))
    canonical.write_json(options.summary, {
        "run": data.run_of(options, "nested"), "likeness": one_way(held.score, held.patient),
        "dealt_likeness": {
            "exact": float(np.mean([one_way(held.score[row], held.patient) for row in rows])),
            "approximate": float(np.mean([one_way(
                held.score[deal(held.patient, np.arange(len(held.patient)), generator)],
                held.patient) for _ in range(simulated.permutations)]))},
        "level": simulated.level, "seeds": simulated.seeds.count,
        "permutations": simulated.permutations,
        "type_one": {
            "nested": share(sum(found["found"] for found in null), simulated.null_sets,
                            settings.level)
            | {"undefined": 0, "mean_AUC": float(np.average([found["nested_AUC"] for found in null],
                                                            weights=[found["tried"]
                                                                     for found in null]))},
            "published-LR": share(told["found"], told["tried"], settings.level)
            | {"undefined": told["undefined"]}},
        "power": curves})


if __name__ == "__main__":
    cli.main(stage)
