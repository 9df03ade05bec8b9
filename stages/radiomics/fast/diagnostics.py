"""What PyRadiomics reports about a series and its mask, without copies of whole volumes.

The same values as ``radiomics.generalinfo.GeneralInfo`` of PyRadiomics 3.0.1: sums of integers are
exact in any order, and floating-point series are added in NumPy's own order, buffer by buffer.
"""

from __future__ import annotations

import hashlib

import cc3d
import numpy as np
import SimpleITK as sitk

BLOCK = 1 << 20
# NumPy adds pairwise within a buffer of this many values, and buffer after buffer.
BUFFER = 8192


def image_elements(image: sitk.Image, prefix: str) -> dict[str, object]:
    """Describe a series; ``prefix`` is ``original`` or ``interpolated``."""
    values = sitk.GetArrayViewFromImage(image).reshape(-1)
    name = f"diagnostics_Image-{prefix}_"
    elements = {}
    if prefix == "original":
        elements = {f"{name}Hash": _sha1(values),
                    f"{name}Dimensionality": f"{image.GetDimension()}D"}
    return elements | {
        f"{name}Spacing": image.GetSpacing(),
        f"{name}Size": image.GetSize(),
        f"{name}Mean": mean(values),
        f"{name}Minimum": float(values.min()),
        f"{name}Maximum": float(values.max()),
    }


def mask_elements(image: sitk.Image | None, mask: sitk.Image, prefix: str) -> dict[str, object]:
    """Describe a binary mask and, where a series on the same grid is given, the values in it."""
    array = sitk.GetArrayViewFromImage(mask)
    name = f"diagnostics_Mask-{prefix}_"
    elements = {f"{name}Hash": _sha1(array, np.uint32)} if prefix == "original" else {}
    box = bounding_box(array)
    centre = center_of_mass(array, box)
    elements |= {
        f"{name}Spacing": mask.GetSpacing(),
        f"{name}Size": mask.GetSize(),
        f"{name}BoundingBox": tuple(box.tolist()),
        f"{name}VoxelNum": int(np.count_nonzero(array)),
        f"{name}VolumeNum": components(array, box),
        f"{name}CenterOfMassIndex": centre,
        f"{name}CenterOfMass": mask.TransformContinuousIndexToPhysicalPoint(centre),
    }
    if image is None:
        return elements
    inside = sitk.GetArrayViewFromImage(image)[array != 0].astype(float)
    return elements | {f"{name}Mean": float(np.mean(inside)), f"{name}Minimum": float(inside.min()),
                       f"{name}Maximum": float(inside.max())}


def bounding_box(array: np.ndarray) -> np.ndarray:
    """Return first index x, y, z and size x, y, z of the non-zero voxels of ``array`` (z, y, x)."""
    deep = np.flatnonzero(array.any(axis=(1, 2)))
    flat = array[deep[0]:deep[-1] + 1].any(axis=0)
    ranges = [np.flatnonzero(flat.any(axis=0)), np.flatnonzero(flat.any(axis=1)), deep]
    return np.array([found[0] for found in ranges] + [found[-1] - found[0] + 1 for found in ranges])


def _cut(array: np.ndarray, box: np.ndarray) -> np.ndarray:
    z, y, x = (slice(box[axis], box[axis] + box[axis + 3]) for axis in (2, 1, 0))
    return array[z, y, x]


def components(array: np.ndarray, box: np.ndarray | None = None) -> int:
    """Count the 26-connected components of a binary mask (z, y, x)."""
    if box is None:
        if not array.any():
            return 0
        box = bounding_box(array)
    inside = np.ascontiguousarray(_cut(array, box) != 0)
    return int(cc3d.connected_components(inside, connectivity=26, return_N=True)[1])


def center_of_mass(array: np.ndarray, box: np.ndarray) -> tuple[float, float, float]:
    """Return the mean index (x, y, z) of the non-zero voxels."""
    inside = _cut(array, box) != 0
    count = int(np.count_nonzero(inside))
    centre = []
    for axis, first in ((2, box[0]), (1, box[1]), (0, box[2])):
        others = tuple(other for other in range(3) if other != axis)
        profile = np.count_nonzero(inside, axis=others).astype(np.int64)
        centre.append(int(profile @ (np.arange(len(profile)) + int(first))) / count)
    return tuple(centre)


def mean(values: np.ndarray) -> float:
    """Return ``numpy.mean(values.astype(float))`` of a vector, to the bit, in little memory."""
    if values.dtype.kind != "f":
        # Sums of integers below 2^53 are exact as doubles too.
        total = sum(int(part.sum(dtype=np.int64)) for part in _parts(values))
        return total / values.size
    total = 0.0
    for start in range(0, values.size, BUFFER):
        total += float(np.add.reduce(values[start:start + BUFFER].astype(float)))
    return total / values.size


def _parts(values: np.ndarray):
    return (values[start:start + BLOCK] for start in range(0, values.size, BLOCK))


def _sha1(values: np.ndarray, kind=None) -> str:
    """Return SimpleITK's hash of a volume: SHA-1 of its voxels."""
    digest = hashlib.sha1()
    flat = values.reshape(-1)
    for part in _parts(flat):
        digest.update(np.ascontiguousarray(part, kind or part.dtype).data)
    return digest.hexdigest()
