"""The resampled image, bit for bit, in a fraction of the memory.

PyRadiomics hands the whole series to ITK, whose B-spline interpolator turns it into coefficients
in double precision (a recursion along x, then y, then z) and keeps them all. Here the
coefficients are made slice by slice and kept only where the grid lies: the same operations in the
same order. ITK then interpolates in that window. Positions in a window are other numbers than
positions in the series and round differently, so wherever the last bits could change a stored
voxel (integers are stored truncated: any value close to an integer) that voxel is computed again
in ITK's own order of operations at its position in the series.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

PADDING = 5
# Voxels that a cubic spline reaches, and one for rounding.
REACH = 3
POLE = math.sqrt(3.0) - 2.0
# Slices that decide the first coefficient along z.
# Source: itk::BSplineDecompositionImageFilter, tolerance 1e-10.
HORIZON = math.ceil(math.log(1e-10) / math.log(abs(POLE)))
# Bound of what rounding of positions (some 1e-12 voxels) changes in a value, in parts of the
# largest voxel value.
ROUNDING = 4e-11


@dataclass(frozen=True)
class Grid:
    """Where to resample: spacing, origin (mm) and size (voxels), in x, y, z order."""

    spacing: np.ndarray
    origin: tuple[float, float, float]
    size: list[int]
    direction: tuple[float, ...]


def resampling_grid(mask: sitk.Image, box: np.ndarray, spacing) -> Grid | None:
    """Return the grid on which PyRadiomics resamples, or None where it does not resample.

    The arithmetic of ``radiomics.imageoperations.resampleImage`` (PyRadiomics 3.0.1), in its order.

    Parameters
    ----------
    mask : Image
        The lesion mask on the grid of the series.
    box : ndarray, shape (6,)
        Bounding box of the lesions: first index x, y, z, then size x, y, z.
    spacing : sequence of 3 floats
        Wanted voxel spacing in mm.
    """
    old, size, first, extent = (np.array(mask.GetSpacing()), np.array(mask.GetSize()),
                                box[:3], box[3:])
    new = np.where(extent != 1, np.array(spacing), old)
    if np.allclose(old, new):
        return None
    ratio = old / new
    lower = np.floor((first - 0.5) * ratio - PADDING)
    upper = np.ceil((first + extent - 0.5) * ratio + PADDING)
    last = np.ceil(size * ratio) - 1
    lower = np.where(lower < 0, 0, lower)
    upper = np.where(upper > last, last, upper)
    corner = np.array(0.5 * (new - old) / old) + lower / ratio
    return Grid(new, mask.TransformContinuousIndexToPhysicalPoint(corner),
                np.array(upper - lower + 1, dtype=int).tolist(), mask.GetDirection())


def resample(image: sitk.Image, grid: Grid, interpolator: int, pixel: int) -> sitk.Image:
    """Resample with ITK onto a grid."""
    resampler = sitk.ResampleImageFilter()
    resampler.SetOutputSpacing(grid.spacing.tolist())
    resampler.SetOutputDirection(grid.direction)
    resampler.SetOutputOrigin(grid.origin)
    resampler.SetSize(grid.size)
    resampler.SetOutputPixelType(pixel)
    resampler.SetInterpolator(interpolator)
    return resampler.Execute(image)


def resampled_image(image: sitk.Image, grid: Grid) -> sitk.Image:
    """Interpolate a series on a grid with cubic B-splines: the same bits as ITK gives.

    Parameters
    ----------
    image : Image
        The series, any real pixel type, two slices or more.
    grid : Grid
        Where to interpolate.

    Returns
    -------
    Image
        Of the grid's size and the series' pixel type.
    """
    positions = _Positions(image, grid)
    first, last = positions.window()
    spline, amplitude = coefficients(image, first, last)
    window = sitk.GetImageFromArray(spline)
    # A view on the image's own memory: the array is freed, and the image has to stay.
    spline = sitk.GetArrayViewFromImage(window)
    window.SetSpacing(image.GetSpacing())
    window.SetDirection(image.GetDirection())
    window.SetOrigin(image.TransformIndexToPhysicalPoint(first.tolist()))
    approximate = resample(window, grid, sitk.sitkBSplineResampler, sitk.sitkFloat64)
    kind = sitk.GetArrayViewFromImage(image[:1, :1, :1]).dtype
    doubles = sitk.GetArrayViewFromImage(approximate)
    result = np.empty(doubles.shape, kind)
    margin = ROUNDING * amplitude
    for z, plane in enumerate(doubles):
        index = positions.plane(z)
        unsure = _store(plane - margin, kind) != _store(plane + margin, kind)
        unsure |= positions.near_border(index)
        result[z] = _store(plane, kind)
        exact = interpolate(spline, first, [axis[unsure] for axis in index], image.GetSize())
        result[z][unsure] = _store(exact, kind)
    final = sitk.GetImageFromArray(result)
    final.CopyInformation(approximate)
    return final


def coefficients(image: sitk.Image, first, last) -> tuple[np.ndarray, float]:
    """Return the B-spline coefficients of a series in a window, as ITK computes them.

    ITK's recursion along z runs over all slices; those before the window are not kept.

    Parameters
    ----------
    image : Image
        The series.
    first, last : ndarray, shape (3,)
        First and last voxel of the window, x, y, z.

    Returns
    -------
    ndarray, shape (z, y, x)
        Coefficients in the window.
    float
        Largest absolute voxel value in the slices that the window reaches into.
    """
    columns, rows = (slice(int(first[axis]), int(last[axis]) + 1) for axis in (0, 1))
    depth, amplitude = image.GetSize()[2], 0.0
    start = min(int(first[2]), depth - 2)
    planes = (_plane(image, z, rows, columns) for z in range(depth))
    head = [next(planes) for _ in range(min(HORIZON, depth))]
    previous = _first_plane(head, depth)
    kept = np.empty((depth - start, *previous.shape))
    for z in range(depth):
        if z:
            previous = (head[z] if z < len(head) else next(planes)) + POLE * previous
        if z >= start:
            kept[z - start] = previous
        if first[2] <= z <= last[2]:
            values = sitk.GetArrayViewFromImage(image)[z]
            amplitude = max(amplitude, float(values.max()), -float(values.min()))
    kept[-1] = (POLE / (POLE * POLE - 1.0)) * (POLE * kept[-2] + kept[-1])
    for n in range(len(kept) - 2, -1, -1):
        kept[n] = POLE * (kept[n + 1] - kept[n])
    # In place: a view would keep, and a copy would double, a large part of the memory.
    kept.resize((int(last[2]) - start + 1, *previous.shape), refcheck=False)
    return kept[int(first[2]) - start:], amplitude


def _plane(image: sitk.Image, z: int, rows: slice, columns: slice) -> np.ndarray:
    """Return coefficients along x and y of a part of a slice, times ITK's gain along z."""
    plane = sitk.BSplineDecomposition(sitk.Cast(image[:, :, z], sitk.sitkFloat64), 3)
    return sitk.GetArrayViewFromImage(plane)[rows, columns] * ((1.0 - POLE) * (1.0 - 1.0 / POLE))


def _first_plane(head: list[np.ndarray], depth: int) -> np.ndarray:
    """Return the start of ITK's recursion along z (SetInitialCausalCoefficient)."""
    total, power = head[0].copy(), POLE
    if HORIZON < depth:
        for plane in head[1:]:
            total += power * plane
            power *= POLE
        return total
    back = POLE ** (depth - 1.0)
    total += back * head[-1]
    back *= back * (1.0 / POLE)
    for plane in head[1:-1]:
        total += (power + back) * plane
        power *= POLE
        back *= 1.0 / POLE
    return total / (1.0 - power * power)


def _store(values: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Turn doubles into the series' pixel type as ITK's resampling does (clamp, then truncate)."""
    if kind.kind == "f":
        return values.astype(kind)
    limits = np.iinfo(kind)
    return np.clip(values, limits.min, limits.max).astype(kind)


class _Positions:
    """Positions of a grid's voxels in a series (continuous indices), rounded as ITK rounds them.

    ITK maps both ends of a row of voxels and divides the way between them.
    """

    def __init__(self, image: sitk.Image, grid: Grid):
        self.size, self.shape = np.array(image.GetSize()), grid.size
        self.origin, self.grid_origin = image.GetOrigin(), grid.origin
        frame = _frame(image.GetSpacing(), image.GetDirection())
        self.to_index = [frame.TransformPhysicalPointToContinuousIndex(unit) for unit in np.eye(3)]
        frame = _frame(grid.spacing, grid.direction)
        self.to_point = [frame.TransformContinuousIndexToPhysicalPoint(unit) for unit in np.eye(3)]

    def _map(self, x, y, z):
        point = [self.grid_origin[i] + self.to_point[0][i] * x + self.to_point[1][i] * y
                 + self.to_point[2][i] * z for i in range(3)]
        away = [point[i] - self.origin[i] for i in range(3)]
        return [self.to_index[0][i] * away[0] + self.to_index[1][i] * away[1]
                + self.to_index[2][i] * away[2] for i in range(3)]

    def plane(self, z: int) -> list[np.ndarray]:
        """Return x, y, z indices (each of shape rows, columns) of the grid's plane ``z``."""
        columns, rows, _ = self.shape
        y = np.arange(rows, dtype=float)
        start, end = self._map(0.0, y, float(z)), self._map(float(columns), y, float(z))
        part = np.arange(columns) / columns
        return [s[:, None] + part * (e - s)[:, None] for s, e in zip(start, end)]

    def near_border(self, index: list[np.ndarray]) -> np.ndarray:
        """Tell where the spline reaches over the border of the series.

        There ITK mirrors the coefficients, but not where it is handed coefficients.
        """
        near = np.zeros(index[0].shape, bool)
        for axis, size in zip(index, self.size):
            near |= (axis < 1.5) | (axis > size - 2.5)
        return near

    def window(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the first and last voxel (x, y, z) of the series that the grid needs."""
        corners = [self._map(x, y, z) for x in (0, self.shape[0]) for y in (0, self.shape[1])
                   for z in (0, self.shape[2])]
        lower = np.floor(np.min(corners, axis=0)).astype(int) - REACH
        upper = np.ceil(np.max(corners, axis=0)).astype(int) + REACH
        return np.maximum(lower, 0), np.minimum(upper, self.size - 1)


def _frame(spacing, direction) -> sitk.Image:
    frame = sitk.Image(1, 1, 1, sitk.sitkUInt8)
    frame.SetSpacing([float(value) for value in spacing])
    frame.SetDirection(direction)
    return frame


def interpolate(spline, first, index, size) -> np.ndarray:
    """Evaluate a cubic B-spline, operation by operation as itk::BSplineInterpolateImageFunction.

    Parameters
    ----------
    spline : ndarray, shape (z, y, x)
        Coefficients in the window.
    first : ndarray, shape (3,)
        First voxel of the window, x, y, z.
    index : list of 3 ndarrays, shape (n,)
        Continuous indices in the series, x, y, z.
    size : sequence of 3 int
        Size of the series.

    Returns
    -------
    ndarray, shape (n,)
        Zero outside the series, ITK's default.
    """
    weights, taps = [], []
    inside = np.ones(index[0].shape, bool)
    for axis in range(3):
        # ITK takes the floor of a float, not of a double.
        base = np.floor(index[axis].astype(np.float32)).astype(float)
        w = index[axis] - base
        last = (1.0 / 6.0) * w * w * w
        zeroth = (1.0 / 6.0) + 0.5 * w * (w - 1.0) - last
        second = w + zeroth - 2.0 * last
        weights.append((zeroth, 1.0 - zeroth - second - last, second, last))
        taps.append([_mirrored(base.astype(int) + shift, size[axis]) - first[axis]
                     for shift in (-1, 0, 1, 2)])
        inside &= (index[axis] >= -0.5) & (index[axis] < size[axis] - 0.5)
    total = np.zeros(index[0].shape)
    taps = [[np.where(inside, tap, 0) for tap in axis] for axis in taps]
    for k in range(4):
        for j in range(4):
            for i in range(4):
                weight = weights[0][i] * weights[1][j] * weights[2][k]
                total = total + weight * spline[taps[2][k], taps[1][j], taps[0][i]]
    return np.where(inside, total, 0.0)


def _mirrored(index: np.ndarray, size: int) -> np.ndarray:
    end = size - 1
    index = np.where(index < 0, -index, index)
    return np.where(index >= end, end - (index - end), index)
