"""Features as the Image Biomarker Standardisation Initiative (IBSI 1) processes images.

PyRadiomics computes the features; four steps before differ from its own: the new grid is centred on the
old one, image and mask are interpolated linearly (the mask is what reaches one half), the image is
rounded to whole HU, and grey levels are counted from the lower bound of the re-segmentation. Shape is
that of the mask before re-segmentation, all else is computed in what is left after it. Source: IBSI
reference manual, chapter 2 (image processing); Zwanenburg et al. 2020, doi:10.1148/radiol.2020191145.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from radiomics import generalinfo, imageoperations
from radiomics.featureextractor import RadiomicsFeatureExtractor

from stages.common.errors import InputError
from stages.common.parameters import section
from stages.radiomics.fast import diagnostics

SHAPE = "shape"
# Voxels around a region that linear interpolation and the mask's threshold reach, and one more.
MARGIN = 3
# A mask value of one half may come out a little below.
HALF = 0.5 - 1e-6


@dataclass(frozen=True)
class Standard:
    """Section ``standard`` of the parameters.

    Attributes
    ----------
    spacing : tuple of 3 floats
        Of the new grid, mm, x, y, z.
    bounds : tuple of 2 floats
        HU of the re-segmentation, both kept.
    bin_width : float
        HU.
    """

    spacing: tuple[float, ...]
    bounds: tuple[float, ...]
    bin_width: float


def read(path) -> Standard:
    """Read and check the section.

    Raises
    ------
    InputError
        Naming the parameter.
    """
    found = section(path, "standard", Standard)
    if len(found.spacing) != 3 or min(found.spacing) <= 0:
        raise InputError("parameter 'standard.spacing' must be three numbers above 0", path,
                         "give x, y and z in mm")
    if len(found.bounds) != 2 or found.bounds[0] >= found.bounds[1]:
        raise InputError("parameter 'standard.bounds' must be two numbers, the lower one first", path,
                         "give both in HU")
    if found.bin_width <= 0:
        raise InputError("parameter 'standard.bin_width' must be above 0", path, "give it in HU")
    return found


def extract(pair: list[sitk.Image], standard: Standard) -> dict[str, object]:
    """Return diagnostics and features.

    Parameters
    ----------
    pair : list of two Images
        The series in HU, and the region, 1 on 0, on the grid of the series.
    standard : Standard

    Raises
    ------
    ValueError
        PyRadiomics' own, where the region is too small for it, or nothing of it is within the bounds.
    """
    shape, others = _tools(standard)
    info = generalinfo.GeneralInfo()
    info.addGeneralSettings({**others.settings, "standardSpacing": list(standard.spacing)})
    info.addEnabledImageTypes(others.enabledImagetypes)
    result = dict(info.getGeneralInfo())
    result |= diagnostics.image_elements(pair[0], "original")
    result |= diagnostics.mask_elements(None, pair[1], "original")
    image, mask = resample(*pair, standard.spacing)
    if not sitk.GetArrayViewFromImage(mask).any():
        raise ValueError("mask has too few dimensions (nothing of it is left on the new grid)")
    result |= diagnostics.image_elements(image, "interpolated")
    result |= diagnostics.mask_elements(image, mask, "interpolated")
    result |= shape.execute(image, mask, label=1)
    with _bins_from(standard.bounds[0], standard.bin_width):
        return result | dict(others.execute(image, mask, label=1))


def _tools(standard: Standard) -> tuple[RadiomicsFeatureExtractor, RadiomicsFeatureExtractor]:
    """Return what computes shape, and what computes all else."""
    shape = RadiomicsFeatureExtractor(additionalInfo=False)
    others = RadiomicsFeatureExtractor(additionalInfo=False, binWidth=standard.bin_width,
                                       resegmentRange=list(standard.bounds))
    classes = list(others.enabledFeatures)
    for tool, wanted in ((shape, [SHAPE]), (others, [name for name in classes if name != SHAPE])):
        tool.disableAllFeatures()
        for name in wanted:
            tool.enableFeatureClassByName(name)
    return shape, others


def resample(image: sitk.Image, mask: sitk.Image, spacing) -> tuple[sitk.Image, sitk.Image]:
    """Interpolate a series and a region linearly on the part of the centred grid around the region.

    Returns
    -------
    image : Image
        Whole HU (32-bit).
    mask : Image
        8-bit, 1 where the interpolated mask reaches one half.
    """
    old, new, size = (np.array(values, float) for values in (image.GetSpacing(), spacing,
                                                            image.GetSize()))
    ratio = new / old
    # Six digits: 60 slices of 3 mm are 90 of 2 mm, whatever is left by rounding.
    count = np.ceil(np.round(size / ratio, 6))
    start = (size - 1 - (count - 1) * ratio) / 2
    box = diagnostics.bounding_box(sitk.GetArrayViewFromImage(mask)).astype(float)
    low = np.maximum(np.floor((box[:3] - 1 - start) / ratio) - 1, 0)
    high = np.minimum(np.ceil((box[:3] + box[3:] - start) / ratio) + 1, count - 1)
    # Doubles of a whole series would not fit into the memory.
    first = np.maximum(np.floor(start + low * ratio) - MARGIN, 0).astype(int)
    last = np.minimum(np.ceil(start + high * ratio) + MARGIN, size - 1).astype(int)
    window = tuple(slice(int(a), int(b) + 1) for a, b in zip(first, last))
    tool = sitk.ResampleImageFilter()
    tool.SetOutputSpacing(new.tolist())
    tool.SetOutputDirection(image.GetDirection())
    tool.SetOutputOrigin(image.TransformContinuousIndexToPhysicalPoint((start + low * ratio).tolist()))
    tool.SetSize((high - low + 1).astype(int).tolist())
    tool.SetInterpolator(sitk.sitkLinear)
    values, inside = (sitk.GetArrayFromImage(tool.Execute(sitk.Cast(volume[window], sitk.sitkFloat64)))
                      for volume in (image, mask))
    made = []
    for array in (np.rint(values).astype(np.int32), (inside >= HALF).astype(np.uint8)):
        volume = sitk.GetImageFromArray(array)
        volume.SetSpacing(tool.GetOutputSpacing())
        volume.SetDirection(tool.GetOutputDirection())
        volume.SetOrigin(tool.GetOutputOrigin())
        made.append(volume)
    return made[0], made[1]


@contextmanager
def _bins_from(lowest: float, width: float):
    """Let PyRadiomics count grey levels from a bound instead of from the smallest value."""
    original = imageoperations.getBinEdges

    def edges(values, **settings):
        return np.arange(lowest, max(values) + 2 * width, width)

    imageoperations.getBinEdges = edges
    try:
        yield
    finally:
        imageoperations.getBinEdges = original
