"""Names of the columns of a feature table, in the order in which models see the features."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common.errors import InputError

# The 107 features of PyRadiomics 3.0.1 (image type Original) and the lesion count, in the order of
# the released table. Source: header of the released feature table.
FEATURES = tuple(Path(__file__).with_name("features.txt").read_text(encoding="utf-8").split())

SERIES, STUDY, PATIENT = "File", "study", "patient"
SCORE, LABEL, STATUS, GROUP = "NE_Score", "NE_Class", "NE_Status", "Group"
GROUPS = ("train", "val", "test")
SPACING = "diagnostics_Mask-original_Spacing"
RESAMPLED = "diagnostics_Mask-interpolated_Spacing"
VOXELS = "diagnostics_Mask-original_VoxelNum"
COMPONENTS = "diagnostics_Mask-original_VolumeNum"
IMAGE_MINIMUM = "diagnostics_Image-original_Minimum"


def spacing_mm(table: pd.DataFrame, source: str, column: str = SPACING) -> np.ndarray:
    """Parse a column of voxel spacings.

    Parameters
    ----------
    table : DataFrame
        n rows; ``column`` holds texts such as ``(0.78, 0.78, 5.0)``.
    source : str
        The file, for error messages.
    column : str
        The column.

    Returns
    -------
    ndarray, shape (n, 3)
        x, y, z spacing in mm.

    Raises
    ------
    InputError
        Naming the first row that is not three positive numbers.
    """
    spacing = []
    for series, text in zip(table[SERIES], table[column]):
        try:
            values = np.asarray(ast.literal_eval(str(text)), dtype=float)
        except (ValueError, SyntaxError):
            values = np.empty(0)
        if values.shape != (3,) or not (values > 0).all():
            raise InputError(f"series {series}: '{column}' is {text!r}, not three positive numbers",
                             source, "write it as (x, y, z) in mm")
        spacing.append(values)
    return np.array(spacing).reshape(-1, 3)
