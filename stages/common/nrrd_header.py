"""The text header of an NRRD file: its lines, and whether the voxels are in the same file.

Source: NRRD format definition. Standard library only: every room that reads NRRD needs it.
"""

from __future__ import annotations

from pathlib import Path

from stages.common.errors import InputError


def lines(path: str | Path) -> list[str]:
    """Return the lines of the header, up to the empty line before the voxels."""
    found = []
    with open(path, "rb") as stream:
        for raw in iter(stream.readline, b""):
            line = raw.decode("latin-1").rstrip("\r\n")
            if not line:
                break
            found.append(line)
    return found


def require_attached(path: str | Path) -> None:
    """Refuse a header that names another file for its voxels (``data file``).

    That file could be any on this machine, and nobody would see when it changes.

    Raises
    ------
    InputError
        Naming the header's file.
    """
    for line in lines(path):
        field, colon, rest = line.partition(":")
        # "KEY:=VALUE" is free text.
        if colon and rest[:1] != "=" and field.lower().replace(" ", "") == "datafile":
            raise InputError("keeps its voxels in another file ('data file' in its header)", path,
                             "export it as one file")
