"""The source archive of PyRadiomics: five cases and the values that its authors expect.

Tests run without a network, so it is fetched beforehand, by the pip of the image's Python:
``python -m tests.radiomics.archive``.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "radiomics"
NAME = "pyradiomics-3.0.1"
FOLDER = ROOT / ".envs" / "archives"
LOCK = ROOT / "containers" / IMAGE / "requirements.lock"


def path() -> Path:
    """Where the archive is kept."""
    return FOLDER / f"{NAME}.tar.gz"


def fetch() -> bool:
    """Fetch the archive where it is missing; tell whether it is there."""
    from containers.launcher import images, venv

    if path().is_file():
        return True
    environment = venv.setup(images.load(IMAGE))
    packages = next(environment.glob("lib/python3.*/site-packages"))
    # To name a source archive's version, pip runs its setup.py, which needs NumPy.
    result = subprocess.run(
        [venv.interpreter("3.10"), "-m", "pip", "download", "--quiet", "--no-deps",
         "--no-build-isolation", "--no-binary", "pyradiomics", "--dest", str(FOLDER),
         NAME.replace("-", "==")],
        env={**os.environ, "PYTHONPATH": str(packages)}, capture_output=True, text=True)
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["no reason given"]
        print(f"{path().name} cannot be fetched ({lines[-1]}); its tests will be skipped",
              file=sys.stderr)
    return path().is_file()


def unpack(folder: Path) -> Path:
    """Unpack the cases below ``folder``; return the folder ``data`` of the archive.

    Raises
    ------
    ValueError
        If the archive is not the one that the image's lock names.
    """
    digest = hashlib.sha256(path().read_bytes()).hexdigest()
    if digest not in LOCK.read_text():
        raise ValueError(f"{path()}: not the archive of the lock; delete it and fetch it again")
    with tarfile.open(path()) as archive:
        members = [item for item in archive.getmembers()
                   if item.isfile() and item.name.startswith(f"{NAME}/data/")]
        archive.extractall(folder, members)
    return folder / NAME / "data"


if __name__ == "__main__":
    fetch()
