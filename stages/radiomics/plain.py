"""The plain path: PyRadiomics called directly."""

from __future__ import annotations

import SimpleITK as sitk

from stages.radiomics.settings import extractor


def extract(pair: list[sitk.Image], spacing) -> dict[str, object]:
    """Return the diagnostics and the 107 features of PyRadiomics.

    Parameters
    ----------
    pair : list of two Images
        The series in HU, and the lesions, 1 on 0, on the grid of the series.
    spacing : sequence of 3 numbers
        Voxel spacing in mm to which both are resampled.

    Raises
    ------
    ValueError
        PyRadiomics' own, where the lesions are too small for it.
    """
    return dict(extractor(spacing).execute(*pair))
