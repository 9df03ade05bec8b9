"""Random changes of slices while a network is trained, and mixup."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional

from stages.patches.settings import Augment


def changed(images: torch.Tensor, settings: Augment, generator: np.random.Generator) -> torch.Tensor:
    """Rotate, magnify, shear, shift, light and mirror images, each by chance.

    Parameters
    ----------
    images : Tensor, shape (n, c, h, w)
    settings : Augment
    generator : Generator
        How many numbers are taken from it depends on the settings alone, not on what is drawn: more
        where shear or shift is above 0.

    Returns
    -------
    Tensor, shape (n, c, h, w)
        Bilinear; what comes from outside is the image's edge.
    """
    count, moves = len(images), settings.shear > 0 or settings.shift > 0
    kinds = 7 if moves else 5
    draws = generator.uniform(-1, 1, (kinds, count))
    made = generator.random((kinds, count)) < settings.probability
    if settings.probability == 0:
        return images
    turn = np.where(made[0], np.radians(settings.rotation_degrees) * draws[0], 0.0)
    # fast.ai zooms in only: from 1 to the greatest magnification.
    scale = np.where(made[1], 1 + (settings.zoom - 1) * np.abs(draws[1]), 1.0)
    mirror = np.where(made[4] & settings.flip & (draws[4] > 0), -1.0, 1.0)
    affine = np.zeros((count, 2, 3), np.float32)
    affine[:, 0, 0], affine[:, 0, 1] = np.cos(turn) / scale * mirror, -np.sin(turn) / scale * mirror
    affine[:, 1, 0], affine[:, 1, 1] = np.sin(turn) / scale, np.cos(turn) / scale
    if moves:
        shear = np.where(made[5], settings.shear * draws[5], 0.0)
        shift = np.where(made[6], settings.shift * draws[6], 0.0)
        _slide(affine, shear, shift)
    grid = functional.affine_grid(torch.from_numpy(affine).to(images), list(images.shape),
                                  align_corners=False)
    moved = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    contrast = np.where(made[2], np.exp(draws[2] * math.log1p(settings.lighting)), 1.0)
    brightness = np.where(made[3], settings.lighting * draws[3], 0.0)
    level = moved.mean(dim=(2, 3), keepdim=True)
    spread = moved.std(dim=(2, 3), keepdim=True)
    return ((moved - level) * _column(contrast, images) + level
            + spread * _column(brightness, images))


def _slide(affine: np.ndarray, shear: np.ndarray, shift: np.ndarray) -> None:
    """Let what the affine matrices make be sheared and then shifted along the width, in place.

    Parameters
    ----------
    affine : ndarray, shape (n, 2, 3)
        From a place in the result to one in the image, both in -1 … 1 across width and height.
    shear : ndarray, shape (n,)
        To the right, for each step down from the middle row.
    shift : ndarray, shape (n,)
        To the right, as a share of the width.
    """
    across = affine[:, :, 0]
    affine[:, :, 1] -= shear[:, None] * across
    affine[:, :, 2] -= 2 * shift[:, None] * across


def mixed(images: torch.Tensor, labels: torch.Tensor, alpha: float, generator: np.random.Generator
          ) -> tuple[torch.Tensor, torch.Tensor]:
    """Blend each slice, and its label, with another one of the batch (Zhang et al. 2018).

    Parameters
    ----------
    images : Tensor, shape (n, c, h, w)
    labels : Tensor of float, shape (n, 2)
        Probabilities of the classes.
    alpha : float
        Shares have the distribution Beta(alpha, alpha); the larger one is the slice's own (fast.ai).
        0: nothing is blended.
    generator : Generator
    """
    if alpha == 0:
        return images, labels
    share = generator.beta(alpha, alpha, len(images))
    share, other = np.maximum(share, 1 - share), torch.from_numpy(generator.permutation(len(images)))
    own, flat = _column(share, images), torch.from_numpy(share).to(labels)[:, None]
    return (own * images + (1 - own) * images[other],
            flat * labels + (1 - flat) * labels[other])


def _column(values: np.ndarray, images: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(values).to(images)[:, None, None, None]
