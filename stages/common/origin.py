"""Which source the data of a model come from, handed on from the cohort to the models.

A cohort's folder, the folders of prepared cases and those of classifiers hold ``source.json``; a
network's ``model.json`` has the key ``source``.
"""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError

FILE, KEY = "source.json", "source"
# A cohort that was made outside of the pipeline does not say.
UNKNOWN = "unknown"


def read(folder: str | Path) -> str:
    """Return the source that a folder names (a value of ``cohort.source``), or `UNKNOWN`.

    Raises
    ------
    InputError
        If its file is damaged.
    """
    path = Path(folder) / FILE
    if not path.exists():
        return UNKNOWN
    content = canonical.read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get(KEY), str):
        raise InputError("names no source", path, "make the folder again")
    return content[KEY]


def write(folder: str | Path, source: str) -> None:
    """Write the source into a folder."""
    canonical.write_json(Path(folder) / FILE, {KEY: source})
