"""NRRD volumes (``.nrrd``) in the house's coordinates."""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path

import nrrd
import numpy as np

from stages.common import nrrd_header
from stages.common.errors import InputError
from stages.common.nifti import Volume
from stages.common.nifti_geometry import require_right_angles

# Source: NRRD format definition, field "space". Signs turn its axes to the right, front and top.
SPACES = {"right-anterior-superior": (1, 1, 1), "left-anterior-superior": (-1, 1, 1),
          "left-posterior-superior": (-1, -1, 1)}
SHORT = {"ras": "right-anterior-superior", "las": "left-anterior-superior",
         "lps": "left-posterior-superior"}


def read(path: Path) -> Volume:
    """Read a volume; trailing axes of length one are dropped.

    Raises
    ------
    InputError
        If the file is missing, damaged, no NRRD file, not three-dimensional, or does not say where
        it lies, its axes are not at right angles, or its voxels are in another file.
    """
    try:
        nrrd_header.require_attached(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong is said below, or does no harm
            data, header = nrrd.read(str(path), index_order="F")
    except FileNotFoundError:
        raise InputError("no such file", path, "check the path in the table") from None
    except (nrrd.NRRDError, OSError, EOFError, ValueError, KeyError, IndexError, TypeError,
            StopIteration, OverflowError, MemoryError, zlib.error) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise InputError(f"cannot be read as NRRD ({reason})", path, "export it again") from None
    spatial = _spatial(data, header, path)
    data = data.reshape([data.shape[axis] for axis in spatial], order="F")
    return Volume(data.astype(data.dtype.newbyteorder("="), copy=False),
                  _affine(header, spatial, path))


def _spatial(data, header, path) -> list[int]:
    """Return the three axes in space; others must have the length one."""
    directions = header.get("space directions")
    count = data.ndim
    if directions is None or len(directions) != count:
        axes = [axis for axis in range(count) if axis < 3 or data.shape[axis] > 1]
    else:
        axes = [axis for axis in range(count) if directions[axis] is not None
                and np.isfinite(np.asarray(directions[axis], float)).all()]
    others = [data.shape[axis] for axis in range(count) if axis not in axes]
    if len(axes) != 3 or any(length != 1 for length in others):
        raise InputError(f"has the shape {data.shape}, not three axes", path,
                         "give one three-dimensional series per file")
    return axes


def _affine(header, spatial, path) -> np.ndarray:
    space = str(header.get("space", "")).lower()
    signs = SPACES.get(SHORT.get(space, space))
    directions, origin = header.get("space directions"), header.get("space origin")
    if signs is None or directions is None or origin is None:
        raise InputError("does not say where it lies (space, space directions, space origin)", path,
                         "export it again from its DICOM series")
    affine = np.eye(4)
    affine[:3, :3] = np.array([np.asarray(directions[axis], float) for axis in spatial]).T
    affine[:3, 3] = np.asarray(origin, float)
    affine[:3] *= np.array(signs, float)[:, None]
    lengths = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    if not np.isfinite(affine).all() or not (lengths > 0).all():
        raise InputError("has an unusable coordinate system", path, "export it again")
    require_right_angles(affine, path)
    return affine


def texts(path: Path) -> list[str]:
    """Return what people may have written into the header: comments, content and free fields."""
    found = []
    for line in nrrd_header.lines(path):
        if line.startswith("#"):
            found.append(line[1:])
        elif ":=" in line:
            found.append(line.split(":=", 1)[1])
        elif line.lower().startswith("content:"):
            found.append(line.split(":", 1)[1])
    return found
