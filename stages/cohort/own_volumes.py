"""The series of an own cohort as volumes: read, checked, and kept as they are stored."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.cohort import dicom, identity, nrrd_file, unpacked
from stages.cohort.dicom_files import UID
from stages.cohort.own_table import Own, require_file
from stages.common import nifti
from stages.common.errors import InputError
from stages.common.nifti import Volume

KINDS = {".nii": "nifti", ".nii.gz": "nifti", ".nrrd": "nrrd"}


class Series(NamedTuple):
    """A series as it was read.

    Attributes
    ----------
    volume : Volume
        Values as in the file (DICOM: HU).
    format : str
        ``dicom``, ``nifti`` or ``nrrd``.
    identity : dict
        The identifying values of its header, each with where it stands.
    frame, uid : str
        FrameOfReferenceUID and SeriesInstanceUID of a DICOM series, else "".
    """

    volume: Volume
    format: str
    identity: dict[str, str]
    frame: str = ""
    uid: str = ""


def read_series(path: Path, own: Own, uid: str = "") -> Series:
    """Read a series of any kind; of a folder with several, the one with the SeriesInstanceUID.

    Raises
    ------
    InputError
        If it is missing, of another kind, or cannot be used.
    """
    if path.is_dir():
        volume, headers = dicom.read(path, own.spacing_tolerance, own.padding_hu, uid)
        frame, known = (str(headers[0].get(name, "")) for name in ("FrameOfReferenceUID", UID))
        return Series(volume, "dicom", identity.of_dicom(headers), frame, known)
    volume, kind = read_file(path)
    return Series(volume, kind, identity.of_file(path))


def kind_of(path: Path) -> str | None:
    """Return ``nifti`` or ``nrrd`` by the name of a file, else None."""
    return next((KINDS[ending] for ending in KINDS if path.name.lower().endswith(ending)), None)


def read_file(path: Path) -> tuple[Volume, str]:
    """Read a NIfTI or NRRD file; return it and its kind.

    Raises
    ------
    InputError
        If it is missing, of another kind, or cannot be used.
    """
    if not path.exists():
        raise InputError("no such file or folder", path, "correct the path in the table")
    require_file(path)
    kind = kind_of(path)
    if kind == "nifti":
        unpacked.require_bounded(path)
        return nifti.read(path), kind
    if kind:
        return nrrd_file.read(path), kind
    raise InputError("is not a file type that is read", path,
                     "give .nii, .nii.gz or .nrrd, or a folder of DICOM files")


def hounsfield(volume: Volume, padding_hu: float, path: Path) -> tuple[Volume, int]:
    """Replace what is not finite; axes, place and type of the voxels stay those of the file.

    Features depend on all three: PyRadiomics' grid begins at the first voxel, and it resamples
    whole numbers to whole numbers.

    Returns
    -------
    volume : Volume
    not_finite : int
        Voxels that were NaN or infinite and are ``padding_hu`` now.

    Raises
    ------
    InputError
        If it is a single slice, or nothing in it is finite.
    """
    if min(volume.data.shape) < 2:
        raise InputError(f"has the shape {volume.data.shape}: a single slice", path,
                         "leave the series out; a volume is needed")
    data = volume.data
    finite = np.isfinite(data)
    lost = int(finite.size - np.count_nonzero(finite))
    if lost == finite.size:
        raise InputError("has no finite voxel", path, "export it again")
    if lost:
        data = data.copy()
        data[~finite] = padding_hu
    return Volume(data, volume.affine, volume.header), lost
