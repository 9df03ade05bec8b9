"""CT series of a path: a NIfTI or NRRD file, a folder of one DICOM series, or of these; their names.

A series is named as its file or folder, unless that is no usable name or holds what the header says
of the patient.
"""

from __future__ import annotations

from pathlib import Path

from stages.cohort import identity
from stages.common import manifest
from stages.common.errors import InputError

ENDINGS = (".nii.gz", ".nii", ".nrrd")


def find(path: Path) -> list[Path]:
    """Return the series of a path: itself, or everything in it that is a series.

    A folder with neither a NIfTI or NRRD file nor a folder in it is a DICOM series.

    Raises
    ------
    InputError
        If there is nothing at all.
    """
    if not path.exists():
        raise InputError("no such file or folder", path, "name a CT file or a folder")
    if path.is_file():
        return [path]
    inside = sorted(item for item in path.iterdir() if not item.name.startswith("."))
    if not inside:
        raise InputError("is an empty folder", path, "name a CT file or a folder with CT series")
    found = [item for item in inside if item.is_dir() or item.name.lower().endswith(ENDINGS)]
    return found or [path]


def own_name(path: Path, header: dict[str, str]) -> str | None:
    """Return the name of a file or folder, None where it must not or cannot name a series.

    Parameters
    ----------
    path : Path
        The series.
    header : dict
        Identifying values of its header (see `identity`).
    """
    name = path.resolve().name
    ending = next((end for end in ENDINGS if name.lower().endswith(end)), "")
    name = name[:len(name) - len(ending)] if path.is_file() else name
    if not manifest.SAFE.fullmatch(name):
        return None
    try:
        identity.require_absent(header, [name], path)
    except InputError:
        return None
    return name
