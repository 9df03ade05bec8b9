"""The series and masks of an own cohort as volumes: read, checked, and kept as they are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.cohort import dicom, identity, nrrd_file
from stages.cohort.own_table import Own, require_file
from stages.common import nifti
from stages.common.errors import InputError
from stages.common.manifest import LESION, LIVER
from stages.common.nifti import Volume


def read_series(path: Path, own: Own) -> tuple[Volume, str, dict[str, str]]:
    """Read a series of any kind.

    Returns
    -------
    volume : Volume
        Values as in the file (DICOM: HU).
    format : str
        ``dicom``, ``nifti`` or ``nrrd``.
    identity : dict
        The identifying values of its header, each with where it stands.

    Raises
    ------
    InputError
        If it is missing, of another kind, or cannot be used.
    """
    if path.is_dir():
        volume, headers = dicom.read(path, own.spacing_tolerance, own.padding_hu)
        return volume, "dicom", identity.of_dicom(headers)
    volume, kind = read_file(path)
    return volume, kind, identity.of_file(path)


def require_there(path: Path) -> None:
    """Refuse a path that is not there, or leads to something that is neither a file nor a folder.

    Raises
    ------
    InputError
        Naming it.
    """
    if not path.exists():
        raise InputError("no such file or folder", path, "correct the path in the table")
    require_file(path)


def read_file(path: Path) -> tuple[Volume, str]:
    """Read a NIfTI or NRRD file; return it and its kind.

    Raises
    ------
    InputError
        If it is missing, of another kind, or cannot be used.
    """
    name = path.name.lower()
    require_there(path)
    if name.endswith((".nii", ".nii.gz")):
        return nifti.read(path), "nifti"
    if name.endswith(".nrrd"):
        return nrrd_file.read(path), "nrrd"
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


def labels(path: Path, image: Volume, image_path: Path, own: Own) -> Volume:
    """Read a mask in the axes of its image as uint8: 0 background, 1 liver, 2 lesion.

    Raises
    ------
    InputError
        If it cannot be used, lies on another grid or holds an unknown label.
    """
    try:
        mask = nifti.like(read_file(path)[0], image)
    except ValueError:
        raise InputError(f"lies on another grid than {image_path}", path,
                         "resample the mask onto its image's grid") from None
    known = (0, *own.liver_labels, *own.lesion_labels)
    other = np.setdiff1d(np.unique(mask.data), known)
    if len(other):
        raise InputError(f"holds the label {other[0]:g} (known: {', '.join(map(str, known))})",
                         path, "correct the mask, or own.liver_labels and own.lesion_labels in "
                         "params/own.yaml")
    result = np.where(np.isin(mask.data, own.liver_labels), LIVER, 0)
    result[np.isin(mask.data, own.lesion_labels)] = LESION
    return Volume(result.astype(np.uint8), image.affine, image.header)


def require_lesions(masks: list[Path], own: Own, source: Path) -> None:
    """Refuse a cohort whose masks mark liver and nowhere a lesion: lesions are called liver there.

    Masks are read until one holds a lesion, as most do. Single masks without one are series
    without lesions.

    Raises
    ------
    InputError
        Naming the labels that would be the liver's.
    """
    liver = set()
    for path in masks:
        found = np.unique(read_file(path)[0].data)
        if np.isin(found, own.lesion_labels).any():
            return
        liver |= set(own.liver_labels) & set(found.tolist())
    if liver:
        held = ", ".join(map(str, sorted(liver)))
        raise InputError(
            f"no mask holds a lesion (own.lesion_labels: {list(own.lesion_labels)}); masks hold only "
            f"label {held}, which own.liver_labels names", source,
            f"if that is the lesion set own.lesion_labels: [{held}] and own.liver_labels: [] in "
            "params/own.yaml; if it is the liver, leave the masks out")
