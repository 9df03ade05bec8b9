"""DiUnet: a U-Net of slices with two encoders, one for CT and one for the GTV, and its Dice by station.

Trained on the first synthetic scans and scored on the others, once with the GTV and once with an empty
one: what the second input is worth. The paper's network is that of Shen et al. 2022,
doi:10.1111/1759-7714.14638; what neither paper says is a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from monai.losses import DiceCELoss
from torch import nn

from stages.common import canonical, cli, nifti
from stages.common.errors import InputError
from stages.common.parameters import section
from studies.sclc_recurrence.partition import STATIONS


@dataclass(frozen=True)
class Settings:
    """Section ``diunet``."""

    held_out: int
    widths: tuple[int, ...]
    steps: int
    batch: int
    learning_rate: float
    background: float
    seed: int
    window: tuple[float, ...]


def block(channels: int, width: int) -> nn.Sequential:
    """Return two convolutions with batch normalisation."""
    layers = []
    for inside in (channels, width):
        layers += [nn.Conv2d(inside, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*layers)


class DiUnet(nn.Module):
    """Two encoders of the same depth, whose features meet in one decoder at every level.

    Parameters
    ----------
    widths : tuple of int
        Channels of each level of an encoder.
    classes : int
    """

    def __init__(self, widths: tuple[int, ...], classes: int):
        super().__init__()
        self.encoders = nn.ModuleList(nn.ModuleList(
            block(inside, width) for inside, width in zip((1, *widths), widths)) for _ in range(2))
        self.decoder = nn.ModuleList(
            block(2 * width + below, width) for width, below in
            zip(widths[-2::-1], (2 * widths[-1], *widths[-2:0:-1])))
        self.pool, self.out = nn.MaxPool2d(2), nn.Conv2d(widths[0], classes, 1)

    def forward(self, ct: torch.Tensor, gtv: torch.Tensor) -> torch.Tensor:
        """Return the logits, (n, classes, x, y), of images of shape (n, 1, x, y)."""
        levels = []
        for encoder, x in zip(self.encoders, (ct, gtv)):
            found = []
            for depth, layer in enumerate(encoder):
                x = layer(x if depth == 0 else self.pool(x))
                found.append(x)
            levels.append(found)
        both = [torch.cat(pair, dim=1) for pair in zip(*levels)]
        x = both[-1]
        for layer, beside in zip(self.decoder, both[-2::-1]):
            x = layer(torch.cat([nn.functional.interpolate(x, scale_factor=2.0), beside], dim=1))
        return self.out(x)


def read(folder: Path, patients: list[str], window: tuple[float, ...]) -> list[np.ndarray]:
    """Return CT (0 to 1), GTV and stations of all slices, each of shape (slices, x, y)."""
    found = [[], [], []]
    for name in patients:
        ct, primary, nodes, stations = (
            np.moveaxis(nifti.read(folder / name / f"{part}.nii.gz").data, 2, 0)
            for part in ("ct", "primary", "nodes", "stations"))
        low, high = window
        found[0].append(np.clip((ct - low) / (high - low), 0, 1))
        found[1].append((primary > 0) | (nodes > 0))
        found[2].append(np.rint(stations))
    return [np.concatenate(part).astype(kind) for part, kind in
            zip(found, (np.float32, np.float32, np.int64))]


def train(slices: list[np.ndarray], settings: Settings) -> DiUnet:
    """Train on slices that cross a station, drawn at random for each step."""
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    model = DiUnet(settings.widths, len(STATIONS) + 1)
    # A station is a hundredth of a slice: without weights all voxels become background.
    weight = torch.ones(len(STATIONS) + 1)
    weight[0] = settings.background
    loss = DiceCELoss(to_onehot_y=True, softmax=True, batch=True, weight=weight)
    drawn = np.flatnonzero(slices[2].any(axis=(1, 2)))
    optimiser = torch.optim.Adam(model.parameters(), settings.learning_rate)
    with cli.progress("step", settings.steps) as step:
        for number in range(settings.steps):
            step(number + 1)
            take = random.choice(drawn, settings.batch)
            ct, gtv, stations = (torch.from_numpy(part[take])[:, None] for part in slices)
            optimiser.zero_grad()
            loss(model(ct, gtv), stations).backward()
            optimiser.step()
    return model.eval()


def foretold(model: DiUnet, slices: list[np.ndarray]) -> np.ndarray:
    """Return the station of each voxel, (slices, x, y)."""
    with torch.no_grad():
        ct, gtv = (torch.from_numpy(part)[:, None] for part in slices[:2])
        return model(ct, gtv).argmax(dim=1).numpy()


def dice(found: np.ndarray, true: np.ndarray, label: int) -> float | None:
    """Return the Dice coefficient of a label; None where neither has it.

    Examples
    --------
    >>> dice(np.array([1, 1, 0]), np.array([1, 0, 0]), 1)
    0.6666666666666666
    """
    one, other = found == label, true == label
    total = int(one.sum() + other.sum())
    return 2 * int((one & other).sum()) / total if total else None


def score(folder: Path, patients: list[str], settings: Settings) -> dict:
    """Train with and without the GTV; return Dice by station, the mean over the patients held out."""
    test = patients[-settings.held_out:]
    made = {}
    for name, weight in (("with_gtv", 1), ("without_gtv", 0)):
        slices = read(folder, patients[:-settings.held_out], settings.window)
        slices[1] *= weight
        model, each = train(slices, settings), []
        for patient in test:
            held = read(folder, [patient], settings.window)
            held[1] *= weight
            found = foretold(model, held)
            each.append([dice(found, held[2], label) for label in range(1, len(STATIONS) + 1)])
        values = np.array(each, dtype=float)
        made[name] = {"stations": dict(zip(STATIONS, np.nanmean(values, axis=0).round(4))),
                      "mean": round(float(np.nanmean(values)), 4)}
    return made | {"trained": len(patients) - len(test), "held_out": len(test)}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.synthetic.diunet", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True, help="scans and patients.csv (folder)")
    parser.add_argument("--out", type=Path, required=True, help="Dice by station (JSON)")
    options = parser.parse_args()
    settings = section(options.params, "diunet", Settings)
    table = options.images / "patients.csv"
    patients = canonical.read_csv(table, ("patient",), dtype={"patient": str})["patient"].tolist()
    if len(patients) <= settings.held_out:
        raise InputError(f"has {len(patients)} patients, and {settings.held_out} are held out", table,
                         "add patients, or lower diunet.held_out")
    canonical.write_json(options.out, score(options.images, patients, settings))


if __name__ == "__main__":
    cli.main(stage)
