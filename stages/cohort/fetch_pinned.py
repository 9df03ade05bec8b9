"""Fetch a study's list of public files, pinned by commit and content.

Runs in the orchestrator, which may use the network. The files have the terms of their sources and
are never stored beside the code: they stay in a folder that git ignores, and only the list of what
was fetched is a result.
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

from stages.cohort.fetch import DEFAULT_MIRROR, MIRROR_VARIABLE, fetch
from stages.cohort.parameters import Release, read_timeout
from stages.common import cli
from stages.common.errors import InputError


def releases(path: Path) -> list[tuple[str, Release]]:
    """Return the mirror's folder and the release of every pinned file.

    Raises
    ------
    InputError
        If a line lacks a value.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return [(row["folder"], Release(f"{row['address']}/{row['file']}", row["file"],
                                            row["sha256"], int(row["bytes"])))
                    for row in csv.DictReader(stream)]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"is no list of pinned files ({type(error).__name__})", path,
                         "restore the file from the repository") from None


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.cohort.fetch_pinned", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--files", type=Path, required=True, help="the pinned files (CSV)")
    parser.add_argument("--folder", type=Path, required=True, help="where the files belong")
    parser.add_argument("--out", type=Path, required=True, help="file to SHA-256 (JSON)")
    options = parser.parse_args()
    mirror = Path(os.environ.get(MIRROR_VARIABLE) or DEFAULT_MIRROR)
    timeout, found = read_timeout(options.params), releases(options.files)
    for folder, release in found:
        print("from", fetch(release, options.folder / release.file, mirror, timeout, folder))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({release.file: release.sha256 for _, release in found}, indent=2,
                                      sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    cli.main(stage)
