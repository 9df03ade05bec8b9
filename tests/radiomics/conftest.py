"""Small synthetic series and masks, and where real ones are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from scipy import ndimage

from stages.radiomics import extract, table
from stages.radiomics.parameters import Radiomics

ROOT = Path(__file__).resolve().parents[2]
SERIES = ("AIR-001_a.nii.gz", "AIR-001_b.nii.gz", "AIR-002_a.nii.gz", "AIR-003_a.nii.gz")
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


@pytest.fixture
def cohort(tmp_path):
    """Four series: two of one patient, one without a lesion, one with a single voxel."""
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for seed, name in enumerate(SERIES):
        image, mask = phantom(seed, shape=(8, 24, 26))
        array = sitk.GetArrayFromImage(mask)
        if seed >= 2:
            array[:] = 0
            array[4, 4, 4] = seed == 3
        changed = sitk.GetImageFromArray(array)
        changed.CopyInformation(mask)
        write(tmp_path, (image, changed), f"images/{name}", f"masks/{name}")
    pd.DataFrame({"File": SERIES, "NE_Score": [0.3, 0.3, -0.2, 0.1],
                  "Group": ["train", "train", "val", "test"], "patient": ["1", "1", "2", "3"]}
                 ).to_csv(tmp_path / "manifest.csv", index=False)
    return tmp_path


@pytest.fixture
def run(cohort, monkeypatch):
    """Return a function that runs a stage in the cohort's folder as its command line would."""
    monkeypatch.chdir(cohort)

    def stage(module, *options):
        arguments = ["stage", "--params", ROOT / "studies/sclc_liver/params",
                     "--manifest", "manifest.csv"]
        monkeypatch.setattr(sys, "argv", [str(item) for item in (*arguments, *options)])
        module.main()

    return stage


@pytest.fixture
def extracted(run):
    def rows(*options, out="rows"):
        run(extract, "--images", "images", "--masks", "masks", "--out", out, *options)
        return {path.name: path.read_bytes() for path in sorted(Path(out).iterdir())}

    return rows


@pytest.fixture
def joined(run):
    def tables(protocol):
        run(table, "--rows", "rows", "--protocol", protocol, "--out", "table.csv",
            "--excluded", "excluded.csv")
        return pd.read_csv("table.csv"), pd.read_csv("excluded.csv")

    return tables
