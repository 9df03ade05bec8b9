"""Tumour volume of each series from its mask."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stages.common.columns import SERIES, VOXELS, spacing_mm
from stages.common.errors import InputError


def volume_mm3(table: pd.DataFrame, source: str) -> np.ndarray:
    """Return tumour volume in mm³, shape (n,): voxels times voxel size of the original mask.

    Raises
    ------
    InputError
        Naming the first series without a positive number of voxels.
    """
    voxels = pd.to_numeric(table[VOXELS], errors="coerce").to_numpy(dtype=float)
    if not (voxels > 0).all():
        series = table[SERIES].to_numpy()[np.flatnonzero(~(voxels > 0))[0]]
        raise InputError(f"series {series}: '{VOXELS}' is not a positive number", source,
                         "restore the value or leave the series out")
    return voxels * spacing_mm(table, source).prod(axis=1)
