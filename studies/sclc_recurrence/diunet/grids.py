"""Scans as DiUnet sees them: squares in the middle of the lungs, slice by slice.

A station is a place in the body, not a texture: the lungs, which every CT of the chest shows, give the
place that all scans have in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from stages.common import nifti
from stages.common.errors import InputError
from studies.sclc_recurrence.diunet.settings import Grid
from studies.sclc_recurrence.partition import STATIONS

PARTS = ("ct", "stations", "primary", "nodes")
OPTIONAL = "nodes"
# HU below which a voxel is air.
AIR = -500
# Unit of the position that the network is shown, mm: about the reach of the stations.
REACH_MM = 50.0


@dataclass(frozen=True)
class Patient:
    """One scan.

    Attributes
    ----------
    name : str
    ct : (slices, size, size) array of float32
        0 to 1.
    gtv : array of bool of this shape
        Primary tumour and nodes.
    stations : array of int64 of this shape
        0 outside, 1 to 16 in the order of `STATIONS`.
    near : array of bool of this shape
        At most ``near_mm`` from the GTV.
    height : (slices,) array of float
        Of each slice above the middle of the lungs, mm.
    """

    name: str
    ct: np.ndarray
    gtv: np.ndarray
    stations: np.ndarray
    near: np.ndarray
    height: np.ndarray


def middle(hu: np.ndarray) -> np.ndarray | None:
    """Return the middle of the lungs, (3,) in voxels: of the air that does not reach the sides.

    None where there is no such air. The first two axes are those of a slice.
    """
    parts, _ = ndimage.label(hu < AIR)
    sides = {*np.unique(parts[[0, -1]]), *np.unique(parts[:, [0, -1]])}
    inside = (parts > 0) & ~np.isin(parts, list(sides))
    return np.argwhere(inside).mean(axis=0) if inside.any() else None


def read(folder: Path, name: str, grid: Grid, near_mm: float) -> Patient:
    """Read a patient's scan and masks, and cut the square out of them.

    Raises
    ------
    InputError
        If a file is missing or on another grid, there is no GTV, no lung or no station, or a label is
        unknown.
    """
    found = {}
    for part in PARTS:
        path = folder / name / f"{part}.nii.gz"
        if path.is_file() or part != OPTIONAL:
            found[part] = nifti.to_ras(nifti.read(path))
        if part in found and not nifti.same_grid(found[part], found["ct"]):
            raise InputError("lies on another grid than the CT", path, "resample it")
    ct, labels = found["ct"], np.rint(found["stations"].data).astype(np.int64)
    gtv = np.any([found[part].data > 0 for part in PARTS[2:] if part in found], axis=0)
    unknown = sorted(set(np.unique(labels).tolist()) - set(range(len(STATIONS) + 1)))
    centre = middle(ct.data)
    for wrong, what, mend in (
            (unknown, f"holds the label {unknown[:1]} as a station", f"use 1 to {len(STATIONS)}"),
            (not labels.any(), "has no station", "outline it, or leave the patient out"),
            (not gtv.any(), "has no GTV", "outline it, or leave the patient out"),
            (centre is None, "shows no lungs", "give the CT in HU, with the body inside the image")):
        if wrong:
            raise InputError(what, folder / name, mend)
    spacing = np.asarray(ct.spacing, float)
    near = ndimage.distance_transform_edt(~gtv, spacing) <= near_mm

    def cut(data: np.ndarray, order: int) -> np.ndarray:
        step = grid.pixel_mm / spacing[:2]
        start = centre[:2] - step * (grid.size - 1) / 2
        shape = (grid.size, grid.size, data.shape[2])
        return np.moveaxis(ndimage.affine_transform(
            data, np.diag([*step, 1.0]), [*start, 0.0], shape, order=order, mode="nearest"), 2, 0)

    low, high = grid.window
    shown = np.clip((cut(ct.data.astype(np.float32), 1) - low) / (high - low), 0, 1)
    masks = (cut(mask.astype(np.uint8), 0) for mask in (gtv, labels, near))
    gtv, labels, near = (np.ascontiguousarray(mask) for mask in masks)
    return Patient(name, np.ascontiguousarray(shown, np.float32), gtv > 0, labels.astype(np.int64),
                   near > 0, (np.arange(ct.data.shape[2]) - centre[2]) * spacing[2])


def position(height: np.ndarray, grid: Grid) -> np.ndarray:
    """Return where each pixel lies, (slices, 3, size, size) of float32, in units of `REACH_MM`."""
    across = (np.arange(grid.size) - (grid.size - 1) / 2) * grid.pixel_mm
    found = np.broadcast_arrays(across[:, None], across, height[:, None, None])
    return np.stack(found, axis=1).astype(np.float32) / REACH_MM
