"""DiUnet: a U-Net of slices with two encoders, one for the CT and one for the GTV; its training.

The paper's network is that of Shen et al. 2022, doi:10.1111/1759-7714.14638; what neither paper says
is a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from monai.losses import DiceCELoss
from torch import nn

from stages.common import cli
from stages.common.errors import InputError
from studies.sclc_recurrence.diunet import grids
from studies.sclc_recurrence.diunet.settings import Grid, Preset
from studies.sclc_recurrence.partition import STATIONS

CLASSES = len(STATIONS) + 1


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
    channels : int
        Of the first encoder's images: the CT alone, or with the position.
    """

    def __init__(self, widths: tuple[int, ...], channels: int = 1):
        super().__init__()
        self.encoders = nn.ModuleList(nn.ModuleList(
            block(inside, width) for inside, width in zip((first, *widths), widths))
            for first in (channels, 1))
        self.decoder = nn.ModuleList(
            block(2 * width + below, width) for width, below in
            zip(widths[-2::-1], (2 * widths[-1], *widths[-2:0:-1])))
        self.pool, self.out = nn.MaxPool2d(2), nn.Conv2d(widths[0], CLASSES, 1)

    def forward(self, ct: torch.Tensor, gtv: torch.Tensor) -> torch.Tensor:
        """Return the logits, (n, classes, x, y), of images of shape (n, channels, x, y)."""
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


def inputs(patient: grids.Patient, grid: Grid, blank: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what both encoders see of all slices; a blank GTV is one that nobody outlined."""
    ct = patient.ct[:, None]
    if grid.position:
        ct = np.concatenate([ct, grids.position(patient.height, grid)], axis=1)
    gtv = patient.gtv[:, None].astype(np.float32)
    return torch.from_numpy(ct), torch.from_numpy(gtv * np.float32(not blank))


def train(patients: Sequence[grids.Patient], preset: Preset, blank: bool, seed: int,
          device: torch.device) -> DiUnet:
    """Train on slices drawn at random for each step.

    Parameters
    ----------
    patients : sequence of Patient
    preset : Preset
    blank : bool
        Whether the second encoder is shown an empty GTV.
    seed : int
    device : torch.device

    Raises
    ------
    InputError
        If the loss leaves the finite numbers.
    """
    training = preset.training
    both = [inputs(patient, preset.grid, blank) for patient in patients]
    ct, gtv = (torch.cat(part) for part in zip(*both))
    stations = torch.from_numpy(np.concatenate([patient.stations for patient in patients]))[:, None]
    random = np.random.default_rng(seed)
    weight = torch.ones(CLASSES)
    weight[0] = training.background
    loss = DiceCELoss(to_onehot_y=True, softmax=True, batch=True, weight=weight.to(device))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = DiUnet(preset.widths, ct.shape[1]).to(device)
    # Fused: torch.sqrt is MKL's, whose last bit depends on the CPU.
    optimiser = torch.optim.Adam(model.parameters(), training.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, training.learning_rate, training.steps)
    with cli.progress("step", training.steps) as step:
        for number in range(training.steps):
            step(number + 1)
            take = torch.from_numpy(random.integers(len(ct), size=training.batch))
            optimiser.zero_grad(set_to_none=True)
            value = loss(model(ct[take].to(device), gtv[take].to(device)), stations[take].to(device))
            if not torch.isfinite(value):
                raise InputError("the training left the finite numbers", None,
                                 "lower diunet's training.learning_rate")
            value.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def foretold(model: DiUnet, patient: grids.Patient, grid: Grid, blank: bool) -> np.ndarray:
    """Return the station of each voxel, (slices, size, size)."""
    device = next(model.parameters()).device
    with torch.inference_mode():
        ct, gtv = (part.to(device) for part in inputs(patient, grid, blank))
        return model(ct, gtv).argmax(dim=1).numpy(force=True)
