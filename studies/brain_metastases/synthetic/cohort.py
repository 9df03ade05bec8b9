"""Make the synthetic cohort of each arm: OUT/ARM is a set of slices (stages.patches.sets).

The truth is written beside it (--truth): how well the latent variable itself tells the patients of each
arm apart, how well the vendor does, and how often the same answer for everybody is right.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.common import canonical, cli
from stages.common.parameters import section
from stages.patches import scores, sets
from studies.brain_metastases.synthetic import parameters, people, scene


def vendors_area(labels: np.ndarray, vendors: np.ndarray) -> float:
    """Return the area of the best answer by vendor alone: its share of positives."""
    shares = {name: labels[vendors == name].mean() for name in set(vendors)}
    return scores.auc(labels, np.array([shares[name] for name in vendors]))


def truth(table, arm: parameters.Arm) -> dict:
    """Return what is true of an arm's patients."""
    patients = table.drop_duplicates(sets.PATIENT)
    labels, vendors = patients[sets.LABEL].to_numpy(), patients[people.VENDOR].to_numpy()
    return {"area": arm.area, "odds": arm.odds,
            "latent": scores.auc(labels, patients[people.LATENT].to_numpy()),
            "vendor": vendors_area(labels, vendors), "constant": scores.constant(labels),
            "constant_slices": scores.constant(table[sets.LABEL].to_numpy()),
            "patients": len(patients), "lesions": table[sets.LESION].nunique(), "slices": len(table),
            "vendors": {name: [int(((vendors == name) & (labels == label)).sum()) for label in (1, 0)]
                        for name in sorted(set(vendors))}}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.synthetic.cohort", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True, help="what is true of each arm (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    options = parser.parse_args()
    cohort, arms = parameters.cohort(options.params), parameters.arms(options.params)
    seed, found = section(options.params, "synthetic.seed", int), {}
    share = cohort.patients[parameters.CLASSES[0]] / sum(cohort.patients.values())
    for name, arm in arms.items():
        table = people.drawn(cohort, arm, seed)
        images = scene.rendered(table, cohort, share * people.separation(arm.area), seed)
        sets.write(options.out / name, sets.Slices(table, images))
        found[name] = truth(table, arm)
    canonical.write_json(options.truth, found)


if __name__ == "__main__":
    cli.main(stage)
