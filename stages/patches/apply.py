"""Let a trained network answer for a set of slices; average by lesion and by patient.

Writes OUT/slices.csv, OUT/lesions.csv and OUT/patients.csv with the probability of the positive class.
Of several networks (the folds' of one cross-validation) it is the mean; use them on patients that none
of them has seen.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.patches import networks, scores, sets, train

PROBABILITY = "probability"


def answered(folders: list[Path], held: sets.Slices) -> np.ndarray:
    """Return the mean probability of the networks in some folders, shape (n,).

    Raises
    ------
    InputError
        If a network expects other slices.
    """
    found = []
    for folder in folders:
        model, about = networks.read(folder)
        wanted, given = (about["channels"], about["size"], about["size"]), held.images.shape[1:]
        if given != wanted:
            raise InputError(f"expects slices of the shape {wanted}, not {given}", folder,
                             "make the slices with the same parameters, or name another network")
        found.append(networks.probabilities(model, held.images))
    return np.mean(found, axis=0)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.patches.apply", __doc__)
    parser.add_argument("--slices", type=Path, required=True, help="the set of slices (folder)")
    parser.add_argument("--models", type=Path, nargs="+", required=True, help="folders of networks")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    options = parser.parse_args()
    train.device("cpu")
    held = sets.read(options.slices, labelled=False)
    table = held.table[[sets.SLICE, sets.LESION, sets.PATIENT]].copy()
    table[PROBABILITY] = answered(options.models, held)
    canonical.write_csv(options.out / "slices.csv", table)
    lesions, owners = held.ids(sets.LESION), held.ids(sets.PATIENT)
    said = table[PROBABILITY].to_numpy()
    for name, ids, values in ((sets.LESION, lesions, scores.mean_by(lesions, said)),
                              (sets.PATIENT, owners, scores.patients(lesions, owners, said))):
        units = table[[name]].iloc[np.unique(ids, return_index=True)[1]]
        canonical.write_csv(options.out / f"{name}s.csv", units.assign(**{PROBABILITY: values}))


if __name__ == "__main__":
    cli.main(stage)
