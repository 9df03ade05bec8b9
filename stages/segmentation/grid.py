"""Axis-aligned resampling and cropping of volumes in RAS order."""

from __future__ import annotations

import numpy as np

from stages.common.nifti import Volume


def resample(data: np.ndarray, coordinates, nearest: bool = False) -> np.ndarray:
    """Sample a volume at a grid of fractional voxel indices.

    Parameters
    ----------
    data : ndarray, shape (..., x, y, z)
        Values; the last three axes are sampled.
    coordinates : sequence of 3 ndarrays
        Indices along each axis; values outside are taken from the border.
    nearest : bool
        Take the nearest voxel (half rounds up) instead of interpolating linearly.

    Returns
    -------
    ndarray, shape (..., len(x), len(y), len(z))
        Of the type of ``data`` if ``nearest``, else float32.
    """
    data = data if nearest else data.astype(np.float32)
    for axis, place in zip((-3, -2, -1), coordinates):
        place = np.clip(place, 0, data.shape[axis] - 1)
        if nearest:
            data = data.take(np.floor(place + 0.5).astype(int), axis)
            continue
        low = np.minimum(place.astype(int), max(data.shape[axis] - 2, 0))
        high = np.minimum(low + 1, data.shape[axis] - 1)
        weight = (place - low).astype(np.float32).reshape([-1] + [1] * (-1 - axis))
        data = data.take(low, axis) * (1 - weight) + data.take(high, axis) * weight
    return data


def at_spacing(volume: Volume, spacing) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the indices into ``volume`` and the affine of the grid of another voxel size.

    The new grid covers the same field; both share its centre.
    """
    old, shape = volume.spacing, np.array(volume.data.shape)
    step = np.asarray(spacing, float) / old
    count = np.maximum(1, np.rint(shape / step)).astype(int)
    coordinates = [(np.arange(n) - (n - 1) / 2) * s + (m - 1) / 2
                   for n, s, m in zip(count, step, shape)]
    first = np.array([c[0] for c in coordinates])
    affine = volume.affine.copy()
    affine[:3, :3] = volume.affine[:3, :3] * step
    affine[:3, 3] = volume.affine[:3, :3] @ first + volume.affine[:3, 3]
    return coordinates, affine


def onto(data: np.ndarray, affine: np.ndarray, target: Volume, fill: np.ndarray) -> np.ndarray:
    """Interpolate channels onto another axis-aligned grid.

    Parameters
    ----------
    data : ndarray, shape (c, x, y, z)
        Channels on the grid of ``affine``.
    affine : ndarray, shape (4, 4)
        Same axis directions as the target's.
    target : Volume
        Gives the grid.
    fill : ndarray, shape (c,)
        Values more than half a voxel outside ``data``.

    Returns
    -------
    ndarray of float32, shape (c, X, Y, Z)
    """
    map_ = np.linalg.solve(affine, target.affine)
    coordinates = [map_[axis, axis] * np.arange(n) + map_[axis, 3]
                   for axis, n in enumerate(target.data.shape)]
    result = resample(data, coordinates)
    for axis, place in enumerate(coordinates):
        outside = (place < -0.5) | (place > data.shape[axis + 1] - 0.5)
        part = [slice(None)] * 4
        part[axis + 1] = outside
        result[tuple(part)] = np.reshape(fill, (-1, 1, 1, 1))
    return result


def foreground(data: np.ndarray, threshold: float, margin: int) -> tuple[slice, ...]:
    """Return the box of the voxels above a threshold, with a margin; all if there are none."""
    above = data > threshold
    box = []
    for axis in range(3):
        there = np.flatnonzero(above.any(axis=tuple(a for a in range(3) if a != axis)))
        if not len(there):
            return (slice(None),) * 3
        box.append(slice(max(0, there[0] - margin), min(data.shape[axis], there[-1] + 1 + margin)))
    return tuple(box)


def cut(volume: Volume, box) -> Volume:
    """Cut a box out of a volume."""
    affine = volume.affine.copy()
    start = np.array([part.start or 0 for part in box])
    affine[:3, 3] = volume.affine[:3, :3] @ start + volume.affine[:3, 3]
    return Volume(np.ascontiguousarray(volume.data[tuple(box)]), affine)
