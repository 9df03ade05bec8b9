"""What a container sees of the machine, and as whom: the same for every container engine.

The repository is mounted read-only at a fixed place, so that no output can depend on where the
checkout lies; the output folders are mounted writable over it. Nothing else of the host is there
but a scratch folder that lives as long as the command.

A container never runs as root. An ordinary user's containers run as that user. For root they run as
the owner of the repository or, where root owns it, as ``nobody``: the output folders are opened to
``nobody`` before the command, and what it made is given back when the last command ends.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from containers.launcher import ROOT, LauncherError, environment
from containers.launcher.images import Image

REPOSITORY = Path("/repository")
SCRATCH = Path("/scratch")
# Where stages write: DVC's outputs, the results in git, and what is not tracked.
# .cache: what a stage keeps of its own between runs.
OUTPUTS = (".cache", "data", "features", "logs", "masks", "metrics", "models", "reports")
NOBODY = 65534


@dataclass(frozen=True)
class Box:
    """One command's view of the machine.

    Attributes
    ----------
    scratch : Path
        The host's folder behind ``/scratch``.
    read, write : tuple of Path
        Further host folders, mounted where they are on the host.
    user, group : int
        Who runs the command.
    gpu : bool
        Whether it may use the GPU.
    """

    scratch: Path
    user: int
    group: int
    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    gpu: bool = False

    def mounts(self) -> list[tuple[Path, Path, bool]]:
        """Return ``(host folder, place in the container, writable)``, outer ones first."""
        inside = [(ROOT / name, REPOSITORY / name, True) for name in OUTPUTS]
        outside = [(path, path, False) for path in self.read]
        outside += [(path, path, True) for path in self.write]
        return [(ROOT, REPOSITORY, False), (self.scratch, SCRATCH, True), *inside, *outside]

    def variables(self, image: Image, threads: int, tests: bool) -> dict[str, str]:
        """Return the command's whole environment."""
        path = [str(REPOSITORY)] + ([str(REPOSITORY / ".envs" / "test-tools")] if tests else [])
        return environment.variables(threads) | image.environment | {
            "PATH": "/opt/venv/bin:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(SCRATCH), "TMPDIR": str(SCRATCH), "PYTHONPATH": os.pathsep.join(path),
            "MSCLC_PROVENANCE": str(SCRATCH / "provenance.json")}


def identity() -> tuple[int, int]:
    """Return the user and group that containers run as; never root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    owner = ROOT.stat()
    return (owner.st_uid, owner.st_gid) if owner.st_uid else (NOBODY, NOBODY)


@contextmanager
def opened(box: Box) -> Iterator[None]:
    """Make the output folders writable for the container's user; give back what it made.

    Raises
    ------
    LauncherError
        If a folder cannot be made or is not readable for that user.
    """
    folders = [ROOT / name for name in OUTPUTS] + list(box.write)
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LauncherError(f"{error.filename}: cannot make this folder ({error.strerror})") from None
    if os.geteuid() != 0:
        yield
        return
    _check_readable(box)
    os.chown(box.scratch, box.user, box.group)
    with open(ROOT / "logs" / ".containers.lock", "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_SH)
        for folder in folders:
            _open(folder, box)
        try:
            yield
        finally:
            _give_back(folders, turn)


def _check_readable(box: Box) -> None:
    for path in (ROOT, ROOT / "stages", ROOT / "studies", ROOT / "params.yaml"):
        if not path.exists():
            continue
        facts = path.stat()
        needed = (stat.S_IROTH | stat.S_IXOTH) if path.is_dir() else stat.S_IROTH
        if facts.st_uid != box.user and facts.st_mode & needed != needed:
            raise LauncherError(
                f"{path}: containers do not run as root, and user {box.user} may not read this; "
                f"work as an ordinary user, or chmod -R o+rX {ROOT}")


def _open(folder: Path, box: Box) -> None:
    """Folders pass to the container's user; files, which stages replace, stay readable."""
    for path, _, names in os.walk(folder):
        if os.stat(path).st_uid != box.user:
            os.chown(path, box.user, box.group)
        for name in names:
            facts = os.lstat(os.path.join(path, name))
            if stat.S_ISREG(facts.st_mode) and facts.st_uid != box.user \
                    and not facts.st_mode & stat.S_IROTH:
                os.chmod(os.path.join(path, name), stat.S_IMODE(facts.st_mode) | 0o044)


def _give_back(folders: list[Path], turn) -> None:
    """The last command to end hands everything to the repository's owner."""
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    owner = ROOT.stat()
    for folder in folders:
        for path, _, names in os.walk(folder):
            for entry in [path, *(os.path.join(path, name) for name in names)]:
                if os.lstat(entry).st_uid != owner.st_uid:
                    os.lchown(entry, owner.st_uid, owner.st_gid)
