"""What an engine is given to build an image of: the recipe, the locks, and what they call for."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path

from containers.builder import render
from containers.builder.base import Base
from containers.launcher import LauncherError, venv
from containers.launcher.images import Image

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def fill(folder: Path, image: Image, base: Base) -> list[str]:
    """Fill the build context; return the further arguments that the recipe needs.

    Nothing of it but the installed packages is in the image: the recipe's last stage takes only
    these from the first.

    Parameters
    ----------
    folder : Path
        An empty folder.
    image : Image
        The image.
    base : Base
        What it will stand on.
    """
    for path in (image.lock, image.folder / "Dockerfile", image.build_lock):
        if path.is_file():
            shutil.copy(path, folder)
    certificates = Path(os.environ.get("SSL_CERT_FILE", CERTIFICATES))
    if certificates.is_file():
        shutil.copy(certificates, folder / "ca-certificates.crt")
    if image.compiled and base.headers:
        shutil.copytree(base.headers, folder / render.HEADERS / base.headers.name)
    return [f"--build-arg=LINKS=/build/{render.WHEELS}"] if _wheels(folder, image) else []


def _wheels(folder: Path, image: Image) -> list[Path]:
    """Copy those wheels from the user's own folders that the lock accepts, by their hashes."""
    if not image.find_links:
        return []
    lock = image.lock.read_text()
    accepted = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock))
    pinned = {_normal(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    copied = []
    for source in map(Path, venv.wheel_folders()):
        for wheel in sorted(source.glob("*.whl")):
            if _normal(wheel.name.partition("-")[0]) in pinned and _sum(wheel) in accepted:
                (folder / render.WHEELS).mkdir(exist_ok=True)
                copied.append(Path(shutil.copy(wheel, folder / render.WHEELS)))
    return copied


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _sum(path: Path) -> str:
    try:
        with open(path, "rb") as stream:
            value = hashlib.sha256()
            while block := stream.read(1 << 20):
                value.update(block)
            return value.hexdigest()
    except OSError as error:
        raise LauncherError(f"{path}: cannot read this wheel ({error.strerror})") from None
