"""What of a mask features are wanted of: all lesions, each of them, the largest, the liver.

Masks are those of a cohort (`stages.common.manifest`): 0 background, 1 liver, 2 lesion.
"""

from __future__ import annotations

from pathlib import Path

import cc3d
import numpy as np
import SimpleITK as sitk

from stages.common.manifest import LESION, LIVER
from stages.radiomics.parameters import Radiomics
from stages.radiomics.volumes import read_labels

LESIONS, EACH, LARGEST, WHOLE_LIVER, PARENCHYMA = "lesions", "each", "largest", "liver", "parenchyma"
# What each one is in words, for rows without features.
REGIONS = {LESIONS: "lesion", EACH: "lesion", LARGEST: "lesion", WHOLE_LIVER: "liver",
           PARENCHYMA: "liver"}


def read(image: str | Path, mask: str | Path, settings: Radiomics,
         wanted: tuple[str, ...]) -> tuple[sitk.Image, list[tuple[str, int | None, np.ndarray]]]:
    """Read a series and the regions of its mask.

    Parameters
    ----------
    image, mask : path
        NIfTI files of a cohort.
    settings : Radiomics
        What is padding.
    wanted : tuple of str
        Some of `REGIONS`.

    Returns
    -------
    series : Image
        HU.
    regions : list of (str, int or None, ndarray of bool, shape (z, y, x))
        Region, number of the lesion (of ``each``; the largest is 1), voxels. A region without
        voxels is there too, but for single lesions.

    Raises
    ------
    InputError
        As `volumes.read_pair`.
    """
    series, labels = read_labels(image, mask, settings)
    found = []
    for name in wanted:
        if name in (EACH, LARGEST):
            single = lesions(labels == LESION)
            if name == EACH:
                found += [(name, number, voxels) for number, voxels in enumerate(single, 1)]
            else:
                found.append((name, None, single[0] if single else labels == LESION))
        else:
            # A liver is a region where it is marked, and not because lesions are.
            marked = name == LESIONS or bool((labels == LIVER).any())
            kept = {LESIONS: (LESION,), WHOLE_LIVER: (LIVER, LESION), PARENCHYMA: (LIVER,)}[name]
            found.append((name, None, np.isin(labels, kept) & marked))
    return series, found


def lesions(mask: np.ndarray) -> list[np.ndarray]:
    """Return the 26-connected lesions of a mask (z, y, x), the largest first.

    Of two as large, the one whose first voxel comes first.

    Examples
    --------
    >>> mask = np.array([[[1, 0, 1, 1]]], bool)
    >>> [int(lesion.sum()) for lesion in lesions(mask)]
    [2, 1]
    """
    labels, count = cc3d.connected_components(np.ascontiguousarray(mask), connectivity=26,
                                              return_N=True)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    first = [int(np.argmax(labels.ravel() == number)) for number in range(1, count + 1)]
    order = sorted(range(count), key=lambda index: (-sizes[index], first[index]))
    return [labels == index + 1 for index in order]


def image_of(voxels: np.ndarray, series: sitk.Image) -> sitk.Image:
    """Return a region as a mask image, 1 on 0, on the grid of the series."""
    mask = sitk.GetImageFromArray(voxels.astype(np.uint8))
    mask.CopyInformation(series)
    return mask
