"""The tag: its commit, its files, its history."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from containers.launcher import LauncherError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Tag:
    """A tag at the commit that is checked out, with nothing changed.

    Attributes
    ----------
    root : Path
        The repository.
    name, commit : str
    seconds : int
        The commit's date, in seconds since 1970: every date in a release is this one.
    """

    root: Path
    name: str
    commit: str
    seconds: int

    @property
    def version(self) -> str:
        """The version that the tag names."""
        return self.name.removeprefix("v")


def git(root: Path, *arguments: str, given: bytes | None = None) -> bytes:
    """Return what git says.

    Raises
    ------
    LauncherError
        With git's own last line.
    """
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, input=given)
    except FileNotFoundError:
        raise LauncherError("git is not installed; a release is made of a tag") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise LauncherError(f"git {arguments[0]}: {said[-1]}")
    return done.stdout


def find(root: Path, name: str) -> Tag:
    """Return the tag.

    Raises
    ------
    LauncherError
        If there is no such tag, it is not at the commit that is checked out, or files differ from it.
    """
    if not NAME.fullmatch(name):
        raise LauncherError(f"TAG='{name}' is no name of a tag; name one, as in "
                            "'make release TAG=v1.0.0'")
    changed = git(root, "status", "--porcelain", "--untracked-files=all").decode().splitlines()
    if changed:
        raise LauncherError(f"{changed[0][3:]}: differs from the last commit ({len(changed)} such); "
                            "commit or remove it: a release holds a tag and nothing else")
    tags = git(root, "tag", "--list", name).decode().split()
    if name not in tags:
        raise LauncherError(f"there is no tag '{name}'; make it with 'git tag -a {name}'")
    commit = git(root, "rev-parse", f"refs/tags/{name}^{{commit}}").decode().strip()
    here = git(root, "rev-parse", "HEAD").decode().strip()
    if commit != here:
        raise LauncherError(f"the tag '{name}' is at {commit[:12]}, not at {here[:12]}, which is "
                            f"checked out; 'git checkout {name}', or choose another tag")
    return Tag(root, name, commit, int(git(root, "show", "-s", "--format=%ct", commit)))


def files(tag: Tag) -> list[str]:
    """Return the files of the tag, sorted."""
    listed = git(tag.root, "ls-tree", "-r", "-z", "--name-only", tag.commit).decode()
    return sorted(filter(None, listed.split("\0")))


def archive(tag: Tag, prefix: str) -> bytes:
    """Return the tag's files as a tar archive."""
    return git(tag.root, "archive", "--format=tar", f"--prefix={prefix}/", tag.commit)


def unpack(tag: Tag, folder: Path) -> None:
    """Write the tag's files below ``folder``."""
    whole = git(tag.root, "archive", "--format=tar", tag.commit)
    with tarfile.open(fileobj=io.BytesIO(whole)) as content:
        for member in content:
            path = folder / member.name
            if member.isdir():
                path.mkdir(parents=True, exist_ok=True)
            elif member.isfile():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.extractfile(member).read())
                path.chmod(0o755 if member.mode & 0o100 else 0o644)
            else:
                raise LauncherError(f"{member.name}: is a link; a release holds plain files")


def bundle(tag: Tag) -> bytes:
    """Return the tag's whole history as a git bundle.

    ``git bundle`` copies what the repository's packs hold, so that its bytes depend on how often git
    has tidied up. Here every object is packed anew, in the order of the history.
    """
    reference = f"refs/tags/{tag.name}"
    target = git(tag.root, "rev-parse", reference).decode().strip()
    objects = git(tag.root, "rev-list", "--objects", target)
    # An annotated tag is an object of its own, which rev-list passes over.
    if target != tag.commit:
        objects = f"{target} {tag.name}\n".encode() + objects
    pack = git(tag.root, "-c", "pack.compression=9", "-c", "core.bigFileThreshold=512m",
               "pack-objects", "--stdout", "--threads=1", "--no-reuse-object", "--no-reuse-delta",
               "--delta-base-offset", "--window=10", "--depth=50", "-q", given=objects)
    head = f"# v2 git bundle\n{tag.commit} HEAD\n{target} {reference}\n\n"
    return head.encode() + pack
