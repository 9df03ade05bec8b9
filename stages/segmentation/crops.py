"""Training samples: random crops centred by label, variably windowed, each from its own seed."""

from __future__ import annotations

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


def places(mask: np.ndarray) -> list[np.ndarray]:
    """Return the flat indices of background, liver and lesion voxels."""
    flat = mask.ravel()
    return [np.flatnonzero(flat == label).astype(np.uint32) for label in range(3)]


def crops(image: np.ndarray, mask: np.ndarray, where: list[np.ndarray], preset: Preset,
          random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw the crops of one image.

    Parameters
    ----------
    image, mask : ndarray, shape (x, y, z)
        HU and labels; padded where smaller than a crop.
    where : list of ndarray
        `places` of the mask.
    preset : Preset
        Sizes, ratio, windows.
    random : Generator
        Random numbers.

    Returns
    -------
    images : ndarray of float32, shape (n, 1, *size)
        Windowed to [0, 1], the window drawn anew for each crop.
    masks : ndarray of uint8, shape (n, 1, *size)
        Labels.
    """
    size = np.array(preset.crops.size)
    share = np.array(preset.crops.ratio) * [len(voxels) > 0 for voxels in where]
    if not share.sum():
        raise InputError("has none of the labels that crops.ratio asks for", "a training mask",
                         "leave the case out or change the ratio")
    images, masks = [], []
    for label in random.choice(3, preset.crops.per_image, p=share / share.sum()):
        voxel = where[label][random.integers(len(where[label]))]
        centre = np.array(np.unravel_index(int(voxel), mask.shape))
        start = np.clip(centre - size // 2, 0, np.maximum(np.array(mask.shape) - size, 0))
        box = tuple(slice(a, a + n) for a, n in zip(start, size))
        limits = preset.windows_hu[random.integers(len(preset.windows_hu))]
        short = [(0, int(n - m)) for n, m in zip(size, mask[box].shape)]
        images.append(np.pad(window(image[box], limits), short))
        masks.append(np.pad(mask[box], short))
    return np.stack(images)[:, None], np.stack(masks)[:, None]
