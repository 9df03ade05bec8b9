"""Networks for two classes on 2-D slices, what they start from, and models as safetensors."""

from __future__ import annotations

import re
import zipfile
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from monai.networks.nets import DenseNet
from monai.networks.nets.efficientnet import EfficientNet
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from stages.common import canonical, strict
from stages.common.errors import InputError
from stages.patches.settings import DENSE, Dense, Network, check_network

CLASSES = 2
MODEL, WEIGHTS = "model.json", "model.safetensors"
# Huang et al. 2017, Table 1.
DENSENET121 = Dense(64, 32, (6, 12, 24, 16))
# Kernel, stride, expansion, channels in and out, repeats: Tan and Le 2019, Table 1. Lite0 has the same
# without squeeze-and-excitation, and ReLU6 for swish.
BLOCKS = ("r1_k3_s11_e1_i32_o16", "r2_k3_s22_e6_i16_o24", "r2_k5_s22_e6_i24_o40",
          "r3_k3_s22_e6_i40_o80", "r3_k5_s11_e6_i80_o112", "r4_k5_s22_e6_i112_o192",
          "r1_k3_s11_e6_i192_o320")
SQUEEZE = "_se0.25"
LAST = re.compile(r"(_fc|class_layers\.out|classifier)\.(weight|bias)$")


def build(network: Network, channels: int, size: int) -> torch.nn.Module:
    """Return an untrained network: (n, channels, size, size) in, two scores out.

    Its first weights come from torch's generator: seed that before.
    """
    if network.kind in (DENSE, "densenet121"):
        dense = network.dense or DENSENET121
        model = DenseNet(spatial_dims=2, in_channels=channels, out_channels=CLASSES,
                         init_features=dense.features, growth_rate=dense.growth,
                         block_config=dense.blocks, dropout_prob=network.dropout)
        for layer in model.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = network.norm_momentum
        return model
    lite = network.kind == "efficientnet-lite0"
    model = EfficientNet([block + ("" if lite else SQUEEZE) for block in BLOCKS], spatial_dims=2,
                         in_channels=channels, num_classes=CLASSES, image_size=size,
                         dropout_rate=network.dropout,
                         norm=("batch", {"eps": 1e-3, "momentum": network.norm_momentum}))
    for part in model.modules() if lite else ():
        if hasattr(part, "_swish"):
            part._swish = torch.nn.ReLU6(inplace=True)
    return model


def features(model: torch.nn.Module, images: np.ndarray, batch: int = 64) -> np.ndarray:
    """Return what the last layer sees of each image.

    Parameters
    ----------
    model : Module
        See `build`.
    images : ndarray of float32, shape (n, c, h, w)
    batch : int
        Images at a time.

    Returns
    -------
    ndarray of float32, shape (n, f)
    """
    model = model.eval()
    head = model._fc if isinstance(model, EfficientNet) else model.class_layers.out
    found = []
    hook = head.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0].numpy(force=True)))
    try:
        probabilities(model, images, batch)
    finally:
        hook.remove()
    return np.concatenate(found)


def probabilities(model: torch.nn.Module, images: np.ndarray, batch: int = 64) -> np.ndarray:
    """Return the probability of the positive class, shape (n,), of images (n, c, h, w)."""
    model, device = model.eval(), next(model.parameters()).device
    with torch.inference_mode():
        return np.concatenate([
            torch.softmax(model(torch.from_numpy(images[at:at + batch]).to(device)), dim=1)[:, 1]
            .double().numpy(force=True) for at in range(0, len(images), batch)])


def start(model: torch.nn.Module, path: Path) -> None:
    """Give a network the weights of a file, all but those of its last layer.

    Parameters
    ----------
    model : Module
        See `build`; its last layer stays as it is.
    path : Path
        A safetensors file, or the wheel of a Python package with one file of PyTorch's (``.pth``).
        The names of the layers are MONAI's, those of EfficientNet-PyTorch or torchvision's.

    Raises
    ------
    InputError
        If the file cannot be read or is of another network.
    """
    given = {_renamed(name): value for name, value in _tensors(path).items()}
    given = {name: value for name, value in given.items() if not LAST.search(name)}
    own = {name: value for name, value in model.state_dict().items() if not LAST.search(name)}
    odd = next((name for name in sorted({*own, *given}) if name not in own or name not in given
                or own[name].shape != given[name].shape), None)
    if odd:
        raise InputError(f"holds the weights of another network ('{odd}' does not fit)", path,
                         "name the file of this network, or set patches' network.kind to that of "
                         "the file")
    require_finite(given, path)
    model.load_state_dict({**model.state_dict(), **given})


def require_finite(weights: dict, path) -> None:
    """Refuse weights that are no numbers.

    Raises
    ------
    InputError
        Naming the file and the layer.
    """
    for name, value in weights.items():
        if not torch.isfinite(value).all():
            raise InputError(f"has a value that is no number in '{name}'", path, "take another file")


def _tensors(path: Path) -> dict:
    try:
        if path.suffix != ".whl":
            return load_file(path)
        with zipfile.ZipFile(path) as wheel:
            member, = (name for name in wheel.namelist() if name.endswith(".pth"))
            # Numbers alone: nothing of a pickle is run.
            return torch.load(BytesIO(wheel.read(member)), map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, UnpicklingError, ValueError, RuntimeError,
            zipfile.BadZipFile) as error:
        raise InputError(f"holds no weights ({error})", path,
                         "name a safetensors file, or the package's wheel") from None


def _renamed(name: str) -> str:
    """Return MONAI's name of a layer of EfficientNet-PyTorch or torchvision's DenseNet.

    Examples
    --------
    >>> _renamed("_blocks.2._bn1.weight"), _renamed("features.denseblock1.denselayer2.norm1.bias")
    ('_blocks.1.2._bn1.weight', 'features.denseblock1.denselayer2.layers.norm1.bias')
    """
    flat = re.match(r"_blocks\.(\d+)\.(_.+)", name)
    if flat:
        number, first = int(flat[1]), 0
        for stack, block in enumerate(BLOCKS):
            first += int(block[1])
            if number < first:
                return f"_blocks.{stack}.{number}.{flat[2]}"
    return re.sub(r"(denselayer\d+)\.(norm|relu|conv)", r"\1.layers.\2", name)


def write(folder: Path, model: torch.nn.Module, network: Network, about: dict) -> None:
    """Write a trained model: its weights, its network, the shape of its images and ``about``."""
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    canonical.write_bytes(folder / WEIGHTS, save(weights))
    described = {name: value for name, value in asdict(network).items() if value is not None}
    canonical.write_json(folder / MODEL, {"network": described, **about})


def read(folder: Path) -> tuple[torch.nn.Module, dict]:
    """Read a trained model in evaluation mode, and all that its description says.

    Raises
    ------
    InputError
        If a file is missing or damaged, or the weights are of another network.
    """
    about = canonical.read_json(folder / MODEL)
    if not isinstance(about, dict) or not {"network", "channels", "size"} <= set(about):
        raise InputError("describes no model", folder / MODEL, "train the network again")
    network = strict.build(Network, about["network"], str(folder / MODEL), "network")
    check_network(network, "network", folder / MODEL)
    model = build(network, about["channels"], about["size"])
    try:
        weights = load_file(folder / WEIGHTS)
        model.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError(f"holds no weights of this network ({str(error)[:200]})", folder / WEIGHTS,
                         "train it again") from None
    require_finite(weights, folder / WEIGHTS)
    return model.eval(), about
