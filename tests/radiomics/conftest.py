"""Small synthetic series and masks, and where real ones are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from stages.radiomics.parameters import Radiomics

ROOT = Path(__file__).resolve().parents[2]
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@pytest.fixture(scope="session", autouse=True)
def quiet_pyradiomics():
    """Do as the stage does before it computes."""
    from stages.radiomics.extract import _prepare

    _prepare()


@pytest.fixture(scope="session")
def settings():
    """The settings of the released table."""
    return Radiomics(spacing=(1, 1, 1), label=1, other_labels=(), padding_below=-1024.0,
                     method="fast", lesion_count={"as-released": "components-and-background"})


def volume(array: np.ndarray, spacing=(0.8, 0.8, 2.5), direction=IDENTITY,
           origin=(-123.4, 55.1, -700.3)) -> sitk.Image:
    """Return an image of an array (z, y, x)."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetDirection(direction)
    image.SetOrigin(origin)
    return image


def phantom(seed: int, shape=(24, 48, 52), kind=np.int16, share: float = 0.05,
            **geometry) -> tuple[sitk.Image, sitk.Image]:
    """Return noise with plateaus, and blobs as lesions; both touch the border."""
    random = np.random.default_rng(seed)
    values = ndimage.gaussian_filter(random.normal(size=shape), 1) * 150 + 40
    values[: shape[0] // 4] = -1000
    if np.dtype(kind).kind == "u":
        values += 1024
    field = ndimage.gaussian_filter(random.normal(size=shape), 2)
    lesions = (field > np.quantile(field, 1 - share)).astype(np.uint8)
    return volume(values.astype(kind), **geometry), volume(lesions, **geometry)


def write(folder: Path, pair, image="image.nii.gz", mask="mask.nii.gz") -> tuple[Path, Path]:
    """Write a series and its mask."""
    paths = folder / image, folder / mask
    for item, path in zip(pair, paths):
        sitk.WriteImage(item, str(path), True)
    return paths


def mirror(*parts: str) -> Path:
    """Return a file of the mirror of real data, or skip."""
    path = Path(os.environ.get("DATA_MIRROR", ROOT.parent / "shared" / "data"), *parts)
    if not path.exists():
        pytest.skip(f"no {'/'.join(parts)} in the mirror of real data (DATA_MIRROR)")
    return path
