"""Fetch one pinned release of the feature table; keep it only when every byte is right.

Runs in the orchestrator: the one stage that may use the network.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pooch
import requests

from stages.cohort.parameters import Release, read_releases, read_timeout
from stages.common import cli
from stages.common.errors import InputError
from stages.common.parameters import choose

MIRROR_VARIABLE = "DATA_MIRROR"
DEFAULT_MIRROR = "../shared/data"


def fetch(release: Release, destination: Path, mirror: Path, timeout: float,
          folder: str = "released") -> str:
    """Put the released table at ``destination``.

    Tried in turn: a file already there, the public address, the mirror folder.

    Parameters
    ----------
    release : Release
        Address, size in bytes and SHA-256 of the file.
    destination : Path
        Where the file belongs.
    mirror : Path
        A folder that holds ``<folder>/<file>`` or ``<file>``.
    timeout : float
        Seconds to wait for the public address.
    folder : str
        The mirror's folder for files of this kind.

    Returns
    -------
    str
        Where the file came from.

    Raises
    ------
    InputError
        If no source has the right bytes; the line names the three ways to supply the file.
    """
    failures = []
    if destination.exists():
        fault = _fault(destination, release)
        if fault is None:
            return f"{destination} (already there)"
        failures.append(f"{destination} {fault}")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=destination.parent, prefix=".fetch-"))
    except OSError as error:
        raise InputError(f"cannot write ({error.strerror})", destination.parent,
                         "make the folder writable") from None
    try:
        for source, bring in ((release.url, _download), *_mirrored(mirror, folder, release)):
            candidate = scratch / release.file
            reason = bring(source, candidate, timeout) or _fault(candidate, release)
            if reason is None:
                os.replace(candidate, destination)
                return str(source)
            candidate.unlink(missing_ok=True)
            failures.append(f"{source} {reason}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    raise InputError(
        f"not available ({'; '.join(failures)})", destination,
        f"supply it in one of three ways: (1) open the network to {release.url}, (2) set "
        f"{MIRROR_VARIABLE} to a folder that holds {folder}/{release.file}, (3) put the file "
        f"(SHA-256 {release.sha256}) at {destination}")


def _mirrored(mirror: Path, folder: str, release: Release):
    for source in (mirror / folder / release.file, mirror / release.file):
        if source.exists():
            return ((source, _copy),)
    return ((mirror / folder / release.file, _copy),)


def _download(url: str, candidate: Path, timeout: float) -> str | None:
    downloader = pooch.HTTPDownloader(timeout=timeout, progressbar=False)
    try:
        downloader(url, str(candidate), None)
    except requests.exceptions.ConnectionError:
        return "is unreachable"
    except (requests.exceptions.RequestException, OSError) as error:
        return f"failed ({type(error).__name__}: {str(error)[:120]})"
    return None


def _copy(source: Path, candidate: Path, timeout: float) -> str | None:
    try:
        shutil.copyfile(source, candidate)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None


def _fault(path: Path, release: Release) -> str | None:
    size = path.stat().st_size
    if size < release.bytes:
        return f"is truncated ({size} of {release.bytes} bytes)"
    if pooch.file_hash(str(path), alg="sha256") != release.sha256:
        return "has another SHA-256"
    return None


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.fetch", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--release", required=True, help="a release of the parameters")
    parser.add_argument("--out", type=Path, required=True, help="where the table belongs")
    options = parser.parse_args()
    release = choose(read_releases(options.params), options.release, "release")
    timeout = read_timeout(options.params)
    mirror = Path(os.environ.get(MIRROR_VARIABLE) or DEFAULT_MIRROR)
    print("from", fetch(release, options.out, mirror, timeout))


if __name__ == "__main__":
    cli.main(stage)
