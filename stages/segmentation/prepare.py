"""Prepare cases for training: RAS order, the preset's voxel size, cut to the foreground.

Writes OUT/images/FILE.nii.gz (HU, int16) and OUT/masks/FILE.nii.gz, OUT/cases.csv, and
OUT/source.json (where the cohort comes from).
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from stages.common import canonical, cli, nifti, origin
from stages.common.done import Record, context
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


def write(case: cases.Case, how: settings.Prepare, image_path: Path, mask_path: Path) -> list[int]:
    """Prepare a case and write it; return its voxels of background, liver and lesion."""
    image, mask = prepare_pair(*cases.pair(case), how)
    whole = np.clip(np.rint(image.data), -32768, 32767).astype(np.int16)
    nifti.write(image_path, Volume(whole, image.affine))
    nifti.write(mask_path, mask)
    return np.bincount(mask.data.ravel(), minlength=3).tolist()


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.prepare", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="cohort manifest (CSV)")
    parser.add_argument("--cohort", nargs="+", default=[], help="cohorts (default: all)")
    parser.add_argument("--part", nargs="+", default=["train"], help="parts (default: train)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--preset", help="segmentation preset (default: segmentation.preset)")
    parser.add_argument("--out", type=Path, required=True, help="folder of prepared cases")
    parser.add_argument("--record", type=Path, help="what was made before: only changes are made")
    options = parser.parse_args()
    preset = settings.load(options.params, options.preset)
    record = Record(options.record, context(asdict(preset.prepare), ("numpy",), __file__))
    rows = []
    for case in tqdm(cases.select(options.manifest, options.cohort, options.part), "prepare"):
        inputs = [case.image, case.mask or options.manifest]
        outputs = [options.out / kind / f"{case.file}.nii.gz" for kind in ("images", "masks")]
        counts = record.get(case.file, inputs, outputs)
        if counts is None:
            counts = write(case, preset.prepare, *outputs)
            record.put(case.file, inputs, outputs, counts)
        rows.append([case.file, *counts])
    record.close(options.out)
    table = pd.DataFrame(rows, columns=["File", "background", "liver", "lesion"])
    canonical.write_csv(options.out / "cases.csv", table)
    origin.write(options.out, origin.read(options.manifest.parent))


if __name__ == "__main__":
    cli.main(stage)
