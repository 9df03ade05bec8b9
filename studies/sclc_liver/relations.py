"""Relations that hold between the columns of a feature table by definition of the features.

A series that breaks one was extracted differently from what its settings say, or was edited.
Source of the definitions: documentation of PyRadiomics 3.0.1 (radiomics.firstorder, shape, glcm,
gldm, glszm); names of the columns: released feature table.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from stages.common.columns import RESAMPLED, SERIES, spacing_mm

VOXELS = "diagnostics_Mask-interpolated_VoxelNum"


class Columns:
    """Columns of a table by short names, as arrays of shape (n,)."""

    def __init__(self, table: pd.DataFrame, source: str):
        self._table = table
        self.voxels = table[VOXELS].to_numpy(float)
        self.voxel_mm3 = spacing_mm(table, source, RESAMPLED).prod(axis=1)

    def __call__(self, name: str) -> np.ndarray:
        """Return ``original_<name>``, or the column of that name."""
        return self._table[name if name in self._table else f"original_{name}"].to_numpy(float)


# Name of the relation to its two sides. The first holds at voxels of 1 mm3 only: what the settings
# of every series ask for.
RELATIONS: dict[str, tuple[Callable[[Columns], np.ndarray], Callable[[Columns], np.ndarray]]] = {
    "Energy = TotalEnergy": (
        lambda c: c("firstorder_Energy"), lambda c: c("firstorder_TotalEnergy")),
    "TotalEnergy = Energy x voxel volume": (
        lambda c: c("firstorder_TotalEnergy"), lambda c: c("firstorder_Energy") * c.voxel_mm3),
    "VoxelVolume = voxels x voxel volume": (
        lambda c: c("shape_VoxelVolume"), lambda c: c.voxels * c.voxel_mm3),
    "Energy = voxels x RootMeanSquared^2": (
        lambda c: c("firstorder_Energy"),
        lambda c: c.voxels * c("firstorder_RootMeanSquared") ** 2),
    "Energy = voxels x (Variance + Mean^2)": (
        lambda c: c("firstorder_Energy"),
        lambda c: c.voxels * (c("firstorder_Variance") + c("firstorder_Mean") ** 2)),
    "Range = Maximum - Minimum": (
        lambda c: c("firstorder_Range"),
        lambda c: c("firstorder_Maximum") - c("firstorder_Minimum")),
    "Mean = diagnostic mean": (
        lambda c: c("firstorder_Mean"), lambda c: c("diagnostics_Mask-interpolated_Mean")),
    "Minimum = diagnostic minimum": (
        lambda c: c("firstorder_Minimum"), lambda c: c("diagnostics_Mask-interpolated_Minimum")),
    "Maximum = diagnostic maximum": (
        lambda c: c("firstorder_Maximum"), lambda c: c("diagnostics_Mask-interpolated_Maximum")),
    "SurfaceVolumeRatio = SurfaceArea / MeshVolume": (
        lambda c: c("shape_SurfaceVolumeRatio"),
        lambda c: c("shape_SurfaceArea") / c("shape_MeshVolume")),
    "Sphericity from MeshVolume and SurfaceArea": (
        lambda c: c("shape_Sphericity"),
        lambda c: np.cbrt(36 * np.pi * c("shape_MeshVolume") ** 2) / c("shape_SurfaceArea")),
    "Elongation = MinorAxisLength / MajorAxisLength": (
        lambda c: c("shape_Elongation"),
        lambda c: c("shape_MinorAxisLength") / c("shape_MajorAxisLength")),
    "Flatness = LeastAxisLength / MajorAxisLength": (
        lambda c: c("shape_Flatness"),
        lambda c: c("shape_LeastAxisLength") / c("shape_MajorAxisLength")),
    "SumAverage = 2 x JointAverage": (
        lambda c: c("glcm_SumAverage"), lambda c: 2 * c("glcm_JointAverage")),
    "gldm GrayLevelNonUniformity = voxels x Uniformity": (
        lambda c: c("gldm_GrayLevelNonUniformity"),
        lambda c: c.voxels * c("firstorder_Uniformity")),
    "gldm DependenceNonUniformity = voxels x its normalised value": (
        lambda c: c("gldm_DependenceNonUniformity"),
        lambda c: c.voxels * c("gldm_DependenceNonUniformityNormalized")),
    "glszm zones from grey levels = zones from sizes": (
        lambda c: c("glszm_GrayLevelNonUniformity") / c("glszm_GrayLevelNonUniformityNormalized"),
        lambda c: c("glszm_SizeZoneNonUniformity") / c("glszm_SizeZoneNonUniformityNormalized")),
}


def broken(table: pd.DataFrame, source: str, tolerance: float) -> dict[str, dict]:
    """Check every relation on n series.

    Parameters
    ----------
    table : DataFrame
        Canonical table, n rows.
    source : str
        The file, for error messages.
    tolerance : float
        Largest relative difference that rounding of the table explains.

    Returns
    -------
    dict
        Relation to ``largest`` (relative difference) and ``series`` (those beyond the tolerance).
    """
    columns, found = Columns(table, source), {}
    for name, (left, right) in RELATIONS.items():
        one, other = left(columns), right(columns)
        scale = np.maximum(np.maximum(np.abs(one), np.abs(other)), np.finfo(float).tiny)
        difference = np.abs(one - other) / scale
        found[name] = {"largest": float(difference.max()),
                       "series": sorted(table.loc[difference > tolerance, SERIES])}
    return found
