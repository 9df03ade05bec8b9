"""The training batches of an epoch, in order; on a GPU's machine, drawn ahead of it.

What a batch holds follows from seed, epoch and case alone, whoever draws it and when.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import torch

from stages.segmentation import crops
from stages.segmentation.settings import Preset

# Threads that draw batches for a GPU: copying voxels leaves Python's lock to the others.
DRAWERS = 8


def batches(data, order, preset: Preset, epoch: int,
            device: torch.device) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Return windowed images and labels, shape (n, 1, x, y, z), case by case.

    Parameters
    ----------
    data : train.Prepared
        Image, mask and index of labels by number.
    order : sequence of int
        Cases.
    preset : Preset
        Crops and windows.
    epoch : int
        Decides, with the seed, what is drawn.
    device : torch.device
        Where to.
    """
    if device.type == "cpu":
        for number in order:
            random = crops.generator(preset.seed, epoch, int(number))
            yield tuple(map(torch.from_numpy, crops.crops(*data[number], preset, random)))
        return

    for hu, masks, limits in drawn_ahead(data, order, preset, epoch, pin=True):
        yield windowed(hu.to(device, non_blocking=True), limits.to(device, non_blocking=True)), \
            _turned(masks.to(device, non_blocking=True))


def drawn_ahead(data, order, preset: Preset, epoch: int, pin: bool) -> Iterator:
    """Return crops (z, y, x), labels and windows case by case; ``pin``: in memory a GPU reads."""
    def drawn(number):
        random = crops.generator(preset.seed, epoch, int(number))
        made = crops.draw(*data[number], preset, random)
        parts = [torch.from_numpy(part) for part in (made.hu, made.masks)]
        return *(part.pin_memory() if pin else part for part in parts), torch.tensor(made.limits)

    return ahead(drawn, order)


def windowed(hu: torch.Tensor, limits: torch.Tensor) -> torch.Tensor:
    """Map the window of each crop to [0, 1], as `crops.window` does.

    Parameters
    ----------
    hu : Tensor, shape (n, z, y, x)
        Crops as `crops.draw` returns them.
    limits : Tensor, shape (n, 2)
        Their windows.

    Returns
    -------
    Tensor of float32, shape (n, 1, x, y, z)
    """
    low, high = limits.float()[:, :, None, None, None].unbind(1)
    images = ((hu.float() - low) / (high - low)).clamp_(0, 1)
    return _turned(images).contiguous(memory_format=torch.channels_last_3d)


def _turned(crops_: torch.Tensor) -> torch.Tensor:
    return crops_.permute(0, 3, 2, 1)[:, None]


def ahead(make, items, workers: int | None = None) -> Iterator:
    """Return ``make(item)`` for each item in order, made by threads before it is asked for."""
    workers = workers or max(1, min(DRAWERS, len(os.sched_getaffinity(0)) - 1))
    waiting: deque = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > workers + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
