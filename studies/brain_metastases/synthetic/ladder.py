"""The ladder from the paper's protocol to the corrected one, in each arm of the synthetic cohort.

A last layer is trained on fixed features. Rungs: folds of slices, of lesions, of patients, each with
the epoch that is best on the scored fold (the third is as described); the epoch chosen on other folds;
the mean over a patient's slices; one vendor left out. Areas of patients stand beside an interval that
draws patients anew and holds the models (`rejections` measures how often it has the right answer);
patients of the same fold alone are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from stages.common import canonical, cli
from stages.common.parameters import section
from stages.patches import folds, head, scores, sets
from studies.brain_metastases.synthetic import parameters, people, protocol
from studies.brain_metastases.synthetic.features import CONCATENATED, INPUTS

RUNGS = ("slices", "lesions", "patients", "nested", "by_patient", "vendor_out")


class Cohort:
    """Slices of one arm, without their images.

    Parameters
    ----------
    table : DataFrame
        See `people.drawn`.
    settings : Protocol
    *seeds : int
        What divisions into folds and draws of patients are seeded with.
    """

    def __init__(self, table, settings: parameters.Protocol, *seeds: int):
        held = sets.Slices(table, np.empty(0))
        self.labels, self.settings, self.seeds = held.labels, settings, seeds
        self.ids = {unit: held.ids(unit) for unit in (sets.SLICE, sets.LESION, sets.PATIENT)}
        self.first = np.unique(self.ids[sets.PATIENT], return_index=True)[1]
        self.vendors = table[people.VENDOR].to_numpy()
        self.head = head.Head(settings.epochs, settings.steps)

    def fold(self, unit: str, division: int) -> np.ndarray:
        """Deal units into folds, shape (n,)."""
        return folds.grouped(self.labels, self.ids[unit], self.settings.folds,
                             np.random.default_rng([*self.seeds, division]))

    def means(self, said: np.ndarray) -> np.ndarray:
        """Return the mean of each patient's lesions, each the mean of its slices."""
        return scores.patients(self.ids[sets.LESION], self.ids[sets.PATIENT], said)

    def patient_pairs(self, said: np.ndarray, strata: np.ndarray) -> np.ndarray:
        """Compare patients by their `means` (`scores.pairs`), shape (2, positives, negatives)."""
        return np.array(scores.pairs(self.labels[self.first], self.means(said), strata[self.first]))

    def crossed(self, features: np.ndarray, unit: str, division: int, nested: bool) -> protocol.Said:
        """Cross-validate with folds of a unit."""
        return protocol.crossed(features, self.labels, self.fold(unit, division), self.head, nested)

    def interval(self, pairs: np.ndarray) -> dict:
        """Return an area and its two-sided interval over patients, of twice the one-sided level."""
        low, high = np.quantile(self.drawn(pairs), [self.settings.level, 1 - self.settings.level])
        return {"area": scores.area(*pairs), "low": low, "high": high}

    def drawn(self, pairs: np.ndarray) -> np.ndarray:
        """Draw patients anew (`scores.bootstrap`), the same ones each time."""
        return scores.bootstrap(*pairs, self.settings.draws, np.random.default_rng(self.seeds))


@dataclass(frozen=True)
class Divided:
    """What all divisions of the patients give together.

    Attributes
    ----------
    described, nested : list of (float, float)
        Area and accuracy of slices in each division (`protocol.by_fold`).
    accuracy, lesions : float
        Share of patients on the right side; area of lesions (means over the divisions).
    pairs : ndarray, shape (2, positives, negatives)
        Sum over the divisions of the patients' comparisons, with the epoch chosen on other folds: the
        corrected protocol's answer is the area of these.
    """

    described: list[tuple[float, float]]
    nested: list[tuple[float, float]]
    accuracy: float
    lesions: float
    pairs: np.ndarray


def divided(cohort: Cohort, features: np.ndarray) -> Divided:
    """Carry out both protocols with folds of patients; ``features`` has the shape (n, f)."""
    described, nested, right, lesions, pairs = [], [], [], [], 0
    labels, own = cohort.labels, cohort.ids[sets.LESION]
    one = np.unique(own, return_index=True)[1]
    for division in range(cohort.settings.divisions):
        said = cohort.crossed(features, sets.PATIENT, division, True)
        first, second = said.described, said.nested
        described.append(protocol.by_fold(labels, first, said.fold))
        nested.append(protocol.by_fold(labels, second, said.fold))
        pairs = pairs + cohort.patient_pairs(second, said.fold)
        right.append(scores.accuracy(labels[cohort.first], cohort.means(second)))
        lesions.append(scores.area(*scores.pairs(labels[one], scores.mean_by(own, second),
                                                 said.fold[one])))
    return Divided(described, nested, np.mean(right), np.mean(lesions), pairs)


def over_divisions(found: list[tuple[float, float]]) -> dict:
    """Return mean and SD over the divisions of areas, and the mean of accuracies."""
    (area, accuracy), spread = np.mean(found, axis=0), np.std(found, axis=0)
    return {"area": area, "sd": spread[0], "accuracy": accuracy}


def climb(cohort: Cohort, features: np.ndarray, found: Divided) -> dict:
    """Return the rungs of one arm.

    Parameters
    ----------
    cohort : Cohort
    features : ndarray, shape (n, f)
    found : Divided
        On these features.
    """
    settings, labels, rungs, vendors = cohort.settings, cohort.labels, {}, 0
    for name, unit in zip(RUNGS[:2], (sets.SLICE, sets.LESION)):
        dealt = [cohort.crossed(features, unit, division, False)
                 for division in range(settings.divisions)]
        rungs[name] = over_divisions([protocol.by_fold(labels, said.described, said.fold)
                                      for said in dealt])
    for division in range(settings.divisions):
        said = protocol.vendor_out(features, labels, cohort.ids[sets.PATIENT], cohort.vendors,
                                   settings.inner_folds, cohort.head,
                                   np.random.default_rng([*cohort.seeds, division]))
        there = said.fold >= 0
        # Who is not predicted is in no stratum.
        strata = np.where(there, said.fold, -1 - np.arange(len(there)))
        vendors = vendors + cohort.patient_pairs(np.where(there, said.nested, 0), strata)
    return {**rungs, "patients": over_divisions(found.described),
            "nested": over_divisions(found.nested),
            "by_patient": {**cohort.interval(found.pairs), "accuracy": found.accuracy,
                           "lesions": found.lesions},
            "vendor_out": cohort.interval(vendors)}


def compared(cohort: Cohort, inputs: dict[str, Divided]) -> dict:
    """Return each input by both protocols, and its difference from the concatenated one by patient."""
    level, found = cohort.settings.level, {}
    whole = inputs[CONCATENATED].pairs
    for name, own in inputs.items():
        low, high = np.quantile(cohort.drawn(whole) - cohort.drawn(own.pairs), [level, 1 - level])
        found[name] = {
            "described": over_divisions(own.described), "corrected": cohort.interval(own.pairs),
            "difference": {"area": scores.area(*whole) - scores.area(*own.pairs),
                           "low": low, "high": high}}
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
            inputs = {name: divided(cohort, own) for name, own in zip(INPUTS, features)}
            found[arm] = {"rungs": climb(cohort, features[INPUTS.index(CONCATENATED)],
                                         inputs[CONCATENATED]),
                          "inputs": compared(cohort, inputs)}
    canonical.write_json(options.out, {"arms": found, "divisions": settings.divisions,
                                       "level": settings.level})


if __name__ == "__main__":
    cli.main(stage)
