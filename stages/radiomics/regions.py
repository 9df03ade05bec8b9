"""What of a mask features are wanted of: all lesions, each of them, the largest, the liver.

Masks are those of a cohort (`stages.common.manifest`): 0 background, 1 liver, 2 lesion.
"""

from __future__ import annotations

from collections.abc import Iterator
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
Region = tuple[str, int | None, np.ndarray]


def read(image: str | Path, mask: str | Path, settings: Radiomics,
         wanted: tuple[str, ...]) -> tuple[sitk.Image, Iterator[Region]]:
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
    regions : iterator of (str, int or None, ndarray of bool, shape (z, y, x))
        Region, number of the lesion (of ``each``; the largest is 1), voxels. A region without
        voxels is there too, but for single lesions. One at a time: each is as large as the series.

    Raises
    ------
    InputError
        As `volumes.read_pair`.
    """
    series, labels = read_labels(image, mask, settings)
    return series, (region for name in wanted for region in _regions(name, labels))


def _regions(name: str, labels: np.ndarray) -> Iterator[Region]:
    if name == EACH:
        for number, voxels in enumerate(lesions(labels == LESION), 1):
            yield name, number, voxels
    elif name == LARGEST:
        yield name, None, next(lesions(labels == LESION), labels == LESION)
    else:
        # A liver is a region where it is marked, and not because lesions are.
        marked = name == LESIONS or bool((labels == LIVER).any())
        kept = {LESIONS: (LESION,), WHOLE_LIVER: (LIVER, LESION), PARENCHYMA: (LIVER,)}[name]
        yield name, None, np.isin(labels, kept) & marked


def lesions(mask: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the 26-connected lesions of a mask (z, y, x), the largest first.

    Of two as large, the one whose first voxel comes first.

    Examples
    --------
    >>> mask = np.array([[[1, 0, 1, 1]]], bool)
    >>> [int(lesion.sum()) for lesion in lesions(mask)]
    [2, 1]
    """
    labels = cc3d.connected_components(np.ascontiguousarray(mask), connectivity=26)
    inside = labels[mask]
    numbers, first, sizes = np.unique(inside, return_index=True, return_counts=True)
    for index in sorted(range(len(numbers)), key=lambda index: (-sizes[index], first[index])):
        yield labels == numbers[index]


def image_of(voxels: np.ndarray, series: sitk.Image) -> sitk.Image:
    """Return a region as a mask image, 1 on 0, on the grid of the series."""
    mask = sitk.GetImageFromArray(voxels.astype(np.uint8))
    mask.CopyInformation(series)
    return mask
