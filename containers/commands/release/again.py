"""``make reproduce FROM=release/``: run again what a release holds, without a network.

Checks the signature (``SIGNERS=`` names whose must be there) and every sum, clones the release's own
history, fills DVC's cache from its archive, runs ``make reproduce`` there and compares every result
with the committed one. Nothing is fetched: the released tables come from the folder that DATA_MIRROR
names, packages from the environments of this checkout, where they are made from the release's locks,
else from the release's wheels.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from containers.commands.release import pack, signature, wheels
from containers.commands.release.source import git
from containers.launcher import ROOT, LauncherError, Parser, entry, orchestrator

FOLDER = "release.again"
CACHE = re.compile(r"files/md5/[0-9a-f]{2}/[0-9a-f]{30}(\.dir)?")
# Where tables are looked for that no release holds; as stages.cohort.fetch has it.
MIRROR_VARIABLE, DEFAULT_MIRROR = "DATA_MIRROR", "../shared/data"
# What makes a namespace without a network device; the second needs no rights.
ALONE = (["unshare", "--net"], ["unshare", "--net", "--map-current-user"])
LOCKS = ("bootstrap.lock", "requirements.lock")


def check(release: Path, signers: Path | None = None) -> str:
    """Compare a release with its sums; return what was checked of their signature.

    Raises
    ------
    LauncherError
        Naming the first file that differs, or the signature (`signature.check`).
    """
    if not (release / pack.SUMS).is_file():
        raise LauncherError(f"{release}: is no release (it holds no {pack.SUMS}); name the folder that "
                            "'make release' wrote, as in 'make reproduce FROM=release/'")
    said = signature.check(release, signers)
    told = (release / pack.SUMS).read_text().splitlines()
    found = pack.sums(release).splitlines()
    for line in sorted(set(told) ^ set(found)):
        name = line.partition("  ")[2]
        raise LauncherError(f"{release / name}: is not what {pack.SUMS} says; get the release again")
    return said


def clone(release: Path, target: Path) -> None:
    """Clone the history of a release; results are as its tag has them.

    Raises
    ------
    LauncherError
        If there is not one bundle, or git cannot read it.
    """
    bundles = sorted((release / "source").glob("*.bundle"))
    if len(bundles) != 1:
        raise LauncherError(f"{release / 'source'}: holds {len(bundles)} bundles, not one; get the "
                            "release again")
    git(release, "clone", "-q", str(bundles[0].resolve()), str(target))
    # Links, where .gitignore is about folders.
    (target / ".git" / "info" / "exclude").write_text(".venv\n.envs\n")


def equip(target: Path) -> None:
    """Give the clone the environments of this checkout.

    An image's environment is used where it was made from the clone's own locks; otherwise it is made
    again, from wheels alone.

    Raises
    ------
    LauncherError
        If the orchestrator's locks are other ones: it would be another program.
    """
    for name in LOCKS:
        path = Path("containers") / orchestrator.NAME / name
        if (target / path).read_bytes() != (ROOT / path).read_bytes():
            raise LauncherError(f"{path}: the release has another one than this checkout; check out "
                                "the release's tag and run this again")
    (ROOT / ".envs").mkdir(exist_ok=True)  # a checkout that has run nothing yet
    for name in (".venv", ".envs"):
        (target / name).symlink_to(ROOT / name)


def fill(release: Path, target: Path) -> bool:
    """Put the release's archive of DVC's cache in its place; False where it was left out.

    Raises
    ------
    LauncherError
        If a member is none of DVC's.
    """
    path = release / "cache.tar.gz"
    if not path.is_file():
        return False
    folder = target / ".dvc" / "cache"
    with tarfile.open(path) as archive:
        for member in archive:
            if not (member.isfile() and CACHE.fullmatch(member.name)):
                raise LauncherError(f"{path}: holds '{member.name}', which is no file of DVC's cache")
            place = folder / member.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(archive.extractfile(member).read())
    return True


def alone() -> list[str]:
    """Return what runs a command without a network; empty where this machine does not allow it."""
    for wrap in ALONE:
        if shutil.which(wrap[0]):
            if subprocess.run([*wrap, "true"], capture_output=True).returncode == 0:
                return wrap
    return []


def variables(release: Path, target: Path) -> dict[str, str]:
    """Return the environment of the run: nothing may be fetched."""
    # An address: in a list of folders a blank would end the path.
    links = {"UV_FIND_LINKS": (release / wheels.FOLDER).as_uri()} if (
        release / wheels.FOLDER).is_dir() else {}
    mirror = os.environ.get(MIRROR_VARIABLE) or str(ROOT / DEFAULT_MIRROR)
    return {**os.environ, "PYTHONPATH": str(target), MIRROR_VARIABLE: str(Path(mirror).resolve()),
            "UV_OFFLINE": "1", "PIP_NO_INDEX": "1", **links}


def run(release: Path, target: Path, wrap: list[str]) -> list[str]:
    """Run the clone's pipeline; return the results that are not those of the tag, a line each.

    Raises
    ------
    LauncherError
        If the run fails.
    """
    programs, given = target / ".venv" / "bin", variables(release, target)
    # What stages need of each other; what is in no archive is made again.
    subprocess.run([*wrap, programs / "dvc", "checkout", "--quiet", "--allow-missing"], cwd=target,
                   env=given, capture_output=True)
    made = subprocess.run([*wrap, programs / "python", "-m", "containers.commands.reproduce"],
                          cwd=target, env=given)
    if made.returncode:
        raise LauncherError("the run from the release failed (see above)")
    return git(target, "status", "--porcelain", "--untracked-files=all").decode().splitlines()


def main() -> int:
    """Entry point; 1 where a result is another one."""
    parser = Parser(prog="make reproduce FROM=release/", description=__doc__)
    parser.add_argument("--from", dest="release", required=True, help="the release")
    parser.add_argument("--signers", default="", help="allowed signers of ssh-keygen's, one of whom "
                        "must have signed the release (SIGNERS=)")
    options = parser.parse_args()
    if not options.release:
        raise LauncherError("SIGNERS says who must have signed a release: name it, FROM=release/")
    release, target = Path(options.release).resolve(), ROOT / FOLDER
    signers = Path(options.signers).expanduser().resolve() if options.signers else None
    print(check(release, signers), file=sys.stderr, flush=True)
    shutil.rmtree(target, ignore_errors=True)
    clone(release, target)
    equip(target)
    if not fill(release, target):
        print(f"{release}: has no archive of DVC's cache; what sweeps need of it is missing",
              file=sys.stderr)
    wrap = alone()
    print("without a network device" if wrap else "this machine allows no namespace without network: "
          "nothing is fetched, but nothing hinders it", file=sys.stderr, flush=True)
    changed = run(release, target, wrap)
    for line in changed[:20]:
        print(f"DIFFERS: {line[3:]}")
    print(f"{target}: " + (f"{len(changed)} files are not those of the release" if changed else
                           "every result has the bytes of the release"))
    return int(bool(changed))


if __name__ == "__main__":
    entry(main)
