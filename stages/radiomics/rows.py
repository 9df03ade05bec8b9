"""One row of the feature table: what is computed from one series, and how it is kept.

A row is a JSON object: ``status`` (``features``, ``no-lesion`` or ``too-small``), ``components``,
``voxels``, ``reason``, and for ``features`` the diagnostics and the features.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from stages.radiomics import plain, volumes
from stages.radiomics.fast import diagnostics as fast_diagnostics
from stages.radiomics.fast import features as fast
from stages.radiomics.parameters import Radiomics

METHODS = {"fast": fast.extract, "plain": plain.extract}
FEATURES, NO_LESION, TOO_SMALL = "features", "no-lesion", "too-small"
TOO_SMALL_MESSAGES = ("mask only contains 1 segmented voxel", "mask has too few dimensions")
PYTHON = "diagnostics_Versions_Python"


def compute(image: str | Path, mask: str | Path, settings: Radiomics) -> dict[str, object]:
    """Compute the row of one series.

    Raises
    ------
    InputError
        If a file cannot be used (see `volumes.read_pair`).
    """
    pair = list(volumes.read_pair(image, mask, settings))
    return of_pair(pair, lambda pair: METHODS[settings.method](pair, settings.spacing))


def of_pair(pair: list[sitk.Image], extract) -> dict[str, object]:
    """Compute the row of a series that was read.

    Parameters
    ----------
    pair : list of two Images
        The series in HU, and what features are wanted of, 1 on 0. The list may be emptied.
    extract : callable
        Takes the pair, returns diagnostics and features, as `plain.extract`.
    """
    row = {"status": FEATURES, "reason": ""} | _count(pair[1])
    if not row["voxels"]:
        return row | {"status": NO_LESION, "reason": "the mask holds no lesion"}
    try:
        values = extract(pair)
    except ValueError as error:
        if not str(error).startswith(TOO_SMALL_MESSAGES):
            raise
        return row | {"status": TOO_SMALL, "reason": f"PyRadiomics: {error}"}
    return row | {"values": {name: written(value) for name, value in values.items()}
                  | {PYTHON: _minor_version()}}


def _count(lesions: sitk.Image) -> dict[str, int]:
    array = sitk.GetArrayViewFromImage(lesions)
    return {"voxels": int(np.count_nonzero(array)),
            "components": fast_diagnostics.components(array)}


def written(value) -> object:
    """Turn a value of PyRadiomics into what the released table holds: a number or a text."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.item()
    if isinstance(value, (tuple, list)):
        return str(tuple(np.asarray(value).tolist()))
    return str(value) if isinstance(value, dict) else value


def _minor_version() -> str:
    # The patch level differs between engines and changes no value; the provenance record has it.
    return f"{sys.version_info.major}.{sys.version_info.minor}"
