"""Where a NIfTI-1 volume lies: what its header says, checked, and kept to the last bit.

Programs read spacing, axes and origin from different fields of the header, in single precision.
Whoever takes a volume in and writes it again must keep all of these fields, or else a resampling
grid that hangs on them moves. A volume from another format (DICOM, NRRD) has its affine in double
precision; it travels in an extension of the header, which other programs skip.
Source of the layout: NIfTI-1.1 header definition (nifti1.h).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from stages.common.errors import InputError

HEADER = 348
# Header and the four bytes that announce extensions.
START = HEADER + 4
# Relative disagreement of two affines, or departure from a right angle, that rounding explains.
TOLERANCE = 1e-3
# Codes of xyzt_units that are not millimetres; 0 (unknown) is taken for millimetres.
UNITS = {1: "metres", 3: "micrometres"}
# An extension: size, code 0 (private), a mark, twelve numbers. Sizes are multiples of 16.
MARK, EXTENSION = b"affine64", "<2i8s12d"


class Geometry(NamedTuple):
    """The fields of a header that say where a volume lies.

    ``pixdim`` are the first four numbers of that field (side of the third axis, voxel size in mm),
    ``codes`` those of qform and sform, ``quaternion`` qform's rotation and offset, ``rows`` sform.
    """

    pixdim: tuple[float, ...]
    codes: tuple[int, int]
    quaternion: tuple[float, ...]
    rows: tuple[float, ...]

    @classmethod
    def of_affine(cls, affine: np.ndarray) -> Geometry:
        """Return fields with a sform alone."""
        spacing = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
        return cls((1.0, *spacing), (0, 1), (0.0,) * 6, tuple(affine[:3].ravel()))

    @classmethod
    def unpack(cls, content: bytes, order: str) -> Geometry:
        """Read the fields of a header."""
        return cls(*(struct.unpack_from(order + kind, content, place)
                     for place, kind in ((76, "4f"), (252, "2h"), (256, "6f"), (280, "12f"))))

    def pack_into(self, header: bytearray) -> None:
        """Write the fields, and that lengths are in millimetres."""
        struct.pack_into("<8f", header, 76, *self.pixdim, 0, 0, 0, 0)
        struct.pack_into("<B", header, 123, 2)
        struct.pack_into("<2h", header, 252, *self.codes)
        struct.pack_into("<6f", header, 256, *self.quaternion)
        struct.pack_into("<12f", header, 280, *self.rows)

    def affine(self, path) -> np.ndarray:
        """Return the map from voxel indices to RAS mm, shape (4, 4).

        Raises
        ------
        InputError
            If there is none, or the fields contradict each other: then two programs would place
            the volume in two ways.
        """
        qform, sform = self.codes
        found = []
        if sform > 0:
            found.append(np.array(self.rows, float).reshape(3, 4))
        if qform > 0:
            found.append(_quaternion(self))
        if not found:
            raise InputError("does not say where it lies (no qform, no sform)", path,
                             "convert it again from its DICOM series")
        scale = np.abs(found[0][:, :3]).max()
        if not np.isfinite(found[0]).all() or scale == 0:
            raise InputError("has an unusable coordinate system", path, "convert it again")
        # The translation may differ by a small part of a voxel, as rounding to float32 explains.
        if len(found) == 2 and np.abs(found[0] - found[1]).max() > TOLERANCE * max(scale, 1):
            raise InputError("its qform and sform disagree", path,
                             "convert it again; only one of them can be right")
        result = np.vstack([found[0], [0, 0, 0, 1]])
        require_right_angles(result, path)
        require_voxel_size(self.pixdim[1:], found[0], path)
        return result


def _quaternion(header: Geometry) -> np.ndarray:
    b, c, d, x, y, z = header.quaternion
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    rotation = np.array([
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c]])
    side = -1.0 if header.pixdim[0] < 0 else 1.0
    scaled = rotation * np.array([*header.pixdim[1:3], side * header.pixdim[3]])
    return np.column_stack([scaled, [x, y, z]])


def require_right_angles(affine: np.ndarray, path) -> None:
    """Refuse axes of no length or at other angles.

    Raises
    ------
    InputError
        Naming the file.
    """
    lengths = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    if not (lengths > 0).all():
        raise InputError("has a voxel size of zero", path, "convert it again")
    cosines = affine[:3, :3] / lengths
    if np.abs(cosines.T @ cosines - np.eye(3)).max() > TOLERANCE:
        raise InputError("has axes that are not at right angles (a tilted gantry)", path,
                         "resample it onto a rectangular grid")


def require_voxel_size(pixdim, affine: np.ndarray, path) -> None:
    """Refuse a header whose voxel size (pixdim) is not that of its axes.

    Raises
    ------
    InputError
        Naming the file and both sizes.
    """
    lengths, sizes = np.sqrt((affine[:3, :3] ** 2).sum(axis=0)), np.abs(np.asarray(pixdim, float))
    if not (np.abs(lengths - sizes) <= TOLERANCE * lengths).all():
        shown = (" x ".join(f"{value:.4g}" for value in found) for found in (sizes, lengths))
        raise InputError("its voxel size (pixdim {} mm) is not that of its axes (sform {} mm)"
                         .format(*shown), path, "convert it again; only one of them can be right")


def require_millimetres(code: int, path) -> None:
    """Refuse a header (its xyzt_units) whose lengths are in metres or micrometres.

    Raises
    ------
    InputError
        Naming the file.
    """
    unit = UNITS.get(code & 7)
    if unit:
        raise InputError(f"has its lengths in {unit}", path, "convert it to millimetres")


def pack_exact(affine: np.ndarray) -> bytes:
    """Return an affine in double precision as an extension of the header."""
    size = struct.calcsize(EXTENSION)
    return struct.pack(EXTENSION, size, 0, MARK, *affine[:3].ravel())


def exact(content: bytes) -> np.ndarray | None:
    """Return the affine of a file that `pack_exact` marked, shape (4, 4), else None.

    Parameters
    ----------
    content : bytes
        Beginning of the uncompressed file, `EXACT_BYTES` at least.
    """
    if len(content) < EXACT_BYTES or not content[HEADER]:
        return None
    _, code, mark, *values = struct.unpack_from(EXTENSION, content, START)
    if (code, mark) != (0, MARK):
        return None
    return np.vstack([np.reshape(values, (3, 4)), [0, 0, 0, 1]])


EXACT_BYTES = START + struct.calcsize(EXTENSION)
