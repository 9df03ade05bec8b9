"""The two MONAI networks, their losses, and models as files (weights as safetensors)."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from monai.inferers import sliding_window_inference
from monai.losses import DiceCELoss, DiceLoss
from monai.networks.nets import SegResNet, UNet
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from stages.common import canonical, origin, strict
from stages.common.errors import InputError
from stages.segmentation import checkpoint
from stages.segmentation.settings import Network, Preset

CLASSES = 3
MODEL, WEIGHTS = "model.json", "model.safetensors"
# What decides the values of a prediction besides weights and code.
PACKAGES = ("monai", "nnunetv2", "numpy", "torch")


def build(network: Network) -> torch.nn.Module:
    """Return an untrained network: one channel in, one score per class out."""
    if network.kind == "unet":
        return UNet(spatial_dims=3, in_channels=1, out_channels=CLASSES, channels=network.channels,
                    strides=network.strides, num_res_units=network.residual_units)
    return SegResNet(spatial_dims=3, in_channels=1, out_channels=CLASSES,
                     init_filters=network.filters, blocks_down=network.blocks_down,
                     blocks_up=network.blocks_up)


def loss(network: Network) -> torch.nn.Module:
    """Return the loss: Dice of liver and lesion, with cross-entropy where the network says so."""
    kind = DiceCELoss if network.loss == "dice+ce" else DiceLoss
    return kind(include_background=False, to_onehot_y=True, softmax=True)


def device(name: str) -> torch.device:
    """Choose the device: ``auto`` is a GPU when there is one. Makes torch deterministic on the CPU.

    On a GPU, torch has no deterministic form of what the networks need (trilinear upsampling, the
    cross-entropy of volumes) and would refuse to train.

    Raises
    ------
    InputError
        If a GPU is asked for and there is none.
    """
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise InputError("no GPU can be used", "--device cuda", "use --device cpu or auto")
    chosen = "cuda" if there and name != "cpu" else "cpu"
    torch.use_deterministic_algorithms(chosen == "cpu")
    return torch.device(chosen)


def probabilities(model, image: torch.Tensor, preset: Preset) -> torch.Tensor:
    """Run the sliding window.

    Parameters
    ----------
    model : Module
        In evaluation mode.
    image : Tensor, shape (x, y, z)
        Windowed image on the model's device.
    preset : Preset
        Window size and overlap.

    Returns
    -------
    Tensor, shape (3, x, y, z)
        Probabilities of background, liver and lesion, on the CPU.

    Raises
    ------
    InputError
        If the network's scores are not finite.
    """
    half = torch.autocast("cuda", torch.bfloat16, enabled=image.is_cuda)
    with torch.inference_mode(), half:
        scores = sliding_window_inference(
            image[None, None], preset.crops.size, preset.inference.windows_at_once, model,
            overlap=preset.inference.overlap, mode="gaussian", device=torch.device("cpu"))
        scores = scores[0].float()
        checkpoint.require_finite({"scores": scores}, "the network's output")
        return torch.softmax(scores, dim=0)


def write(folder: Path, weights: dict, network: Network, preset: Preset, result: dict,
          source: str) -> None:
    """Write a trained model: its weights, what it takes to use it, and the source of its cases."""
    canonical.write_bytes(folder / WEIGHTS, save(weights))
    # What the preset does not have (an nnU-Net) is not written.
    kept = {name: value for name, value in asdict(preset).items() if value is not None}
    canonical.write_json(folder / MODEL, {"network": asdict(network), "preset": kept,
                                          "result": result, origin.KEY: source})


def description(folder: Path) -> dict:
    """Return what a folder says of its model.

    Raises
    ------
    InputError
        If it says nothing, or the file is damaged.
    """
    about = canonical.read_json(folder / MODEL)
    if not isinstance(about, dict):
        raise InputError("describes no model", folder / MODEL, "train the network again")
    return about


def read(folder: Path) -> tuple[torch.nn.Module, Preset]:
    """Read a trained model in evaluation mode.

    Raises
    ------
    InputError
        If a file is missing or damaged, or a weight is not finite.
    """
    about = description(folder)
    for name in ("network", "preset"):
        if name not in about:
            raise InputError(f"lacks '{name}'", folder / MODEL, "train the network again")
    network = strict.build(Network, about["network"], str(folder / MODEL), "network")
    preset = strict.build(Preset, about["preset"], str(folder / MODEL), "preset")
    model = build(network)
    try:
        weights = load_file(folder / WEIGHTS)
        model.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError(f"holds no weights for this network ({error})", folder / WEIGHTS,
                         "train it again") from None
    checkpoint.require_finite(weights, folder / WEIGHTS)
    return model.eval(), preset
