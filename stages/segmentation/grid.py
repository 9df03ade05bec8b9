"""Axis-aligned resampling and cropping of volumes in RAS order."""

from __future__ import annotations

import numpy as np

from stages.common.nifti import Volume

# Planes of the result that are made at a time: whole volumes would be needed three times in memory.
PLANES = 16


def resample(data: np.ndarray, coordinates, nearest: bool = False, first: int = 0,
             depth: int | None = None) -> np.ndarray:
    """Sample a volume at a grid of fractional voxel indices.

    Parameters
    ----------
    data : ndarray, shape (..., x, y, z)
        Values; the last three axes are sampled.
    coordinates : sequence of 3 ndarrays
        Indices along each axis; values outside are taken from the border.
    nearest : bool
        Take the nearest voxel (half rounds up) instead of interpolating linearly.
    first, depth : int
        The planes (along z) in ``data`` are those from ``first`` on of a volume of ``depth`` planes,
        which ``coordinates`` count in; by default ``data`` is the whole volume.

    Returns
    -------
    ndarray, shape (..., len(x), len(y), len(z))
        Of the type of ``data`` if ``nearest``, else float32.
    """
    depth = data.shape[-1] if depth is None else depth
    lengths = (*data.shape[-3:-1], depth)
    places = [np.clip(place, 0, length - 1) for place, length in zip(coordinates, lengths)]
    shape = (*data.shape[:-3], *(len(place) for place in places))
    result = np.empty(shape, data.dtype if nearest else np.float32)
    for start in range(0, shape[-1], PLANES):
        part = [*places[:2], places[2][start:start + PLANES]]
        low, high = planes(part[2], depth, nearest)
        piece = data[..., low - first:high - first]
        sampled = _nearest(piece, part, low) if nearest else _linear(piece, part, low, lengths)
        result[..., start:start + PLANES] = sampled
    return result


def planes(place: np.ndarray, depth: int, nearest: bool = False) -> tuple[int, int]:
    """Return the first plane, and the one behind the last, that `resample` needs for these places."""
    place = np.clip(place, 0, depth - 1)
    if nearest:
        return int(np.floor(place.min() + 0.5)), int(np.floor(place.max() + 0.5)) + 1
    low, high = (_neighbours(end, depth) for end in (place.min(), place.max()))
    return int(low[0]), int(high[1]) + 1


def _neighbours(place, length):
    low = np.minimum(np.asarray(place).astype(int), max(length - 2, 0))
    return low, np.minimum(low + 1, length - 1)


def _nearest(data, places, first):
    for axis, place, start in zip((-1, -2, -3), reversed(places), (first, 0, 0)):
        data = data.take(np.floor(place + 0.5).astype(int) - start, axis)
    return data


def _linear(data, places, first, lengths):
    data = data.astype(np.float32)
    for axis, place, start, length in zip((-3, -2, -1), places, (0, 0, first), lengths):
        low, high = _neighbours(place, length)
        weight = (place - low).astype(np.float32).reshape([-1] + [1] * (-1 - axis))
        data = data.take(low - start, axis) * (1 - weight) + data.take(high - start, axis) * weight
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


def indices(affine: np.ndarray, target: Volume) -> list[np.ndarray]:
    """Return where a target's voxels lie on the grid of ``affine``, along each axis."""
    map_ = np.linalg.solve(affine, target.affine)
    return [map_[axis, axis] * np.arange(n) + map_[axis, 3]
            for axis, n in enumerate(target.data.shape)]


def onto(data: np.ndarray, affine: np.ndarray, target: Volume, fill: np.ndarray, first: int = 0,
         depth: int | None = None) -> np.ndarray:
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
    first, depth : int
        Where ``data`` is a part of the grid's planes: see `resample`.

    Returns
    -------
    ndarray of float32, shape (c, X, Y, Z)
    """
    depth = data.shape[-1] if depth is None else depth
    coordinates = indices(affine, target)
    result = resample(data, coordinates, first=first, depth=depth)
    for axis, (place, length) in enumerate(zip(coordinates, (*data.shape[1:3], depth))):
        outside = (place < -0.5) | (place > length - 0.5)
        part = [slice(None)] * 4
        part[axis + 1] = outside
        result[tuple(part)] = np.reshape(fill, (-1, 1, 1, 1))
    return result


def foreground(data: np.ndarray, threshold: float, margin: int) -> tuple[slice, ...]:
    """Return the box of the voxels above a threshold, with a margin; all if there are none."""
    return around(there(data > threshold), margin)


def there(above: np.ndarray) -> list[np.ndarray]:
    """Tell for each index along each axis whether any voxel is set."""
    return [above.any(axis=tuple(a for a in range(3) if a != axis)) for axis in range(3)]


def around(found: list[np.ndarray], margin: int) -> tuple[slice, ...]:
    """Return the box, with a margin, of what `there` found; everything if there is nothing."""
    box = []
    for line in found:
        places = np.flatnonzero(line)
        if not len(places):
            return (slice(None),) * 3
        box.append(slice(max(0, places[0] - margin), min(len(line), places[-1] + 1 + margin)))
    return tuple(box)


def moved(affine: np.ndarray, box) -> np.ndarray:
    """Return the affine of a box that is cut out of a volume."""
    affine, start = affine.copy(), np.array([part.start or 0 for part in box])
    affine[:3, 3] += affine[:3, :3] @ start
    return affine


def cut(volume: Volume, box) -> Volume:
    """Cut a box out of a volume."""
    return Volume(np.ascontiguousarray(volume.data[tuple(box)]), moved(volume.affine, box))
