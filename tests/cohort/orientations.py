"""Write an own cohort whose series are stored in many ways: ``python -m tests.cohort.orientations``.

Writes OUT/cohort.csv and its files: the same phantom (with --ct also a real CT with a drawn lesion)
as NIfTI, NRRD and DICOM, with axes in different orders and directions and voxels of several types.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import struct
from pathlib import Path

import numpy as np

from stages.common import nifti
from stages.common.nifti import Volume
from stages.common.nifti_geometry import Geometry
from tests.cohort.own_files import COLUMNS, write_nrrd
from tests.cohort.slices import series, table

# 2.5 mm makes ties when it is resampled to 1 mm; no length is a whole number of bits.
SPACING, ORIGIN = (0.7, 0.8, 2.5), (-40.3, 12.7, -300.7)
ORDERS = tuple(itertools.permutations(range(3)))
# Three signs and an order for each orientation.
STORED = [(signs, ORDERS[number % 6])
          for number, signs in enumerate(itertools.product((1, -1), repeat=3))]
# DICOM: direction of rows and columns; slices follow their normal.
PLANES = [((1, 0, 0), (0, 1, 0)), ((-1, 0, 0), (0, -1, 0)), ((1, 0, 0), (0, 0, -1)),
          ((0, 1, 0), (0, 0, -1)), ((0, -1, 0), (1, 0, 0)), ((0, 0, 1), (-1, 0, 0)),
          ((0, 0, -1), (0, 1, 0)), ((1, 0, 0), (0, -1, 0))]


def phantom() -> tuple[np.ndarray, np.ndarray]:
    """Return HU (int16) and labels (liver 1, lesions 2), shape (36, 32, 14)."""
    random, shape = np.random.default_rng(2025), (36, 32, 14)
    x, y, z = (np.arange(n).reshape([-1 if axis == k else 1 for k in range(3)])
               for axis, n in enumerate(shape))
    mask = np.ones(shape, np.uint8)
    for centre, radius in (((12, 11, 5), 7), ((26, 20, 9), 6)):
        away = ((x - centre[0]) * 0.7, (y - centre[1]) * 0.8, (z - centre[2]) * 2.5)
        mask[sum(part ** 2 for part in away) < (0.8 * radius) ** 2] = 2
    hu = np.where(mask == 2, 55, 110) + random.normal(0, 25, shape)
    hu[:, :, 0] = -3024
    return np.rint(hu).astype(np.int16), mask


def stored(volume: Volume, signs, order) -> Volume:
    """Store a volume with its axes in another order and direction."""
    data, affine = volume.data.transpose(order), volume.affine[:, [*order, 3]].copy()
    for axis, sign in enumerate(signs):
        if sign < 0:
            data = np.flip(data, axis)
            affine[:3, 3] += affine[:3, axis] * (data.shape[axis] - 1)
            affine[:3, axis] *= -1
    return Volume(np.ascontiguousarray(data), affine)


def write_nifti(path: Path, volume: Volume, number: int) -> Path:
    """Write with a qform, a sform or both by turns, in a voxel type of its own."""
    kind = ("i2", "f4", "i4", "f8")[number % 4] if volume.data.dtype == np.int16 else "u1"
    raw = bytearray(gzip.decompress(nifti.encode(Volume(volume.data.astype(kind), volume.affine))))
    spacing = volume.spacing
    cosines = volume.affine[:3, :3] / spacing
    side = float(np.sign(np.linalg.det(cosines)))
    place = Geometry((side, *spacing), ((1, 0), (0, 1), (1, 1))[number % 3],
                     (*quaternion(cosines * [1, 1, side]), *volume.affine[:3, 3]),
                     tuple(volume.affine[:3].ravel()))
    place.pack_into(raw)
    if kind == "i4":
        # Stored values with slope and intercept, as scanners' converters write them.
        values = volume.data.astype("<i4") + 1024
        raw[352:] = values.tobytes(order="F")
        struct.pack_into("<2f", raw, 112, 1.0, -1024.0)
    path.write_bytes(gzip.compress(bytes(raw), mtime=0))
    return path


def quaternion(rotation: np.ndarray) -> tuple[float, float, float]:
    """Return b, c, d of a rotation matrix (a is not negative)."""
    # The eigenvector of the largest eigenvalue. Source: Bar-Itzhack 2000, version 3.
    r = rotation
    matrix = np.array([
        [r[0, 0] - r[1, 1] - r[2, 2], 0, 0, 0],
        [r[1, 0] + r[0, 1], r[1, 1] - r[0, 0] - r[2, 2], 0, 0],
        [r[2, 0] + r[0, 2], r[2, 1] + r[1, 2], r[2, 2] - r[0, 0] - r[1, 1], 0],
        [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], np.trace(r)]]) / 3
    b, c, d, a = np.linalg.eigh(matrix)[1][:, -1]
    return tuple(np.array([b, c, d]) * (-1 if a < 0 else 1))


def lesion_in(ct: Volume) -> np.ndarray:
    """Draw a ball of 15 mm in soft tissue: of a coarse grid of places the most even one."""
    best, where = np.inf, None
    half = np.maximum(1, np.rint(15 / ct.spacing)).astype(int)
    for centre in itertools.product(*(range(h, n - h, max(h, 4))
                                      for h, n in zip(half, ct.data.shape))):
        box = ct.data[tuple(slice(c - h, c + h + 1) for c, h in zip(centre, half))]
        if 40 < box.mean() < 150 and box.std() < best:
            best, where = box.std(), centre
    away = [((np.arange(n) - c) * s).reshape([-1 if axis == k else 1 for k in range(3)])
            for axis, (n, c, s) in enumerate(zip(ct.data.shape, where, ct.spacing))]
    return np.where(sum(part ** 2 for part in away) < 15 ** 2, 2, 0).astype(np.uint8)


def write(out: Path) -> list[list]:
    """Write the phantom in every way; return the rows of the table."""
    hu, mask = phantom()
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = ORIGIN
    rows = []
    for number, (signs, order) in enumerate(STORED):
        turned = [stored(Volume(data, affine), signs, order) for data in (hu, mask)]
        for kind in ("nifti", "nrrd"):
            name, ending = f"{kind}{number}", {"nifti": "nii.gz", "nrrd": "nrrd"}[kind]
            for part, volume in zip(("", "-mask"), turned):
                path = out / f"{name}{part}.{ending}"
                if kind == "nifti":
                    write_nifti(path, volume, number)
                else:
                    write_nrrd(path, volume.data, volume.affine)
            rows.append([name, name, "p", f"{name}.{ending}", f"{name}-mask.{ending}"])
    for number, (along_row, along_column) in enumerate(PLANES):
        name, more = f"dicom{number}", {"series": f"1.2.826.0.1.42.{100 + number}"}
        fraction = {"RescaleSlope": 0.5, "RescaleIntercept": -1024.5} if number == 7 else {}
        series(out / name, hu + (0.5 if fraction else 0), 2.5, (*along_row, *along_column), ORIGIN,
               spacing=(0.8, 0.7), **more, **fraction)
        # LPS to RAS.
        directions = np.array([along_row, along_column, np.cross(along_row, along_column)]).T
        grid = np.eye(4)
        grid[:3, :3], grid[:3, 3] = directions * SPACING, ORIGIN
        nifti.write(out / f"{name}-mask.nii.gz", Volume(mask, np.diag([-1.0, -1, 1, 1]) @ grid))
        rows.append([name, name, "p", name, f"{name}-mask.nii.gz"])
    return rows


def write_real(out: Path, path: Path) -> list[list]:
    """Write a real CT as it is, and a part of it in every orientation; return the rows."""
    ct = nifti.read(path)
    ball = Volume(lesion_in(ct), ct.affine, ct.header)
    (out / "ct-whole.nii.gz").write_bytes(path.read_bytes())
    nifti.write(out / "ct-whole-mask.nii.gz", ball, as_stored=True)
    rows = [["ct-whole", "ct-whole", "p", "ct-whole.nii.gz", "ct-whole-mask.nii.gz"]]
    centre = np.argwhere(ball.data).mean(axis=0).astype(int)
    first = np.maximum(centre - (60, 60, 60), 0)
    part = tuple(slice(a, a + 120) for a in first)
    affine = ct.affine.copy()
    affine[:3, 3] = ct.affine[:3, :3] @ first + ct.affine[:3, 3]
    for number, (signs, order) in enumerate(STORED):
        for ending, data in (("", ct.data), ("-mask", ball.data)):
            write_nifti(out / f"ct-{number}{ending}.nii.gz",
                        stored(Volume(data[part], affine), signs, order), number)
        rows.append([f"ct-{number}", f"ct-{number}", "p", f"ct-{number}.nii.gz",
                     f"ct-{number}-mask.nii.gz"])
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ct", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    listed = write_real(options.out, options.ct) if options.ct else write(options.out)
    table(options.out / "cohort.csv", listed, COLUMNS[:5])
