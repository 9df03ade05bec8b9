"""Train a MONAI network on prepared cases; keep the epoch with the best validation Dice.

Writes OUT/model.safetensors, OUT/model.json and the curves (--curves). The state of the run is kept
in --state after each validation; the same command after a kill goes on from there and ends with the
same bytes. A finished run removes its state.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from stages.common import canonical, cli, origin
from stages.common.errors import InputError
from stages.common.manifest import LESION
from stages.common.parameters import choose
from stages.segmentation import (
    arrays,
    batches,
    checkpoint,
    crops,
    networks,
    prepare,
    settings,
    sliding,
)

# Streams of random numbers beside those of the cases.
ORDER, SPLIT = 1_000_000, 1_000_001


class Prepared:
    """Prepared cases of a folder, mapped into memory: the system keeps what was read, if it can."""

    def __init__(self, folder: Path):
        self.folder = folder
        table = canonical.read_csv(folder / "cases.csv", ("File", "lesion"), dtype={"File": str})
        self.names, self.lesion = table["File"].tolist(), table["lesion"].to_numpy()

    def paths(self, number: int) -> list[Path]:
        """Return image, mask and index of labels of a case."""
        return prepare.files(self.folder, self.names[number])

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return tuple(map(arrays.read, self.paths(number)))


def split(data: Prepared, preset: settings.Preset) -> tuple[list[int], list[int]]:
    """Return the numbers of the training and of the validation cases (these all have lesions).

    Raises
    ------
    InputError
        If too few cases have lesions.
    """
    bearing = np.flatnonzero(data.lesion > 0)
    if len(bearing) <= preset.validation.cases:
        raise InputError(f"holds {len(bearing)} cases with lesions, {preset.validation.cases} of "
                         "them for validation", data.folder / "cases.csv",
                         "prepare more cases or lower validation.cases")
    order = crops.generator(preset.seed, 0, SPLIT).permutation(bearing)
    held = sorted(int(number) for number in order[:preset.validation.cases])
    return [number for number in range(len(data.names)) if number not in held], held


def epoch_loss(model, optimizer, criterion, data, numbers, preset, epoch, device) -> float:
    """Take one step per training image, in an order of the epoch's own; return the mean loss."""
    model.train()
    order = crops.generator(preset.seed, epoch, ORDER).permutation(numbers)
    losses = [step(model, optimizer, criterion, images, masks)
              for images, masks in batches.batches(data, order, preset, epoch, device)]
    return float(np.mean([float(loss) for loss in losses]))


def step(model, optimizer, criterion, images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Take one step; return its loss, which nobody waits for: a GPU computes on meanwhile."""
    optimizer.zero_grad()
    with torch.autocast("cuda", torch.bfloat16, enabled=images.is_cuda):
        scores = model(images)
    value = criterion(scores.float(), masks)
    value.backward()
    optimizer.step()
    return value.detach()


def learning_rate(network: settings.Network, epoch: int) -> float:
    """Return the learning rate of an epoch (counted from 1)."""
    return network.learning_rate * (1 - (epoch - 1) / network.epochs) ** network.decay


def validation_dice(model, data, numbers, preset, device) -> float:
    """Return the mean lesion Dice over the validation cases, at their prepared voxel size."""
    model.eval()
    return float(np.mean([_dice(model, *data[number][:2], preset, device) for number in numbers]))


def _dice(model, image, mask, preset, device) -> float:
    """Return the lesion Dice of one case."""
    both = either = 0
    for start, block in sliding.blocks(
            model, lambda first, last: networks.windowed(image[..., first:last],
                                                         preset.windows_hu[0], device),
            image.shape, preset):
        guess = block.argmax(dim=0) == LESION
        truth = mask[..., start:start + guess.shape[2]] == LESION
        truth = torch.from_numpy(truth).to(device)
        both += int((guess & truth).sum())
        either += int(guess.sum() + truth.sum())
    return 2 * both / either


def train(data: Prepared, network: settings.Network, preset: settings.Preset, device,
          state: Path) -> tuple[dict, dict, list]:
    """Train to the last epoch, or on to it from a saved state.

    Returns
    -------
    best : dict
        Weights of the best epoch.
    result : dict
        Its number, its Dice, and the cases used.
    curve : list
        Rows of epoch, mean loss and validation Dice (None where not taken).
    """
    torch.manual_seed(preset.seed)
    training, held = split(data, preset)
    model, fast = networks.on(networks.build(network), device)
    # Not fused, it takes its square roots from MKL, which rounds them by the CPU's make.
    optimizer = torch.optim.Adam(model.parameters(), network.learning_rate, fused=True)
    criterion = networks.loss(network)
    mark = checkpoint.fingerprint(asdict(network), asdict(preset), [
        canonical.sha256(path) for number in range(len(data.names)) for path in data.paths(number)])
    found = checkpoint.read(state, model, optimizer, mark)
    best, progress = found or ({}, {"mark": mark, "epoch": 0, "best_epoch": 0, "best_dice": -1.0,
                                    "curve": []})
    bar = tqdm(range(progress["epoch"] + 1, network.epochs + 1), network.kind,
               initial=progress["epoch"], total=network.epochs)
    for epoch in bar:
        optimizer.param_groups[0]["lr"] = learning_rate(network, epoch)
        loss = epoch_loss(fast, optimizer, criterion, data, training, preset, epoch, device)
        progress |= {"epoch": epoch}
        if epoch % preset.validation.every_epochs and epoch < network.epochs:
            progress["curve"].append([epoch, loss, None])
            continue
        dice = validation_dice(model, data, held, preset, device)
        progress["curve"].append([epoch, loss, dice])
        if dice > progress["best_dice"]:
            progress |= {"best_epoch": epoch, "best_dice": dice}
            best = checkpoint.plain(model.state_dict())
        bar.set_postfix_str(f"loss {loss:.3f}, validation Dice {dice:.3f}")
        checkpoint.write(state, model, optimizer, best, progress)
    result = {"best_epoch": progress["best_epoch"], "best_dice": progress["best_dice"],
              "training": [data.names[n] for n in training],
              "validation": [data.names[n] for n in held]}
    return best, result, progress["curve"]


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.train", __doc__)
    parser.add_argument("--cases", type=Path, required=True, help="folder of prepared cases")
    parser.add_argument("--network", required=True, help="a network of the preset")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--preset", help="segmentation preset (default: segmentation.preset)")
    parser.add_argument("--device", choices=settings.DEVICES, help="instead of imaging.device")
    parser.add_argument("--state", type=Path, required=True, help="folder of the run's state")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    parser.add_argument("--curves", type=Path, required=True, help="loss and Dice by epoch (CSV)")
    options = parser.parse_args()
    preset = settings.load(options.params, options.preset)
    network = choose(preset.networks, options.network, "network")
    # What the preset says about other networks is no part of this model.
    preset = replace(preset, networks={}, nnunet=None)
    device = networks.device(options.device or settings.device(options.params))
    data = Prepared(options.cases)
    voxels = np.prod((*preset.crops.size, preset.crops.per_image, network.epochs, len(data.names)),
                     dtype=float)
    networks.require_gpu(voxels, device, options.device == "cpu", options.params)
    try:
        best, result, curve = train(data, network, preset, device, options.state)
    except torch.cuda.OutOfMemoryError:
        raise InputError("the GPU's memory is too small for a batch of crops", options.params,
                         "lower crops.per_image or crops.size, or use --device cpu") from None
    networks.write(options.out, best, network, preset, result, origin.read(options.cases))
    table = pd.DataFrame(curve, columns=["epoch", "loss", "validation_dice"], dtype=object)
    canonical.write_csv(options.curves, table)
    (options.state / checkpoint.FILE).unlink()


if __name__ == "__main__":
    cli.main(stage)
