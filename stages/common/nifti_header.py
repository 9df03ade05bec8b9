"""The header of a NIfTI file, read and judged once for every room that takes one in.

What two programs would read in two ways, and what damage leaves behind, is refused here: cohort and
segmentation read the voxels with `stages.common.nifti`, radiomics with ITK, which says nothing about
either. Own code and not nibabel: nibabel is silent about both too, two of the three images do not hold
it, and the writer's bytes are our own (`stages.common.nifti`).
Source of the layout: NIfTI-1.1 header definition (nifti1.h).
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from stages.common.errors import InputError
from stages.common.nifti_geometry import (
    EXTENSION_BYTES,
    HEADER,
    START,
    Geometry,
    exact,
    require_millimetres,
)

TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4",
         1024: "i8", 1280: "u8"}
# Free texts: place and length of data_type, db_name, descrip, aux_file, intent_name.
TEXTS = ((4, 10), (14, 18), (148, 80), (228, 24), (328, 16))
# Enough of a file for `parse`: the header, and the extension that a writer of ours adds.
HEAD_BYTES = START + EXTENSION_BYTES


@dataclass(frozen=True)
class Header:
    """What a header says of the voxels and their place, found to be sound.

    Attributes
    ----------
    shape : tuple of int
        Voxels along the three axes; trailing axes of length one are dropped.
    kind : dtype
        Of the voxels in the file, with its byte order.
    start : int
        Where the voxels begin, uncompressed, in bytes.
    scaling : (float, float) or None
        Slope and intercept, where the header scales.
    geometry : Geometry
        The place, as the header has it.
    affine : ndarray, shape (4, 4)
        From voxel indices to RAS coordinates in mm.
    exact : ndarray, shape (4, 4), or None
        The same in double precision, where the intake has kept it.
    """

    shape: tuple[int, int, int]
    kind: np.dtype
    start: int
    scaling: tuple[float, float] | None
    geometry: Geometry
    affine: np.ndarray
    exact: np.ndarray | None

    @property
    def end(self) -> int:
        """Where the voxels end, uncompressed, in bytes."""
        return self.start + int(np.prod(self.shape, dtype=np.int64)) * self.kind.itemsize

    def require_whole(self, length: int, path) -> None:
        """Refuse a file of this uncompressed length that ends before its last voxel.

        Raises
        ------
        InputError
            Naming the file.
        """
        if length < self.end:
            raise InputError(f"is cut short ({length} of {self.end} bytes, uncompressed)", path,
                             "copy or export it again")


def parse(content: bytes, path) -> Header:
    """Read and judge a header.

    Parameters
    ----------
    content : bytes
        Beginning of the uncompressed file, `HEAD_BYTES` of it where there are so many.
    path : path
        The file, for error messages.

    Raises
    ------
    InputError
        If it is no NIfTI header or a damaged one; if it does not hold one volume of numbers; if its
        axes are not at right angles or not in millimetres; if it places or scales the volume in two
        ways.
    """
    order = _order(content, path)

    def get(place, kind):
        return struct.unpack_from(order + kind, content, place)

    shape, code = _shape(get(40, "8h"), path), *get(70, "h")
    if code not in TYPES:
        raise InputError(f"has voxels of NIfTI type {code}", path, "convert it to integers or floats")
    # A float in the header: NaN and what lies inside the header come from damage.
    start, = get(108, "f")
    if not (np.isfinite(start) and start >= HEADER):
        raise InputError("does not say where its voxels begin", path, "copy or convert it again")
    require_millimetres(*get(123, "B"), path)
    geometry = Geometry(get(76, "4f"), get(252, "2h"), get(256, "6f"), get(280, "12f"))
    return Header(shape, np.dtype(TYPES[code]).newbyteorder(order), int(start),
                  _scaling(*get(112, "2f"), path), geometry, geometry.affine(shape, path),
                  exact(content))


def _order(content, path) -> str:
    """Return the byte order of a header."""
    sizes = {struct.unpack_from(f"{order}i", content)[0]: order for order in "<>"} \
        if len(content) >= HEADER else {}
    if 540 in sizes:
        raise InputError("is a NIfTI-2 file, which ITK does not read", path, "convert it to NIfTI-1")
    if HEADER not in sizes or content[344:347] != b"n+1":
        raise InputError("is not a NIfTI file", path, "convert it to .nii or .nii.gz")
    return sizes[HEADER]


def _shape(dims, path) -> tuple[int, int, int]:
    shape = list(dims[1:1 + dims[0]]) if 1 <= dims[0] <= 7 else []
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    if len(shape) != 3 or min(shape) < 1:
        raise InputError(f"has the shape {tuple(shape)}, not three axes", path,
                         "give one three-dimensional series per file")
    return tuple(shape)


def _scaling(slope, intercept, path) -> tuple[float, float] | None:
    # A slope of 0 (or none, written as NaN) means: not scaled.
    if not np.isfinite(slope) or slope == 0.0:
        if np.isfinite(intercept) and intercept != 0.0:
            raise InputError(f"has an intercept ({intercept:g}) without a slope, which programs read "
                             "in two ways", path, "convert it again")
        return None
    if not np.isfinite(intercept):
        raise InputError("has a slope without an intercept", path, "convert it again")
    return None if (slope, intercept) == (1.0, 0.0) else (slope, intercept)


@contextmanager
def opened(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, decompressed where it is compressed, whatever its name says.

    Raises
    ------
    InputError
        If it is missing or cannot be read or decompressed, now or as long as it is open.
    """
    try:
        with open(path, "rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else open(path, "rb") as stream:
            yield stream
    except FileNotFoundError:
        raise InputError("no such file", path, "check the path in the table") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"is a damaged gzip file ({error})", path, "copy it again") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path, "check the path") from None


def read(path: str | Path) -> Header:
    """Read and judge the header of a file; errors as `opened` and `parse`."""
    with opened(path) as stream:
        return parse(stream.read(HEAD_BYTES), path)


def texts(path: str | Path) -> list[str]:
    """Return the free texts of a header and those in its extensions; errors as `read`."""
    with opened(path) as stream:
        head = stream.read(HEAD_BYTES)
        start = parse(head, path).start
        extensions = (head[START:] + stream.read(max(0, start - len(head))))[:max(0, start - START)]
    found = [head[place:place + length].split(b"\0")[0] for place, length in TEXTS]
    found += re.findall(rb"[\x20-\x7e\x80-\xff]{4,}", extensions)
    return [text.decode("latin-1") for text in found]
