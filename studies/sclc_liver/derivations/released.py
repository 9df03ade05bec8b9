"""The released table, read line by line."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from stages.common.errors import InputError

NEEDED = ("File", "NE_Class", "Group", "Num_Lesions", "diagnostics_Image-original_Spacing",
          "diagnostics_Image-original_Minimum", "diagnostics_Image-interpolated_Spacing",
          "diagnostics_Mask-original_Spacing", "diagnostics_Mask-original_VoxelNum")


@dataclass(frozen=True)
class Series:
    """One line of the table.

    Attributes
    ----------
    study : str
        The first two parts of the series' name.
    positive, test : bool
        NE-positive; of the test part.
    cells : dict of str
        By column.
    """

    study: str
    positive: bool
    test: bool
    cells: dict[str, str]

    def number(self, column: str) -> float:
        """Return a cell as a number."""
        return float(self.cells[column])

    def lengths(self, column: str) -> tuple[float, ...]:
        """Return a cell ``(x, y, z)`` in mm."""
        return tuple(float(part) for part in self.cells[column].strip("() ").split(","))


def read(path: str | Path, columns: tuple[str, ...] = ()) -> list[Series]:
    """Read every series, in the order of the table.

    Raises
    ------
    InputError
        If the file is missing or lacks a column, or a cell is no number where one is due.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", path, "fetch it again (dvc repro)") from None
    for name in (*NEEDED, *columns):
        if not lines or lines[0].get(name) is None:
            raise InputError(f"lacks column '{name}'", path, "fetch it again (dvc repro)")
    try:
        return [Series("_".join(line["File"].split("_")[:2]), float(line["NE_Class"]) == 1,
                       line["Group"] == "test", line) for line in lines]
    except (TypeError, ValueError):
        raise InputError("holds an NE_Class that is no number", path,
                         "fetch it again (dvc repro)") from None


def names(path: str | Path) -> tuple[str, ...]:
    """Read the names of the selected features.

    Raises
    ------
    InputError
        If the file is missing or names none.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()[1:]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", path, "make it again (dvc repro)") from None
    if not lines:
        raise InputError("names no feature", path, "make it again (dvc repro)")
    return tuple(line.partition(",")[0] for line in lines)
