"""From drawn contours to voxels.

A voxel belongs to a contour if its centre lies inside by the even-odd rule, or on the line: contours
that programs trace through the centres of border voxels keep these. Two contours of a slice that lie in
each other so make a ring. Source of the rule: DICOM PS3.3, C.8.8.6.3 (inner and outer contours).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

# Points are written with a few digits: a centre this near to a line, in voxels, lies on it.
TOUCH = 0.01


def filled(contours: Iterable[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Return which voxels of a slice lie inside.

    Parameters
    ----------
    contours : iterable of ndarray, shape (n, 2)
        Corners of closed contours as voxel indices, none beyond the outer edge of the slice.
    shape : (int, int)
        Of the slice.

    Returns
    -------
    ndarray of bool, of the shape of the slice

    Examples
    --------
    A square through voxel centres, and a hole between them:

    >>> square, hole = np.array([[0, 0], [4, 0], [4, 4], [0, 4.]]), np.array(
    ...     [[1.5, 1.5], [2.5, 1.5], [2.5, 2.5], [1.5, 2.5]])
    >>> int(filled([square, hole], (6, 6)).sum())
    24
    """
    crossed = np.zeros((shape[0], shape[1] + 1), np.int64)
    on_line = np.zeros(shape, bool)
    for points in contours:
        whole = np.rint(points)
        points = np.where(np.abs(points - whole) < TOUCH, whole, points)
        _cross(points, crossed, on_line)
        _touch(points, on_line)
    # A centre is inside where an odd number of lines was crossed on the way to it.
    return (np.cumsum(crossed[:, :-1], axis=1) % 2 == 1) | on_line


def _cross(points: np.ndarray, crossed: np.ndarray, on_line: np.ndarray) -> None:
    """Count where lines cross the rows of centres; each line has its lower end, not its upper one."""
    ends = np.stack([points, np.roll(points, -1, axis=0)])
    order = np.argsort(ends[:, :, 0], axis=0)
    low, high = (np.take_along_axis(ends, order[[side], :, None], axis=0)[0] for side in (0, 1))
    first = np.ceil(low[:, 0]).astype(int)
    count = np.maximum(np.ceil(high[:, 0]).astype(int) - first, 0)
    line = np.repeat(np.arange(len(points)), count)
    row = first[line] + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    part = (row - low[line, 0]) / (high[line, 0] - low[line, 0])
    place = low[line, 1] + part * (high[line, 1] - low[line, 1])
    nearest = np.rint(place)
    on = np.abs(place - nearest) < TOUCH
    on_line[row[on], nearest[on].astype(int)] = True
    np.add.at(crossed, (row, np.ceil(place).astype(int)), 1)


def _touch(points: np.ndarray, on_line: np.ndarray) -> None:
    """Mark centres at corners, and on lines along a row."""
    for start, end in zip(points, np.roll(points, -1, axis=0)):
        if start[0] == end[0] and start[0] % 1 == 0:
            low, high = sorted((start[1], end[1]))
            on_line[int(start[0]), int(np.ceil(low)):int(np.floor(high)) + 1] = True
        elif not (start % 1).any():
            on_line[tuple(start.astype(int))] = True
