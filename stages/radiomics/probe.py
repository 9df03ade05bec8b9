"""The features of a small lesion by either path, to compare CPUs by what comes out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from stages.common import canonical, cli, probe
from stages.radiomics import extract, parameters, rows

SEED, SHAPE, SPACING_MM = 2025, (8, 20, 18), (0.8, 0.8, 2.5)


def series(folder: Path) -> tuple[Path, Path]:
    """Write noise in HU with two ellipsoid lesions, and their mask; return both paths."""
    random = np.random.Generator(np.random.PCG64(SEED))
    z, y, x = np.indices(SHAPE)
    lesions = np.zeros(SHAPE, bool)
    for at, radii in (((3, 8, 8), (2.5, 5, 4)), ((5, 15, 13), (1.5, 3, 3))):
        lesions |= sum(((axis - middle) / radius) ** 2
                       for axis, middle, radius in zip((z, y, x), at, radii)) < 1
    hu = 100 + random.normal(0, 20, SHAPE) - 40 * lesions
    paths = folder / "image.nii.gz", folder / "mask.nii.gz"
    for path, array in zip(paths, (hu.astype(np.int16), lesions.astype(np.uint8))):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(SPACING_MM)
        sitk.WriteImage(image, str(path), True)
    return paths


def make(folder: Path, params: Path) -> None:
    """Compute the row by each method; write into a folder."""
    extract._prepare()
    paths, settings = series(folder), parameters.read(params)
    settings = replace(settings, label=1, other_labels=())
    for method in rows.METHODS:
        row = rows.compute(*paths, replace(settings, method=method))
        canonical.write_json(folder / f"{method}.json", row)


if __name__ == "__main__":
    cli.main(lambda: probe.stage("stages.radiomics.probe", __doc__, make))
