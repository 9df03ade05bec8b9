"""A small run of a room's code, to compare CPUs and engines by the bytes that come out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from stages.common import canonical, cli


def stage(module: str, description: str | None, make: Callable[[Path, Path], None]) -> None:
    """Command line: write the SHA-256 of every file that a run writes (JSON, by name).

    Parameters
    ----------
    module, description : str
        As for `cli.parser`.
    make : callable
        Takes an empty folder and the path of the parameters; writes files into the folder.
    """
    parser = cli.parser(module, description)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="SHA-256 by output (JSON)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="probe-") as folder:
        make(Path(folder), options.params)
        found = {path.relative_to(folder).as_posix(): canonical.sha256(path)
                 for path in sorted(Path(folder).rglob("*")) if path.is_file()}
    canonical.write_json(options.out, found)
