"""The null twin, many times: labels are dealt anew to its patients, the features stay.

Features of slices know nothing of labels there, so that each new label vector is a cohort without an
effect. What is measured: how high the paper's protocol comes out, and how often the corrected one
finds an effect that is not there.
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

ARM = "null"
MEASURES = ("described_area", "described_accuracy", "nested_area", "nested_accuracy", "constant",
            "area", "low", "high")
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


def dealt(labels: np.ndarray, fold: np.ndarray, count: int, generator: np.random.Generator
          ) -> np.ndarray:
    """Deal the labels of patients anew within each fold, shape (patients, count).

    With folds that were dealt to patients whatever their labels, that is the same as to deal labels to
    all patients and then to make folds with equal shares of both classes.
    """
    found = np.empty((len(labels), count), int)
    for one in np.unique(fold):
        members = np.flatnonzero(fold == one)
        for column in range(count):
            found[members, column] = generator.permutation(labels[members])
    return found


def measured(features: np.ndarray, table, settings: parameters.Protocol, seed: int) -> dict:
    """Carry out both protocols on every label vector.

    Returns
    -------
    dict of str to list of float
        Of slices, mean over folds: ``described_area``, ``described_accuracy``, the same with the epoch
        that the other folds choose (``nested_…``) and the accuracy of the ``constant`` answer;
        ``area``, ``low`` and ``high`` are the corrected protocol's, by patient.
    """
    held = sets.Slices(table, np.empty(0))
    lesions, patients = held.ids(sets.LESION), held.ids(sets.PATIENT)
    first = np.unique(patients, return_index=True)[1]
    labels, many = held.labels[first], settings.replicates // settings.divisions
    found = {name: [] for name in MEASURES}
    for division in range(settings.divisions):
        generator = np.random.default_rng([seed, division])
        # Labels in another order first: folds then have nothing to do with the real ones.
        shuffled = generator.permutation(labels)
        fold = folds.grouped(shuffled, np.arange(len(labels)), settings.folds, generator)
        own = dealt(shuffled, fold, many, generator)
        said = protocol.crossed(features, own[patients], fold[patients],
                                head.Head(settings.epochs, settings.steps))
        means = scores.patients(lesions, patients, said.nested.T)
        for column in range(many):
            described, nested = (protocol.by_fold(own[patients, column], values[:, column], said.fold)
                                 for values in (said.described, said.nested))
            pair = scores.pairs(own[:, column], means[column], fold)
            drawn = scores.bootstrap(*pair, settings.draws, generator)
            low, high = np.quantile(drawn, [settings.level, 1 - settings.level])
            for name, value in zip(MEASURES, (*described, *nested,
                                              scores.constant(own[patients, column]),
                                              scores.area(*pair), low, high)):
                found[name].append(float(value))
    return found


def summary(found: dict, level: float) -> dict:
    """Return means, quantiles and the share of label vectors in which an effect is found."""
    result = {name: {"mean": np.mean(values), "quantiles": np.quantile(values, SHARES)}
              for name, values in found.items()}
    return {**result, "replicates": len(found["area"]), "level": level,
            "above": np.mean(np.array(found["low"]) > 0.5),
            "below": np.mean(np.array(found["high"]) < 0.5)}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.synthetic.null_twin", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--cohort", type=Path, required=True, help="folder of sets of slices")
    parser.add_argument("--features", type=Path, required=True, help="folder of features")
    parser.add_argument("--out", type=Path, required=True, help="summary (JSON)")
    options = parser.parse_args()
    settings = parameters.protocol(options.params)
    features = sets.read_array(options.features / f"{ARM}.npy")[INPUTS.index(CONCATENATED)]
    with threadpool_limits(1):  # small systems: threads would wait for each other
        found = measured(features.astype(float), sets.read_table(options.cohort / ARM), settings,
                         section(options.params, "synthetic.seed", int))
    canonical.write_json(options.out, summary(found, settings.level))


if __name__ == "__main__":
    cli.main(stage)
