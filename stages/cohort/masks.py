"""Masks as groups have them, on the grid of their series: 0 background, 1 liver, 2 lesion.

NIfTI and NRRD files, DICOM SEG, RTSTRUCT, and folders with the slices of a DICOM mask. Where lesion
and liver overlap, it is lesion.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stages.cohort import dicom, dicom_files, identity, own_volumes, rtstruct, segments
from stages.cohort.named import Named, matching
from stages.cohort.own_table import Own, ignored
from stages.common import nifti, nifti_header
from stages.common.errors import InputError
from stages.common.manifest import LESION, LIVER
from stages.common.nifti import Volume

# The table of labels in a NIfTI file of TotalSegmentator (a CIFTI extension's).
LABEL = re.compile(r'<Label Key="(\d+)"[^>]*><!\[CDATA\[(.*?)\]\]>')
# A liver is larger than this, lesions alone are smaller. Source: liver volume of adults, 1 to 2.5 L.
SMALLEST_LIVER_ML = 600.0


@dataclass(frozen=True)
class Target:
    """The series that a mask is for.

    Attributes
    ----------
    path : Path
        For error messages, and the folder that may hold the mask too.
    image : Volume
    frame, uid : str
        FrameOfReferenceUID and SeriesInstanceUID; "" where it is no DICOM series.
    """

    path: Path
    image: Volume
    frame: str = ""
    uid: str = ""


def read(path: Path, named: Named, target: Target, own: Own) -> tuple[Volume, dict[str, str]]:
    """Read a mask of any kind.

    Parameters
    ----------
    path : Path
        A file, or a folder: of a DICOM mask's slices, or one that holds SEG or RTSTRUCT.
    named : Named
        Names or labels of lesion and liver; empty: the labels of ``own``.
    target : Target
        The series.
    own : Own
        Labels, and the tolerance for slices.

    Returns
    -------
    mask : Volume
        uint8, in the axes of the series.
    identity : dict
        The identifying values of its header, each with where it stands.

    Raises
    ------
    InputError
        If it cannot be used, lies on another grid or elsewhere, or holds an unknown label.
    """
    if own_volumes.kind_of(path) or not path.exists():
        stored, _ = own_volumes.read_file(path)
        parts = _labelled(stored, path, named, target, own)
        found = identity_of(path)
    else:
        parts, found = _of_dicom(path, named, target, own)
    lesion, liver = parts
    data = np.where(liver, np.uint8(LIVER), np.uint8(0))
    data[lesion] = LESION
    return Volume(data, target.image.affine, target.image.header), found


def _of_dicom(path: Path, named: Named, target: Target, own: Own):
    files = dicom_files.listed(path)
    objects = dicom_files.objects(files, target.uid)
    if path.is_dir() and path != target.path and not objects:
        slices = dicom_files.series(files, path)
        stored, headers = dicom.read_labels(slices, path, own.spacing_tolerance)
        where = str(headers[0].get("FrameOfReferenceUID", ""))
        if target.frame and where and where != target.frame:
            raise InputError("lies in another frame of reference than the series", path,
                             "name the mask of this series")
        return _labelled(stored, path, named, target, own), identity.of_dicom(headers)
    if len(objects) != 1:
        what = f"holds {len(objects)} segmentations and structure sets" if objects else (
            "holds no segmentation (SEG) and no structure set (RTSTRUCT)")
        raise InputError(what, path, "name the file of the mask in the column mask")
    (file, header), = objects
    found = identity.of_dicom([header])
    if header.Modality == dicom_files.SEG:
        return segments.read(file, named, target.image, target.path, target.frame), found
    return rtstruct.read(header, file, named, target.image, target.frame), found


def identity_of(path: Path) -> dict[str, str]:
    """Return the identifying values of the headers of a series or mask (see `identity`).

    The names that a file gives to its labels identify nobody.
    """
    if not own_volumes.kind_of(path):
        return identity.of_dicom([header for _, header in dicom_files.listed(path)])
    found = identity.of_file(path)
    organs = identity.of_texts(labels_in(path).values(), "") if found else {}
    return {word: where for word, where in found.items() if word not in organs}


def labels_in(path: Path) -> dict[int, str]:
    """Return the names of labels that a NIfTI file says itself, as those of TotalSegmentator do."""
    if own_volumes.kind_of(path) != "nifti" or not path.is_file():
        return {}
    return {int(key): name for text in nifti_header.texts(path) for key, name in LABEL.findall(text)}


def _labelled(stored: Volume, path: Path, named: Named, target: Target,
              own: Own) -> tuple[np.ndarray, np.ndarray]:
    """Return the voxels of lesion and liver of a mask whose values are labels."""
    try:
        mask = nifti.like(stored, target.image)
    except ValueError:
        raise InputError(f"lies on another grid than {target.path}", path,
                         "resample the mask onto its image's grid") from None
    if named:
        return tuple(np.isin(mask.data, _numbers(patterns, path))
                     for patterns in (named.lesion, named.liver))
    known = (0, *own.liver_labels, *own.lesion_labels)
    other = np.setdiff1d(np.unique(mask.data), [*known, *ignored(own)])
    if len(other):
        raise InputError(f"holds the label {other[0]:g} (known: {', '.join(map(str, known))})",
                         path, "correct the mask, or own.liver_labels, own.lesion_labels and "
                         "own.ignore_labels in params/own.yaml")
    return np.isin(mask.data, own.lesion_labels), np.isin(mask.data, own.liver_labels)


def _numbers(patterns: tuple[str, ...], path: Path) -> list[int]:
    numbers = [int(pattern) for pattern in patterns if pattern.isdecimal()]
    words = tuple(pattern for pattern in patterns if not pattern.isdecimal())
    if not words:
        return numbers
    names = labels_in(path)
    if not names:
        raise InputError(f"does not name its labels, so that '{words[0]}' says nothing", path,
                         "give the number of the label (TotalSegmentator's liver is 5)")
    return numbers + matching(words, names, "label", path)


def require_tissue(mask: Volume, image: Volume, above: float, path: Path) -> None:
    """Refuse lesions that reach into what is no tissue.

    Raises
    ------
    InputError
        With the number of voxels below ``above`` (HU).
    """
    count = int(np.count_nonzero(image.data[mask.data == LESION] < above))
    if count:
        raise InputError(f"{count} lesion voxels lie in padding (below {above:g} HU)", path,
                         "correct the mask, or the rescale slope and intercept of the series")


def lesions_only(paths: list[Path], own: Own, source: Path) -> Own:
    """Understand a cohort whose masks hold the liver's label and nowhere a lesion's.

    Most programs mark a lesion with 1. Masks are read until one holds a lesion, as most do. Single
    masks without one are series without lesions.

    Parameters
    ----------
    paths : list of Path
        Masks whose values are labels. Those that cannot be read are left to `read`.
    own : Own
        What labels mean.
    source : Path
        The table, for messages.

    Returns
    -------
    Own
        As given, or with the liver's labels for lesions, which is said on standard error.

    Raises
    ------
    InputError
        If what has the label is as large as a liver.
    """
    liver, largest, where = set(), 0.0, None
    for path in paths:
        try:
            mask = own_volumes.read_file(path)[0]
        except InputError:
            continue
        found = np.unique(mask.data)
        if np.isin(found, own.lesion_labels).any():
            return own
        held = set(own.liver_labels) & set(found.tolist())
        liver |= held
        volume = float(np.isin(mask.data, list(held)).sum() * mask.spacing.prod() / 1000)
        if volume > largest:
            largest, where = volume, path
    if not liver:
        return own
    held = ", ".join(map(str, sorted(liver)))
    if largest > SMALLEST_LIVER_ML:
        raise InputError(
            f"no mask holds a lesion (own.lesion_labels: {list(own.lesion_labels)}); masks hold only "
            f"label {held}, which own.liver_labels names, and as much as a liver ({largest:.0f} mL in "
            f"{where.name})", source,
            f"if that is the lesion set own.lesion_labels: [{held}] and own.liver_labels: [] in "
            "params/own.yaml; if it is the liver, leave the masks out")
    print(f"{source}: no mask holds {', '.join(map(str, own.lesion_labels))}; what is marked with "
          f"{held} (at most {largest:.1f} mL in a mask) is taken for lesions, not for liver",
          file=sys.stderr)
    return replace(own, lesion_labels=tuple(sorted(liver)), liver_labels=())
