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

from stages.radiomics.fast import diagnostics as fast_diagnostics
from stages.radiomics.fast import grid as fast_grid
from stages.radiomics.fast import shape as fast_shape
from stages.radiomics.settings import extractor


def extract(pair: list[sitk.Image], spacing) -> dict[str, object]:
    """Return the diagnostics and the 107 features of PyRadiomics.

    Parameters, result and errors are those of `stages.radiomics.plain.extract`; ``pair`` is
    emptied, so that whole volumes are freed as soon as they are no longer needed.
    """
    tool = extractor(spacing)
    info = generalinfo.GeneralInfo()
    info.addGeneralSettings(tool.settings)
    info.addEnabledImageTypes(tool.enabledImagetypes)
    result = dict(info.getGeneralInfo())
    result |= fast_diagnostics.image_elements(pair[0], "original")
    result |= fast_diagnostics.mask_elements(None, pair[1], "original")
    image, mask = _resample(pair, spacing)
    result |= fast_diagnostics.image_elements(image, "interpolated")
    result |= fast_diagnostics.mask_elements(image, mask, "interpolated")
    box = _bounds(fast_diagnostics.bounding_box(sitk.GetArrayViewFromImage(mask)))
    if np.count_nonzero(box[1::2] > box[::2]) < tool.settings["minimumROIDimensions"]:
        # Too small: PyRadiomics says so.
        imageoperations.checkMask(image, mask, **tool.settings)
    with _fast_coefficients():
        result |= tool.computeShape(image, mask, box, **tool.settings)
    image, mask = imageoperations.cropToTumorMask(image, mask, box)
    return result | tool.computeFeatures(image, mask, "original", **tool.settings)


def _resample(pair: list[sitk.Image], spacing) -> tuple[sitk.Image, sitk.Image]:
    mask, image = pair.pop(), pair.pop()
    box = fast_diagnostics.bounding_box(sitk.GetArrayViewFromImage(mask))
    grid = fast_grid.resampling_grid(mask, box, spacing)
    if grid is None:
        return imageoperations.cropToTumorMask(image, mask, _bounds(box),
                                               padDistance=fast_grid.PADDING)
    mask = fast_grid.resample(mask, grid, sitk.sitkNearestNeighbor, mask.GetPixelID())
    return fast_grid.resampled_image(image, grid), mask


def _bounds(box: np.ndarray) -> np.ndarray:
    """Turn first index and size into first and last index, x, y, z by turns."""
    return np.stack([box[:3], box[:3] + box[3:] - 1], axis=1).ravel()


@contextmanager
def _fast_coefficients():
    """Let PyRadiomics' shape class take its mesh coefficients from `fast_shape`."""
    original = radiomics.shape.cShape
    radiomics.shape.cShape = fast_shape
    try:
        yield
    finally:
        radiomics.shape.cShape = original
