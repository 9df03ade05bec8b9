"""Features as the Image Biomarker Standardisation Initiative (IBSI 1) processes images.

PyRadiomics computes the features; steps before differ from its own: the new grid is centred on the old
one, image and mask are interpolated linearly (the mask is what reaches one half; the image by a cubic
spline where asked), the image is rounded to whole HU, outliers are left out where asked, and grey
levels are counted from the lower bound of the re-segmentation where their number is not given. Shape is
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
from stages.common.strict import check_choice
from stages.radiomics.fast import diagnostics

SHAPE = "shape"
# Voxels around a region that linear interpolation and the mask's threshold reach, and one more.
MARGIN = 3
# A cubic spline depends on all voxels of a line: on those beyond this margin by less than 1e-5 HU.
SPLINE_MARGIN = 16
INTERPOLATIONS = {"linear": (sitk.sitkLinear, MARGIN), "spline": (sitk.sitkBSpline, SPLINE_MARGIN)}
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
        HU of the re-segmentation, both kept; empty: none.
    bin_width : float
        HU; 0 where the number of bins is given.
    bins : int
        Grey levels from the region's smallest to its largest value, instead of bins of one width.
    outliers : float
        Standard deviations from the mean, of what is within the bounds, beyond which a voxel is left
        out; 0: none.
    interpolation : str
        Of the image, one of `INTERPOLATIONS`; the mask's is always linear.
    """

    spacing: tuple[float, ...]
    bounds: tuple[float, ...]
    bin_width: float
    bins: int = 0
    outliers: float = 0.0
    interpolation: str = "linear"


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
    if found.bounds and (len(found.bounds) != 2 or found.bounds[0] >= found.bounds[1]):
        raise InputError("parameter 'standard.bounds' must be two numbers, the lower one first", path,
                         "give both in HU")
    if found.bin_width <= 0:
        raise InputError("parameter 'standard.bin_width' must be above 0", path, "give it in HU")
    if found.bins < 0 or found.bins == 1 or found.outliers < 0:
        raise InputError("parameters 'standard.bins' and 'standard.outliers' must be 0, or a number of "
                         "bins (2 or more) and of standard deviations", path, "correct them")
    if not found.bounds and not found.bins:
        raise InputError("parameter 'standard.bounds' is empty: bins of one width are counted from the "
                         "lower bound", path, "give bounds, or a number of bins in standard.bins")
    check_choice(found.interpolation, INTERPOLATIONS, "standard.interpolation", path)
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
    info.addGeneralSettings({**others.settings, "standardSpacing": list(standard.spacing),
                             **_unusual(standard)})
    info.addEnabledImageTypes(others.enabledImagetypes)
    result = dict(info.getGeneralInfo())
    result |= diagnostics.image_elements(pair[0], "original")
    result |= diagnostics.mask_elements(None, pair[1], "original")
    image, mask = resample(*pair, standard.spacing, standard.interpolation)
    if not sitk.GetArrayViewFromImage(mask).any():
        raise ValueError("mask has too few dimensions (nothing of it is left on the new grid)")
    result |= diagnostics.image_elements(image, "interpolated")
    result |= diagnostics.mask_elements(image, mask, "interpolated")
    result |= shape.execute(image, mask, label=1)
    kept = without_outliers(image, mask, standard)
    if standard.bins:
        return result | dict(others.execute(image, kept, label=1))
    with _bins_from(standard.bounds[0], standard.bin_width):
        return result | dict(others.execute(image, kept, label=1))


def _unusual(standard: Standard) -> dict[str, object]:
    """Return the settings that PyRadiomics has no names for, where they are not the usual ones."""
    found = {"standardOutliers": standard.outliers or None,
             "standardInterpolation": standard.interpolation}
    return {name: value for name, value in found.items() if value not in (None, "linear")}


def without_outliers(image: sitk.Image, mask: sitk.Image, standard: Standard) -> sitk.Image:
    """Return the region without its outliers (8-bit).

    What is outside of the bounds counts neither for the mean nor for the deviation (divided by the
    number of voxels); it is left in, for PyRadiomics leaves it out.
    """
    if not standard.outliers:
        return mask
    values, inside = sitk.GetArrayViewFromImage(image), sitk.GetArrayFromImage(mask).astype(bool)
    low, high = standard.bounds or (-np.inf, np.inf)
    known = values[inside & (values >= low) & (values <= high)].astype(float)
    if not known.size:
        return mask
    away = standard.outliers * known.std()
    inside &= np.abs(values - known.mean()) <= away
    kept = sitk.GetImageFromArray(inside.astype(np.uint8))
    kept.CopyInformation(mask)
    return kept


def _tools(standard: Standard) -> tuple[RadiomicsFeatureExtractor, RadiomicsFeatureExtractor]:
    """Return what computes shape, and what computes all else."""
    shape = RadiomicsFeatureExtractor(additionalInfo=False)
    bins = {"binCount": standard.bins} if standard.bins else {"binWidth": standard.bin_width}
    bounds = {"resegmentRange": list(standard.bounds)} if standard.bounds else {}
    others = RadiomicsFeatureExtractor(additionalInfo=False, **bins, **bounds)
    classes = list(others.enabledFeatures)
    for tool, wanted in ((shape, [SHAPE]), (others, [name for name in classes if name != SHAPE])):
        tool.disableAllFeatures()
        for name in wanted:
            tool.enableFeatureClassByName(name)
    return shape, others


def resample(image: sitk.Image, mask: sitk.Image, spacing,
             interpolation: str = "linear") -> tuple[sitk.Image, sitk.Image]:
    """Interpolate a series and a region on the part of the centred grid around the region.

    The region is interpolated linearly, the series as one of `INTERPOLATIONS` says.

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
    how, margin = INTERPOLATIONS[interpolation]
    first = np.maximum(np.floor(start + low * ratio) - margin, 0).astype(int)
    last = np.minimum(np.ceil(start + high * ratio) + margin, size - 1).astype(int)
    window = tuple(slice(int(a), int(b) + 1) for a, b in zip(first, last))
    tool = sitk.ResampleImageFilter()
    tool.SetOutputSpacing(new.tolist())
    tool.SetOutputDirection(image.GetDirection())
    tool.SetOutputOrigin(image.TransformContinuousIndexToPhysicalPoint((start + low * ratio).tolist()))
    tool.SetSize((high - low + 1).astype(int).tolist())
    found = []
    for volume, kind in ((image, how), (mask, sitk.sitkLinear)):
        tool.SetInterpolator(kind)
        part = sitk.Cast(volume[window], sitk.sitkFloat64)
        found.append(sitk.GetArrayFromImage(tool.Execute(part)))
    values, inside = found
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
