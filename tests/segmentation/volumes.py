"""Small volumes to test with."""

from pathlib import Path

import numpy as np

AFFINE = np.diag([2.0, 2.0, 5.0, 1.0])
PARAMS = Path(__file__).parents[2] / "studies/sclc_liver/params"


def box(shape, *boxes):
    """A uint8 volume with label 1 everywhere within a margin and 2 in the boxes."""
    mask = np.zeros(shape, np.uint8)
    mask[2:-2, 2:-2, 1:-1] = 1
    for low, high in boxes:
        mask[tuple(slice(a, b) for a, b in zip(low, high))] = 2
    return mask


def draw(random, mask):
    """An image of which 1 is brighter than 0 and 2 darker than 1."""
    hu = np.choose(mask, [-100, 105, 45]) + random.normal(0, 8, mask.shape)
    return hu.astype(np.int16)
