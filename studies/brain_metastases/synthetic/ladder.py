"""The ladder from the paper's protocol to the corrected one, in each arm of the synthetic cohort.

A last layer is trained on fixed features. Rungs: folds of slices, of lesions, of patients, each with
the epoch that is best on the scored fold (the third is as described); the epoch chosen on other folds;
the mean over a patient's slices; one vendor left out. Areas of patients stand beside an interval that
draws patients anew; patients of the same fold alone are compared.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from stages.common import canonical, cli
from stages.common.parameters import section
from stages.patches import folds, head, scores, sets
from studies.brain_metastases.synthetic import parameters, people, protocol
from studies.brain_metastases.synthetic.features import CONCATENATED, INPUTS

RUNGS = ("slices", "lesions", "patients", "nested", "by_patient", "vendor_out")


def interval(wins, possible, settings: parameters.Protocol, seed: int) -> dict:
    """Return an area and its two-sided interval over patients, of twice the one-sided level."""
    drawn = scores.bootstrap(wins, possible, settings.draws, np.random.default_rng(seed))
    low, high = np.quantile(drawn, [settings.level, 1 - settings.level])
    return {"area": scores.area(wins, possible), "low": low, "high": high}


class Cohort:
    """Slices of one arm, without their images.

    Parameters
    ----------
    table : DataFrame
        See `people.drawn`.
    settings : Protocol
    seed : int
    """

    def __init__(self, table, settings: parameters.Protocol, seed: int):
        held = sets.Slices(table, np.empty(0))
        self.labels, self.settings, self.seed = held.labels, settings, seed
        self.ids = {unit: held.ids(unit) for unit in (sets.SLICE, sets.LESION, sets.PATIENT)}
        self.first = np.unique(self.ids[sets.PATIENT], return_index=True)[1]
        self.vendors = table[people.VENDOR].to_numpy()
        self.head = head.Head(settings.epochs, settings.steps)

    def fold(self, unit: str, seed: int) -> np.ndarray:
        """Deal units into folds, shape (n,)."""
        return folds.grouped(self.labels, self.ids[unit], self.settings.folds,
                             np.random.default_rng([self.seed, seed]))

    def means(self, said: np.ndarray) -> np.ndarray:
        """Return the mean of each patient's lesions, each the mean of its slices."""
        return scores.patients(self.ids[sets.LESION], self.ids[sets.PATIENT], said)

    def patient_pairs(self, said: np.ndarray, strata: np.ndarray):
        """Compare patients by their `means` (`scores.pairs`)."""
        return scores.pairs(self.labels[self.first], self.means(said), strata[self.first])

    def crossed(self, features: np.ndarray, unit: str, seed: int, nested: bool) -> protocol.Said:
        """Cross-validate with folds of a unit."""
        return protocol.crossed(features, self.labels[:, None], self.fold(unit, seed), self.head,
                                nested)


def over_seeds(found: list[tuple[float, float]]) -> dict:
    """Return mean and SD over the seeds of areas and accuracies."""
    (area, accuracy), spread = np.mean(found, axis=0), np.std(found, axis=0)
    return {"area": area, "sd": spread[0], "accuracy": accuracy}


def climb(cohort: Cohort, features: np.ndarray) -> dict:
    """Return the rungs of one arm; ``features`` has the shape (n, f)."""
    settings, labels = cohort.settings, cohort.labels
    found = {name: [] for name in RUNGS[:4]}
    pairs, lesions, vendors, right = 0, [], 0, []
    for seed in range(settings.seeds):
        for name, unit in zip(RUNGS[:2], (sets.SLICE, sets.LESION)):
            said = cohort.crossed(features, unit, seed, False)
            found[name].append(protocol.by_fold(labels, said.described[:, 0], said.fold))
        said = cohort.crossed(features, sets.PATIENT, seed, True)
        found["patients"].append(protocol.by_fold(labels, said.described[:, 0], said.fold))
        found["nested"].append(protocol.by_fold(labels, said.nested[:, 0], said.fold))
        pairs = pairs + np.array(cohort.patient_pairs(said.nested[:, 0], said.fold))
        right.append(scores.accuracy(labels[cohort.first], cohort.means(said.nested[:, 0])))
        one = np.unique(cohort.ids[sets.LESION], return_index=True)[1]
        lesions.append(scores.area(*scores.pairs(
            labels[one], scores.mean_by(cohort.ids[sets.LESION], said.nested[:, 0]), said.fold[one])))
        said = protocol.vendor_out(features, labels, cohort.ids[sets.PATIENT], cohort.vendors,
                                   settings.inner_folds, cohort.head,
                                   np.random.default_rng([cohort.seed, seed]))
        there = said.fold >= 0
        # Who is not predicted is in no stratum.
        strata = np.where(there, said.fold, -1 - np.arange(len(there)))
        values = np.where(there, said.nested[:, 0], 0)
        vendors = vendors + np.array(cohort.patient_pairs(values, strata))
    rungs = {name: over_seeds(values) for name, values in found.items()}
    rungs["by_patient"] = {**interval(*pairs, settings, cohort.seed), "accuracy": np.mean(right),
                           "lesions": np.mean(lesions)}
    rungs["vendor_out"] = interval(*vendors, settings, cohort.seed)
    return rungs


def compared(cohort: Cohort, features: np.ndarray) -> dict:
    """Return each input by both protocols, and its difference from the concatenated one by patient.

    ``features`` has the shape (inputs, n, f).
    """
    settings, found, pairs = cohort.settings, {}, {}
    for name, own in zip(INPUTS, features):
        described, total = [], 0
        for seed in range(settings.single_seeds):
            said = cohort.crossed(own, sets.PATIENT, seed, True)
            described.append(protocol.by_fold(cohort.labels, said.described[:, 0], said.fold))
            total = total + np.array(cohort.patient_pairs(said.nested[:, 0], said.fold))
        found[name] = {"described": over_seeds(described),
                       "corrected": interval(*total, settings, cohort.seed)}
        pairs[name] = scores.bootstrap(*total, settings.draws, np.random.default_rng(cohort.seed))
    for name in INPUTS:
        apart = pairs[CONCATENATED] - pairs[name]
        low, high = np.quantile(apart, [settings.level, 1 - settings.level])
        found[name]["difference"] = {
            "area": found[CONCATENATED]["corrected"]["area"] - found[name]["corrected"]["area"],
            "low": low, "high": high}
    return found


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.synthetic.ladder", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--cohort", type=Path, required=True, help="folder of sets of slices")
    parser.add_argument("--features", type=Path, required=True, help="folder of features")
    parser.add_argument("--truth", type=Path, required=True, help="what is true of each arm (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="rungs and inputs of each arm (JSON)")
    options = parser.parse_args()
    settings = parameters.protocol(options.params)
    seed, found = section(options.params, "synthetic.seed", int), {}
    with threadpool_limits(1):  # small systems: threads would wait for each other
        for arm in canonical.read_json(options.truth):
            cohort = Cohort(sets.read_table(options.cohort / arm, (people.VENDOR,)), settings, seed)
            features = sets.read_array(options.features / f"{arm}.npy").astype(float)
            found[arm] = {"rungs": climb(cohort, features[INPUTS.index(CONCATENATED)]),
                          "inputs": compared(cohort, features)}
    canonical.write_json(options.out, {"arms": found, "seeds": settings.seeds,
                                       "single_seeds": settings.single_seeds, "level": settings.level})


if __name__ == "__main__":
    cli.main(stage)
