"""Structure sets (DICOM RTSTRUCT): the voxels of regions by name.

Source of the attributes: DICOM PS3.3, C.8.8.5 (Structure Set) and C.8.8.6 (ROI Contour).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.cohort import contours, dicom_files
from stages.cohort.named import Named, listed, matching
from stages.common.errors import InputError
from stages.common.nifti import Volume

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
# DICOM's axes run to the left, back and top.
LPS = np.array([-1.0, -1.0, 1.0])
# Slices may lie this far off their place, in slice distances (own.spacing_tolerance is below it).
OFF = 0.25
# Contours whose points lie further apart along the slices' axis are not in a slice.
FLAT = 0.1
REDRAW = "export the structure set again, on this series"
EXPORT = "export the structure set again"


def read(header, path: Path, named: Named, image: Volume, frame: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the voxels of lesions and of liver.

    Parameters
    ----------
    header : Dataset
        The structure set.
    path : Path
        Its file.
    named : Named
        Names of the ROIs.
    image : Volume
        The series, shape (x, y, z).
    frame : str
        Its FrameOfReferenceUID, "" where it has none (a NIfTI or NRRD file).

    Returns
    -------
    lesion, liver : ndarray of bool, shape (x, y, z)

    Raises
    ------
    InputError
        If a ROI is not there, is empty, was drawn in another frame of reference, has open contours or
        other points than it counts, or lies outside of the image or between its slices; or if numbers
        do not tell the ROIs apart.
    """
    try:
        with dicom_files.quiet():
            return _parts(header, path, named, image, frame)
    except dicom_files.UNREADABLE as error:
        # Its words may quote the header.
        raise InputError(f"cannot be read as a structure set ({type(error).__name__})", path,
                         EXPORT) from None


def _parts(header, path, named, image, frame) -> tuple[np.ndarray, np.ndarray]:
    rois = _numbered(header, "StructureSetROISequence", "ROINumber", path)
    names = {number: str(roi.get("ROIName", "")) for number, roi in rois.items()}
    if not named:
        raise InputError(f"says not by itself which ROI is the lesion (it has: "
                         f"{listed(names.values())})", path, "name it in the column lesion")
    drawn = _numbered(header, "ROIContourSequence", "ReferencedROINumber", path)
    if foreign := sorted(set(drawn) - set(rois)):
        raise InputError(f"has contours of a ROI {foreign[0]}, which it does not name", path, EXPORT)
    parts = []
    for patterns in (named.lesion, named.liver):
        mask = np.zeros(image.data.shape, bool)
        for number in matching(patterns, names, "ROI", path):
            where = str(rois[number].get("ReferencedFrameOfReferenceUID", ""))
            if frame and where and where != frame:
                raise InputError(f"ROI '{names[number]}' was drawn in another frame of reference than "
                                 "the series", path, "name the structure set of this series")
            points = _contours(drawn.get(number), names[number], path)
            mask |= _voxels(points, names[number], image, path)
        parts.append(mask)
    return parts[0], parts[1]


def _numbered(header, sequence: str, key: str, path: Path) -> dict:
    """Return the items of a sequence by their number.

    Raises
    ------
    InputError
        If two have one number: which of them a name or a contour belongs to, nothing tells.
    """
    found = {}
    for item in header.get(sequence) or ():
        number = int(item[key].value)
        if number in found:
            raise InputError(f"has two ROIs with the number {number} ({sequence})", path, EXPORT)
        found[number] = item
    return found


def _contours(item, name: str, path: Path) -> list[np.ndarray]:
    """Return the contours of a ROI, each of shape (n, 3), in RAS mm."""
    found = []
    for contour in (item.get("ContourSequence") or ()) if item is not None else ():
        kind = contour.get("ContourGeometricType", "")
        points = np.array(contour.get("ContourData") or (), float)
        if kind not in CLOSED:
            raise InputError(f"ROI '{name}' has open contours ({kind or 'without type'})", path,
                             "close them in the program that drew them")
        # One or two points are what programs write for a voxel or a line of voxels.
        if points.size % 3 or not points.size or not np.isfinite(points).all():
            raise InputError(f"ROI '{name}' has a contour without usable points", path, REDRAW)
        counted = contour.get("NumberOfContourPoints")
        if counted is not None and int(counted) * 3 != points.size:
            raise InputError(f"ROI '{name}' has a contour of {points.size // 3} points that counts "
                             f"{counted}", path, EXPORT)
        found.append(points.reshape(-1, 3) * LPS)
    if not found:
        raise InputError(f"ROI '{name}' has no contours", path, "name another one, or draw it")
    return found


def _voxels(points: list[np.ndarray], name: str, image: Volume, path: Path) -> np.ndarray:
    inverse = np.linalg.inv(image.affine)
    index = [corners @ inverse[:3, :3].T + inverse[:3, 3] for corners in points]
    spans = np.max([np.ptp(corners, axis=0) for corners in index], axis=0)
    axis = int(spans.argmin())
    if spans[axis] > FLAT:
        raise InputError(f"ROI '{name}' has contours that do not lie in the slices of the series", path,
                         REDRAW)
    lowest, highest = (pick([pick(corners, axis=0) for corners in index], axis=0)
                       for pick in (np.min, np.max))
    if (lowest < -0.5 - contours.TOUCH).any() or (
            highest > np.array(image.data.shape) - 0.5 + contours.TOUCH).any():
        raise InputError(f"ROI '{name}' lies outside of the image", path, REDRAW)
    slices: dict[int, list[np.ndarray]] = {}
    for corners in index:
        place = float(corners[:, axis].mean())
        if abs(place - round(place)) > OFF:
            raise InputError(f"ROI '{name}' has contours between the slices of the series", path,
                             REDRAW)
        slices.setdefault(round(place), []).append(np.delete(corners, axis, axis=1))
    mask = np.zeros(image.data.shape, bool)
    view = np.moveaxis(mask, axis, 0)
    for place, drawn in slices.items():
        inside = [np.clip(corners, -0.5, np.array(view.shape[1:]) - 0.5) for corners in drawn]
        view[place] = contours.filled(inside, view.shape[1:])
    return mask
