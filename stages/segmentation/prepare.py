"""Prepare cases for training: RAS order, the preset's voxel size, cut to the foreground.

Writes OUT/images/FILE.npy (HU, int16), OUT/masks/FILE.npy (labels), OUT/places/FILE.npy (where the
labels are), OUT/cases.csv, and OUT/source.json (where the cohort comes from).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from stages.common import canonical, cli, origin
from stages.common.done import Record, context
from stages.common.nifti import Volume
from stages.segmentation import arrays, cases, crops, grid, settings


@dataclass(frozen=True)
class Layout:
    """The grid of a prepared image: where its voxels lie in the original one, and its affine."""

    coordinates: list[np.ndarray]
    affine: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Its voxels along x, y and z."""
        return tuple(len(place) for place in self.coordinates)

    def planes(self, data: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Return planes (along z) of the prepared image, HU as float32."""
        return grid.resample(data, [*self.coordinates[:2], self.coordinates[2][start:stop]])


def layout(image: Volume, how: settings.Prepare) -> Layout:
    """Return the preset's voxel size, cut to the foreground (see `grid.foreground`)."""
    coordinates, affine = grid.at_spacing(image, how.spacing_mm)
    whole = Layout(coordinates, affine)
    across, along = [np.zeros(n, bool) for n in whole.shape[:2]], []
    # By planes: at a fine voxel size the whole image would not fit in memory.
    for start in range(0, whole.shape[2], grid.PLANES):
        x, y, z = grid.there(whole.planes(image.data, start, start + grid.PLANES) > how.foreground_hu)
        across = [across[0] | x, across[1] | y]
        along.append(z)
    box = grid.around([*across, np.concatenate(along)], how.margin)
    return Layout([place[part] for place, part in zip(coordinates, box)], grid.moved(affine, box))


def prepare(image: Volume, how: settings.Prepare) -> Volume:
    """Resample an image (HU) linearly and cut it to its foreground; the result is float32."""
    found = layout(image, how)
    return Volume(grid.resample(image.data, found.coordinates), found.affine)


def whole_hu(data: np.ndarray, found: Layout) -> np.ndarray:
    """Resample an image (HU) linearly to whole numbers; the result is int16.

    Planes lie one after the other in memory: a crop of a few planes is read in few pieces.
    """
    made = np.empty(found.shape, np.int16, order="F")
    for start in range(0, found.shape[2], grid.PLANES):
        planes = found.planes(data, start, start + grid.PLANES)
        made[..., start:start + grid.PLANES] = np.clip(np.rint(planes), -32768, 32767)
    return made


def files(folder: Path, name: str) -> list[Path]:
    """Return where a case's image, mask and index of labels are."""
    return [folder / kind / f"{name}.npy" for kind in ("images", "masks", "places")]


def write(case: cases.Case, how: settings.Prepare, folder: Path) -> list[int]:
    """Prepare a case and write its `files`; return its voxels of background, liver and lesion.

    The mask keeps its labels (nearest voxel), on the image's grid and in the same order in memory.
    """
    image, mask = cases.pair(case)
    found, paths = layout(image, how), files(folder, case.file)
    # Image and mask one after the other: at a fine voxel size each takes gigabytes.
    arrays.write(paths[0], whole_hu(image.data, found))
    del image
    labels = np.asfortranarray(grid.resample(mask.data, found.coordinates, nearest=True))
    where = crops.places(labels)
    for path, array in zip(paths[1:], (labels, where)):
        arrays.write(path, array)
    return where[:, -1].tolist()


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.prepare", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="cohort manifest (CSV)")
    parser.add_argument("--training-set", help="which cohorts to train on: a set of "
                        "segmentation.training_sets (default: all)")
    parser.add_argument("--part", nargs="+", default=["train"], help="parts (default: train)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--preset", help="segmentation preset (default: segmentation.preset)")
    parser.add_argument("--out", type=Path, required=True, help="folder of prepared cases")
    parser.add_argument("--record", type=Path, help="what was made before: only changes are made")
    options = parser.parse_args()
    preset = settings.load(options.params, options.preset)
    cohorts = (settings.training_cohorts(options.params, options.training_set)
               if options.training_set else ())
    record = Record(options.record, context(asdict(preset.prepare), ("numpy",), __file__))
    rows = []
    for case in tqdm(cases.select(options.manifest, cohorts, options.part), "prepare"):
        inputs = [case.image, case.mask or options.manifest]
        outputs = files(options.out, case.file)
        counts = record.get(case.file, inputs, outputs)
        if counts is None:
            counts = write(case, preset.prepare, options.out)
            record.put(case.file, inputs, outputs, counts)
        rows.append([case.file, *counts])
    record.close(options.out)
    table = pd.DataFrame(rows, columns=["File", "background", "liver", "lesion"])
    canonical.write_csv(options.out / "cases.csv", table)
    origin.write(options.out, origin.read(options.manifest.parent))


if __name__ == "__main__":
    cli.main(stage)
