"""A tenth of the patients as a test set, answered by the five models of the other patients' folds.

The paper gives the SD over the five models: the spread of models on the same few patients. That of test
sets, which are drawn here many times, is what a reader would take it for.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from stages.common import canonical, cli
from stages.common.parameters import section
from stages.patches import folds, head, scores, sets
from studies.brain_metastases.synthetic import parameters, protocol
from studies.brain_metastases.synthetic.features import CONCATENATED, INPUTS

SHARE = 10


def answered(features: np.ndarray, labels: np.ndarray, patients: np.ndarray,
             settings: parameters.Protocol, generator: np.random.Generator) -> tuple[np.ndarray, int]:
    """Draw one test set and return what the models of the folds reach on it.

    Returns
    -------
    reached : ndarray, shape (folds, 2)
        Area and accuracy of slices, each model at the epoch that is best on its own fold.
    count : int
        Patients of the test set.
    """
    test = np.isin(patients, [one for label in (1, 0) for one in _drawn(
        np.unique(patients[labels == label]), generator)])
    rest = np.flatnonzero(~test)
    fold = np.full(len(labels), -1)
    fold[rest] = folds.grouped(labels[rest], patients[rest], settings.folds, generator)
    reached = []
    for number in range(settings.folds):
        inside = np.flatnonzero((fold >= 0) & (fold != number))
        curve = head.curve(head.products(features, inside), labels, inside,
                           head.Head(settings.epochs, settings.steps))
        best = curve[int(protocol.hits(curve, labels, fold == number).argmax())]
        reached.append([score(labels[test], best[test]) for score in (scores.auc, scores.accuracy)])
    return np.array(reached), len(set(patients[test]))


def _drawn(members: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return a tenth of the patients of a class, one at least."""
    return generator.permutation(members)[:max(1, int(len(members) / SHARE + 0.5))]


def measured(features: np.ndarray, table, settings: parameters.Protocol, seed: int) -> dict:
    """Draw the test sets, and return means and both spreads."""
    held = sets.Slices(table, np.empty(0))
    drawn = [answered(features, held.labels, held.ids(sets.PATIENT), settings,
                      np.random.default_rng([seed, number])) for number in range(settings.tests)]
    reached = np.array([one for one, _ in drawn])
    counts = [count for _, count in drawn]
    means, models = reached.mean(axis=1), reached.std(axis=1).mean(axis=0)
    return {"patients": [min(counts), max(counts)],
            **{name: {"mean": means[:, at].mean(), "models_sd": models[at],
                      "sets_sd": means[:, at].std(), "low": means[:, at].min(),
                      "high": means[:, at].max()} for at, name in enumerate(("area", "accuracy"))}}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.synthetic.held_out", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--cohort", type=Path, required=True, help="folder of sets of slices")
    parser.add_argument("--features", type=Path, required=True, help="folder of features")
    parser.add_argument("--truth", type=Path, required=True, help="names the arms (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="scores of each arm (JSON)")
    options = parser.parse_args()
    settings, seed = (parameters.protocol(options.params),
                      section(options.params, "synthetic.seed", int))
    with threadpool_limits(1):  # small systems: threads would wait for each other
        found = {arm: measured(
            sets.read_array(options.features / f"{arm}.npy")[INPUTS.index(CONCATENATED)].astype(float),
            sets.read_table(options.cohort / arm), settings, seed)
            for arm in canonical.read_json(options.truth)}
    canonical.write_json(options.out, {"arms": found, "sets": settings.tests})


if __name__ == "__main__":
    cli.main(stage)
