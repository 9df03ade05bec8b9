"""Write what is computed into README.md: the table of verdicts and what the test AUCs show."""

from __future__ import annotations

import sys
from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.reporting import ledger, report_chance, verdicts
from stages.reporting.report_inputs import EARLIER, ENVIRONMENT, RELEASE, Reader


def markers(name: str) -> tuple[str, str]:
    """Return the comments between which a part stands."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def insert(text: str, name: str, content: str, source: str) -> str:
    """Return ``text`` with what stands between the markers of ``name`` replaced by ``content``.

    Raises
    ------
    InputError
        If a marker is missing.
    """
    begin, end = markers(name)
    if begin not in text or end not in text:
        raise InputError(f"lacks the markers of the {name}", source, f"add {begin} and {end}")
    before, after = text.split(begin)[0], text.split(end)[1]
    return f"{before}{begin}\n{content}\n{end}{after}"


def parts(ledger_path: Path, metrics: Path) -> dict[str, str]:
    """Return the parts as Markdown, by name.

    Raises
    ------
    InputError
        Naming the file that is missing or lacks a value.
    """
    reader = Reader()
    rows = canonical.read_csv(ledger_path, ledger.COLUMNS, dtype=str, keep_default_na=False)
    chance = {release: reader.json(metrics / "chance" / f"{release}.json")
              for release in (EARLIER, RELEASE)}
    corrected = reader.json(metrics / "corrected" / RELEASE / f"{ENVIRONMENT}.json")
    return {"verdicts": verdicts.markdown(rows),
            "headline": report_chance.markdown(chance, corrected)}


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.reporting.readme", __doc__)
    parser.add_argument("--readme", type=Path, default="README.md", help="the Markdown file")
    parser.add_argument("--ledger", type=Path, default="reports/ledger.csv")
    parser.add_argument("--metrics", type=Path, default="metrics")
    options = parser.parse_args()
    try:
        text = options.readme.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", options.readme) from None
    for name, content in parts(options.ledger, options.metrics).items():
        text = insert(text, name, content, str(options.readme))
    canonical.write_bytes(options.readme, text.encode())
    print(f"wrote the table of verdicts and the test AUCs into {options.readme}", file=sys.stderr)


if __name__ == "__main__":
    cli.main(stage)
