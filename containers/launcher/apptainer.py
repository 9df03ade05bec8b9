"""Engine ``apptainer``: a SIF file per image, without privileges (user namespaces)."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from containers.launcher import LauncherError, locks
from containers.launcher.box import REPOSITORY, Box
from containers.launcher.images import Image
from containers.launcher.oci import Missing


def ready(image: Image) -> str:
    """Return the SIF's SHA-256, once it is there and is the one in the lock.

    Raises
    ------
    LauncherError
        If Apptainer is not installed, or the SIF is missing or differs.
    """
    if not shutil.which("apptainer"):
        raise LauncherError("apptainer is not installed; install it, or choose another engine "
                            "(MSCLC_ENGINE=venv needs none)")
    if not image.sif.is_file():
        raise Missing(f"apptainer: {image.sif} is not there; run 'make sif'")
    found = digest(image.sif)
    wanted = locks.expected(image.name, image.recipe(), "apptainer")
    if found != wanted:
        raise Missing(f"apptainer: {image.sif.name} is {found[:19]}, but containers/images.lock "
                      f"says {(wanted or 'nothing')[:19]}; run 'make sif' to build and record it")
    return found


def digest(path: Path) -> str:
    """Return the file's SHA-256, read again only when the file has changed."""
    facts = path.stat()
    stamp = f"{facts.st_size} {facts.st_mtime_ns} {facts.st_ino}"
    memory = path.with_suffix(".sha256")
    if memory.is_file():
        known, _, seen = memory.read_text().partition(" ")
        if seen == stamp:
            return known
    value = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            value.update(block)
    found = f"sha256:{value.hexdigest()}"
    if os.access(path.parent, os.W_OK):
        memory.write_text(f"{found} {stamp}")
    return found


def command(image: Path, arguments: list[str], box: Box, variables: dict[str, str]) -> list[str]:
    """Return the command line that runs ``arguments`` in the SIF file or folder, closed off."""
    line = ["apptainer", "--silent", "exec", "--userns", "--containall", "--cleanenv", "--no-home",
            "--no-privs", "--net", "--network=none", "--hostname=stage", f"--pwd={REPOSITORY}"]
    line += ["--nv"] if box.gpu else []
    for source, target, writable in box.mounts():
        line.append(f"--bind={source}:{target}:{'rw' if writable else 'ro'}")
    for name, value in sorted(variables.items()):
        # Apptainer sets HOME itself and refuses it as a variable; env(1) below has the last word.
        if name not in ("HOME", "PATH"):
            line.append(f"--env={name}={value}")
    closing = ["env", f"HOME={variables['HOME']}", f"PATH={variables['PATH']}"]
    if os.geteuid() == 0:
        line = ["setpriv", f"--reuid={box.user}", f"--regid={box.group}", "--clear-groups", "--",
                *line]
    return [*line, str(image), *closing, *arguments]
