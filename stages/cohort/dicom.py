"""One CT series from a folder of DICOM files, placed by the real positions of its slices.

Positions are ImagePositionPatient along the normal of ImageOrientationPatient; SliceThickness and
InstanceNumber are not looked at. Source of the geometry: DICOM PS3.3, C.7.6.2 (Image Plane).
highdicom would sort the slices too, but each refusal here says what is wrong, and needs the sorting.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom

from stages.cohort import dicom_files
from stages.cohort.dicom_files import EXPORT
from stages.common.errors import InputError
from stages.common.nifti import Volume

# Cosines are written with six digits or so; positions and pixel sizes with less than 1e-3 mm lost.
PARALLEL = 1e-3
SAME_MM = 1e-2
# DICOM's axes run to the left, back and top; the house's to the right, front and top.
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
# What a slice must say, and how many numbers each is.
NEEDED = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2, "Rows": 1,
          "Columns": 1, "RescaleSlope": 1, "RescaleIntercept": 1}
# What the slices of a series have in common. Their values are not told: they may name a patient.
SAME = ("Rows", "Columns", "PatientID", "FrameOfReferenceUID")
SCALED = ("RescaleSlope", "RescaleIntercept")
PLACED = tuple(name for name in NEEDED if name not in SCALED)


def read(folder: Path, tolerance: float, padding_hu: float,
         uid: str = "") -> tuple[Volume, list]:
    """Read one CT series of a folder.

    Parameters
    ----------
    folder : Path
        Holds the series, in folders of its own too; other files than DICOM images are left alone.
    tolerance : float
        Share of the slice distance by which a slice may lie off its place.
    padding_hu : float
        What padding (PixelPaddingValue) becomes where it would look like tissue.
    uid : str
        SeriesInstanceUID of the series, where the folder holds several.

    Returns
    -------
    volume : Volume
        HU, shape (columns, rows, slices), slices in the order of their positions along the normal,
        as ITK reads a series. int16 or int32; float64 where slope or intercept are not whole numbers.
    headers : list of Dataset
        Of every slice, without pixels, in the order of the slices.

    Raises
    ------
    InputError
        Naming the folder or file: no DICOM, two series, no CT, a missing, doubled, tilted or
        unevenly spaced slice, a slice of another size, or pixels that cannot be read.
    """
    files = dicom_files.series(dicom_files.listed(folder), folder, uid)
    for path, header in files:
        if header.get("Modality") != "CT":
            raise InputError(f"is no CT (Modality is '{header.get('Modality', '')}')", path,
                             "leave the series out")
        _require_usable(header, path, (*PLACED, *SCALED))
    return _stacked(files, folder, tolerance, lambda path: _plane(path, padding_hu))


def read_labels(files, folder: Path, tolerance: float) -> tuple[Volume, list]:
    """Read a mask that was written as the slices of one DICOM series: stored values are labels.

    Parameters
    ----------
    files : list of (Path, Dataset)
        The slices.
    folder, tolerance
        As `read`.

    Returns
    -------
    volume, headers
        As `read`; whole numbers.

    Raises
    ------
    InputError
        As `read`.
    """
    for path, header in files:
        _require_usable(header, path, PLACED)
    return _stacked(files, folder, tolerance, lambda path: _pixels(path)[1].T)


def _stacked(files, folder, tolerance, plane):
    slices = _ordered(files, folder)
    affine = _affine([header for _, header in slices], folder, tolerance)
    planes = [plane(path) for path, _ in slices]
    return Volume(np.stack(planes, axis=-1), affine), [header for _, header in slices]


def _require_usable(header, path, names) -> None:
    if int(header.get("NumberOfFrames") or 1) > 1:
        raise InputError("holds several frames", path,
                         "convert the series to single-frame DICOM, NIfTI or NRRD")
    for name in names:
        count = NEEDED[name]
        if header.get(name) in (None, ""):
            raise InputError(f"lacks {name}", path, EXPORT)
        try:
            usable = np.isfinite(_vector(header, name)).sum() == count
        except ValueError:
            usable = False
        # A slope of 0 makes every voxel the same.
        if not usable or name == "RescaleSlope" and not _vector(header, name)[0]:
            raise InputError(f"has no usable {name}", path, EXPORT)
    if _vector(header, "PixelSpacing").min() <= 0:
        raise InputError("has no usable PixelSpacing", path, EXPORT)


def _vector(header, name) -> np.ndarray:
    value = header[name].value
    return np.array([float(part) for part in (value if header[name].VM > 1 else [value])])


def _normal(header) -> np.ndarray:
    orientation = _vector(header, "ImageOrientationPatient")
    return np.cross(orientation[:3], orientation[3:])


def _ordered(files, folder):
    """Sort by position along the normal; refuse slices that do not belong to one stack."""
    path, first = files[0]
    if len(files) < 2:
        raise InputError("holds a single slice", folder, "a series of two slices or more is needed")
    for path, header in files:
        for name in SAME:
            if str(header.get(name, "")) != str(first.get(name, "")):
                raise InputError(f"has another {name} than its series", path, EXPORT)
        for name, allowed in (("PixelSpacing", SAME_MM), ("ImageOrientationPatient", PARALLEL)):
            if np.abs(_vector(header, name) - _vector(first, name)).max() > allowed:
                raise InputError(f"has another {name} than its series", path,
                                 "take localizers and reformatted slices out of the folder")
    normal = _normal(first)
    return sorted(files, key=lambda item: float(_vector(item[1], "ImagePositionPatient") @ normal))


def _affine(headers, folder: Path, tolerance: float) -> np.ndarray:
    """Return the map from voxel indices to RAS mm of an ordered stack."""
    first = headers[0]
    along_row, along_column = np.split(_vector(first, "ImageOrientationPatient"), 2)
    _require_right_angles(along_row, along_column, folder)
    positions = np.array([_vector(header, "ImagePositionPatient") for header in headers])
    normal = np.cross(along_row, along_column)
    places = (positions - positions[0]) @ normal
    step = _step(places, tolerance, folder)
    drift = (positions - positions[0]) - places[:, None] * normal
    _require_straight(drift, places, folder)
    affine = np.eye(4)
    rows, columns = _vector(first, "PixelSpacing")
    affine[:3, :3] = np.column_stack([along_row * columns, along_column * rows, normal * step])
    affine[:3, 3] = positions[0]
    return LPS_TO_RAS @ affine


def _require_right_angles(along_row, along_column, folder) -> None:
    off = max(abs(np.linalg.norm(along_row) - 1), abs(np.linalg.norm(along_column) - 1),
              abs(along_row @ along_column))
    if off > PARALLEL:
        raise InputError("its rows and columns are not at right angles (ImageOrientationPatient)",
                         folder, EXPORT)


def _step(places, tolerance: float, folder) -> float:
    """Return the slice distance of sorted places, mm."""
    gaps = np.diff(places)
    usual = float(np.median(gaps))
    doubled = int(np.count_nonzero(gaps < SAME_MM))
    if doubled:
        raise InputError(f"has {doubled + 1} slices at the same position" if doubled == 1 else
                         f"has slices at the same position {doubled} times", folder,
                         "remove the copies, or split the folder by acquisition")
    wide = gaps > (1 + 0.5) * usual
    if wide.any():
        lacking = int(np.rint(gaps[wide] / usual - 1).sum())
        where = int(np.argmax(wide))
        raise InputError(f"lacks {max(lacking, 1)} slice(s), the first after slice {where + 1} "
                         f"({gaps[where]:.2f} mm instead of {usual:.2f} mm)", folder, EXPORT)
    step = float(places[-1] / (len(places) - 1))
    off = float(np.abs(places - step * np.arange(len(places))).max())
    if off > tolerance * step:
        raise InputError(f"its slices are unevenly spaced (up to {off:.2f} mm off their place at "
                         f"{step:.2f} mm)", folder, "resample it onto even distances, or raise "
                         "own.spacing_tolerance in params/own.yaml")
    return step


def _require_straight(drift, places, folder) -> None:
    if np.abs(drift).max() > SAME_MM:
        angle = np.degrees(np.arctan2(np.linalg.norm(drift[-1]), places[-1]))
        raise InputError(f"its slices are shifted against each other (a gantry tilted by "
                         f"{angle:.1f} degrees, perhaps)", folder,
                         "resample it onto a rectangular grid")


def _plane(path: Path, padding_hu: float) -> np.ndarray:
    """Return the HU of a slice, shape (columns, rows)."""
    dataset, stored = _pixels(path)
    hu = stored * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    padded = _padded(dataset, stored)
    # Padding at or below air is recognised by later stages as it is.
    hu[padded & (hu > -1024)] = padding_hu
    if any(float(value) % 1 for value in (dataset.RescaleSlope, dataset.RescaleIntercept)):
        return hu.T
    # A fine series in double precision would not fit in memory.
    return hu.T.astype(np.int16 if hu.min() >= -32768 and hu.max() <= 32767 else np.int32)


def _pixels(path: Path) -> tuple[pydicom.Dataset, np.ndarray]:
    """Return a slice and its stored values, shape (rows, columns)."""
    try:
        with dicom_files.quiet():
            dataset = pydicom.dcmread(path)
            stored = dataset.pixel_array
    except dicom_files.UNREADABLE as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise InputError(f"its pixels cannot be read ({reason})", path, EXPORT) from None
    if stored.ndim != 2 or dataset.get("PhotometricInterpretation") != "MONOCHROME2":
        raise InputError("is no grey-scale slice (MONOCHROME2)", path, EXPORT)
    return dataset, stored


def _padded(dataset, stored) -> np.ndarray:
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, bool)
    limit = dataset.get("PixelPaddingRangeLimit")
    ends = [_as_stored(end, stored.dtype) for end in (value, value if limit is None else limit)]
    return (stored >= min(ends)) & (stored <= max(ends))


def _as_stored(value, kind) -> int:
    """Read a padding value, whose VR may be the other one of US and SS, in the pixels' type."""
    bits = 8 * kind.itemsize
    wrapped = int(value) % (1 << bits)
    return wrapped - (1 << bits) if kind.kind == "i" and wrapped >= 1 << (bits - 1) else wrapped
