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

from stages.classification import data, models
from stages.classification.corrected.permutation import deal
from stages.classification.data import Split
from stages.classification.parameters import Protocol, read_protocol
from stages.classification.select import select
from stages.common import canonical, cli
from stages.common.columns import GROUP, IMAGE_MINIMUM, SPACING, STUDY, VOXELS
from studies.sclc_liver.label_permutation import areas, p_values
from studies.sclc_liver.nested import linear
from studies.sclc_liver.nested.inputs import Examinations, examinations
from studies.sclc_liver.nested.parameters import Nested, Simulated, read_nested, read_simulated
from studies.sclc_liver.nested.stage import dealt_rows
from studies.sclc_liver.parameters import read_retest

SIGNALS = ("leading", "any")


def one_way(values: np.ndarray, groups: np.ndarray) -> float:
    """Return the intraclass correlation of values in groups of any size (one-way, mean squares).

    Not below 0.

    Examples
    --------
    >>> one_way(np.array([1.0, 1.0, 2.0, 2.0]), np.array([0, 0, 1, 1]))
    1.0
    """
    sizes = np.bincount(groups)
    means = np.bincount(groups, values) / sizes
    between = (sizes * (means - values.mean()) ** 2).sum() / (len(sizes) - 1)
    within = ((values - means[groups]) ** 2).sum() / (len(values) - len(sizes))
    size = (len(values) - (sizes ** 2).sum() / len(values)) / (len(sizes) - 1)
    bottom = between + (size - 1) * within
    return float(max(0.0, (between - within) / bottom)) if bottom else 0.0


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


@dataclass(frozen=True)
class Outcomes:
    """Latent scores of C data sets, shape (s, C), and the labels made of them."""

    latent: np.ndarray
    labels: np.ndarray


def outcomes(patient: np.ndarray, likeness: float, positives: int, sets: int,
             generator: np.random.Generator, signal: np.ndarray | None = None,
             effect: float = 0.0) -> Outcomes:
    """Simulate outcomes of s examinations.

    Parameters
    ----------
    patient : ndarray of int, shape (s,)
    likeness : float
        Correlation of two examinations of a patient.
    positives : int
        Examinations with the highest latent scores that are positive, as many as really are.
    sets : int
        Number of data sets, C.
    generator : Generator
    signal : ndarray of float, shape (s, C), optional
        Standardised.
    effect : float
        Correlation of latent score and signal.
    """
    own = generator.standard_normal((patient.max() + 1, sets))[patient]
    latent = np.sqrt(likeness) * own + np.sqrt(1 - likeness) * generator.standard_normal(
        (len(patient), sets))
    if signal is not None:
        latent = effect * signal + np.sqrt(1 - effect ** 2) * latent
    labels = np.zeros(latent.shape)
    np.put_along_axis(labels, np.argsort(-latent, axis=0)[:positives], 1.0, axis=0)
    return Outcomes(latent, labels)


def signals(cohort: linear.Cohort, kind: str, components: int, sets: int,
            generator: np.random.Generator) -> np.ndarray:
    """Return what the features say in each data set, standardised over s examinations, (s, C)."""
    count = len(cohort.patient)
    mean = np.array([cohort.features[cohort.study == number].mean(axis=0)
                     for number in range(count)])
    centred = mean - mean.mean(axis=0)
    spread = centred.std(axis=0)
    left, _, right = np.linalg.svd(centred[:, spread > 0] / spread[spread > 0], full_matrices=False)
    # Which way a component points is the library's choice.
    left = left * np.sign(right[np.arange(len(right)), np.argmax(np.abs(right), axis=1)])
    parts = left[:, :components] * np.sqrt(count)
    if kind == "leading":
        return np.repeat(parts[:, :1], sets, axis=1)
    weight = generator.standard_normal((components, sets))
    return parts @ (weight / np.sqrt((weight ** 2).sum(axis=0)))


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


def stage() -> None:
    """Command line."""
    parser = data.parser("studies.sclc_liver.nested.simulate", __doc__, protocol=False)
    parser.add_argument("--curves", type=Path, required=True, help="power curves (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="type-I error and power (JSON)")
    options = parser.parse_args()
    settings, simulated = read_nested(options.params), read_simulated(options.params)
    protocol = read_protocol(options.params, "as-released")
    table = data.read_table(options.table, (VOXELS, SPACING, IMAGE_MINIMUM))
    held = examinations(table, options.table, read_retest(options.params).stable)
    cohort, positives = held.cohorts["radiomics"], int(held.label.sum())
    likeness = one_way(held.score, held.patient)
    rows = dealt_rows(held.patient, simulated.permutations, simulated.seed)
    generator = np.random.default_rng(simulated.seed)
    null = outcomes(held.patient, likeness, positives, simulated.null_sets, generator)
    reached, p = rejected(cohort, null.labels, rows, settings, simulated)
    type_one = {
        "nested": share(int((p <= simulated.level).sum()), len(p), settings.level)
        | {"undefined": 0, "mean_AUC": float(reached.mean())}}
    told = published(table, held, null.latent, null.labels, protocol, simulated)
    type_one["published-LR"] = share(told["found"], told["tried"], settings.level) | {
        "undefined": told["undefined"]}
    curves = []
    for kind in SIGNALS:
        for effect in simulated.effects:
            signal = signals(cohort, kind, simulated.components, simulated.effect_sets, generator)
            drawn = outcomes(held.patient, likeness, positives, simulated.effect_sets, generator,
                             signal, effect)
            best = np.array([areas(signal[None, :, column], drawn.labels[None, :, column])[0, 0]
                             for column in range(simulated.effect_sets)])
            reached, p = rejected(cohort, drawn.labels, rows, settings, simulated)
            found = share(int((p <= simulated.level).sum()), len(p), settings.level)
            curves.append({"signal": kind, "effect": effect, "AUC": float(best.mean()),
                           "nested_AUC": float(reached.mean()), "power": found["share"],
                           "low": found["low"], "high": found["high"]})
    canonical.write_csv(options.curves, pd.DataFrame(curves))
    canonical.write_json(options.summary, {
        "run": data.run_of(options, "nested"), "likeness": likeness,
        "dealt_likeness": {
            "exact": float(np.mean([one_way(held.score[row], held.patient) for row in rows])),
            "approximate": float(np.mean([one_way(
                held.score[deal(held.patient, np.arange(len(held.patient)), generator)],
                held.patient) for _ in range(simulated.permutations)]))},
        "level": simulated.level, "seeds": simulated.seeds.count,
        "permutations": simulated.permutations, "type_one": type_one, "power": curves})


if __name__ == "__main__":
    cli.main(stage)
