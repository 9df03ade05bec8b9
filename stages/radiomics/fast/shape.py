"""Mesh volume, surface area and maximum diameters of a lesion mask without the all-pairs search.

PyRadiomics walks over all 2 x 2 x 2 cubes of voxels, adds up what the mesh in each contributes, and
compares all pairs of mesh vertices. Here the cubes are counted by kind (there are 256), what a kind
contributes is asked of PyRadiomics' own code once, and only vertices that can be an end of the
longest line are compared.

With a voxel spacing of 1 mm, all vertices are multiples of one half, all volumes and squared
distances are sums of multiples of one eighth, and doubles add them without rounding: volume and
diameters are the same bits in any order of addition. The surface area is a sum of square roots and
agrees within rounding.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from radiomics import cShape
from scipy.spatial import ConvexHull

UNIT = (1.0, 1.0, 1.0)
CORNERS = [(z, y, x) for z in (0, 1) for y in (0, 1) for x in (0, 1)]
PAIRS = 1 << 22


def calculate_coefficients(mask: np.ndarray, spacing: np.ndarray):
    """Do what ``radiomics.cShape.calculate_coefficients`` does.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        The lesions, with a border of background one voxel wide.
    spacing : ndarray, shape (3,)
        z, y, x spacing in mm; any other than 1 mm goes to PyRadiomics itself.

    Returns
    -------
    area : float
        mm².
    volume : float
        mm³.
    diameters : tuple of 4 floats
        Largest distance (mm) of two vertices with equal z, equal y, equal x, and of any two.
    """
    if tuple(spacing) != UNIT:
        return cShape.calculate_coefficients(mask, spacing)
    area, volume = _mesh(mask)
    return area, volume, _diameters(_vertices(mask))


@lru_cache(maxsize=1)
def _kinds():
    """Ask PyRadiomics what a cube of each kind adds.

    Returns
    -------
    area : ndarray, shape (256,)
    volume : ndarray, shape (256,)
        Six times the volume of a cube at the origin.
    slope : ndarray, shape (256, 3)
        By how much that grows when the cube moves one voxel along z, y or x. (The volume is a sum
        of tetrahedra with a tip at the origin; where the mesh has holes, it depends on the place.)
    """
    area, volume, slope = np.zeros(256), np.zeros(256), np.zeros((256, 3))
    for kind in range(256):
        area[kind], volume[kind] = _ask(_cube(kind))
    for kind in range(256):
        for axis in range(3):
            moved = np.concatenate([np.zeros_like(_cube(kind)).take([0], axis), _cube(kind)], axis)
            before = moved.take([0, 1], axis)
            slope[kind, axis] = _ask(moved)[1] - volume[_kind_of(before)] - volume[kind]
    return area, volume, slope


def _cube(kind: int) -> np.ndarray:
    return np.array([kind >> bit & 1 for bit in range(8)], bool).reshape(2, 2, 2)


def _kind_of(cube: np.ndarray) -> int:
    return sum(int(value) << bit for bit, value in enumerate(cube.ravel()))


def _ask(mask: np.ndarray) -> tuple[float, float]:
    area, volume, _ = cShape.calculate_coefficients(mask, np.array(UNIT))
    # Multiples of one eighth, as argued above: this undoes the division by six exactly.
    return area, round(volume * 6 * 8) / 8


def _mesh(mask: np.ndarray) -> tuple[float, float]:
    area, volume, slope = _kinds()
    kinds = np.zeros([size - 1 for size in mask.shape], np.uint8)
    for bit, (z, y, x) in enumerate(CORNERS):
        end = [size - 1 + shift for size, shift in zip(mask.shape, (z, y, x))]
        kinds |= mask[z:end[0], y:end[1], x:end[2]].astype(np.uint8) << bit
    places = np.nonzero((kinds != 0) & (kinds != 255))
    kinds = kinds[places]
    counts = np.bincount(kinds, minlength=256)
    total = float(counts @ volume)
    for axis in range(3):
        total += float(np.bincount(kinds, weights=places[axis], minlength=256) @ slope[:, axis])
    return float(counts @ area), total / 6


def _vertices(mask: np.ndarray) -> np.ndarray:
    """Return the mesh vertices, shape (n, 3), z, y, x, in half voxels."""
    found = []
    for axis in range(3):
        change = np.diff(mask.view(np.int8), axis=axis) != 0
        points = 2 * np.argwhere(change)
        points[:, axis] += 1
        found.append(points)
    return np.concatenate(found).astype(np.int32)


def _diameters(points: np.ndarray) -> tuple[float, float, float, float]:
    planes = [_longest_in_planes(points, axis) for axis in range(3)]
    longest = max(planes) if len(points) else 0
    return tuple(float(np.sqrt(square / 4)) for square in (*planes, max(longest, _longest(points))))


def _ends(points: np.ndarray, line: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Keep the first and the last point on each line; only these can be corners of a hull.

    Parameters
    ----------
    points : ndarray, shape (n, 3)
    line : ndarray, shape (n,)
        Which line a point lies on.
    along : ndarray, shape (n,)
        Its place on the line.
    """
    order = np.lexsort((along, line))
    line = line[order]
    change = np.flatnonzero(line[1:] != line[:-1])
    keep = np.zeros(len(points), bool)
    keep[order[np.concatenate([[0], change + 1])]] = True
    keep[order[np.concatenate([change, [len(line) - 1]])]] = True
    return points[keep]


def _code(first, second) -> np.ndarray:
    """Number lines by two integers, each between -2^20 and 2^20."""
    return (first.astype(np.int64) << 21) + second + (1 << 20)


def _longest_in_planes(points: np.ndarray, axis: int) -> int:
    """Return the largest squared distance of two points with the same coordinate on ``axis``."""
    if not len(points):
        return 0
    level, (u, v) = points[:, axis], [points[:, other] for other in range(3) if other != axis]
    work = np.stack([level, u, v], axis=1)
    for line in (lambda p: (p[:, 1], p[:, 2]), lambda p: (p[:, 2], p[:, 1]),
                 lambda p: (p[:, 1] + p[:, 2], p[:, 1]), lambda p: (p[:, 1] - p[:, 2], p[:, 1])):
        which, along = line(work)
        work = _ends(work, _code(work[:, 0], which), along)
    work = work[np.argsort(work[:, 0], kind="stable")]
    borders = np.flatnonzero(np.diff(work[:, 0])) + 1
    return max(_farthest(plane) for plane in np.split(work, borders))


def _longest(points: np.ndarray) -> int:
    """Return the largest squared distance of any two points."""
    for axis in range(3):
        if not len(points):
            return 0
        others = [other for other in range(3) if other != axis]
        points = _ends(points, _code(points[:, others[0]], points[:, others[1]]), points[:, axis])
    if len(points) > 100 and (np.ptp(points, axis=0) > 0).all():
        points = points[ConvexHull(points.astype(float)).vertices]
    return _farthest(points)


def _farthest(points: np.ndarray) -> int:
    """Compare all pairs, a block at a time; coordinates are integers, so nothing is rounded."""
    block = max(1, PAIRS // max(1, len(points)))
    points, longest = points.astype(np.int64), 0
    for start in range(0, len(points), block):
        difference = points[start:start + block, None, :] - points[None, start:, :]
        longest = max(longest, int((difference ** 2).sum(axis=2).max()))
    return longest
