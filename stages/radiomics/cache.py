"""Rows that were computed before, by content: a series that did not change is not computed again.

The key of a row is a hash of the bytes of both files, of the settings and of the code. Hashes of
files are remembered with size and time of change, so that an unchanged file is not even read.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError
from stages.radiomics.parameters import Radiomics

# Modules of other folders that place a volume.
SHARED = ("nifti_geometry.py", "nifti_header.py", "nrrd_header.py")
PACKAGES = ("numpy", "SimpleITK", "pyradiomics", "PyWavelets", "connected-components-3d", "scipy")
# What a row does not depend on.
ELSEWHERE = ("lesion_count",)


class Cache:
    """A folder of rows.

    Parameters
    ----------
    folder : path or None
        Where to keep them; None keeps nothing.
    settings : Radiomics
        What the rows depend on besides the files.
    """

    def __init__(self, folder: str | Path | None, settings: Radiomics):
        self.folder = Path(folder) if folder else None
        self.context = _context(settings)
        self.hashes: dict[str, list] = {}
        if self.folder and (self.folder / "files.json").is_file():
            self.hashes = canonical.read_json(self.folder / "files.json")

    def key(self, image: Path, mask: Path) -> str:
        """Return the key of a row.

        Raises
        ------
        InputError
            If a file is missing or unreadable.
        """
        content = "\n".join([self._sha256(image), self._sha256(mask), self.context])
        return hashlib.sha256(content.encode()).hexdigest()

    def get(self, key: str) -> dict | None:
        """Return a row, or None where it is not known."""
        path = self._path(key)
        return canonical.read_json(path) if path and path.is_file() else None

    def put(self, key: str, row: dict) -> None:
        """Keep a row."""
        path = self._path(key)
        if path:
            canonical.write_json(path, row)

    def close(self) -> None:
        """Remember the hashes of the files."""
        if self.folder:
            canonical.write_json(self.folder / "files.json", self.hashes)

    def _path(self, key: str) -> Path | None:
        return self.folder / key[:2] / f"{key}.json" if self.folder else None

    def _sha256(self, path: Path) -> str:
        try:
            state = os.stat(path)
            stamp = [state.st_size, state.st_mtime_ns, state.st_ino]
            known = self.hashes.get(str(path))
            if known is None or known[:3] != stamp:
                known = self.hashes[str(path)] = [*stamp, canonical.sha256(path)]
        except FileNotFoundError:
            raise InputError("no such file", path,
                             "correct the manifest or restore the file") from None
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", path,
                             "make the file readable") from None
        return known[3]


def _context(settings: Radiomics) -> str:
    digest = hashlib.sha256()
    kept = {name: value for name, value in asdict(settings).items() if name not in ELSEWHERE}
    digest.update(canonical.json_bytes(kept))
    for package in PACKAGES:
        digest.update(f"{package} {version(package)}\n".encode())
    room = Path(__file__).parent
    shared = [room.parent / "common" / name for name in SHARED]
    for module in (*sorted(room.rglob("*.py")), *shared):
        digest.update(module.relative_to(room.parent).as_posix().encode() + module.read_bytes())
    return digest.hexdigest()
