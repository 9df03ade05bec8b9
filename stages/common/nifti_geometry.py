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
# Relative disagreement of two affines or voxel sizes that rounding explains.
TOLERANCE = 1e-3
# Cosine of two axes that rounding explains: ITK takes no more.
RIGHT_ANGLE = 1e-4
# Share of a voxel that two maps in single precision may lie apart in a corner of the volume.
DISAGREEMENT = 0.1
# Codes of xyzt_units that are not millimetres; 0 (unknown) is taken for millimetres.
UNITS = {1: "metres", 3: "micrometres"}
# An extension: size, code 0 (private), a mark, twelve numbers. Sizes are multiples of 16.
MARK, EXTENSION = b"affine64", "<2i8s12d"
EXTENSION_BYTES = struct.calcsize(EXTENSION)


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

    def pack_into(self, header: bytearray) -> None:
        """Write the fields, and that lengths are in millimetres."""
        struct.pack_into("<8f", header, 76, *self.pixdim, 0, 0, 0, 0)
        struct.pack_into("<B", header, 123, 2)
        struct.pack_into("<2h", header, 252, *self.codes)
        struct.pack_into("<6f", header, 256, *self.quaternion)
        struct.pack_into("<12f", header, 280, *self.rows)

    def affine(self, shape, path) -> np.ndarray:
        """Return the map from voxel indices to RAS mm, shape (4, 4).

        Parameters
        ----------
        shape : tuple of int
            Voxels along the three axes.
        path : path
            The file, for error messages.

        Raises
        ------
        InputError
            If there is none, or the fields contradict each other: then two programs would place
            the volume in two ways.
        """
        qform, sform = self.codes
        found = [np.array(self.rows, float).reshape(3, 4)] if sform > 0 else []
        found += [_quaternion(self)] if qform > 0 else []
        if not found:
            raise InputError("does not say where it lies (no qform, no sform)", path,
                             "convert it again from its DICOM series")
        if not all(np.isfinite(form).all() and form[:, :3].any() for form in found):
            raise InputError("has an unusable coordinate system", path, "convert it again")
        result = np.vstack([found[0], [0, 0, 0, 1]])
        require_right_angles(result, path)
        require_voxel_size(self.pixdim[1:], found[0], path)
        _require_one_place(found[0], found[-1], shape, path)
        return result


def _require_one_place(first, second, shape, path) -> None:
    """Refuse two maps that place a corner of the volume apart by more than rounding explains."""
    corners = np.array([[*corner, 1] for corner in np.ndindex(2, 2, 2)]).T
    corners[:3] *= np.array(shape)[:, None] - 1
    apart = float(np.linalg.norm((first - second) @ corners, axis=0).max())
    if apart > DISAGREEMENT * np.sqrt((first[:, :3] ** 2).sum(axis=0)).min():
        raise InputError(f"its qform and sform disagree by {apart:.1f} mm", path,
                         "find out which one is right and write it into both")


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
    if np.abs(cosines.T @ cosines - np.eye(3)).max() > RIGHT_ANGLE:
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
    return struct.pack(EXTENSION, EXTENSION_BYTES, 0, MARK, *affine[:3].ravel())


def exact(content: bytes) -> np.ndarray | None:
    """Return the affine of a file that `pack_exact` marked, shape (4, 4), else None.

    Parameters
    ----------
    content : bytes
        Beginning of the uncompressed file.
    """
    if len(content) < START + EXTENSION_BYTES or not content[HEADER]:
        return None
    _, code, mark, *values = struct.unpack_from(EXTENSION, content, START)
    if (code, mark) != (0, MARK):
        return None
    return np.vstack([np.reshape(values, (3, 4)), [0, 0, 0, 1]])
