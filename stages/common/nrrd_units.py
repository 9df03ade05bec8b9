"""The unit of an NRRD file's coordinates: pynrrd keeps it, ITK passes over it, both read millimetres.

Source: NRRD format definition, field "space units". Standard library only, as `nrrd_header`.
"""

from __future__ import annotations

import re
from pathlib import Path

from stages.common import nrrd_header
from stages.common.errors import InputError

MILLIMETRES = ("", "mm", "millimeter", "millimetre", "millimeters", "millimetres")


def require_millimetres(path: str | Path) -> None:
    """Refuse a header that gives its coordinates in another unit.

    Raises
    ------
    InputError
        Naming the file.
    """
    for line in nrrd_header.lines(path):
        field, colon, rest = line.partition(":")
        # "KEY:=VALUE" is free text.
        if colon and rest[:1] != "=" and field.lower().replace(" ", "") == "spaceunits":
            units = {unit.strip().lower() for unit in re.findall(r'"([^"]*)"', rest)}
            if other := sorted(units - set(MILLIMETRES)):
                raise InputError(f"has its coordinates in {other[0]!r}, not in millimetres", path,
                                 "export it again in mm")
