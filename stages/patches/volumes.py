"""MR volumes: reading, registration, brain mask, bias field, normalisation (SimpleITK)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from stages.common.errors import InputError
from stages.patches.preparation import Preparation

# Millimetres and cosines that rounding of headers explains.
TOLERANCE = 1e-3
MAKER = "0008|0070"


def read(path: Path) -> tuple[sitk.Image, str]:
    """Read an image and its maker (empty where the file does not say).

    Parameters
    ----------
    path : Path
        A NIfTI file, or a folder with the files of one DICOM series.

    Raises
    ------
    InputError
        If it cannot be read as one volume.
    """
    try:
        if not path.is_dir():
            return _upright(sitk.ReadImage(str(path), sitk.sitkFloat32), path), ""
        series = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(path))
        if len(series) != 1:
            raise InputError(f"holds {len(series) or 'no'} DICOM series", path,
                             "give a folder with the files of one series")
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(path), series[0]))
        reader.MetaDataDictionaryArrayUpdateOn()
        image = reader.Execute()
        maker = reader.GetMetaData(0, MAKER).strip() if reader.HasMetaDataKey(0, MAKER) else ""
        return _upright(sitk.Cast(image, sitk.sitkFloat32), path), maker
    except RuntimeError as error:
        said = str(error).strip().splitlines()[-1][:200]
        raise InputError(f"cannot be read as an image ({said})", path,
                         "give a NIfTI file or the folder of one DICOM series") from None


def _upright(image: sitk.Image, path: Path) -> sitk.Image:
    """Turn the axes, without interpolation, so that the third one runs from feet to head."""
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError("is no three-dimensional image", path, "give one volume of one sequence")
    return sitk.DICOMOrient(image, "LPS")


def same_grid(first: sitk.Image, second: sitk.Image) -> bool:
    """Tell whether two images have the same voxels."""
    return first.GetSize() == second.GetSize() and all(
        np.allclose(getattr(first, name)(), getattr(second, name)(), atol=TOLERANCE)
        for name in ("GetOrigin", "GetSpacing", "GetDirection"))


def registered(fixed: sitk.Image, moving: sitk.Image, settings: Preparation) -> sitk.Image:
    """Move an image of the same head rigidly, and resample it to the grid of another one.

    Mutual information, from coarse to fine; the start is the scanner's own coordinates.
    """
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(settings.sampling, settings.seed)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 1e-3, settings.iterations)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2.0, 1.0, 0.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    start = sitk.Euler3DTransform()
    start.SetCenter(fixed.TransformContinuousIndexToPhysicalPoint(
        [(size - 1) / 2 for size in fixed.GetSize()]))
    method.SetInitialTransform(start, inPlace=False)
    found = method.Execute(fixed, moving)
    return sitk.Resample(moving, fixed, found, sitk.sitkLinear, float(sitk.GetArrayViewFromImage(
        moving).min()))


def brain(image: sitk.Image, settings: Preparation) -> sitk.Image:
    """Return a mask of the brain: bright voxels, cut from the scalp by opening, holes filled.

    A rule of thumb; a mask of one's own can stand in the table instead.
    """
    size = [max(1, round(settings.opening_mm / length)) for length in image.GetSpacing()]
    bright = sitk.OtsuThreshold(sitk.SmoothingRecursiveGaussian(image, 1.0), 0, 1)
    parts = sitk.RelabelComponent(sitk.ConnectedComponent(sitk.BinaryErode(bright, size)))
    return sitk.BinaryFillhole(sitk.BinaryDilate(parts == 1, size))


def evened(image: sitk.Image, mask: sitk.Image, settings: Preparation) -> sitk.Image:
    """Divide out the bias field (N4), estimated on a coarser grid."""
    lowest = float(sitk.GetArrayViewFromImage(image).min())
    positive = image - lowest + 1.0  # N4 takes logarithms
    corrector = sitk.N4BiasFieldCorrectionImageFilter()
    corrector.SetMaximumNumberOfIterations([settings.iterations // 4 or 1] * 3)
    shrink = [min(settings.shrink, size) for size in image.GetSize()]
    corrector.Execute(sitk.Shrink(positive, shrink), sitk.Shrink(mask, shrink))
    field = sitk.Exp(corrector.GetLogBiasFieldAsImage(positive))
    return positive / sitk.Cast(field, sitk.sitkFloat32)


def normalised(image: sitk.Image, mask: sitk.Image, path) -> sitk.Image:
    """Subtract the mean of the brain and divide by its SD.

    Raises
    ------
    InputError
        If the image is constant there.
    """
    inside = sitk.GetArrayViewFromImage(image)[sitk.GetArrayViewFromImage(mask) > 0]
    if not inside.size or not inside.std() > 0:
        raise InputError("is constant within the brain's mask, or the mask is empty", path,
                         "give a mask of the brain in the table's column 'brain'")
    return (image - float(inside.mean())) / float(inside.std())
