"""The image and the mask of each series of a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.common import manifest
from stages.common.columns import SERIES
from stages.common.errors import InputError
from stages.common.manifest import IMAGE, MASK


@dataclass(frozen=True)
class Series:
    """One series: its name (the column ``File``), its image file and its mask file."""

    name: str
    image: Path
    mask: Path


def read(path: str | Path, columns: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a manifest; its files may go without names (see `files`).

    Raises
    ------
    InputError
        As `manifest.read`, or if a file is not named where others are.
    """
    table = manifest.read(path, columns, text=False)
    for column in (IMAGE, MASK):
        if column in table and (table[column] == "").any():
            name = table[SERIES][table[column] == ""].iloc[0]
            raise InputError(f"series {name} has no {column}", path, f"fill in the column {column}")
    return table


def files(table: pd.DataFrame, path: str | Path, images: str | None,
          masks: str | None) -> list[Series]:
    """Return the files of every series, in the order of the manifest.

    A file is the column ``image`` (``mask``), or else the name of the series, below the folder
    ``images`` (``masks``), or else below the manifest's folder.
    """
    home = Path(path).parent
    folders = {IMAGE: Path(images) if images else home, MASK: Path(masks) if masks else home}
    paths = {kind: [folder / name for name in table.get(kind, table[SERIES])]
             for kind, folder in folders.items()}
    both = zip(table[SERIES], paths[IMAGE], paths[MASK])
    found = [Series(name, image, mask) for name, image, mask in both]
    same = [item.name for item in found if item.image == item.mask]
    if same:
        raise InputError(f"series {same[0]}: image and mask are the same file", path,
                         "give --images and --masks, or columns image and mask")
    return found
