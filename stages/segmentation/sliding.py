"""Sliding-window inference that never holds the scores of a whole fine series.

Windows, weights and sums are those of MONAI's `sliding_window_inference` (mode ``gaussian``), to the
bit while a volume is small enough to be held whole. A larger one is gone through layer by layer along
z: the scores of a layer are summed, and its planes handed on before the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

import torch
from monai.data.utils import compute_importance_map, dense_patch_slices
from torch.nn import functional

from stages.segmentation import checkpoint
from stages.segmentation.settings import Preset

# Up to here a volume is held whole: its scores take 0.4 GB.
WHOLE_VOXELS = 1 << 25


@torch.inference_mode()
def blocks(model, planes: Callable[[int, int], torch.Tensor], shape: tuple[int, int, int],
           preset: Preset) -> Iterator[tuple[int, torch.Tensor]]:
    """Run the sliding window over an image that is made as it is needed.

    Parameters
    ----------
    model : Module
        In evaluation mode.
    planes : callable
        Returns the planes from one number up to another, shape (x, y, n), windowed and on the
        model's device.
    shape : tuple of 3 ints
        Of the image.
    preset : Preset
        Window size, overlap, windows at once.

    Yields
    ------
    start : int
        Number of the block's first plane.
    probabilities : Tensor, shape (3, x, y, n)
        Of background, liver and lesion, on the model's device.

    Raises
    ------
    InputError
        If the network's scores are not finite.
    """
    size = preset.crops.size
    padded = tuple(max(n, m) for n, m in zip(shape, size))
    # As MONAI pads: half on each side, rounded down on the first.
    before = [(n - m) // 2 for n, m in zip(padded, shape)]
    inner = [slice(start, start + n) for start, n in zip(before, shape)]
    weight = carried = None
    for start, depth, stop, windows in _layers(padded, preset):
        layer = _padded(planes, start, depth, shape, before, padded)
        if weight is None:
            weight = compute_importance_map(size, mode="gaussian", sigma_scale=0.125,
                                            device=layer.device, dtype=layer.dtype)
        scores, count = _summed(model, layer, windows, weight, preset, carried)
        carried = [total[..., stop - start:].clone() for total in (scores, count)]
        low, high = max(start, inner[2].start), min(stop, inner[2].stop)
        scores = scores[..., low - start:high - start]
        scores /= count[..., low - start:high - start]
        scores = scores[:, inner[0], inner[1]]
        checkpoint.require_finite({"scores": scores}, "the network's output")
        yield low - inner[2].start, torch.softmax(scores, dim=0)


def _layers(padded, preset):
    """Yield each layer's first plane, its planes, the first that the next one adds to, its windows."""
    step = [n if n == m else max(1, int(n * (1 - preset.inference.overlap)))
            for n, m in zip(preset.crops.size, padded)]
    windows = dense_patch_slices(padded, preset.crops.size, step)
    if padded[0] * padded[1] * padded[2] <= WHOLE_VOXELS:
        yield 0, padded[2], padded[2], windows
        return
    windows = sorted(windows, key=lambda window: window[2].start)
    layers = [(start, list(group)) for start, group in
              groupby(windows, key=lambda window: window[2].start)]
    ends = [start for start, _ in layers[1:]] + [padded[2]]
    for (start, group), stop in zip(layers, ends):
        moved = [(x, y, slice(0, preset.crops.size[2])) for x, y, _ in group]
        yield start, preset.crops.size[2], stop, moved


def _padded(planes, start, depth, shape, before, padded):
    """Return planes of the padded image, shape (x, y, depth)."""
    low, high = max(start - before[2], 0), min(start + depth - before[2], shape[2])
    layer = planes(low, high)
    margins = [low + before[2] - start, start + depth - before[2] - high]
    for axis in (1, 0):
        margins += [before[axis], padded[axis] - shape[axis] - before[axis]]
    return functional.pad(layer, margins) if any(margins) else layer


def _summed(model, layer, windows, weight, preset, carried):
    """Return the weighted sum of the windows' scores and the sum of the weights."""
    scores = None
    count = torch.zeros((1, *layer.shape), device=layer.device)
    at_once = preset.inference.windows_at_once
    half = torch.autocast("cuda", torch.bfloat16, enabled=layer.is_cuda)
    for number in range(0, len(windows), at_once):
        batch = windows[number:number + at_once]
        with half:
            found = model(torch.stack([layer[window] for window in batch])[:, None])
        found = found.float()
        found *= weight
        if scores is None:
            scores = torch.zeros((found.shape[1], *layer.shape), device=layer.device)
            if carried is not None:
                for total, part in zip((scores, count), carried):
                    total[..., :part.shape[-1]] = part
        for window, part in zip(batch, found):
            scores[(slice(None), *window)] += part
            count[(slice(None), *window)] += weight
    return scores, count
