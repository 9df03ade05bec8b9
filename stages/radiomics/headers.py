"""What the image readers do not check: whole files, and one answer to where a volume lies.

ITK reads a NIfTI file that was cut short without a word and fills up with what it finds; it turns
NaN and infinite voxels into zeros; and of two transforms that contradict each other it takes one.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.common import nrrd_header
from stages.common.errors import InputError
from stages.common.nifti_geometry import (
    EXACT_BYTES,
    exact,
    require_millimetres,
    require_right_angles,
    require_voxel_size,
)

SUFFIXES = (".nii", ".nii.gz", ".nrrd")
# Both transforms are in single precision; a tenth of a voxel is more than rounding.
DISAGREEMENT = 0.1
# Source: the NIfTI-1 standard, datatype codes.
FLOATS = {16: "f4", 64: "f8"}
BLOCK = 1 << 20


class _Layout(NamedTuple):
    """Length of a header; place and type of dim, pixdim, vox_offset, datatype and bitpix, codes,
    quaternion and offset, rows of the sform, units."""

    length: int
    fields: tuple[tuple[int, str], ...]


# Source: the NIfTI-1 and NIfTI-2 standards.
LAYOUTS = (
    _Layout(348, ((40, "8h"), (76, "8f"), (108, "f"), (70, "2h"), (252, "2h"), (256, "6f"),
                  (280, "12f"), (123, "B"))),
    _Layout(540, ((16, "8q"), (104, "8d"), (168, "q"), (12, "2h"), (344, "2i"), (352, "6d"),
                  (400, "12d"), (500, "i"))),
)


@dataclass(frozen=True)
class Nifti:
    """The parts of a NIfTI header that are checked.

    Attributes
    ----------
    size : tuple of int
        Voxels along each axis.
    spacing : ndarray, shape (3,)
        mm.
    start, expected : int
        Where the voxels begin and the file must end, uncompressed, in bytes.
    kind : dtype or None
        Of the voxels, where they are floating-point numbers.
    qform, sform : ndarray, shape (3, 4), or None
        Voxel to world, in mm, where the header says that it is set.
    """

    size: tuple[int, ...]
    spacing: np.ndarray
    start: int
    expected: int
    kind: np.dtype | None
    qform: np.ndarray | None
    sform: np.ndarray | None


def suffix(path: str | Path) -> str | None:
    """Return the file type by name, or None for one that is not read."""
    return next((known for known in SUFFIXES if str(path).lower().endswith(known)), None)


def check(path: str | Path) -> None:
    """Check a volume file before it is read.

    Raises
    ------
    InputError
        If it is missing, of an unknown type, cut short, has NaN or infinite voxels or its voxels in
        another file, or its header places it in two ways or not in millimetres.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such file", path, "correct the manifest or restore the file")
    kind = suffix(path)
    if kind is None:
        raise InputError("is not a file type that is read", path,
                         f"convert it to one of {', '.join(SUFFIXES)}")
    if kind == ".nrrd":
        nrrd_header.require_attached(path)
        return
    header = read_header(path)
    length = _length(path, header.expected)
    if length < header.expected:
        raise InputError(f"is cut short ({length} of {header.expected} bytes, uncompressed)", path,
                         "copy or export it again")
    _check_transforms(header, path)
    _check_finite(header, path)


def read_header(path: Path) -> Nifti:
    """Read a NIfTI-1 or NIfTI-2 header.

    Raises
    ------
    InputError
        If it is none, or the file cannot be decompressed.
    """
    try:
        with _open(path) as stream:
            raw = stream.read(540)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot be read ({error})", path, "copy or export it again") from None
    for order in "<>":
        for layout in LAYOUTS:
            if len(raw) >= layout.length and _get(raw, order, 0, "i") == (layout.length,):
                return _parse(raw, order, layout, path)
    raise InputError("has no NIfTI header", path, "copy or export it again")


def exact_affine(path: Path) -> np.ndarray | None:
    """Return the affine (RAS) in double precision that the intake keeps in a NIfTI-1 header, if any."""
    with _open(path) as stream:
        return exact(stream.read(EXACT_BYTES))


def _open(path: Path):
    return gzip.open(path, "rb") if suffix(path) == ".nii.gz" else open(path, "rb")


def _get(raw: bytes, order: str, place: int, kind: str) -> tuple:
    return struct.unpack_from(order + kind, raw, place)


def _parse(raw: bytes, order: str, layout: _Layout, path: Path) -> Nifti:
    dims, pixdim, offset, bits, codes, quaternion, rows, units = (
        _get(raw, order, place, kind) for place, kind in layout.fields)
    size = tuple(max(1, int(n)) for n in dims[1:1 + max(1, min(7, dims[0]))])
    spacing = np.array(pixdim[1:4], float)
    if not np.isfinite(offset[0]):
        raise InputError("does not say where its voxels begin", path, "copy or export it again")
    expected = int(offset[0]) + int(np.prod(size, dtype=np.int64)) * bits[1] // 8
    kind = np.dtype(order + FLOATS[bits[0]]) if bits[0] in FLOATS else None
    qform = _from_quaternion(quaternion, spacing, pixdim[0]) if codes[0] > 0 else None
    sform = np.array(rows, float).reshape(3, 4) if codes[1] > 0 else None
    if not all(np.isfinite(form).all() for form in (spacing, qform, sform) if form is not None):
        raise InputError("has an unusable coordinate system", path, "export it again")
    require_millimetres(units[0], path)
    if sform is not None:
        require_right_angles(sform, path)
        require_voxel_size(spacing, sform, path)
    return Nifti(size, spacing, int(offset[0]), expected, kind, qform, sform)


def _from_quaternion(values, spacing, handedness) -> np.ndarray:
    """Source: the NIfTI-1 standard, method 2."""
    b, c, d, *offset = values
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    rotation = np.array([
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b]])
    scale = spacing * np.array([1, 1, -1 if handedness < 0 else 1])
    return np.column_stack([rotation * scale, offset])


def _check_transforms(header: Nifti, path: Path) -> None:
    if header.qform is None or header.sform is None:
        return
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in (*header.size, 1, 1)[:3]])).reshape(3, -1)
    corners = np.vstack([corners, np.ones(corners.shape[1])])
    apart = float(np.linalg.norm((header.qform - header.sform) @ corners, axis=0).max())
    if apart > DISAGREEMENT * float(header.spacing.min()):
        raise InputError(f"its qform and sform disagree by {apart:.1f} mm", path,
                         "find out which one is right and write it into both")


def not_finite(path: Path, where: str) -> InputError:
    """Return the error for a volume with NaN or infinite voxels."""
    return InputError(f"has NaN or infinite voxels (first in {where})", path,
                      "export it again, or set them to air (-1024 HU)")


def _check_finite(header: Nifti, path: Path) -> None:
    if header.kind is None:
        return
    with _open(path) as stream:
        stream.read(header.start)
        for start in range(0, header.expected - header.start, BLOCK):
            block = stream.read(min(BLOCK, header.expected - header.start - start))
            finite = np.isfinite(np.frombuffer(block, header.kind))
            if not finite.all():
                voxel = start // header.kind.itemsize + int(np.argmin(finite))
                raise not_finite(path, f"slice {voxel // int(np.prod(header.size[:2]))}")


def _length(path: Path, expected: int) -> int:
    if suffix(path) != ".nii.gz":
        return path.stat().st_size
    with open(path, "rb") as stream:
        stream.seek(-4, 2)
        written = struct.unpack("<I", stream.read(4))[0]
    # The last bytes of a whole gzip file of one part hold its length.
    return expected if written == expected % (1 << 32) else _decompressed(path)


def _decompressed(path: Path) -> int:
    length = 0
    try:
        with gzip.open(path, "rb") as stream:
            while block := stream.read(BLOCK):
                length += len(block)
    except (OSError, EOFError, zlib.error):
        return length
    return length
