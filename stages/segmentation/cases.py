"""The cases of a cohort manifest: which ones, and their volumes, checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.common import manifest as cohort_manifest
from stages.common import nifti
from stages.common.columns import SERIES
from stages.common.errors import InputError
from stages.common.manifest import COHORT, IMAGE, LESION, LIVER, MASK, PART

PADDING_HU = -1024


@dataclass(frozen=True)
class Case:
    """One series: its name, its image, and its mask where the cohort has one."""

    file: str
    image: Path
    mask: Path | None


def select(manifest: str | Path, cohorts=(), parts=()) -> list[Case]:
    """Return the cases of a manifest, sorted by name.

    Parameters
    ----------
    manifest : path
        CSV file (see `stages.common.manifest`).
    cohorts, parts : sequence of str
        Values of Cohort and Segmentation to keep; empty keeps all.

    Raises
    ------
    InputError
        If the manifest cannot be used or nothing is left.
    """
    table = cohort_manifest.read(manifest, cohort_manifest.UNKNOWN)
    for column, wanted in ((COHORT, cohorts), (PART, parts)):
        unknown = sorted(set(wanted) - set(table[column]))
        if unknown:
            known = sorted(set(table[column]) - {""})
            raise InputError(f"has no series whose {column} is '{unknown[0]}'", manifest,
                             f"valid: {', '.join(known) or 'none'}")
        if wanted:
            table = table[table[column].isin(wanted)]
    if table.empty:
        raise InputError("no series fits the selection", manifest, "select other cohorts or parts")
    folder = Path(manifest).parent
    return [Case(row[SERIES], folder / row[IMAGE], folder / row[MASK] if row[MASK] else None)
            for _, row in table.sort_values(SERIES).iterrows()]


def read_image(path: Path) -> nifti.Volume:
    """Read a CT in RAS order as float32 HU; what is not finite or below air becomes -1024.

    Raises
    ------
    InputError
        If the file cannot be used or has a single slice.
    """
    volume = nifti.to_ras(nifti.read(path))
    if min(volume.data.shape) < 2:
        raise InputError(f"has the shape {volume.data.shape}: a single slice", path,
                         "leave the series out; a volume is needed")
    # A copy, changed in place: three of a fine series would be what takes most memory.
    data = volume.data.astype(np.float32)
    np.nan_to_num(data, copy=False, nan=PADDING_HU, neginf=PADDING_HU, posinf=PADDING_HU)
    np.clip(data, PADDING_HU, None, out=data)
    return nifti.Volume(data, volume.affine)


def read_mask(path: Path) -> nifti.Volume:
    """Read a mask in RAS order as uint8 labels 0, 1 (liver) and 2 (lesion).

    Raises
    ------
    InputError
        If the file cannot be used or holds another value.
    """
    volume = nifti.to_ras(nifti.read(path))
    values = np.unique(volume.data)
    other = values[~np.isin(values, (0, LIVER, LESION))]
    if len(other):
        raise InputError(f"holds the label {other[0]:g}", path,
                         f"use 0 background, {LIVER} liver, {LESION} lesion")
    return nifti.Volume(volume.data.astype(np.uint8), volume.affine)


def reference(case: Case) -> nifti.Volume:
    """Read the mask of a case.

    Raises
    ------
    InputError
        If the manifest names none for it, or it cannot be used.
    """
    if case.mask is None:
        raise InputError(f"series {case.file} has no mask", "manifest",
                         "name one in the column 'mask' or leave the series out")
    return read_mask(case.mask)


def pair(case: Case) -> tuple[nifti.Volume, nifti.Volume]:
    """Read image and mask of a case.

    Raises
    ------
    InputError
        If they cannot be used or lie on different grids.
    """
    image, mask = read_image(case.image), reference(case)
    require_same_grid(image, mask, case.image, case.mask)
    return image, mask


def require_same_grid(first, second, first_path, second_path) -> None:
    """Refuse two volumes on different grids.

    Raises
    ------
    InputError
        Naming both files.
    """
    if not nifti.same_grid(first, second):
        raise InputError(f"lies on another grid than {first_path}", second_path,
                         "resample the mask onto its image's grid")
