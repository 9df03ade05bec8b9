"""The two MONAI networks, their losses, and models as files (weights as safetensors)."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from monai.losses import DiceCELoss, DiceLoss
from monai.networks.nets import SegResNet, UNet
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from stages.common import canonical, origin, strict
from stages.common.errors import InputError
from stages.segmentation import checkpoint, crops, sliding
from stages.segmentation.settings import Network, Preset

CLASSES = 3
# A core of a CPU takes 1 to 4 s for a million voxels of a training step (benchmarks/README.md).
CPU_VOXELS = 1e11
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


def require_gpu(voxels: float, device: torch.device, insisted: bool, source) -> None:
    """Refuse to start on a CPU what would take it weeks, unless the command line insists.

    Parameters
    ----------
    voxels : float
        That the training puts through the network.
    device : torch.device
        What it would run on.
    insisted : bool
        Whether the command line says ``--device cpu``.
    source : path
        The file of parameters, for the message.

    Raises
    ------
    InputError
        If it needs a GPU.
    """
    if device.type == "cpu" and voxels > CPU_VOXELS and not insisted:
        raise InputError(f"the preset trains on {voxels:.0e} voxels, which takes a CPU weeks or "
                         "months, and no GPU is used", source,
                         "set imaging.device to cuda where there is a GPU, or take a smaller "
                         "segmentation.preset (quick); --device cpu trains all the same")


def on(model: torch.nn.Module, device: torch.device):
    """Move a network to a device; return it, and the form of it that trains fastest there.

    On a GPU channels come last in memory, and the network is compiled where there is a C compiler
    (PyTorch's needs one). Both forms share their weights; the first takes any shape.
    """
    model = model.to(device)
    if device.type == "cpu":
        return model, model
    torch.backends.cudnn.benchmark = True
    model = model.to(memory_format=torch.channels_last_3d)
    compiler = any(shutil.which(name) for name in ("cc", "gcc", "clang"))
    return model, torch.compile(model) if compiler else model


def windowed(hu: np.ndarray, limits, device: torch.device) -> torch.Tensor:
    """Map a window of HU to [0, 1] on a device (see `crops.window`); shape as given."""
    if device.type == "cpu":
        return torch.from_numpy(crops.window(hu, limits))
    low, high = limits
    return ((torch.from_numpy(hu).to(device).float() - low) / (high - low)).clamp_(0, 1)


def probabilities(model, image: torch.Tensor, preset: Preset) -> torch.Tensor:
    """Run the sliding window over an image that is at hand (see `sliding.blocks`).

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
        Probabilities of background, liver and lesion.
    """
    found = [block for _, block in sliding.blocks(
        model, lambda start, stop: image[..., start:stop], tuple(image.shape), preset)]
    return found[0] if len(found) == 1 else torch.cat(found, dim=-1)


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
