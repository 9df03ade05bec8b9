"""A trained nnU-Net as files (weights as safetensors), and its prediction by all folds together."""

from __future__ import annotations

import contextlib
import io
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from stages.common import canonical
from stages.common.errors import InputError
from stages.common.nifti import Volume
from stages.segmentation import checkpoint
from stages.segmentation.nnunet import plan as nnunet_plan
from stages.segmentation.settings import Preset

# isort: split
from nnunetv2.inference.export_prediction import (
    convert_predicted_logits_to_segmentation_with_correct_shape as convert,
)
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

MODEL = "model.json"
KIND = "nnunet"


def write(folder: Path, weights: dict[int, dict], about: dict, preset: Preset) -> None:
    """Write a trained model.

    Parameters
    ----------
    folder : Path
        Where to.
    weights : dict
        `checkpoint.weights` by fold.
    about : dict
        ``plans``, ``dataset``, ``folds``, ``mirrored_axes``, ``result`` (as of MONAI's networks) and
        ``source`` (of the cases).
    preset : Preset
        What it was trained with.
    """
    for fold, state in weights.items():
        canonical.write_bytes(weights_file(folder, fold), save(state))
    canonical.write_json(folder / MODEL, about | {"kind": KIND, "settings": asdict(preset.nnunet)})


class Model:
    """A trained nnU-Net.

    Parameters
    ----------
    folder : Path
        What `write` wrote.
    device : torch.device
        CPU or GPU.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """

    def __init__(self, folder: Path, device: torch.device):
        self.about = canonical.read_json(folder / MODEL)
        try:
            plans = PlansManager(self.about["plans"])
            configuration = plans.get_configuration(nnunet_plan.CONFIGURATION)
            mirrored, step = self.about["mirrored_axes"], self.about["settings"]["step"]
            folds = sorted(self.about["folds"], key=int)
            network = get_network_from_plans(plans, self.about["dataset"], configuration, 1,
                                             deep_supervision=False)
        except KeyError as error:
            raise InputError(f"lacks {error}", folder / MODEL, "train the model again") from None
        with contextlib.redirect_stdout(io.StringIO()):
            self.predictor = nnUNetPredictor(step, use_mirroring=mirrored is not None,
                                             device=device, allow_tqdm=False)
        weights = [read_weights(weights_file(folder, fold), network) for fold in folds]
        self.predictor.manual_initialization(network, plans, configuration, weights,
                                             self.about["dataset"], KIND, mirrored)

    def predict(self, image: Volume) -> np.ndarray:
        """Segment an image.

        Parameters
        ----------
        image : Volume
            HU in RAS order.

        Returns
        -------
        ndarray of uint8, shape of the image
            0 background, 1 liver, 2 lesion: the largest mean score of the folds.
        """
        predictor = self.predictor
        plans, configuration = predictor.plans_manager, predictor.configuration_manager
        properties = {"spacing": nnunet_plan.spacing(image)}
        with contextlib.redirect_stdout(io.StringIO()):
            data, _ = configuration.preprocessor_class(verbose=False).run_case_npy(
                nnunet_plan.as_array(image), None, properties, plans, configuration,
                predictor.dataset_json)
            labels = convert(self._scores(torch.from_numpy(data)), plans, configuration,
                             predictor.label_manager, properties,
                             num_threads_torch=torch.get_num_threads())
        return np.ascontiguousarray(labels.transpose(2, 1, 0)).astype(np.uint8)

    def _scores(self, data: torch.Tensor) -> torch.Tensor:
        """Return the mean scores of the folds, shape (3, z, y, x), on the CPU."""
        total = None
        for weights in self.predictor.list_of_parameters:
            self.predictor.network.load_state_dict(weights)
            scores = self.predictor.predict_sliding_window_return_logits(data).cpu().float()
            total = scores if total is None else total + scores
        checkpoint.require_finite({"scores": total}, "the network's output")
        return total / len(self.predictor.list_of_parameters)


def weights_file(folder: Path, fold: int | str) -> Path:
    """Return where a model's folder has the weights of a fold."""
    return folder / f"fold_{fold}.safetensors"


def read_weights(path: Path, network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Read the weights of a fold into a network, and return them.

    Raises
    ------
    InputError
        If they are those of another network (another preset) or not finite.
    """
    try:
        checkpoint.put(network, load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError(f"holds no weights for this network ({error})", path,
                         "train it again with this preset") from None
    found = {name: value.clone() for name, value in network.state_dict().items()}
    checkpoint.require_finite(found, path)
    return found
