"""What an image folder says about itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from containers.launcher import CONTAINERS, LauncherError


@dataclass(frozen=True)
class Image:
    """An image folder.

    Attributes
    ----------
    name : str
        The folder below ``containers/``.
    python : str
        The Python version, ``major.minor``.
    environment : dict
        Variables that its programs need.
    programs : dict
        Programs that its packages need, each with the Debian package that brings it.
    find_links : list
        Pages that list wheels which the default package index does not carry.
    """

    name: str
    python: str
    environment: dict[str, str] = field(default_factory=dict)
    programs: dict[str, str] = field(default_factory=dict)
    find_links: list[str] = field(default_factory=list)

    @property
    def folder(self):
        """The image's folder."""
        return CONTAINERS / self.name

    @property
    def lock(self):
        """Its hash-locked requirements."""
        return self.folder / "requirements.lock"

    def fingerprint(self) -> str:
        """SHA-256 over what decides the image's packages."""
        content = self.lock.read_bytes() + (self.folder / "image.json").read_bytes()
        return hashlib.sha256(content).hexdigest()


def names() -> list[str]:
    """Names of all images, sorted."""
    return sorted(path.parent.name for path in CONTAINERS.glob("*/image.json"))


def load(name: str) -> Image:
    """Read an image folder.

    Raises
    ------
    LauncherError
        Listing the images that exist.
    """
    if name not in names():
        raise LauncherError(f"no image '{name}'; images: {', '.join(names())}")
    return Image(name, **json.loads((CONTAINERS / name / "image.json").read_text()))
