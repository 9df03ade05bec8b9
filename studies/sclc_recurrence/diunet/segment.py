"""Learn the stations from the first patients and outline them in the last ones.

Methods: ``both`` (DiUnet), ``blank`` (DiUnet whose second encoder is shown no GTV, in training and in
use: what the second input is worth) and ``atlas`` (the most frequent station at each place: what
position alone gives). A folder for each patient holds ``ct.nii.gz``, ``stations.nii.gz`` (1 to 16),
``primary.nii.gz`` and, where there are any, ``nodes.nii.gz``. Writes the Dice coefficient of each
station in each patient held out.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.manifest import require_names
from stages.patches.train import device
from studies.sclc_recurrence.diunet import atlas, grids, network, settings
from studies.sclc_recurrence.partition import STATIONS

METHODS = ("both", "blank", "atlas")


def dice(found: np.ndarray, true: np.ndarray, label: int) -> float | None:
    """Return the Dice coefficient of a label; None where there is none of it.

    A station that is not there cannot be outlined well: what is found of it counts against those
    beside it, whose voxels it takes.
    """
    one, other = found == label, true == label
    if not other.any():
        return None
    return 2 * int((one & other).sum()) / int(one.sum() + other.sum())


def scored(found: np.ndarray, patient: grids.Patient) -> dict[str, dict[str, float | None]]:
    """Return Dice by station, in the whole scan and near the GTV."""
    return {name: {station: dice(found[where], patient.stations[where], label)
                   for label, station in enumerate(STATIONS, 1)}
            for name, where in (("whole", np.ones_like(patient.near)), ("near", patient.near))}


def derive(patients: list[grids.Patient], method: str, preset: settings.Preset, held_out: int,
           where=None) -> dict:
    """Return what a method gives in the patients held out, for each of its trainings.

    Parameters
    ----------
    patients : list of Patient
        The last ``held_out`` are scored.
    method : str
        One of `METHODS`.
    preset : Preset
    held_out : int
    where : torch.device, optional
        For the network.
    """
    learn, test, runs = patients[:-held_out], patients[-held_out:], []
    if method == "atlas":
        known = atlas.learnt(learn, preset.grid.slice_mm)
        runs.append([atlas.foretold(known, patient, preset.grid.slice_mm) for patient in test])
    for seed in preset.training.seeds if method != "atlas" else ():
        blank = method == "blank"
        model = network.train(learn, preset, blank, seed, where or device("cpu"))
        runs.append([network.foretold(model, patient, preset.grid, blank) for patient in test])
    settled = asdict(preset) | {"training": {name: value for name, value in
                                             asdict(preset.training).items() if name != "seeds"}}
    return {"method": method, "preset": settled, "trained": len(learn), "trainings": [
        {patient.name: scored(mask, patient) for patient, mask in zip(test, found)} for found in runs]}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.diunet.segment", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True, help="scans and patients.csv (folder)")
    parser.add_argument("--method", choices=METHODS, required=True)
    parser.add_argument("--preset", help="of diunet.presets (default: diunet.preset)")
    parser.add_argument("--retrained", action="store_true",
                        help="train from diunet.retrained_seeds, not from the preset's")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu")
    parser.add_argument("--out", type=Path, required=True, help="Dice by patient and station (JSON)")
    options = parser.parse_args()
    preset = settings.preset(options.params, options.preset)
    if options.retrained:
        seeds = settings.retrained_seeds(options.params)
        preset = replace(preset, training=replace(preset.training, seeds=seeds))
    scoring = settings.scoring(options.params)
    table = options.images / "patients.csv"
    names = canonical.read_csv(table, ("patient",), dtype={"patient": str})["patient"].fillna("")
    require_names(names, table, unique=True)
    if len(names) <= scoring.held_out:
        raise InputError(f"has {len(names)} patients, and {scoring.held_out} are held out", table,
                         "add patients, or lower diunet.scoring.held_out")
    patients = [grids.read(options.images, name, preset.grid, scoring.near_mm) for name in names]
    canonical.write_json(options.out, derive(patients, options.method, preset, scoring.held_out,
                                             device(options.device)))


if __name__ == "__main__":
    cli.main(stage)
