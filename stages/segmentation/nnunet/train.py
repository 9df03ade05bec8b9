"""Train nnU-Net (3d_fullres) on prepared cases, fold by fold.

Writes OUT/fold_N.safetensors (the weights after the last epoch, which is what nnU-Net predicts
with), OUT/model.json, and the curves of all folds (--curves). With --start each fold goes on from the
weights that another model has for it, by the preset's ``finetuning``. After its training each fold
predicts the cases that it was not trained on: the validation Dice. The state of each fold is kept in
--state; the same command after a kill goes on from there and ends with the same bytes. A finished
run removes its state.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from stages.common import canonical, cli, origin
from stages.common.errors import InputError
from stages.segmentation import checkpoint, networks, settings
from stages.segmentation.nnunet import model as nnunet_model
from stages.segmentation.nnunet import validate
from stages.segmentation.nnunet.trainer import CURVE, trainer


def prepared(folder: Path) -> tuple[dict, dict, list[dict]]:
    """Return plans, dataset description and folds of a folder of prepared cases."""
    return tuple(canonical.read_json(folder / f"{name}.json")
                 for name in ("plans", "dataset", "splits_final"))


def require_foreground(folder: Path, split: dict, fold: int) -> None:
    """Refuse a fold without lesions to learn from.

    Raises
    ------
    InputError
        Naming the fold.
    """
    table = canonical.read_csv(folder / "cases.csv", ("File", "lesion"), dtype={"File": str})
    voxels = dict(zip(table["File"], table["lesion"]))
    if not any(voxels[name] for name in split["train"]):
        raise InputError(f"fold {fold} has no lesion among its training cases",
                         folder / "cases.csv", "prepare more cases")


def beginning(start: Path | None, fold: int, split: dict) -> Path | None:
    """Return the weights that a fold goes on from.

    Raises
    ------
    InputError
        If the model has none for it, or was trained on a case that this fold is validated on.
    """
    if start is None:
        return None
    about = canonical.read_json(start / nnunet_model.MODEL)
    try:
        seen = set(about["folds"][str(fold)]["train"])
    except (KeyError, TypeError):
        raise InputError(f"holds no fold {fold} of an nnU-Net to go on from",
                         start / nnunet_model.MODEL, "train that fold first (training.trained)"
                         ) from None
    if both := sorted(seen.intersection(split["val"])):
        raise InputError(f"was trained on {both[0]}, which fold {fold} is validated on",
                         start / nnunet_model.MODEL, "train it on a set that this one begins with")
    return nnunet_model.weights_file(start, fold)


def train(folder: Path, preset: settings.Preset, device, state: Path, start: Path | None = None):
    """Train the folds of a preset.

    Parameters
    ----------
    folder : Path
        Prepared cases.
    preset : Preset
        Settings and seed.
    device : torch.device
        CPU or GPU.
    state : Path
        Folder of the folds' states.
    start : Path, optional
        Model to go on from.

    Returns
    -------
    weights : dict
        `checkpoint.weights` by fold.
    about : dict
        What `nnunet_model.write` needs beside it.
    curve : list of dict
        One row per fold and epoch.
    """
    plans, dataset, splits = prepared(folder)
    content = [canonical.sha256(path) for path in sorted((folder / "cases").iterdir())]
    weights, curve, dice, started, mirrored = {}, [], {}, {}, None
    for fold in preset.nnunet.training.trained:
        if fold >= len(splits):
            raise InputError(f"holds {len(splits)} folds, not fold {fold}",
                             folder / "splits_final.json", "prepare the cases again")
        require_foreground(folder, splits[fold], fold)
        first = beginning(start, fold, splits[fold])
        started[fold] = first and canonical.sha256(first)
        mark = checkpoint.fingerprint(fold, preset.seed, asdict(preset.nnunet), plans, dataset,
                                      splits[fold], content, started[fold])
        run = trainer(folder, plans, dataset, fold, splits[fold], preset.seed,
                      preset.nnunet.training, device, state / f"fold_{fold}", mark, first)
        run.run_training()
        weights[fold] = checkpoint.weights(run.network)
        dice |= validate.lesion_dice(run, preset.nnunet.step)
        mirrored = run.inference_allowed_mirroring_axes
        curve += [{"fold": fold, **row} for row in run.logger.rows]
    about = {"plans": plans, "dataset": dataset, "mirrored_axes": mirrored,
             "folds": {str(fold): splits[fold] for fold in weights},
             "result": validate.result(dice, [splits[fold] for fold in weights]),
             "started_from": {str(fold): digest for fold, digest in started.items()},
             origin.KEY: origin.read(folder)}
    return weights, about, curve


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.nnunet.train", __doc__)
    parser.add_argument("--cases", type=Path, required=True, help="folder of prepared cases")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--preset", help="segmentation preset (default: segmentation.preset)")
    parser.add_argument("--start", type=Path, help="folder of the model to go on from")
    parser.add_argument("--device", choices=settings.DEVICES, help="instead of imaging.device")
    parser.add_argument("--state", type=Path, required=True, help="folder of the run's state")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    parser.add_argument("--curves", type=Path, required=True, help="loss and Dice by epoch (CSV)")
    options = parser.parse_args()
    preset = settings.load_nnunet(options.params, options.preset)
    device = networks.device(options.device or settings.device(options.params))
    if options.start is not None:
        preset = replace(preset, nnunet=preset.nnunet.finetuned(options.params))
    plan, training = preset.nnunet.plan, preset.nnunet.training
    voxels = np.prod((*plan.patch, plan.batch_size, training.iterations, training.epochs,
                      len(training.trained)), dtype=float)
    networks.require_gpu(voxels, device, options.device == "cpu", options.params)
    try:
        weights, about, curve = train(options.cases, preset, device, options.state,
                                      options.start)
    except torch.cuda.OutOfMemoryError:
        raise InputError("the GPU's memory is too small for a batch of patches", options.params,
                         "lower nnunet.plan.batch_size or patch, or use --device cpu") from None
    nnunet_model.write(options.out, weights, about, preset)
    table = pd.DataFrame(curve, columns=["fold", *CURVE], dtype=object)
    canonical.write_csv(options.curves, table)
    shutil.rmtree(options.state)


if __name__ == "__main__":
    cli.main(stage)
