"""The list of series of a cohort."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.common import canonical
from stages.common.errors import InputError

SERIES, IMAGE, MASK = "File", "image", "mask"
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]*")


@dataclass(frozen=True)
class Series:
    """One series: its name (the column ``File``), its image file and its mask file."""

    name: str
    image: Path
    mask: Path


def read(path: str | Path, columns: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a manifest: a CSV table with one row per series, its name in the column ``File``.

    Parameters
    ----------
    path : path
        The CSV file.
    columns : tuple of str
        Further columns that it must have.

    Raises
    ------
    InputError
        If the file or a column is missing, a name is missing, unsafe or used twice, or a file is
        not named.
    """
    table = canonical.read_csv(path, (SERIES, *columns), dtype={SERIES: str, IMAGE: str, MASK: str})
    for name in table[SERIES]:
        if not isinstance(name, str) or not SAFE.fullmatch(name):
            raise InputError(f"'{name}' cannot be the name of a series", path,
                             "use letters, digits, '.', '_' and '-' in the column File")
    for column in (IMAGE, MASK):
        if column in table and table[column].isna().any():
            name = table[SERIES][table[column].isna()].iloc[0]
            raise InputError(f"series {name} has no {column}", path, f"fill in the column {column}")
    doubled = sorted(set(table[SERIES][table[SERIES].duplicated()]))
    if doubled:
        raise InputError(f"the series {', '.join(doubled[:3])} is there more than once", path,
                         "give every series its own name in the column File")
    return table


def series(table: pd.DataFrame, path: str | Path, images: str | None,
           masks: str | None) -> list[Series]:
    """Return the files of every series, in the order of the manifest.

    A file is the column ``image`` (``mask``), or else the name of the series, below the folder
    ``images`` (``masks``), or else below the manifest's folder.
    """
    home = Path(path).parent
    folders = {IMAGE: Path(images) if images else home, MASK: Path(masks) if masks else home}
    files = {kind: [folder / name for name in table.get(kind, table[SERIES])]
             for kind, folder in folders.items()}
    both = zip(table[SERIES], files[IMAGE], files[MASK])
    found = [Series(name, image, mask) for name, image, mask in both]
    same = [item.name for item in found if item.image == item.mask]
    if same:
        raise InputError(f"series {same[0]}: image and mask are the same file", path,
                         "give --images and --masks, or columns image and mask")
    return found
