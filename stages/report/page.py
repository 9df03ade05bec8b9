"""Make a study's report: every published number beside its recomputation, in one page.

Reads the study's ledger, contradictions, checklists and own sections, checks that they belong
together, and writes one HTML page (and a second one with the reporting checklists) that needs no
network and no JavaScript.
"""

from __future__ import annotations

import os
from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.report import inputs as report_inputs
from stages.report import render, sections
from stages.verdicts import settings as house
from stages.verdicts import study as studies

LIMIT = 3 * 1024 * 1024


def write(path: Path, page: str) -> None:
    """Write a page.

    Raises
    ------
    InputError
        If it is larger than people's mail takes.
    """
    content = page.encode()
    if len(content) > LIMIT:
        raise InputError(f"would be {len(content):,} bytes, more than {LIMIT:,}", path,
                         "show fewer points in the figures")
    canonical.write_bytes(path, content)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.report.page", __doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study's folder")
    parser.add_argument("--params", type=Path, required=True, help="the house's parameters")
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    options = parser.parse_args()
    study, root = studies.read(options.study), options.root
    inputs = report_inputs.read(study, house.read(options.params), root)
    folder = study.reports(root)
    page, answers = folder / "index.html", folder / "checklists.html"
    up = os.path.relpath(root, folder) + "/"
    with render.drawing(page):
        content = sections.index(inputs, answers.name, up)
    checklists = sections.checklists(inputs, page.name, root, up)
    write(page, content)
    write(answers, checklists)


if __name__ == "__main__":
    cli.main(stage)
