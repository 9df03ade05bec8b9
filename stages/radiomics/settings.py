"""The PyRadiomics settings of the released table."""

from __future__ import annotations

from radiomics.featureextractor import RadiomicsFeatureExtractor


def extractor(spacing) -> RadiomicsFeatureExtractor:
    """Return an extractor: every default of PyRadiomics 3.0.1, but resampled.

    Parameters
    ----------
    spacing : sequence of 3 numbers
        Voxel spacing in mm. Source: diagnostics_Configuration_Settings of the released table.

    Returns
    -------
    RadiomicsFeatureExtractor
        Image type Original, the seven feature classes that are on by default (107 features).
    """
    # The released table writes [1, 1, 1].
    written = [int(value) if float(value).is_integer() else float(value) for value in spacing]
    return RadiomicsFeatureExtractor(resampledPixelSpacing=written)
