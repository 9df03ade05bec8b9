"""Write what is computed into README.md: the table of verdicts and what the test AUCs show."""

from __future__ import annotations

import sys
from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.report.files import Reader
from stages.verdicts import lines, tables
from stages.verdicts import study as studies
from studies.sclc_liver.report import chance
from studies.sclc_liver.report.inputs import EARLIER, ENVIRONMENT, RELEASE


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


def parts(study: studies.Study, root: Path) -> dict[str, str]:
    """Return the parts as Markdown, by name.

    Raises
    ------
    InputError
        Naming the file that is missing or lacks a value.
    """
    reader = Reader()
    results = study.results(root)
    rows = canonical.read_csv(study.reports(root) / "ledger.csv", lines.COLUMNS, dtype=str,
                              keep_default_na=False)
    tested = {release: reader.json(results / "chance" / f"{release}.json")
              for release in (EARLIER, RELEASE)}
    corrected = reader.json(results / "corrected" / RELEASE / f"{ENVIRONMENT}.json")
    return {"verdicts": tables.markdown(rows),
            "headline": chance.markdown(tested, corrected)}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.report.readme", __doc__)
    parser.add_argument("--readme", type=Path, default="README.md", help="the Markdown file")
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    options = parser.parse_args()
    study = studies.read(options.root / "studies" / "sclc_liver")
    try:
        text = options.readme.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", options.readme) from None
    for name, content in parts(study, options.root).items():
        text = insert(text, name, content, str(options.readme))
    canonical.write_bytes(options.readme, text.encode())
    print(f"wrote the table of verdicts and the test AUCs into {options.readme}", file=sys.stderr)


if __name__ == "__main__":
    cli.main(stage)
