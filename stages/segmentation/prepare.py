"""Prepare cases for training: RAS order, the preset's voxel size, cut to the foreground.

Writes OUT/images/FILE.nii.gz (HU, int16) and OUT/masks/FILE.nii.gz, and OUT/cases.csv.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from stages.common import canonical, cli, nifti
from stages.common.nifti import Volume
from stages.segmentation import cases, grid, settings


def prepare(image: Volume, how: settings.Prepare) -> Volume:
    """Resample an image (HU) linearly and cut it to its foreground; the result is float32."""
    coordinates, affine = grid.at_spacing(image, how.spacing_mm)
    resampled = Volume(grid.resample(image.data, coordinates), affine)
    return grid.cut(resampled, grid.foreground(resampled.data, how.foreground_hu, how.margin))


def prepare_pair(image: Volume, mask: Volume, how: settings.Prepare) -> tuple[Volume, Volume]:
    """Prepare image and mask on one grid; the mask keeps its labels (nearest voxel)."""
    coordinates, affine = grid.at_spacing(image, how.spacing_mm)
    resampled = Volume(grid.resample(image.data, coordinates), affine)
    labels = Volume(grid.resample(mask.data, coordinates, nearest=True), affine)
    box = grid.foreground(resampled.data, how.foreground_hu, how.margin)
    return grid.cut(resampled, box), grid.cut(labels, box)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.prepare", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="cohort manifest (CSV)")
    parser.add_argument("--cohort", nargs="+", default=[], help="cohorts (default: all)")
    parser.add_argument("--part", nargs="+", default=["train"], help="parts (default: train)")
    parser.add_argument("--params", type=Path, default="params.yaml")
    parser.add_argument("--preset", help="segmentation preset (default: segmentation.preset)")
    parser.add_argument("--out", type=Path, required=True, help="folder of prepared cases")
    options = parser.parse_args()
    preset = settings.load(options.params, options.preset)
    rows = []
    for case in tqdm(cases.select(options.manifest, options.cohort, options.part), "prepare"):
        image, mask = prepare_pair(*cases.pair(case), preset.prepare)
        whole = np.clip(np.rint(image.data), -32768, 32767).astype(np.int16)
        nifti.write(options.out / "images" / f"{case.file}.nii.gz", Volume(whole, image.affine))
        nifti.write(options.out / "masks" / f"{case.file}.nii.gz", mask)
        counts = np.bincount(mask.data.ravel(), minlength=3)
        rows.append([case.file, *counts.tolist()])
    table = pd.DataFrame(rows, columns=["File", "background", "liver", "lesion"])
    canonical.write_csv(options.out / "cases.csv", table)


if __name__ == "__main__":
    cli.main(stage)
