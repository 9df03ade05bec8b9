"""What an image folder says about itself."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field

from containers.launcher import CONTAINERS, ROOT, LauncherError

SIFS = ROOT / ".images"
# An image of this ending is what a stage of the one without it runs in when it may use a GPU.
CUDA = "-cuda"
GPU = "MSCLC_GPU"


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
        Programs that its packages need, each with the Debian package that brings it. Where packages
        come as source (``build.lock``), these are what builds them, and are not left in the image.
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

    @property
    def build_lock(self):
        """Its hash-locked build tools, for packages that come as source only; may be absent."""
        return self.folder / "build.lock"

    @property
    def compiled(self) -> bool:
        """Whether packages of it come as source and are compiled while it is built."""
        return self.build_lock.is_file()

    def fingerprint(self) -> str:
        """SHA-256 over what decides the image's packages."""
        content = self.lock.read_bytes() + (self.folder / "image.json").read_bytes()
        if self.compiled:
            content += self.build_lock.read_bytes()
        return hashlib.sha256(content).hexdigest()

    @property
    def base(self) -> str:
        """The registry image that it stands on where a registry can be reached.

        In a file of its own: engines and bases must agree, so that a changed base is no reason to
        run a stage again, as a changed pin in the image's other files is.
        """
        path = self.folder / "base"
        return path.read_text().strip() if path.is_file() else f"python:{self.python}-slim-bookworm"

    def recipe(self) -> str:
        """SHA-256 over what a container image is built from, the base apart."""
        content = self.fingerprint().encode() + (self.folder / "Dockerfile").read_bytes()
        return hashlib.sha256(content).hexdigest()

    @property
    def tag(self) -> str:
        """The container image's name: a changed recipe is another image, never an overwritten one."""
        return f"msclc/{self.name}:{self.recipe()[:12]}"

    @property
    def sif(self):
        """The Apptainer image's file."""
        return SIFS / f"{self.name}-{self.recipe()[:12]}.sif"


def names() -> list[str]:
    """Names of all images, sorted."""
    return sorted(path.parent.name for path in CONTAINERS.glob("*/image.json"))


def default() -> list[str]:
    """Names of the images that every machine can use, sorted."""
    return [name for name in names() if not name.endswith(CUDA)]


def gpu() -> bool:
    """Tell whether the user's environment lets stages use a GPU."""
    return os.environ.get(GPU, "0") not in ("", "0")


def with_gpu(name: str) -> str:
    """Return the image that takes this one's place on a GPU: its own where there is no other."""
    return name + CUDA if name + CUDA in names() else name


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
