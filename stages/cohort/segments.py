"""Segmentations (DICOM SEG): the voxels of segments by name, read by highdicom."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.cohort import dicom_files
from stages.cohort.named import Named, listed, matching
from stages.common.errors import InputError
from stages.common.nifti import Volume

# DICOM's axes run to the left, back and top.
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
# Axes of two grids that are the same differ by rounding; a slice may lie a little off its place.
SAME_AXES, OFF = 1e-2, 0.25
EXPORT = "export the segmentation again"


def read(path: Path, named: Named, image: Volume, image_path: Path,
         frame: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the voxels of lesions and of liver.

    Parameters
    ----------
    path : Path
        The segmentation.
    named : Named
        Labels of the segments.
    image : Volume
        The series, shape (x, y, z).
    image_path : Path
        For error messages.
    frame : str
        Its FrameOfReferenceUID, "" where it has none (a NIfTI or NRRD file).

    Returns
    -------
    lesion, liver : ndarray of bool, shape (x, y, z)
        A lesion may lie in the liver's segment.

    Raises
    ------
    InputError
        If a segment is not there, frames are missing, numbers do not tell segments apart, segments of
        lesions overlap, or they lie in another frame of reference, on another grid or outside of the
        image.
    """
    with dicom_files.quiet():
        return _parts(path, named, image, image_path, frame)


def _parts(path, named, image, image_path, frame) -> tuple[np.ndarray, np.ndarray]:
    file, names = _opened(path)
    if not named:
        raise InputError(f"says not by itself which segment is the lesion (it has: "
                         f"{listed(names.values())})", path, "name it in the column lesion")
    where = str(file.get("FrameOfReferenceUID", ""))
    if frame and where and where != frame:
        raise InputError("lies in another frame of reference than the series", path,
                         "name the segmentation of this series")
    parts = []
    for patterns in (named.lesion, named.liver):
        numbers = matching(patterns, names, "segment", path)
        masks = [_segment(file, number, path, image, image_path) for number in numbers]
        total = sum(masks, np.zeros(image.data.shape, np.uint8))
        twice = int((total > 1).sum())
        if patterns == named.lesion and twice:
            raise InputError(f"its segments of lesions overlap in {twice} voxels", path,
                             "name each lesion once in the column lesion, or correct the segments")
        parts.append(total > 0)
    return parts[0], parts[1]


def _opened(path: Path):
    """Return a segmentation, and the labels of its segments by their numbers."""
    from highdicom.seg import segread  # a second to import, for those who have such masks

    try:
        file = segread(path)
        frames, described = int(file.NumberOfFrames), len(file.PerFrameFunctionalGroupsSequence)
        # highdicom takes the smaller number without a word.
        bits = int(file.BitsAllocated) * int(file.Rows) * int(file.Columns)
        packed = file.file_meta.TransferSyntaxUID.is_compressed
        stored = len(file.get("PixelData", b""))
        held = frames if packed else stored * 8 // bits
        needed = -(-frames * bits // 8)
        known = [(int(one.SegmentNumber), str(one.SegmentLabel)) for one in file.SegmentSequence]
        shown = _segments_of_frames(file)
    except Exception as error:  # what highdicom raises for a damaged file is not documented
        raise InputError(f"cannot be read as DICOM SEG ({_reason(error)})", path, EXPORT) from None
    if not frames == described <= held:
        raise InputError(f"has missing frames ({frames} announced, {described} described, {held} "
                         "stored)", path, EXPORT)
    # A byte more makes their number even.
    if not packed and stored > needed + needed % 2:
        raise InputError(f"holds {stored} bytes of pixels, and its rows, columns and frames make "
                         f"{needed}", path, EXPORT)
    names = dict(known)
    if len(names) < len(known):
        raise InputError("has two segments with one number", path, EXPORT)
    if foreign := sorted(shown - set(names)):
        raise InputError(f"has frames of a segment {foreign[0]}, which it does not name", path, EXPORT)
    return file, names


def _segments_of_frames(file) -> set[int]:
    """Return the numbers of the segments that frames belong to."""
    groups = [*file.PerFrameFunctionalGroupsSequence,
              *(file.get("SharedFunctionalGroupsSequence") or ())]
    return {int(one.ReferencedSegmentNumber) for group in groups
            for one in group.get("SegmentIdentificationSequence") or ()}


def _segment(file, number: int, path: Path, image: Volume, image_path: Path) -> np.ndarray:
    """Return the voxels of a segment on the grid of the image, uint8."""
    try:
        found = file.get_volume(segment_numbers=[number])
    except Exception as error:  # as above
        raise InputError(f"is no volume of even slices ({_reason(error)})", path, EXPORT) from None
    inside = found.array[..., 0] >= 0.5
    # From its own indices (slice, row, column) to those of the image.
    step = np.linalg.inv(image.affine) @ LPS_TO_RAS @ found.affine
    if inside.shape[0] == 1:
        # The distance to a next slice, which there is not.
        across = np.cross(step[:3, 1], step[:3, 2])
        step[:3, 0] = across / max(np.linalg.norm(across), 1e-9)
    turned = np.rint(step[:3, :3])
    if (np.abs(step[:3, :3] - turned).max() > SAME_AXES
            or not np.array_equal(np.abs(turned) @ np.abs(turned).T, np.eye(3))):
        raise InputError(f"lies on another grid than {image_path}", path,
                         "export it on the grid of its series")
    voxels = np.argwhere(inside)
    exact = voxels @ step[:3, :3].T + step[:3, 3]
    place = np.rint(exact).astype(int)
    if len(exact) and np.abs(exact - place).max() > OFF:
        raise InputError(f"lies between the slices of {image_path}", path,
                         "export it on the grid of its series")
    if ((place < 0) | (place >= image.data.shape)).any():
        raise InputError(f"a segment lies outside of the image {image_path}", path,
                         "name the segmentation of this series")
    mask = np.zeros(image.data.shape, np.uint8)
    mask[tuple(place.T)] = 1
    return mask


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
