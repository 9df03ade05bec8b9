"""The state of a training run in one file, so that a killed run goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from stages.common import canonical
from stages.common.errors import InputError

FILE = "state.safetensors"


def fingerprint(*content) -> str:
    """Hash what a run depends on: settings and data."""
    return hashlib.sha256(canonical.json_bytes(content)).hexdigest()


def weights(model) -> dict[str, torch.Tensor]:
    """Return parameters and buffers on the CPU, each once: nnU-Net's have several names."""
    return plain(dict((*model.named_parameters(), *model.named_buffers())))


def plain(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return copies on the CPU, in the order of their axes: a GPU has other orders in memory."""
    return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}


def put(model, tensors: dict[str, torch.Tensor]) -> None:
    """Give a network the `weights` of another one of the same kind.

    Raises
    ------
    RuntimeError
        If they are not of the same kind.
    """
    own = dict((*model.named_parameters(), *model.named_buffers()))
    if set(own) != set(tensors):
        raise RuntimeError(f"{len(set(own) ^ set(tensors))} tensors are missing or unknown")
    with torch.no_grad():
        for name, value in tensors.items():
            if own[name].shape != value.shape:
                raise RuntimeError(f"{name} has another shape")
            own[name].copy_(value)


def require_finite(tensors: dict[str, torch.Tensor], where: str | Path) -> None:
    """Refuse NaN and infinite values: a network that holds or gives them finds no lesion anywhere.

    Raises
    ------
    InputError
        Naming where they are.
    """
    for name, value in tensors.items():
        if not bool(torch.isfinite(value).all()):
            raise InputError(f"holds NaN or infinite values ({name})", where,
                             "train the network again; if it recurs, with a lower learning rate")


def write(folder: Path, model, optimizer, best: dict, progress: dict) -> None:
    """Write weights, the optimizer's moments, the best weights so far and the progress."""
    tensors = {f"model.{name}": value for name, value in weights(model).items()}
    tensors |= {f"best.{name}": value for name, value in best.items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"moment.{index}.{name}": value for name, value in moments.items()}
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    # One key only: the order of several would not be fixed.
    canonical.write_bytes(folder / FILE, save(tensors, {"progress": json.dumps(progress)}))


def read(folder: Path, model, optimizer, mark: str) -> tuple[dict, dict] | None:
    """Restore a run; return the best weights and the progress, or None where none fits.

    A state of other settings or data (another ``mark``), or a damaged one, is left out of account
    with a line on standard error.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as stream:
            progress = json.loads((stream.metadata() or {})["progress"])
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}
        known = progress["mark"]
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        print(f"{path}: cannot be read ({error}); starting anew", file=sys.stderr)
        return None
    if known != mark:
        print(f"{path}: belongs to other settings or data; starting anew", file=sys.stderr)
        return None
    put(model, _part(tensors, "model."))
    moments: dict[int, dict[str, torch.Tensor]] = {}
    parameters = [value for group in optimizer.param_groups for value in group["params"]]
    for name, value in _part(tensors, "moment.").items():
        index, key = name.split(".", 1)
        moments.setdefault(int(index), {})[key] = _laid_out(value, parameters[int(index)])
    optimizer.load_state_dict({"state": moments,
                               "param_groups": optimizer.state_dict()["param_groups"]})
    return _part(tensors, "best."), progress


def _laid_out(value, parameter):
    """Return a moment in its parameter's order in memory: a fused optimizer takes no other."""
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, dtype=value.dtype, device="cpu").copy_(value)


def _part(tensors, prefix):
    return {name[len(prefix):]: value for name, value in tensors.items() if name.startswith(prefix)}
