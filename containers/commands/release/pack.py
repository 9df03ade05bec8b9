"""Archives and sums that are the same bytes whenever they are made of the same files."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

SUMS = "SHA256SUMS"
# Neither can be a line of the sums.
UNNAMED = (SUMS, f"{SUMS}.sig")


def sha256(path: Path) -> str:
    """Return a file's SHA-256."""
    found = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def zipped(content: bytes, path: Path) -> None:
    """Write a gzip file without a name or a time in it."""
    with open(path, "wb") as stream, \
            gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=6, mtime=0) as target:
        target.write(content)


def tar(members: Iterable[tuple[str, Path]], path: Path, seconds: int) -> None:
    """Write a compressed tar archive: sorted, one date, no owner.

    Parameters
    ----------
    members : iterable of (str, Path)
        Name inside the archive, and the file.
    path : Path
    seconds : int
        The date of every member.
    """
    with open(path, "wb") as stream, \
            gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=6, mtime=0) as target, \
            tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, source in sorted(members):
            content = source.read_bytes()
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), seconds, 0o644
            archive.addfile(member, io.BytesIO(content))


def sums(folder: Path) -> str:
    """Return the lines of `SUMS` for every other file of a folder but its signature, sorted by path."""
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return "".join(f"{sha256(folder / name)}  {name}\n" for name in found if name not in UNNAMED)


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    return path.stat().st_size if path.is_file() else sum(
        part.stat().st_size for part in path.rglob("*") if part.is_file())
