"""Training samples: random crops centred by label, variably windowed, each from its own seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.common.errors import InputError
from stages.segmentation.settings import Preset


def generator(seed: int, epoch: int, case: int) -> np.random.Generator:
    """Random numbers of one image in one epoch: no state has to survive an interruption."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch, case])))


def window(hu: np.ndarray, limits) -> np.ndarray:
    """Map a window of HU to [0, 1]; what is outside is clipped.

    Examples
    --------
    >>> window(np.array([-200.0, 50.0, 900.0]), (-150, 250)).tolist()
    [0.0, 0.5, 1.0]
    """
    low, high = limits
    return np.clip((hu - low) / (high - low), 0, 1).astype(np.float32)


# What lies outside a volume that is smaller than a crop; every window makes it 0.
OUTSIDE_HU = np.int16(-32768)


def places(mask: np.ndarray) -> np.ndarray:
    """Return an index of the labels, from which `place` finds any voxel of a label.

    Parameters
    ----------
    mask : ndarray, shape (x, y, z)
        Labels.

    Returns
    -------
    ndarray of uint32, shape (3, x * y)
        For background, liver and lesion, the voxels in the columns (along z) up to this one. Lists
        of the voxels themselves would be larger than the volume.
    """
    counts = [np.count_nonzero(mask == label, axis=2).ravel() for label in range(3)]
    return np.cumsum(counts, axis=1, dtype=np.uint32)


def place(mask: np.ndarray, where: np.ndarray, label: int, number: int) -> np.ndarray:
    """Return the indices of a label's voxel, by its number in C order."""
    column = int(np.searchsorted(where[label], np.uint32(number), side="right"))
    before = int(where[label][column - 1]) if column else 0
    x, y = divmod(column, mask.shape[1])
    return np.array([x, y, np.flatnonzero(mask[x, y] == label)[number - before]])


@dataclass(frozen=True)
class Drawn:
    """The crops of one image, as they are in memory: z, y, x.

    Attributes
    ----------
    hu : ndarray, shape (n, z, y, x)
        As in the image, `OUTSIDE_HU` outside of it.
    masks : ndarray of uint8, shape (n, z, y, x)
        Labels.
    limits : list of pairs
        The window of each crop, HU.
    """

    hu: np.ndarray
    masks: np.ndarray
    limits: list[tuple[float, ...]]


def draw(image: np.ndarray, mask: np.ndarray, where: np.ndarray, preset: Preset,
         random: np.random.Generator) -> Drawn:
    """Draw the crops of one image.

    Parameters
    ----------
    image, mask : ndarray, shape (x, y, z)
        HU and labels; padded where smaller than a crop.
    where : ndarray
        `places` of the mask.
    preset : Preset
        Sizes, ratio, windows.
    random : Generator
        Random numbers.

    Raises
    ------
    InputError
        If the mask has none of the labels that are asked for.
    """
    size = np.array(preset.crops.size)
    share = np.array(preset.crops.ratio) * [line[-1] > 0 for line in where]
    if not share.sum():
        raise InputError("has none of the labels that crops.ratio asks for", "a training mask",
                         "leave the case out or change the ratio")
    shape = (preset.crops.per_image, *preset.crops.size[::-1])
    drawn = Drawn(np.empty(shape, image.dtype), np.empty(shape, np.uint8), [])
    for number, label in enumerate(random.choice(3, preset.crops.per_image, p=share / share.sum())):
        centre = place(mask, where, label, random.integers(int(where[label][-1])))
        start = np.clip(centre - size // 2, 0, np.maximum(np.array(mask.shape) - size, 0))
        box = tuple(slice(a, a + n) for a, n in zip(start, size))
        drawn.limits.append(preset.windows_hu[random.integers(len(preset.windows_hu))])
        for made, volume, outside in ((drawn.hu, image, OUTSIDE_HU), (drawn.masks, mask, 0)):
            part = volume[box].T
            if part.shape != shape[1:]:
                made[number] = outside
            made[(number, *(slice(n) for n in part.shape))] = part
    return drawn


def crops(image: np.ndarray, mask: np.ndarray, where: np.ndarray, preset: Preset,
          random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw the crops of one image (see `draw`) as a network takes them.

    Returns
    -------
    images : ndarray of float32, shape (n, 1, *size)
        Windowed to [0, 1], the window drawn anew for each crop.
    masks : ndarray of uint8, shape (n, 1, *size)
        Labels.
    """
    drawn = draw(image, mask, where, preset, random)
    windowed = [window(hu, limits) for hu, limits in zip(drawn.hu, drawn.limits)]
    images, masks = (np.ascontiguousarray(part.transpose(0, 3, 2, 1)[:, None])
                     for part in (np.stack(windowed), drawn.masks))
    return images, masks
