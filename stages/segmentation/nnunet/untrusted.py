"""Weights out of nnU-Net's checkpoints, read without running what stands in them.

A checkpoint is a pickle, which can call any function. Here PyTorch's restricted reader takes it, with
the few kinds of NumPy's numbers in it that nnU-Net's logging keeps.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch

from stages.common.errors import InputError
from stages.segmentation import checkpoint

WEIGHTS, ARGUMENTS, MIRRORED = "network_weights", "init_args", "inference_allowed_mirroring_axes"
# Numbers of NumPy, as NumPy 1 and 2 name the function that makes them. Objects cannot be made by it.
NUMBERS = [*((np.core.multiarray.scalar, f"numpy.{core}.multiarray.scalar")
             for core in ("core", "_core")),
           np.dtype, *(type(np.dtype(name)) for name in ("f4", "f8", "i4", "i8", "?"))]
# How PyTorch names what it does not let through.
REFUSED = re.compile(r"GLOBAL ([\w.]+)|class ([\w.]+)|(?:global|type)[: ]+([\w.]+)", re.IGNORECASE)
# What distributed training and compilation put before every name.
PREFIX = re.compile(r"^(module\.|_orig_mod\.)+")


def read(path: Path, where: str) -> dict:
    """Read a checkpoint.

    Parameters
    ----------
    path : Path
        ``checkpoint_final.pth``.
    where : str
        The model, for error messages.

    Returns
    -------
    dict
        ``weights`` (name to tensor), ``arguments`` (of the trainer) and ``mirrored`` (axes, or None).

    Raises
    ------
    InputError
        If it holds anything but tensors, texts and numbers, or is no checkpoint of nnU-Net.
    """
    name = f"{path.parent.name}/{path.name}"
    _require_sums(path, name, where)
    try:
        # Not mapped: of a mapped file PyTorch reads numbers beyond the end of a part that is too short.
        with torch.serialization.safe_globals(NUMBERS):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        found = REFUSED.search(str(error))
        what = next((text for text in found.groups() if text), "") if found else ""
        named = f" ({what})" if what else ""
        raise InputError(f"{name} holds code or objects other than numbers{named}", where,
                         "do not use this file: nnU-Net writes none such") from None
    except (RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError,
            AssertionError) as error:
        raise InputError(f"{name} is no checkpoint ({_line(error)})", where,
                         "export it again") from None
    try:
        weights, arguments = content[WEIGHTS], content[ARGUMENTS]
        mirrored = content.get(MIRRORED)
        mirrored = None if mirrored is None else tuple(int(axis) for axis in mirrored)
        if not all(isinstance(value, torch.Tensor) for value in weights.values()):
            raise TypeError(f"{WEIGHTS} are no tensors")
        if not isinstance(arguments, dict):
            raise TypeError(f"{ARGUMENTS} are none")
        arguments["configuration"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{name} is no checkpoint of nnU-Net v2 ({_line(error)})", where,
                         "name the results folder of nnU-Net v2, not of v1") from None
    return {"weights": {PREFIX.sub("", key): value for key, value in weights.items()},
            "arguments": arguments, "mirrored": mirrored}


def _require_sums(path: Path, name: str, where: str) -> None:
    """Compare what a checkpoint holds with its own checksums, which PyTorch does not look at.

    Raises
    ------
    InputError
        If a bit is another one, or a part is compressed: PyTorch stores them as they are.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            if any(info.compress_type != zipfile.ZIP_STORED for info in parts.infolist()):
                raise ValueError("it holds compressed parts")
            bad = parts.testzip()
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InputError(f"{name} is no checkpoint ({_line(error)})", where,
                         "export it again") from None
    if bad is not None:
        raise InputError(f"{name} is damaged: {bad!r} is not what its checksum says", where,
                         "copy it again from where it was trained")


def put(network: torch.nn.Module, weights: dict, name: str, where: str) -> dict:
    """Load weights into a network; return its own, copied.

    Raises
    ------
    InputError
        If they are those of another network, or not finite.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(f"{name} does not fit the network of plans.json ({_line(error)})", where,
                         "all folds and the plans must be of one training; a trainer that builds a "
                         "network of its own cannot be used") from None
    found = {key: value.clone() for key, value in network.state_dict().items()}
    checkpoint.require_finite(found, f"{where}: {name}")
    return found


def _line(error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[min(1, len(lines) - 1)] if lines else type(error).__name__)[:160]
