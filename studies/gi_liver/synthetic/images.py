"""Draw the phantom: for each patient a piece of liver with its lesions, and the mask of both.

Writes OUT/manifest.csv (patient, label, image, mask), OUT/images/PATIENT.nii.gz (HU) and
OUT/masks/PATIENT.nii.gz (1 liver, 2 lesion). Each lesion stands in a cell of its own, a crop around it;
cells lie side by side, so that lesions are told apart by their masks alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.cohort.phantom.render import sample
from stages.cohort.phantom.shapes import Ellipsoid, Lobed, waves
from stages.cohort.phantom.tissue import Tissue
from stages.common import canonical, cli, nifti
from stages.common.errors import InputError
from stages.common.manifest import LESION, LIVER
from stages.common.nifti import Volume
from stages.common.parameters import section
from studies.gi_liver.synthetic import layout

COLUMNS = ("patient", "label", "diameter_mm", "liver_hu", "below_liver_hu", "amplitude_hu",
           "length_mm", "noise_hu")
# Liver without a border: a ball that every piece lies deep inside.
WHOLE = Ellipsoid((0, 0, 0), (1e4, 1e4, 1e4))
LIVER_TEXTURE_MM, LIVER_TEXTURE_HU = 25, 3.0


def lesion(row: pd.Series, centre: np.ndarray, random: np.random.Generator) -> Tissue:
    """Return a lesion around a point: a lobed ellipsoid with a texture of its own."""
    radius = row["diameter_mm"] / 2
    stretch = random.uniform(0.85, 1.2, 3)
    stretch /= np.cbrt(stretch.prod())
    shape = Lobed(Ellipsoid(tuple(centre), tuple(radius * stretch)), waves(random, 3 * radius),
                  0.05 * radius)
    return Tissue(shape, row["liver_hu"] - row["below_liver_hu"], LESION,
                  waves(random, row["length_mm"], 12), row["amplitude_hu"])


def draw(rows: pd.DataFrame, cell: tuple[int, ...], spacing: tuple[float, ...],
         random: np.random.Generator) -> tuple[Volume, Volume]:
    """Return image (HU, int16) and mask (uint8) of one patient.

    Parameters
    ----------
    rows : DataFrame
        His lesions, `COLUMNS`.
    cell, spacing : tuple
        Voxels of a cell and their size in mm, along x, y and z.
    random : Generator
    """
    across, down = layout.cells(len(rows))
    shape = (across * cell[0], down * cell[1], cell[2])
    axes = [step * np.arange(count) for count, step in zip(shape, spacing)]
    tissues = [Tissue(WHOLE, rows["liver_hu"].iloc[0], LIVER, waves(random, LIVER_TEXTURE_MM),
                      LIVER_TEXTURE_HU)]
    for place, (_, row) in enumerate(rows.iterrows()):
        corner = np.array([place % across * cell[0], place // across * cell[1], 0])
        middle = (corner + (np.array(cell) - 1) / 2 + random.uniform(-0.5, 0.5, 3)) * spacing
        tissues.append(lesion(row, middle, random))
    hu, mask = sample(tissues, axes, spacing[0], spacing[2])
    hu += rows["noise_hu"].iloc[0] * random.standard_normal(hu.shape)
    affine = np.diag([*spacing, 1.0])
    return Volume(np.rint(hu).astype(np.int16), affine), Volume(mask, affine)


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.synthetic.images", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True, help="lesions (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the cohort")
    options = parser.parse_args()
    cell = section(options.params, "images.cell", tuple[int, ...])
    spacing = section(options.params, "images.spacing_mm", tuple[float, ...])
    if len(cell) != 3 or len(spacing) != 3 or min(*cell, *spacing) <= 0:
        raise InputError("images.cell and images.spacing_mm must be three numbers above 0",
                         options.params, "correct them")
    table = canonical.read_csv(options.table, COLUMNS, dtype={"patient": str})
    listed = []
    for number, (patient, rows) in enumerate(table.groupby("patient", sort=True)):
        paths = {kind: f"{folder}/{patient}.nii.gz" for kind, folder in (("image", "images"),
                                                                        ("mask", "masks"))}
        for path, volume in zip(paths.values(),
                                draw(rows, cell, spacing, np.random.default_rng([1, number]))):
            nifti.write(options.out / path, volume)
        listed.append({"patient": patient, "label": int(rows["label"].iloc[0]), **paths})
    canonical.write_csv(options.out / "manifest.csv", pd.DataFrame(listed))


if __name__ == "__main__":
    cli.main(stage)
