"""What nnU-Net 2.2 does before and behind its network, some planes at a time.

Its own code interpolates all classes of a whole series at once in double precision, which takes 9 GB
before the network and 15 GB behind it for 512 x 512 x 700 voxels. Here planes are interpolated from
those around them, with the same libraries: a cubic spline depends on voxels beyond `MARGIN` by less
than 1e-8 of their value, in single precision nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage

from stages.segmentation.nnunet import home as nnunet_home  # noqa: F401 (before anything of nnU-Net)

# isort: split
from acvl_utils.cropping_and_padding.bounding_boxes import bounding_box_to_slice, get_bbox_from_mask
from nnunetv2.preprocessing.cropping.cropping import crop_to_nonzero
from nnunetv2.preprocessing.resampling.default_resampling import (
    compute_new_shape,
    get_do_separate_z,
    get_lowres_axis,
    resample_data_or_seg_to_shape,
    resize,  # scikit-image's, which nnU-Net brings
)

# Planes that are made at a time; planes around them that a spline is filtered over, or a line needs.
PLANES = 16
MARGIN, MARGIN_OF_LINES = 16, 2
# Schemes that look at each voxel alone.
POINTWISE = ("CTNormalization", "NoNormalization")
# Scheme that takes mean and standard deviation of the series.
Z_SCORES = "ZScoreNormalization"


@dataclass(frozen=True)
class Resampling:
    """How plans resample: the arguments of `resample_data_or_seg_to_shape`, same names and defaults."""

    is_seg: bool = False
    order: int = 3
    order_z: int = 0
    force_separate_z: bool | None = False
    separate_z_anisotropy_threshold: float = 3

    def apart(self, current, new) -> int | None:
        """Return the axis that is resampled for itself; None if all are together."""
        if self.force_separate_z is not None:
            axes = get_lowres_axis(current) if self.force_separate_z else ()
        else:
            coarse = [spacing for spacing in (current, new)
                      if get_do_separate_z(spacing, self.separate_z_anisotropy_threshold)]
            axes = get_lowres_axis(coarse[0]) if coarse else ()
        return int(axes[0]) if len(axes) == 1 else None


def resampled(data: np.ndarray, shape, current, new,
              how: Resampling) -> Iterator[tuple[tuple[slice, ...], np.ndarray]]:
    """Resample as nnU-Net 2.2 does.

    Parameters
    ----------
    data : ndarray, shape (channels, z, y, x)
    shape : three int
        Of the result.
    current, new : three floats
        Voxel sizes before and after, mm: they tell whether an axis is resampled for itself.
    how : Resampling

    Yields
    ------
    (slices of the result, ndarray of ``data``'s type)
        Some planes of all channels.
    """
    old, shape = data.shape[1:], tuple(int(size) for size in shape)
    axis = how.apart(current, new)
    if old != shape and (how.order == 0 or how.order_z and axis is not None or how.is_seg):
        # Rare: which voxel is nearest must not hang on the last digit of a place.
        data, old, axis = resample_data_or_seg_to_shape(
            data, shape, current, new, **vars(how)), shape, None
    along = axis or 0
    limits = [(channel.min().astype(float), channel.max().astype(float)) for channel in data]
    for start in range(0, shape[along], PLANES):
        planes = slice(start, min(start + PLANES, shape[along]))
        where = tuple(planes if number == along else slice(None) for number in range(3))
        if old == shape:
            yield where, data[(slice(None), *where)]
        else:
            made = [_flat(channel, shape, axis, planes, how.order) if axis is not None else
                    _together(channel, shape, planes, how.order, limit)
                    for channel, limit in zip(data, limits)]
            yield where, np.stack(made).astype(data.dtype)


def _flat(channel: np.ndarray, shape, axis: int, planes: slice, order: int) -> np.ndarray:
    """Resample planes across an axis; along it the nearest one is taken. Shape (z, y, x)."""
    places = channel.shape[axis] / shape[axis] * (np.arange(planes.start, planes.stop) + 0.5) - 0.5
    nearest = ndimage.map_coordinates(np.arange(channel.shape[axis], dtype=float), [places], order=0,
                                      mode="nearest").astype(int)
    size = [length for number, length in enumerate(shape) if number != axis]
    made = {number: resize(channel.take(number, axis).astype(float), size, order, mode="edge",
                           anti_aliasing=False) for number in set(nearest)}
    return np.stack([made[number] for number in nearest], axis)


def _together(channel: np.ndarray, shape, planes: slice, order: int, limits) -> np.ndarray:
    """Resample planes along all three axes, shape (planes, y, x); no value leaves the channel's."""
    ratio = np.divide(channel.shape, shape)
    margin = MARGIN if order > 1 else MARGIN_OF_LINES
    offset = 0.5 * ratio - 0.5
    low = max(int(np.floor(planes.start * ratio[0] + offset[0])) - margin, 0)
    high = int(np.ceil((planes.stop - 1) * ratio[0] + offset[0])) + margin + 1
    offset[0] += planes.start * ratio[0] - low
    found = ndimage.affine_transform(channel[low:high].astype(float), np.diag(ratio), offset,
                                     (planes.stop - planes.start, *shape[1:]), order=order,
                                     mode="nearest")
    return np.clip(found, *limits, out=found)


def prepared(image: np.ndarray, plans, configuration, properties: dict, preprocessor) -> np.ndarray:
    """Crop, normalise and resample a series for the network.

    Parameters
    ----------
    image : ndarray of float32, shape (1, z, y, x)
        HU; may be overwritten.
    plans, configuration : PlansManager, ConfigurationManager
    properties : dict
        ``spacing``; what `labelled` needs is added.
    preprocessor : DefaultPreprocessor

    Returns
    -------
    ndarray of float32, shape (1, z, y, x), in the order of axes that the network sees
    """
    data = image.transpose([0, *(axis + 1 for axis in plans.transpose_forward)])
    properties["spacing"] = [properties["spacing"][axis] for axis in plans.transpose_forward]
    properties["shape_before_cropping"] = data.shape[1:]
    if any(configuration.use_mask_for_norm):
        data, outside, box = crop_to_nonzero(data)
    else:
        # Filling holes, as nnU-Net does for the mask of the normalisation, moves no border.
        box = get_bbox_from_mask(data[0] != 0)
        data = data[(slice(None), *bounding_box_to_slice(box))]
        outside = np.broadcast_to(np.int8(0), data.shape)
    properties["bbox_used_for_cropping"] = box
    properties["shape_after_cropping_and_before_resampling"] = data.shape[1:]
    _normalise(data, outside, plans, configuration, preprocessor)
    spacing, target = properties["spacing"], configuration.spacing
    shape = compute_new_shape(data.shape[1:], spacing, target)
    made = np.empty((len(data), *shape), np.float32)
    how = Resampling(**configuration.configuration["resampling_fn_data_kwargs"])
    for where, planes in resampled(data, shape, spacing, target, how):
        made[(slice(None), *where)] = planes
    return made


def _normalise(data: np.ndarray, outside: np.ndarray, plans, configuration, preprocessor) -> None:
    """Normalise in place, some planes at a time where a scheme looks at each voxel alone."""
    schemes = set(configuration.normalization_schemes)
    if schemes == {Z_SCORES} and not any(configuration.use_mask_for_norm):
        # nnU-Net's own code would have the series three times in memory.
        for channel in data:
            mean, deviation = channel.mean(), channel.std()
            channel -= mean
            channel /= max(deviation, 1e-8)
        return
    step = PLANES if schemes <= set(POINTWISE) else data.shape[1]
    for start in range(0, data.shape[1], step):
        part = (slice(None), slice(start, start + step))
        data[part] = preprocessor._normalize(data[part], outside[part], configuration,
                                             plans.foreground_intensity_properties_per_channel)


def labelled(scores: torch.Tensor, plans, configuration, manager, properties: dict) -> np.ndarray:
    """Return the labels of the network's scores on the grid and in the axes of the series.

    Parameters
    ----------
    scores : Tensor of float16, shape (classes, z, y, x)
    plans, configuration, manager : PlansManager, ConfigurationManager, LabelManager
    properties : dict
        As `prepared` left it.

    Returns
    -------
    ndarray of uint8 (uint16 for more than 254 labels), shape (z, y, x)
    """
    kind = np.uint8 if len(manager.foreground_labels) < 255 else np.uint16
    found = np.zeros(properties["shape_before_cropping"], kind)
    inside = found[bounding_box_to_slice(properties["bbox_used_for_cropping"])]
    how = Resampling(**configuration.configuration["resampling_fn_probabilities_kwargs"])
    for where, planes in resampled(scores.numpy(), inside.shape, configuration.spacing,
                                   properties["spacing"], how):
        chances = manager.apply_inference_nonlin(torch.from_numpy(np.ascontiguousarray(planes)))
        inside[where] = manager.convert_probabilities_to_segmentation(chances).numpy()
    return found.transpose(plans.transpose_backward)
