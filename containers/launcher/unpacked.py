"""An image as a folder beside its SIF file, made once: what Apptainer starts fastest.

Without privileges Apptainer mounts a SIF file anew for every command, through FUSE, and unpacks
again whatever the command reads. A folder is read from the system's cache. The SIF file stays what
is moved, locked and checked; the folder is made of a checked file only and named by its checksum.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from containers.launcher import LauncherError, box
from containers.launcher.images import Image

# "no" where many small files are slow, as on a cluster's shared file system.
VARIABLE = "MSCLC_UNPACK"
ANSWERS = ("yes", "no")


def root(image: Image, digest: str) -> Path:
    """Return what Apptainer is to run: the folder, or the SIF file where there can be none.

    Parameters
    ----------
    image : Image
        The image, with its SIF file in place.
    digest : str
        The SIF file's checksum, as it was just checked.

    Raises
    ------
    LauncherError
        If the variable ``MSCLC_UNPACK`` is neither ``yes`` nor ``no``.
    """
    answer = os.environ.get(VARIABLE, "yes")
    if answer not in ANSWERS:
        raise LauncherError(f"{VARIABLE} is '{answer}'; valid: {', '.join(ANSWERS)}")
    folder = _folder(image, digest)
    if answer == "no":
        return image.sif
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(exist_ok=True)
        with open(folder.parent / f"{image.name}.lock", "w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            return folder if folder.is_dir() or _make(image, folder) else image.sif
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EROFS):
            print(f"notice: not unpacked: {error.filename}: {error.strerror}", file=sys.stderr)
        return image.sif


def forget(image: Image) -> None:
    """Remove the folders of the image's earlier SIF files."""
    for folder in _folder(image, "").parent.glob(f"{image.name}-*"):
        shutil.rmtree(folder)


def _folder(image: Image, digest: str) -> Path:
    return image.sif.parent / "unpacked" / f"{image.name}-{digest.removeprefix('sha256:')[:32]}"


def _make(image: Image, folder: Path) -> bool:
    """Unpack as the user whose containers will read it; never as root."""
    print(f"unpacking {image.sif.name} once …", file=sys.stderr, flush=True)
    scratch = folder.parent / f".{image.name}.partial"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    line = ["apptainer", "--silent", "build", "--userns", "--sandbox", str(scratch / "tree"),
            str(image.sif)]
    if os.geteuid() == 0:
        user, group = box.identity()
        os.chown(scratch, user, group)
        line = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--", *line]
    variables = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(scratch),
                 "APPTAINER_TMPDIR": str(scratch), "APPTAINER_CACHEDIR": str(scratch / "cache")}
    try:
        made = subprocess.run(line, env=variables, capture_output=True, text=True)
        if made.returncode:
            said = (made.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"notice: not unpacked, every command unpacks what it reads: {said}",
                  file=sys.stderr)
            return False
        os.rename(scratch / "tree", folder)
        return True
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
