"""Whether a gzip file unpacks to what its header says: a reader unpacks it whole, into the memory."""

from __future__ import annotations

import struct
from pathlib import Path

from stages.common import nifti_header
from stages.common.errors import InputError

BLOCK = 1 << 20
# What may stand behind the voxels, in bytes.
MORE = 1 << 24


def require_bounded(path: Path) -> None:
    """Refuse a gzipped NIfTI file that goes on far behind its last voxel.

    The last four bytes of a gzip file hold its unpacked length (modulo 2^32): only where these are
    another length is it unpacked, block by block.

    Raises
    ------
    InputError
        Naming the file; or as `stages.common.nifti_header.read`.
    """
    expected = nifti_header.read(path).end
    with open(path, "rb") as stream:
        if stream.read(2) != b"\x1f\x8b":
            return
        stream.seek(-4, 2)
        if struct.unpack("<I", stream.read(4))[0] == expected % (1 << 32):
            return
    length = 0
    with nifti_header.opened(path) as stream:
        while block := stream.read(BLOCK):
            length += len(block)
            if length > expected + MORE:
                raise InputError(f"unpacks to more than {MORE >> 20} MiB beyond the {expected} bytes "
                                 "that its header speaks of", path, "copy or export it again")
