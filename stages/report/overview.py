"""Make the overview of all studies (``reports/index.html``): one row for each, with its verdicts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section
from stages.report import render, tables
from stages.verdicts import headline
from stages.verdicts import study as studies

# A study to copy, which is never run where it stands.
TEMPLATE = "template"


def folders(root: Path, named: list[str]) -> list[studies.Study]:
    """Return the named studies.

    Raises
    ------
    InputError
        If a folder below ``studies`` with a ``study.yaml`` is not named, or one is named twice.
    """
    found = sorted(path.parent.name for path in (root / "studies").glob(f"*/{studies.FILE}"))
    for name in found:
        if name not in named and name != TEMPLATE:
            raise InputError(f"the study {name} is not listed", root / "params.yaml",
                             f"add {name} to 'studies', or move its folder away")
    if len(named) != len(set(named)):
        raise InputError("a study is listed twice", root / "params.yaml", "keep one")
    return [studies.read(root / "studies" / name) for name in named]


def row(study: studies.Study, root: Path) -> dict:
    """Return what the overview shows of one study.

    Raises
    ------
    InputError
        If its summary is missing or incomplete.
    """
    path = root / "reports" / "overview" / f"{study.name}.json"
    summary = canonical.read_json(path)
    try:
        values, tally = summary["headline"], Counter(summary["verdicts"])
        for key in headline.KEYS:
            values[key]
    except (KeyError, TypeError) as error:
        raise InputError(f"is not complete ({error})", path, "make it again (dvc repro)") from None
    item, line, metric, _ = study.content.headline.number
    about = study.content.items.get(item)
    return {"name": study.name, "study": study.content, "total": tally.total(),
            "totals": [(verdict, tally[name]) for name, verdict in tables.verdicts(study).items()],
            "headline": values,
            "quantity": ", ".join(filter(None, (
                about.title.split(":")[0] if about else item,
                tables.row_name(study, line), tables.metric_name(metric))))}


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.report.overview", __doc__)
    parser.add_argument("--params", type=Path, required=True, help="names the studies")
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    parser.add_argument("--out", type=Path, required=True, help="the page (HTML)")
    options = parser.parse_args()
    named = list(section(options.params, "studies", tuple[str, ...]))
    rows = [row(study, options.root) for study in folders(options.root, named)]
    page = render.environment().get_template("overview.html.j2").render(rows=rows)
    canonical.write_bytes(options.out, page.encode())


if __name__ == "__main__":
    cli.main(stage)
