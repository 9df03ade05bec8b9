"""NIfTI volumes: a careful reader, and a writer (NIfTI-1) whose bytes depend on the content only.

Standard library and NumPy only, so that every room can read what another one wrote.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.common import nifti_geometry, nifti_header
from stages.common.canonical import write_bytes
from stages.common.nifti_geometry import HEADER, START, TOLERANCE, Geometry
from stages.common.nifti_header import TYPES

CODES = {np.dtype(name): code for code, name in TYPES.items()}


@dataclass(frozen=True)
class Volume:
    """A scalar volume in space.

    Attributes
    ----------
    data : ndarray, shape (x, y, z)
        Voxel values.
    affine : ndarray, shape (4, 4)
        From voxel indices to RAS coordinates in mm.
    header : Geometry or None
        What the header of the NIfTI file that it was read from says of its place.
    """

    data: np.ndarray
    affine: np.ndarray
    header: Geometry | None = None

    @property
    def spacing(self) -> np.ndarray:
        """Voxel size along the three array axes, mm."""
        return np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))


def same_grid(first: Volume, second: Volume) -> bool:
    """Tell whether two volumes have the same shape and lie at the same place (to 1e-3 voxel)."""
    close = np.abs(first.affine - second.affine) <= TOLERANCE * first.spacing.min()
    return first.data.shape == second.data.shape and bool(close.all())


def to_ras(volume: Volume) -> Volume:
    """Permute and flip the axes so that they run to the right, front and top as nearly as can be.

    No value is interpolated.

    Examples
    --------
    >>> flipped = Volume(np.arange(2).reshape(2, 1, 1), np.diag([-1.0, 1, 1, 1]))
    >>> to_ras(flipped).data.ravel()
    array([1, 0])
    """
    cosines = volume.affine[:3, :3] / volume.spacing
    order = _nearest_axes(cosines)
    data = volume.data.transpose(order)
    affine = volume.affine[:, [*order, 3]]
    for axis in range(3):
        if affine[axis, axis] < 0:
            data = np.flip(data, axis)
            affine[:3, 3] += affine[:3, axis] * (data.shape[axis] - 1)
            affine[:3, axis] *= -1
    return Volume(np.ascontiguousarray(data), affine)


def like(volume: Volume, target: Volume) -> Volume:
    """Store a volume with the axes of ``target``, of which it is a permuted and flipped form.

    Raises
    ------
    ValueError
        If the two do not cover the same voxels.
    """
    step = np.linalg.solve(volume.affine, target.affine)[:3, :3]
    order = [int(np.abs(step[:, axis]).argmax()) for axis in range(3)]
    data = volume.data.transpose(order)
    for axis in range(3):
        if step[order[axis], axis] < 0:
            data = np.flip(data, axis)
    turned = Volume(np.ascontiguousarray(data), target.affine.copy())
    if data.shape != target.data.shape or not same_grid(to_ras(turned), to_ras(volume)):
        raise ValueError("the volumes do not cover the same voxels")
    return turned


def _nearest_axes(cosines) -> list[int]:
    """Return, for each world axis, the array axis that runs most nearly along it."""
    left, order = np.abs(cosines), [0, 0, 0]
    for _ in range(3):
        world, own = np.unravel_index(left.argmax(), left.shape)
        order[world] = int(own)
        left[world, :] = -1
        left[:, own] = -1
    return order


def read(path: str | Path) -> Volume:
    """Read a NIfTI file (``.nii`` or ``.nii.gz``).

    Values have the type of the file, or float32 where the header scales integers (as ITK does).
    Trailing axes of length one are dropped.

    Raises
    ------
    InputError
        If the file is missing or cut short, or its header cannot be used (`nifti_header.parse`).
    """
    with nifti_header.opened(path) as stream:
        content = stream.read()
    header = nifti_header.parse(content, path)
    header.require_whole(len(content), path)
    data = _data(content, header)
    if header.exact is not None:
        return Volume(data, header.exact)
    return Volume(data, header.affine, header.geometry)


def _data(content, header) -> np.ndarray:
    flat = np.frombuffer(content, header.kind, int(np.prod(header.shape)), header.start)
    data = flat.reshape(header.shape, order="F").astype(header.kind.newbyteorder("="))
    if header.scaling:
        slope, intercept = header.scaling
        scaled = data.astype(np.float64) * slope + intercept
        data = scaled if data.dtype == np.float64 else scaled.astype(np.float32)
    return data


def encode(volume: Volume, as_stored: bool = False) -> bytes:
    """Return the volume as a gzipped NIfTI-1 file without time stamp or description.

    Parameters
    ----------
    volume : Volume
    as_stored : bool
        Keep its place to the last bit: by the fields of the header that it was read from, or where
        there is none by an extension (see `stages.common.nifti_geometry`).

    Raises
    ------
    ValueError
        If the voxel type has no NIfTI code or the volume is not three-dimensional.
    """
    data = np.asarray(volume.data)
    if data.dtype not in CODES or data.ndim != 3:
        raise ValueError(f"cannot write {data.ndim}-dimensional voxels of type {data.dtype}")
    kept = volume.header if as_stored else None
    extension = nifti_geometry.pack_exact(volume.affine) if as_stored and kept is None else b""
    header = bytearray(START)
    struct.pack_into("<i", header, 0, HEADER)
    struct.pack_into("<8h", header, 40, 3, *data.shape, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, CODES[data.dtype], data.dtype.itemsize * 8)
    struct.pack_into("<3f", header, 108, START + len(extension), 1.0, 0.0)
    (kept or Geometry.of_affine(volume.affine)).pack_into(header)
    header[344:348] = b"n+1\0"
    header[HEADER] = bool(extension)
    body = data.astype(data.dtype.newbyteorder("<")).tobytes(order="F")
    return _gzip(bytes(header) + extension + body)


def _gzip(content: bytes) -> bytes:
    """Compress; unlike the gzip module's, the header is the same under every Python version."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(content) + packer.flush()
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return head + packed + struct.pack("<2I", zlib.crc32(content), len(content) & 0xFFFFFFFF)


def write(path: str | Path, volume: Volume, as_stored: bool = False) -> None:
    """Write ``.nii.gz`` canonically (see `encode`)."""
    write_bytes(path, encode(volume, as_stored))
