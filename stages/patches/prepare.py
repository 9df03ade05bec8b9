"""Make slices of lesions from an own MR cohort (see stages.patches.sequences for its table).

The other sequences are registered to the first; in each the bias field is divided out and the brain
set to mean 0 and SD 1. Every lesion gives a square around its largest extent, the same in all of them.
Writes OUT/slices.csv and OUT/images.npy (stages.patches.sets). Nothing of an image's header is written
but the maker of the scanner.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk

from stages.common import cli
from stages.common.errors import InputError
from stages.patches import preparation, sequences, sets, volumes
from stages.patches.preparation import Preparation


def lesions(mask: sitk.Image, settings: Preparation) -> list[np.ndarray]:
    """Return the lesions of a mask, each as an array of its voxels (z, y, x), shape (m, 3).

    Voxels of one value that touch are one lesion.
    """
    found, values = [], sitk.GetArrayFromImage(mask)
    for value in np.unique(values[values > 0]):
        parts = sitk.GetArrayFromImage(sitk.ConnectedComponent(
            sitk.GetImageFromArray((values == value).astype(np.uint8)), True))
        found += [np.argwhere(parts == number) for number in range(1, parts.max() + 1)]
    return [voxels for voxels in found if len(voxels) >= settings.least_voxels]


def planes(voxels: np.ndarray, settings: Preparation) -> list[int]:
    """Return the slices of a lesion: that with the largest area, and those beside it.

    Examples
    --------
    >>> from types import SimpleNamespace as S
    >>> ball = np.array([(z, 0, x) for z, n in enumerate((1, 3, 5, 3, 1)) for x in range(n)])
    >>> planes(ball, S(offsets=(-0.25, 0.25)))
    [1, 2, 3]
    """
    levels, areas = np.unique(voxels[:, 0], return_counts=True)
    middle, extent = levels[areas.argmax()], levels[-1] - levels[0] + 1
    wanted = {int(middle), *(int(middle + round(share * extent)) for share in settings.offsets)}
    return sorted(wanted & set(levels.tolist()))


def crop(image: sitk.Image, voxels: np.ndarray, level: int, settings: Preparation) -> np.ndarray:
    """Return the square around a lesion on one slice, shape (size, size), bilinear."""
    spacing = np.array(image.GetSpacing())
    low, high = voxels[:, :0:-1].min(axis=0), voxels[:, :0:-1].max(axis=0)  # x, y
    side = float(((high - low + 1) * spacing[:2]).max()) * (1 + settings.margin)
    step = side / settings.size
    centre = image.TransformContinuousIndexToPhysicalPoint([*((low + high) / 2), float(level)])
    turn = np.array(image.GetDirection()).reshape(3, 3)
    corner = np.array(centre) - turn @ np.array([(side - step) / 2, (side - step) / 2, 0.0])
    found = sitk.Resample(image, (settings.size, settings.size, 1), sitk.Transform(),
                          sitk.sitkLinear, corner.tolist(), (step, step, float(spacing[2])),
                          image.GetDirection(), float(sitk.GetArrayViewFromImage(image).min()))
    return sitk.GetArrayFromImage(found)[0]


def prepared(case: sequences.Case, settings: Preparation) -> tuple[list[sitk.Image], sitk.Image, str]:
    """Return a patient's sequences on one grid, the mask of the lesions and the vendor.

    Raises
    ------
    InputError
        Naming the file that cannot be used.
    """
    first, maker = volumes.read(case.images[settings.sequences[0]])
    mask, brain = (_mask(path, first) if path else None for path in (case.mask, case.brain))
    images = []
    for name in settings.sequences:
        image, _ = volumes.read(case.images[name])
        if settings.register and images:
            image = volumes.registered(first, image, settings)
        elif not volumes.same_grid(image, first):
            raise InputError(f"lies on another grid than {settings.sequences[0]} of the patient "
                             f"'{case.patient}'", case.images[name],
                             "resample it, or set preparation.register to true")
        images.append(image)
    brain = volumes.brain(first, settings) if brain is None else brain
    return ([volumes.normalised(volumes.evened(image, brain, settings), brain, case.images[name])
             for name, image in zip(settings.sequences, images)], mask, case.vendor or maker)


def _mask(path: Path, first: sitk.Image) -> sitk.Image:
    found, _ = volumes.read(path)
    if not volumes.same_grid(found, first):
        raise InputError("lies on another grid than the first sequence", path,
                         "outline on that sequence, or resample the mask to it")
    return sitk.Cast(found, sitk.sitkUInt8)


def of_case(case: sequences.Case, settings: Preparation) -> tuple[list[dict], list[np.ndarray]]:
    """Return rows and slices, (c, size, size) each, of one patient.

    Raises
    ------
    InputError
        If the mask holds no lesion, or an image cannot be used.
    """
    images, mask, vendor = prepared(case, settings)
    rows, found = [], []
    for number, voxels in enumerate(lesions(mask, settings), 1):
        lesion = f"{case.patient}-{number}"
        for level in planes(voxels, settings):
            rows.append({sets.SLICE: f"{lesion}-{level}", sets.LESION: lesion,
                         sets.PATIENT: case.patient, sets.LABEL: case.label,
                         sequences.VENDOR: vendor})
            found.append(np.array([crop(image, voxels, level, settings) for image in images]))
    if not rows:
        raise InputError(f"holds no lesion of {settings.least_voxels} voxels or more", case.mask,
                         "outline the lesions, or leave the patient out")
    return rows, found


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.patches.prepare", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True, help="the cohort's images (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    options = parser.parse_args()
    settings = preparation.load(options.params)
    cases = sequences.read(options.table, settings.sequences, settings.classes)
    # Sums have one order then: the same images give the same bytes.
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    rows, images = [], []
    with cli.progress("patient", len(cases)) as step:
        for number, case in enumerate(cases, 1):
            step(number)
            own, found = of_case(case, settings)
            rows, images = rows + own, images + found
    sets.write(options.out, sets.Slices(pd.DataFrame(rows), np.array(images, np.float32)))


if __name__ == "__main__":
    cli.main(stage)
