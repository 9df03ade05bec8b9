"""Axial slices of single lesions, as the network takes them (a set of `stages.patches.sets`).

What is inside the lesion's mask is windowed to 0 … 1 and not rescaled; everything outside has the level
of a stated HU, which becomes 0. The window's lower end is black, as in the paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cc3d
import numpy as np
import pandas as pd

from stages.common import cli, lesions, nifti
from stages.common.errors import InputError
from stages.common.lesions import IMAGE, LABEL, LESION, MASK, PATIENT
from stages.common.parameters import section
from stages.common.strict import check_choice, check_range
from stages.patches import sets

TAKEN = ("middle", "all")


@dataclass(frozen=True)
class Slicing:
    """How slices are cut.

    Attributes
    ----------
    size : int
        Pixels of a side.
    taken : str
        ``all`` slices of a lesion, or its ``middle`` one.
    outside_hu : float
        What stands outside of the lesion, and becomes 0.
    """

    size: int
    taken: str
    outside_hu: float


@dataclass(frozen=True)
class Window:
    """What becomes 0 and 1, HU."""

    level: float
    width: float


def read(path: Path) -> tuple[Slicing, Window]:
    """Read and check the section ``slices``."""
    presets = section(path, "slices.presets", dict[str, Slicing])
    preset = section(path, "slices.preset", str)
    check_choice(preset, presets, "slices.preset", path)
    window = section(path, "slices.window_hu", Window)
    check_choice(presets[preset].taken, TAKEN, f"slices.presets.{preset}.taken", path)
    check_range(presets[preset].size > 0, f"slices.presets.{preset}.size", "at least 1", path)
    check_range(window.width > 0, "slices.window_hu.width", "above 0", path)
    return presets[preset], window


def windowed(image: np.ndarray, window: Window) -> np.ndarray:
    """Return HU as 0 … 1.

    Examples
    --------
    >>> windowed(np.array([-200.0, -155, 10, 175]), Window(10, 330)).tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    return np.clip((image - window.level) / window.width + 0.5, 0, 1)


def cut(plane: np.ndarray, inside: np.ndarray, size: int) -> np.ndarray:
    """Return a square around the middle of a mask, 0 outside of it, shape (size, size).

    Parameters
    ----------
    plane : ndarray of float, shape (n, m)
    inside : ndarray of bool, shape (n, m)
        The lesion; what of it lies beyond the square is cut off.
    size : int
    """
    points = np.argwhere(inside)
    low = np.floor((points.min(axis=0) + points.max(axis=0) + 1 - size) / 2).astype(int)
    square = np.zeros((size, size), np.float32)
    kept = ((points - low >= 0) & (points - low < size)).all(axis=1)
    places = (points - low)[kept]
    square[places[:, 0], places[:, 1]] = plane[points[kept, 0], points[kept, 1]]
    return square


def pieces(mask: np.ndarray, whole: bool, connectivity: int) -> Iterator[np.ndarray]:
    """Yield each lesion of a mask in the order in which z, y and x meet it, as for the features."""
    if whole:
        yield mask
        return
    turned = np.ascontiguousarray(mask.T.astype(np.uint8))
    found = cc3d.connected_components(turned, connectivity=connectivity)
    for piece in pd.unique(found[found > 0]):
        yield (found == piece).T


def gather(listed: pd.DataFrame, home: Path, slicing: Slicing, window: Window, label: int,
           connectivity: int, smallest_mm: float) -> sets.Slices:
    """Return the slices of all lesions that are large enough.

    Raises
    ------
    InputError
        If a file cannot be used, or image and mask lie on different grids.
    """
    rows, images = [], []
    outside = windowed(np.array(slicing.outside_hu), window)
    for _, row in listed.iterrows():
        image, mask = nifti.read(home / row[IMAGE]), nifti.read(home / row[MASK])
        if not nifti.same_grid(image, mask):
            raise InputError("lies on another grid than its image", home / row[MASK],
                             "make the mask on the grid of the image")
        image, mask = nifti.to_ras(image), nifti.to_ras(mask)
        place = 0
        for lesion in pieces(mask.data == label, row[LESION] != "", connectivity):
            if lesions.diameter(int(lesion.sum()), mask.spacing) < smallest_mm:
                continue
            place += 1
            area = lesion.sum(axis=(0, 1))
            levels = [int(np.argmax(area))] if slicing.taken == "middle" else np.flatnonzero(area)
            name = f"{row[PATIENT]}:{lesions.name(row, place)}"
            for level in levels:
                # Slice by slice: in double precision a fine series takes gigabytes.
                values = windowed(image.data[:, :, level].astype(float), window) - outside
                rows.append((f"{name}:{level}", name, row[PATIENT], row[LABEL]))
                images.append(cut(values, lesion[:, :, level], slicing.size))
    if not rows:
        raise InputError("no mask has a lesion that is large enough", home,
                         "correct lesions.label, or the masks")
    table = pd.DataFrame(rows, columns=list(sets.COLUMNS))
    wrong = ~table[sets.LABEL].isin(("0", "1"))
    if wrong.any():
        raise InputError(f"has the label {table[sets.LABEL][wrong].iloc[0]!r}", home, "write 0 or 1")
    return sets.Slices(table.astype({sets.LABEL: int}), np.array(images)[:, None])


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.slices", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the set")
    options = parser.parse_args()
    slicing, window = read(options.params)
    label = section(options.params, "lesions.label", int)
    connectivity = section(options.params, "lesions.connectivity", int)
    smallest = section(options.params, "lesions.smallest_mm", float)
    held = gather(lesions.read(options.manifest), options.manifest.parent, slicing, window, label,
                  connectivity, smallest)
    # What is wrong with the cohort is said of its own table, not of one that is not written.
    sets.check(held.table, options.manifest)
    sets.write(options.out, held)


if __name__ == "__main__":
    cli.main(stage)
