"""What ITK does not check: whole files, finite voxels, and one answer to where a volume lies.

ITK reads a NIfTI file that was cut short without a word and fills up with what it finds; it turns
NaN and infinite voxels into zeros; and of two transforms that contradict each other it takes one.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from stages.common import nifti_header, nrrd_header, nrrd_units
from stages.common.errors import InputError

SUFFIXES = (".nii", ".nii.gz", ".nrrd")
BLOCK = 1 << 20


def suffix(path: str | Path) -> str | None:
    """Return the file type by name, or None for one that is not read."""
    return next((known for known in SUFFIXES if str(path).lower().endswith(known)), None)


def check(path: str | Path) -> np.ndarray | None:
    """Check a volume file before it is read.

    Returns
    -------
    ndarray, shape (4, 4), or None
        The affine (RAS) in double precision, where the file keeps one.

    Raises
    ------
    InputError
        If it is missing, of an unknown type, cut short, has NaN or infinite voxels or its voxels in
        another file, or its header cannot be used (`stages.common.nifti_header`).
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
        nrrd_units.require_millimetres(path)
        return None
    header = nifti_header.read(path)
    header.require_whole(_length(path, header.end), path)
    if header.kind.kind == "f":
        _check_finite(header, path)
    return header.exact


def not_finite(path: Path, where: str) -> InputError:
    """Return the error for a volume with NaN or infinite voxels."""
    return InputError(f"has NaN or infinite voxels (first in {where})", path,
                      "export it again, or set them to air (-1024 HU)")


def _check_finite(header: nifti_header.Header, path: Path) -> None:
    """Look at the voxels block by block: a whole volume more would not fit into the memory."""
    with nifti_header.opened(path) as stream:
        stream.read(header.start)
        for start in range(0, header.end - header.start, BLOCK):
            block = stream.read(min(BLOCK, header.end - header.start - start))
            finite = np.isfinite(np.frombuffer(block, header.kind))
            if not finite.all():
                voxel = start // header.kind.itemsize + int(np.argmin(finite))
                raise not_finite(path, f"slice {voxel // int(np.prod(header.shape[:2]))}")


def _length(path: Path, expected: int) -> int:
    """Return the uncompressed length of a file that should have the expected one."""
    with open(path, "rb") as stream:
        if stream.read(2) != b"\x1f\x8b":
            return path.stat().st_size
        stream.seek(-4, 2)
        written = struct.unpack("<I", stream.read(4))[0]
    # The last bytes of a whole gzip file of one part hold its length.
    if written == expected % (1 << 32):
        return expected
    length = 0
    try:
        with nifti_header.opened(path) as stream:
            while block := stream.read(BLOCK):
                length += len(block)
    except InputError:
        return length
    return length
