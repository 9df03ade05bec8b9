"""Write the sections of a report whose study adds none (``sections.json``)."""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli

NOTHING = {"sentences": [], "drawn": {}, "sections": [], "sources": [], "files": {}}


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.report.plain", __doc__)
    parser.add_argument("--out", type=Path, required=True, help="the sections (JSON)")
    canonical.write_json(parser.parse_args().out, NOTHING)


if __name__ == "__main__":
    cli.main(stage)
