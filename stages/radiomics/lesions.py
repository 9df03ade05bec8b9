"""Features of single lesions: a table with one row for each.

The manifest (CSV) is that of `stages.common.lesions`: a mask is split into connected pieces, unless it
is named as one lesion. What is written has ``patient``, ``lesion``, ``label`` and the
features of PyRadiomics.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cc3d
import numpy as np
import pandas as pd
import SimpleITK as sitk
from radiomics.featureextractor import RadiomicsFeatureExtractor

from stages.common import canonical, cli
from stages.common import lesions as listed_lesions
from stages.common.errors import InputError
from stages.common.lesions import IMAGE, LABEL, LESION, MASK, PATIENT, diameter
from stages.common.parameters import section
from stages.common.strict import check_range
from stages.radiomics import rows, volumes

PREFIX = "original_"
# Voxels around a lesion that the surface of its shape needs.
MARGIN = 2


@dataclass(frozen=True)
class Lesions:
    """Section ``lesions``.

    Attributes
    ----------
    label : int
        Of lesions in the masks.
    other_labels : tuple of int
        That a mask may hold besides.
    connectivity : int
        Neighbours of a voxel: 6, 18 or 26.
    smallest_mm : float
        Diameter of a ball below whose volume a lesion is left out.
    bin_width : float
        Of the grey levels, HU.
    padding_below : float
        Lower values are no tissue.
    """

    label: int
    other_labels: tuple[int, ...]
    connectivity: int
    smallest_mm: float
    bin_width: float
    padding_below: float


def read(path: str | Path) -> Lesions:
    """Read and check the section."""
    found = section(path, "lesions", Lesions)
    for name, holds, valid in (
            ("connectivity", found.connectivity in (6, 18, 26), "6, 18 or 26"),
            ("smallest_mm", found.smallest_mm >= 0, "at least 0"),
            ("bin_width", found.bin_width > 0, "above 0")):
        check_range(holds, f"lesions.{name}", valid, path)
    return found


def split(mask: sitk.Image, settings: Lesions, whole: bool) -> Iterator[sitk.Image]:
    """Yield each lesion, 1 on 0, in the order in which z, y and x meet them.

    Parameters
    ----------
    mask : Image
        Lesions, 1 on 0.
    settings : Lesions
    whole : bool
        All of it is one lesion.
    """
    array = sitk.GetArrayFromImage(mask)
    pieces = array if whole else cc3d.connected_components(array, connectivity=settings.connectivity)
    for piece in pd.unique(pieces[pieces > 0]):
        image = sitk.GetImageFromArray((pieces == piece).astype(np.uint8))
        image.CopyInformation(mask)
        yield image


def large(lesion: sitk.Image, settings: Lesions) -> bool:
    """Tell whether a lesion is not to be left out."""
    voxels = int(sitk.GetArrayViewFromImage(lesion).sum())
    return diameter(voxels, lesion.GetSpacing()) >= settings.smallest_mm


def around(series: sitk.Image, lesion: sitk.Image) -> tuple[sitk.Image, sitk.Image]:
    """Return both, cut to the lesion and a margin."""
    points = np.argwhere(sitk.GetArrayViewFromImage(lesion))[:, ::-1]
    low = np.maximum(points.min(axis=0) - MARGIN, 0)
    high = np.minimum(points.max(axis=0) + MARGIN + 1, series.GetSize())
    part = tuple(slice(int(start), int(end)) for start, end in zip(low, high))
    return series[part], lesion[part]


def features(series: sitk.Image, lesion: sitk.Image, settings: Lesions) -> dict[str, float]:
    """Return PyRadiomics' features of one lesion, not resampled.

    Raises
    ------
    ValueError
        PyRadiomics' own, where the lesion is too small for it.
    """
    extractor = RadiomicsFeatureExtractor(binWidth=settings.bin_width)
    found = extractor.execute(*around(series, lesion))
    return {name: float(value) for name, value in found.items() if name.startswith(PREFIX)}


def table(listed: pd.DataFrame, home: Path, settings: Lesions) -> tuple[pd.DataFrame, dict]:
    """Return the features of all lesions, and how many there were and were left out.

    Raises
    ------
    InputError
        If a file cannot be used (see `volumes.read_pair`), or no lesion is left.
    """
    found, small, total = [], 0, 0
    with cli.progress("row", len(listed)) as step:
        for number, (_, row) in enumerate(listed.iterrows(), 1):
            step(number)
            series, mask = volumes.read_pair(home / row[IMAGE], home / row[MASK], settings)
            whole = row[LESION] != ""
            every = list(split(mask, settings, whole))
            kept = [lesion for lesion in every if large(lesion, settings)]
            total, small = total + len(every), small + len(every) - len(kept)
            for place, lesion in enumerate(kept, 1):
                name = listed_lesions.name(row, place)
                try:
                    values = features(series, lesion, settings)
                except ValueError as error:
                    if not str(error).startswith(rows.TOO_SMALL_MESSAGES):
                        raise
                    small += 1
                    continue
                found.append({PATIENT: row[PATIENT], LESION: name, LABEL: row[LABEL], **values})
    if not found:
        raise InputError("no mask has a lesion that is large enough", home,
                         "correct lesions.label, or the masks")
    return pd.DataFrame(found), {"rows": len(listed), "lesions": total, "left_out": small,
                                 "kept": len(found), "features": len(found[0]) - 3}


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.radiomics.lesions", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True, help="features of each lesion (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="how many lesions there were (JSON)")
    options = parser.parse_args()
    settings, listed = read(options.params), listed_lesions.read(options.manifest)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    # PyRadiomics repeats for every lesion that its GLCM is symmetrical; errors are kept.
    logging.getLogger("radiomics").setLevel(logging.ERROR)
    rows_, counts = table(listed, options.manifest.parent, settings)
    canonical.write_csv(options.table, rows_)
    canonical.write_json(options.out, counts)


if __name__ == "__main__":
    cli.main(stage)
