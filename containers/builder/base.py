"""The image that a room's image stands on: from a registry, or made of Debian's packages.

Where no registry can be reached, the base is Debian's minimal system with the interpreter that it
lacks packed in from this machine (pyenv's or uv's), below /usr/local as in the registry's images.
The version that Debian has itself is left to the recipe, which installs Python where there is none.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from containers.builder import steps
from containers.launcher import LauncherError, venv
from containers.launcher.images import Image

SUITE = "bookworm"
OWN_PYTHON = "3.11"
# As in the registry's images: what apt has unpacked or indexed stays in no layer.
APT_CLEAN = ('DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; }; '
             'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";')
# What CPython's standard library links against.
LIBRARIES = ("libbz2-1.0", "libexpat1", "libffi8", "liblzma5", "libncursesw6", "libreadline8",
             "libsqlite3-0", "libssl3", "libuuid1", "zlib1g")
UNUSED = ("test", "idlelib", "tkinter", "turtledemo", "lib2to3", "config-*", "__pycache__",
          "site-packages", "_tkinter*", "nis.*", "_test*")
LEFT_OUT = ("man", "doc", "info", "locale", "lintian", "bug")


@dataclass(frozen=True)
class Base:
    """A base image.

    Attributes
    ----------
    tag : str
        Its name for the engine.
    description : str
        What it is, in words.
    headers : Path, optional
        The headers of the Python that is packed in it, for what is compiled on it.
    """

    tag: str
    description: str
    headers: Path | None = None


def find(engine: str, image: Image, kind: str) -> Base:
    """Return the base, pulled or made where it is not there yet.

    Parameters
    ----------
    engine : str
        ``docker`` or ``podman``.
    image : Image
        The image that will stand on it.
    kind : str
        ``registry``, ``debian``, or ``auto``: the registry's where it can be had.

    Raises
    ------
    LauncherError
        If it can be had in no way.
    """
    if kind in ("auto", "registry"):
        if not _present(engine, image.base):
            _pull(engine, image, required=kind == "registry")
        if _present(engine, image.base):
            return Base(image.base, f"{image.base}@{_digest(engine, image.base)}")
    return _debian(engine, image)


def _present(engine: str, tag: str) -> bool:
    asked = [engine, "image", "inspect", tag]
    return subprocess.run(asked, capture_output=True).returncode == 0


def _digest(engine: str, tag: str) -> str:
    asked = [engine, "image", "inspect", "--format", "{{.Id}}", tag]
    return subprocess.run(asked, capture_output=True, text=True).stdout.strip()


def _pull(engine: str, image: Image, required: bool) -> None:
    name = image.base if "/" in image.base else f"library/{image.base}"
    line = ["timeout", "600", engine, "pull", f"docker.io/{name}"]
    try:
        steps.run(f"{image.name}-pull", line, f"pulling {image.base}")
    except LauncherError:
        if required:
            raise
        return
    steps.run(f"{image.name}-pull", [engine, "tag", f"docker.io/{name}", image.base],
              f"naming {image.base}")


def _debian(engine: str, image: Image) -> Base:
    programs = [] if image.compiled else sorted(image.programs.values())
    described = "".join(f" + {package}" for package in programs)
    if image.python == OWN_PYTHON:
        tag = _tag(image, programs, APT_CLEAN)
        if not _present(engine, tag):
            _make(engine, tag, None, programs)
        return Base(tag, f"debian:{SUITE} + its own Python {image.python}{described}")
    interpreter = venv.interpreter(image.python)
    asked = ("import sys, sysconfig, platform; print(sys.base_prefix, platform.python_version(), "
             "sysconfig.get_path('include'))")
    prefix, version, headers = subprocess.run(
        [interpreter, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    packages = sorted({*LIBRARIES, *programs})
    tag = _tag(image, packages, version)
    if not _present(engine, tag):
        _make(engine, tag, Path(prefix), packages)
    return Base(tag, f"debian:{SUITE} + CPython {version}{described}", Path(headers))


def _tag(image: Image, packages: list[str], *more: str) -> str:
    content = repr((SUITE, *more, packages, UNUSED, LEFT_OUT)).encode()
    return f"msclc/base-{image.python}:{hashlib.sha256(content).hexdigest()[:12]}"


def _make(engine: str, tag: str, prefix: Path | None, packages: list[str]) -> None:
    """Make the base of Debian's packages, with the interpreter of this prefix if there is one."""
    if prefix == Path("/usr"):
        raise LauncherError("the system's Python cannot be packed into an image; install the same "
                            "version by pyenv or uv, or build where a registry can be reached")
    name = tag.partition("/")[2].replace(":", "-")
    with tempfile.TemporaryDirectory(prefix="msclc-base-") as scratch:
        tree = Path(scratch, "tree")
        archive = Path(scratch, "base.tar")
        clean = Path(scratch, "docker-clean")
        clean.write_text(f"{APT_CLEAN}\n")
        hooks = [f"copy-in {clean} /etc/apt/apt.conf.d"]
        if prefix:
            _pack(prefix, tree / "usr" / "local")
            hooks = [f"sync-in {tree} /", "chroot \"$1\" ldconfig",
                     "ln -sf python3 \"$1/usr/local/bin/python\""]
        line = ["mmdebstrap", "--quiet", "--variant=minbase",
                *([f"--include={','.join(packages)}"] if packages else []),
                *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in LEFT_OUT),
                *(f"--customize-hook={hook}" for hook in hooks), SUITE, str(archive)]
        variables = {"SOURCE_DATE_EPOCH": "0", "TMPDIR": scratch}
        steps.run(name, line, f"making {tag}", variables)
        steps.run(name, [engine, "import", str(archive), tag], f"importing {tag}")


def _pack(prefix: Path, target: Path) -> None:
    """Copy an interpreter without its tests, headers, static libraries and installed packages."""
    version = next(prefix.glob("bin/python3.*[0-9]")).name
    (target / "bin").mkdir(parents=True)
    (target / "lib").mkdir()
    shutil.copy2(prefix / "bin" / version, target / "bin" / version)
    os.symlink(version, target / "bin" / "python3")
    for library in sorted(prefix.glob("lib/libpython*.so*")):
        shutil.copy2(library, target / "lib" / library.name, follow_symlinks=False)
    shutil.copytree(prefix / "lib" / version, target / "lib" / version,
                    ignore=shutil.ignore_patterns(*UNUSED), symlinks=True)
    (target / "lib" / version / "site-packages").mkdir()
    strip = shutil.which("strip")
    for path in sorted(target.rglob("*.so*")) + [target / "bin" / version]:
        if strip and path.is_file() and not path.is_symlink():
            path.chmod(0o755)
            subprocess.run([strip, "--strip-unneeded", str(path)], check=True, capture_output=True)
