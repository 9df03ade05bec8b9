"""Turn the real case of stages.cohort.fetch_case into a folder laid out as LiTS is distributed.

Writes OUT/volume-N.nii.gz and OUT/segmentation-N.nii.gz (0 background, 1 liver, 2 tumour), which
stages.cohort.lits takes in.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np

from stages.cohort.parameters import RealCase, read_real_case
from stages.common import canonical, cli, nifti
from stages.common.errors import InputError
from stages.common.nifti import Volume

# Source: MRC2014 file format (header of 1,024 bytes: size and mode, extended header, machine stamp).
HEADER, SIZE, EXTENDED, STAMP = 1024, 0, 92, 212
MODES = {0: "i1", 1: "i2", 2: "f4", 6: "u2"}
LITTLE, BIG = b"\x44", b"\x11"
# The house's axes run to the right, front and top.
SIGNS = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
LABELS = (0, 1, 2)


def read_mrc(content: bytes, source: str) -> np.ndarray:
    """Read the voxels of an MRC file.

    Returns
    -------
    ndarray, shape (sections, rows, columns)
        In the order of the file: the last axis runs fastest.

    Raises
    ------
    InputError
        If it is none, of an unknown mode, or not as long as its header says.
    """
    stamp = content[STAMP:STAMP + 1]
    if len(content) < HEADER or content[208:212] != b"MAP " or stamp not in (LITTLE, BIG):
        raise InputError("is no MRC file", source, "fetch the package again")
    order = "<" if stamp == LITTLE else ">"
    columns, rows, sections, mode = struct.unpack_from(f"{order}4i", content, SIZE)
    extended, = struct.unpack_from(f"{order}i", content, EXTENDED)
    if mode not in MODES or min(columns, rows, sections) < 1 or extended < 0:
        raise InputError(f"has voxels of MRC mode {mode}", source, "fetch the package again")
    kind = np.dtype(order + MODES[mode])
    if len(content) != HEADER + extended + columns * rows * sections * kind.itemsize:
        raise InputError("is not as long as its header says", source, "fetch the package again")
    flat = np.frombuffer(content, kind, offset=HEADER + extended)
    return flat.reshape(sections, rows, columns).astype(kind.newbyteorder("="))


def affine(axes: str, spacing_mm) -> np.ndarray:
    """Return the map from voxel indices to RAS mm for axes that run as the letters say.

    Examples
    --------
    >>> affine("LPS", (1.4, 1.4, 2.0)).diagonal().tolist()
    [-1.4, -1.4, 2.0, 1.0]
    """
    result = np.zeros((4, 4))
    result[3, 3] = 1
    for axis, (letter, length) in enumerate(zip(axes, spacing_mm)):
        world, sign = SIGNS[letter]
        result[world, axis] = sign * length
    return result


def convert(archive: Path, case: RealCase) -> tuple[Volume, Volume]:
    """Read image (HU, float32) and mask (uint8) of the case from the wheel.

    Raises
    ------
    InputError
        If the wheel is not the pinned one, or does not hold the case.
    """
    if not archive.is_file() or canonical.sha256(archive) != case.sha256:
        raise InputError("is not the pinned package", archive,
                         "fetch it with stages.cohort.fetch_case")
    with zipfile.ZipFile(archive) as wheel:
        contents = [wheel.read(name) for name in (case.image, case.mask)]
    image, mask = (read_mrc(content, name)
                   for content, name in zip(contents, (case.image, case.mask)))
    if image.shape != mask.shape or not np.isin(mask, LABELS).all():
        raise InputError("image and mask do not belong together", archive, "fetch it again")
    place = affine(case.axes, case.spacing_mm)
    return Volume(image.astype(np.float32), place), Volume(mask.astype(np.uint8), place)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.real_case", __doc__)
    parser.add_argument("--archive", type=Path, required=True, help="the wheel")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder laid out like LiTS")
    options = parser.parse_args()
    case = read_real_case(options.params)
    image, mask = convert(options.archive, case)
    nifti.write(options.out / f"volume-{case.number}.nii.gz", image)
    nifti.write(options.out / f"segmentation-{case.number}.nii.gz", mask)


if __name__ == "__main__":
    cli.main(stage)
