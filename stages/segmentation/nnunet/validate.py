"""Out of fold: what each fold's network finds in the cases that it was not trained on."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import torch
from tqdm import tqdm

from stages.common.manifest import LESION
from stages.segmentation import checkpoint
from stages.segmentation.nnunet.model import KIND
from stages.segmentation.nnunet.trainer import Cases, Trainer

# isort: split
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor


def lesion_dice(run: Trainer, step: float) -> dict[str, float]:
    """Predict the validation cases of a fold.

    Parameters
    ----------
    run : Trainer
        After its training.
    step : float
        Shift between neighbouring windows (share).

    Returns
    -------
    dict
        Lesion Dice by case, at the prepared voxel size, of those that have lesions.
    """
    run.set_deep_supervision_enabled(False)
    mirrored = run.inference_allowed_mirroring_axes
    # It names its device on standard output.
    with contextlib.redirect_stdout(io.StringIO()):
        predictor = nnUNetPredictor(step, use_mirroring=mirrored is not None, device=run.device,
                                    allow_tqdm=False)
    predictor.manual_initialization(run.network, run.plans_manager, run.configuration_manager, None,
                                    run.dataset_json, KIND, mirrored)
    held, found = Cases(run.folder / "cases", run.split["val"]), {}
    for name in tqdm(run.split["val"], f"out of fold {run.fold}"):
        image, labels, _ = held.load_case(name)
        truth = labels[0] == LESION
        if not truth.any():
            continue
        with contextlib.redirect_stdout(io.StringIO()):
            scores = predictor.predict_sliding_window_return_logits(torch.from_numpy(np.array(image)))
        checkpoint.require_finite({"scores": scores.float()}, "the network's output")
        guess = scores.float().argmax(0).cpu().numpy() == LESION
        found[name] = float(2 * (guess & truth).sum() / (guess.sum() + truth.sum()))
    return found


def result(dice: dict[str, float], splits: list[dict]) -> dict:
    """Return what a model's file says of its validation.

    Parameters
    ----------
    dice : dict
        `lesion_dice` of all folds that were trained.
    splits : list of dict
        Their ``train`` and ``val`` names.

    Returns
    -------
    dict
        ``best_dice`` (mean; None where no validation case has lesions), ``dice`` by case, and the
        names of the ``training`` and ``validation`` cases.

    Examples
    --------
    >>> result({"a": 0.5, "b": 1.0}, [{"train": ["c"], "val": ["a", "b"]}])["best_dice"]
    0.75
    """
    return {"best_dice": float(np.mean(list(dice.values()))) if dice else None, "dice": dice,
            **{part: sorted({name for split in splits for name in split[key]})
               for part, key in (("training", "train"), ("validation", "val"))}}
