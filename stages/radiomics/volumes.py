"""Read a series and its lesion mask, and refuse what would give a wrong number silently."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from stages.common.errors import InputError
from stages.common.manifest import LESION
from stages.common.nifti_geometry import RIGHT_ANGLE
from stages.radiomics import headers
from stages.radiomics.parameters import Radiomics

# Two headers that were written by two programs differ by rounding, not by more.
SAME_GRID = 1e-3
SAME = "make the mask on the grid of the series"


def read_pair(image: str | Path, mask: str | Path,
              settings: Radiomics) -> tuple[sitk.Image, sitk.Image]:
    """Read a series and its lesions.

    Parameters
    ----------
    image, mask : path
        NIfTI or NRRD files.
    settings : Radiomics
        Names the label of lesions and other labels that a mask may hold.

    Returns
    -------
    series : Image
        HU, in the file's pixel type.
    lesions : Image
        8-bit, 1 where the mask has the lesion label, else 0; on the grid of the series.

    Raises
    ------
    InputError
        Naming the file that cannot be used, and why.
    """
    # The reader takes twice the memory of a volume for a moment: the larger one first.
    series = read_series(image)
    lesions = read_mask(mask, settings)
    _check_same_grid(series, lesions, image, mask)
    lesions.CopyInformation(series)
    _check_padding(series, sitk.GetArrayViewFromImage(lesions), image, settings.padding_below)
    return series, lesions


def read_labels(image: str | Path, mask: str | Path, settings: Radiomics,
                lesion: int = LESION) -> tuple[sitk.Image, np.ndarray]:
    """Read a series and the labels of its mask, shape (z, y, x), one of which is the ``lesion``'s.

    Of ``settings`` only what is padding matters (see `read_pair`).
    """
    series, labels = read_series(image), _read(mask)
    _check_same_grid(series, labels, image, mask)
    found = sitk.GetArrayFromImage(labels)
    _check_padding(series, found == lesion, image, settings.padding_below)
    return series, found


def read_series(path: str | Path) -> sitk.Image:
    """Read a series (see `read_pair`)."""
    series = _read(path)
    values = sitk.GetArrayViewFromImage(series)
    if values.dtype.kind == "f":
        finite = [bool(np.isfinite(plane.min()) and np.isfinite(plane.max())) for plane in values]
        if not all(finite):
            raise headers.not_finite(Path(path), f"slice {finite.index(False)}")
    return series


def read_mask(path: str | Path, settings: Radiomics) -> sitk.Image:
    """Read a mask (see `read_pair`); it may be empty."""
    mask = _read(path)
    return marked(sitk.GetArrayViewFromImage(mask), mask, path, settings)


def marked(labels: np.ndarray, grid: sitk.Image, path: str | Path, settings: Radiomics) -> sitk.Image:
    """Return the lesions (see `read_pair`) of a mask's labels (z, y, x) on a grid.

    Raises
    ------
    InputError
        If there is a label that ``settings`` do not name.
    """
    known = (0, settings.label, *settings.other_labels)
    for plane in labels:
        if sum(int(np.count_nonzero(plane == label)) for label in known) != plane.size:
            found = np.setdiff1d(plane, known)[:3].tolist()
            raise InputError(
                f"has the unknown label {', '.join(format(value, 'g') for value in found)} (known: "
                f"{', '.join(map(str, known))})", path,
                "say which label is the lesion (--label) and which are not (--other-labels); in "
                "the masks of this package 2 is the lesion and 1 the liver")
    # Not by SimpleITK, for which 256 is 0 in a mask of bytes.
    lesions = sitk.GetImageFromArray((labels == settings.label).astype(np.uint8))
    lesions.CopyInformation(grid)
    return lesions


def _read(path: str | Path) -> sitk.Image:
    affine = headers.check(path)
    try:
        volume = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(f"cannot be read ({_reason(error)})", path,
                         "copy or export it again") from None
    while volume.GetDimension() > 3 and volume.GetSize()[-1] == 1:
        volume = volume[(slice(None),) * (volume.GetDimension() - 1) + (0,)]
    if volume.GetDimension() != 3 or volume.GetNumberOfComponentsPerPixel() != 1:
        raise InputError(f"is no single volume of numbers (size {volume.GetSize()}, "
                         f"{volume.GetPixelIDTypeAsString()})", path, "export one 3-D series")
    if affine is not None:
        _place_exactly(volume, affine)
    if min(volume.GetSize()) < 2:
        raise InputError(f"has one slice only (size {volume.GetSize()})", path,
                         "use a series of two slices or more")
    direction = np.array(volume.GetDirection()).reshape(3, 3)
    if np.abs(direction.T @ direction - np.eye(3)).max() > RIGHT_ANGLE:
        raise InputError("its axes are not at right angles", path,
                         "resample it onto a rectangular grid (a tilted gantry, perhaps)")
    return volume


def _place_exactly(volume: sitk.Image, affine: np.ndarray) -> None:
    """Take spacing, origin and axes from an affine (RAS) in double precision."""
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    spacing = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    volume.SetSpacing(spacing.tolist())
    volume.SetDirection((affine[:3, :3] / spacing).ravel().tolist())
    volume.SetOrigin(affine[:3, 3].tolist())


def _reason(error: RuntimeError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else "no reason given").replace("ITK ERROR: ", "")[:200]


def _check_same_grid(series, mask, image_path, mask_path) -> None:
    if series.GetSize() != mask.GetSize():
        raise InputError(f"its size {mask.GetSize()} is not that of the series {image_path}, "
                         f"{series.GetSize()}", mask_path, SAME)
    point = sitk.Image.TransformContinuousIndexToPhysicalPoint
    corners = [[float(index * (n - 1)) for index, n in zip(corner, series.GetSize())]
               for corner in np.ndindex(2, 2, 2)]
    apart = max(np.linalg.norm(np.subtract(point(series, corner), point(mask, corner)))
                for corner in corners)
    if apart > SAME_GRID * min(series.GetSpacing()):
        raise InputError(f"lies elsewhere than the series {image_path} (up to {apart:.3g} mm "
                         "apart)", mask_path, SAME)


def _check_padding(series, lesions: np.ndarray, path, below: float) -> None:
    count = 0
    for plane, lesion in zip(sitk.GetArrayViewFromImage(series), lesions):
        if lesion.any():
            count += int(np.count_nonzero(plane[lesion != 0] < below))
    if count:
        raise InputError(f"{count} lesion voxels lie in padding (below {below:g} HU)", path,
                         "correct the mask, or the rescale slope and intercept of the series")
