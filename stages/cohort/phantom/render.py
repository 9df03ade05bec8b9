"""A series of the phantom: shapes sampled on a grid with partial volume, noise and padding."""

from __future__ import annotations

import numpy as np

from stages.cohort.phantom import plan
from stages.cohort.phantom.anatomy import AIR_HU, scene
from stages.cohort.phantom.latent import SERIES, generator
from stages.cohort.phantom.settings import FILTERS, Looks, Preset
from stages.cohort.phantom.tissue import Tissue
from stages.common.manifest import LESION, LIVER
from stages.common.nifti import Volume

# Sub-slices that stand for a slice: one for each started 1.25 mm of its thickness.
SUBSLICE_MM = 1.25
BLOCK_VOXELS = 2_000_000
# HU that twelve bits hold, as scanners store them.
SCANNER_RANGE = (-1024, 3071)


def render(preset: Preset, series: plan.Series) -> tuple[Volume, Volume]:
    """Return image (HU, int16) and mask (uint8: 0 background, 1 liver, 2 lesion) of a series."""
    random = generator(preset, SERIES, series.study.number, series.number, 1)
    acquisition, thickness = preset.acquisition, series.thickness_mm
    scanner = plan.scanner(preset, series.study)
    size, slices = acquisition.size, max(1, int(acquisition.length_mm / thickness))
    pixel = random.uniform(*acquisition.field_of_view_mm) / size
    origin = np.array([-pixel * (size - 1) / 2, -pixel * (size - 1) / 2,
                       -thickness * (slices - 1) / 2]) + random.uniform(-4, 4, 3)
    axes = [origin[0] + pixel * np.arange(size), origin[1] + pixel * np.arange(size),
            origin[2] + thickness * np.arange(slices)]
    hu, mask = sample(scene(preset, series.study), axes, pixel, thickness)
    blur, grain = FILTERS[scanner.filter]
    noise = random.uniform(*scanner.noise_hu) * np.sqrt(5 / thickness)
    looks = plan.domain(preset, series.study.cohort).looks
    hu = _breathed(generator(preset, SERIES, series.study.number, series.number, 2), hu, looks, pixel)
    hu = _smooth(hu, blur) + noise * _grain(random, hu.shape, grain)
    hu = np.clip(np.rint(hu), *SCANNER_RANGE)
    hu[_outside(size)] = scanner.padding_hu
    mask[_outside(size)] = 0
    affine = np.diag([pixel, pixel, thickness, 1.0])
    affine[:3, 3] = origin
    return Volume(hu.astype(np.int16), affine), Volume(mask, affine)


def sample(tissues: list[Tissue], axes, pixel: float, thickness: float):
    """Sample tissues on a grid, averaging over each slice's thickness.

    Parameters
    ----------
    tissues : list of Tissue
        In painting order.
    axes : sequence of 3 ndarrays
        Voxel centres along x (n), y (m) and z (k), mm.
    pixel, thickness : float
        Voxel size within and across slices, mm.

    Returns
    -------
    hu : ndarray of float, shape (n, m, k)
        Mean values without noise.
    mask : ndarray of uint8, shape (n, m, k)
        A label where it fills at least half of the voxel; a lesion is part of the liver.
    """
    count = int(np.ceil(thickness / SUBSLICE_MM))
    within = thickness * ((np.arange(count) + 0.5) / count - 0.5)
    shape = tuple(len(axis) for axis in axes)
    hu, mask = np.empty(shape), np.zeros(shape, np.uint8)
    step = max(1, BLOCK_VOXELS // (shape[0] * shape[1] * count))
    for start in range(0, shape[2], step):
        block = slice(start, start + step)
        z = (axes[2][block, None] + within).ravel()
        painted, liver, lesion = _paint(tissues, (axes[0], axes[1], z), pixel)
        hu[:, :, block] = _mean(painted, count)
        mask[:, :, block][_mean(liver, count) >= 0.5] = LIVER
        mask[:, :, block][_mean(lesion, count) >= 0.5] = LESION
    return hu, mask


def _mean(values, count):
    return values.reshape(*values.shape[:2], -1, count).mean(axis=-1)


def _paint(tissues, axes, pixel):
    """Return HU and the coverage by liver and by lesions at every point of the grid."""
    shape = tuple(len(axis) for axis in axes)
    hu, liver, lesion = np.full(shape, AIR_HU), np.zeros(shape), np.zeros(shape)
    for tissue in tissues:
        box = tissue.shape.box
        part = tuple(slice(*np.searchsorted(axis, (low - pixel, high + pixel)))
                     for axis, low, high in zip(axes, box.low, box.high))
        points = np.ix_(*(axis[piece] for axis, piece in zip(axes, part)))
        if any(point.size == 0 for point in points):
            continue
        cover = np.clip(0.5 - tissue.shape.distance(*points) / pixel, 0, 1)
        if tissue.in_liver:
            cover = np.minimum(cover, liver[part])
        value = tissue.hu
        if tissue.texture is not None:
            value = value + tissue.amplitude * tissue.texture(*points)
        hu[part] += cover * (value - hu[part])
        if tissue.label == LIVER:
            liver[part] = np.maximum(liver[part], cover)
        elif tissue.label == LESION:
            lesion[part] = np.maximum(lesion[part], cover)
    return hu, liver, lesion


def _breathed(random, hu, looks: Looks, pixel: float):
    """Double the contours of some slices of a series in which the patient breathed.

    Each slice is the mean of two places that lie apart by up to ``motion_mm``, front to back; how far
    swings along the body once or twice. The mask stays in between.
    """
    there, phase, period = random.random(), random.uniform(0, 2 * np.pi), random.uniform(0.4, 0.8)
    if there >= looks.motion_share:
        return hu
    swing = np.sin(phase + 2 * np.pi * np.arange(hu.shape[2]) / (period * hu.shape[2]))
    apart = np.maximum(swing, 0) * looks.motion_mm / (2 * pixel)
    whole = np.floor(apart).astype(int)
    moved = hu.copy()
    for slice_, (steps, rest) in enumerate(zip(whole, apart - whole)):
        if apart[slice_] > 0:
            both = [(1 - rest) * np.roll(hu[:, :, slice_], sign * steps, 1)
                    + rest * np.roll(hu[:, :, slice_], sign * (steps + 1), 1) for sign in (1, -1)]
            moved[:, :, slice_] = (both[0] + both[1]) / 2
    return moved


def _smooth(values, passes):
    """Average neighbouring pixels of a slice with the weights 1, 2, 1, along both axes."""
    for axis in (0, 1) * passes:
        values = (0.25 * (np.roll(values, 1, axis) + np.roll(values, -1, axis)) + 0.5 * values)
    return values


def _grain(random, shape, passes):
    """Noise of unit variance, correlated over neighbouring pixels of a slice as after filtering."""
    # Weights of the passes together; what they leave of the variance is their sum of squares.
    weights = np.ones(1)
    for _ in range(passes):
        weights = np.convolve(weights, (0.25, 0.5, 0.25))
    return _smooth(random.standard_normal(shape), passes) / (weights**2).sum()


def _outside(size):
    """Pixels outside the circle that touches the edges of the slice, shape (size, size)."""
    offset = np.arange(size) - (size - 1) / 2
    return offset[:, None] ** 2 + offset[None, :] ** 2 > (size / 2) ** 2
