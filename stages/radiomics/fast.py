"""The fast path: the values of PyRadiomics, without its detours.

Resampling makes only the coefficients that are needed (`fast_grid`), the mesh is counted and its
diameters are found on the hull (`fast_shape`), the diagnostics copy no volumes
(`fast_diagnostics`). The features themselves are computed by PyRadiomics. Every value is bit-equal
to the plain path's, except SurfaceArea, SurfaceVolumeRatio and Sphericity (rounding of one sum).
"""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import radiomics.shape
import SimpleITK as sitk
from radiomics import generalinfo, imageoperations

from stages.radiomics import fast_diagnostics, fast_grid, fast_shape
from stages.radiomics.settings import LABEL, extractor


def extract(image: sitk.Image, mask: sitk.Image, spacing) -> dict[str, object]:
    """Return the diagnostics and the 107 features of PyRadiomics.

    Parameters, result and errors are those of `stages.radiomics.plain.extract`.
    """
    tool = extractor(spacing)
    info = generalinfo.GeneralInfo()
    info.addGeneralSettings(tool.settings)
    info.addEnabledImageTypes(tool.enabledImagetypes)
    result = dict(info.getGeneralInfo())
    result |= fast_diagnostics.image_elements(image, "original")
    result |= fast_diagnostics.mask_elements(None, mask, "original")
    image, mask = _resample(image, mask, spacing)
    result |= fast_diagnostics.image_elements(image, "interpolated")
    result |= fast_diagnostics.mask_elements(image, mask, "interpolated")
    box, _ = imageoperations.checkMask(image, mask, **tool.settings)
    with _fast_coefficients():
        result |= tool.computeShape(image, mask, box, **tool.settings)
    image, mask = imageoperations.cropToTumorMask(image, mask, box)
    return result | tool.computeFeatures(image, mask, "original", **tool.settings)


def _resample(image: sitk.Image, mask: sitk.Image, spacing) -> tuple[sitk.Image, sitk.Image]:
    box = fast_diagnostics.bounding_box(sitk.GetArrayViewFromImage(mask))
    grid = fast_grid.resampling_grid(mask, box, spacing)
    if grid is None:
        bounds = np.empty(6, int)
        bounds[::2], bounds[1::2] = box[:3], box[:3] + box[3:] - 1
        return imageoperations.cropToTumorMask(image, mask, bounds, padDistance=fast_grid.PADDING)
    small = fast_grid.resample(mask, grid, sitk.sitkNearestNeighbor, mask.GetPixelID())
    return fast_grid.resampled_image(image, grid), small


@contextmanager
def _fast_coefficients():
    """Let PyRadiomics' shape class take its mesh coefficients from `fast_shape`."""
    original = radiomics.shape.cShape
    radiomics.shape.cShape = fast_shape
    try:
        yield
    finally:
        radiomics.shape.cShape = original
