"""The files of every Python package, so that a release can be run where there is no index."""

from __future__ import annotations

import subprocess
from pathlib import Path

from containers.launcher import ROOT, LauncherError, images, orchestrator, venv

FOLDER = "wheels"
HOME = ROOT / "containers" / orchestrator.NAME


def get(folder: Path) -> None:
    """Write the files that the locks of the images and of the orchestrator accept on this machine.

    Parameters
    ----------
    folder : Path
        Is made.

    Raises
    ------
    LauncherError
        If a package cannot be had.
    """
    folder.mkdir()
    for lock in ("bootstrap.lock", "requirements.lock"):
        _get(HOME / lock, ROOT / ".venv" / "bin" / "python", folder)
    # Without the image for a GPU, whose libraries are not free software.
    chosen = [images.load(name) for name in images.default()]
    for image in chosen:
        # Made first: what comes as source is asked for its name with the locked build tools.
        python = venv.setup(image) / "bin" / "python"
        for lock in filter(Path.is_file, (image.build_lock, image.lock)):
            _get(lock, python, folder, venv.wheel_sources(image),
                 ("--no-build-isolation",) if image.compiled else ())
    oldest = min(chosen, key=lambda image: [int(part) for part in image.python.split(".")])
    _get(HOME / "test-tools.lock", venv.ENVIRONMENTS / oldest.name / "bin" / "python", folder)


def _get(lock: Path, python: Path, folder: Path, sources=((),), isolation=()) -> None:
    """Let pip fetch a lock for an interpreter; the lock's hashes decide what is accepted."""
    for source in sources:
        links = [part for link in source for part in ("--find-links", link)]
        done = subprocess.run(
            [ROOT / ".venv" / "bin" / "pip", "--python", python, "download", "--quiet", "--no-deps",
             "--require-hashes", "--disable-pip-version-check", *isolation, *links, "--dest",
             folder, "-r", lock], capture_output=True, text=True)
        if not done.returncode:
            return
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["no message"]
    raise LauncherError(f"{lock}: a package cannot be fetched ({lines[-1][:200]}); check the network, "
                        f"or leave the part out (WITHOUT={FOLDER})")
