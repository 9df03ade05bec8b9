"""How nnU-Net weighs what its windows say, by their distance from the window's centre.

The weights are kept in half precision, in which those far from the centre can hardly be told apart.
Releases after 2.2 scale them before they are rounded, and by another factor: corners of an image
differ.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import torch
from nnunetv2.inference import predict_from_raw_data
from scipy.ndimage import gaussian_filter

# The largest weight. Source: nnU-Net 2.8.1, predict_from_raw_data.
HIGHEST = 10


def later(size: tuple[int, ...], sigma_scale: float, value_scaling_factor: float,
          device: torch.device) -> torch.Tensor:
    """Return the weights of a window as releases after 2.2 have them, shape ``size``, half precision.

    Parameters
    ----------
    size : tuple of int
        Of the window, voxels.
    sigma_scale : float
        Standard deviation of the Gaussian, as a share of the size.
    value_scaling_factor : float
        What 2.2 scales by; not looked at.
    device : torch.device
    """
    point = np.zeros(size)
    point[tuple(length // 2 for length in size)] = 1
    sigma = [length * sigma_scale for length in size]
    weight = gaussian_filter(point, sigma, 0, mode="constant", cval=0)
    weight = torch.from_numpy(weight / (weight.max() / HIGHEST)).to(device=device, dtype=torch.float16)
    weight[weight == 0] = weight[weight > 0].min()
    return weight


@contextlib.contextmanager
def weighed(as_later: bool) -> Iterator[None]:
    """Let nnU-Net 2.2 weigh windows as later releases do, or leave it as it is."""
    original = predict_from_raw_data.compute_gaussian
    if as_later:
        predict_from_raw_data.compute_gaussian = later
    try:
        yield
    finally:
        predict_from_raw_data.compute_gaussian = original
