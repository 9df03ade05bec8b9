"""Make the overview of all studies (``reports/index.html``): one row for each, with its verdicts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.report import render, tables
from stages.verdicts import headline
from stages.verdicts import study as studies

# A study's system on a synthetic cohort, and the page that its pipeline makes beside the report.
SYNTHETIC, DEMONSTRATED = "synthetic/dvc.yaml", "synthetic.html"
# A study to copy, which is never run where it stands.
TEMPLATE = "template"


def folders(root: Path) -> list[studies.Study]:
    """Return the studies that have been summarised, by name.

    Raises
    ------
    InputError
        If a study folder has no summary, or a summary no study.
    """
    found = {path.parent.name for path in (root / "studies").glob(f"*/{studies.FILE}")} - {TEMPLATE}
    named = {path.stem for path in (root / "reports" / "overview").glob("*.json")}
    for name in sorted(found - named):
        raise InputError(f"the study {name} is not listed", root / "dvc.yaml",
                         f"add {name} to the list of studies, or move its folder away")
    return [studies.read(root / "studies" / name) for name in sorted(named)]


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
        values, tally = summary["headline"], Counter(dict(summary["verdicts"]))
        total = sum(tally.values())
        keys = (*headline.KEYS, *headline.OVERVIEW)
        for key in keys:
            if type(values[key]) not in (int, float, type(None)):
                raise ValueError(f"'{key}' is no number")
        for key in values.keys() - set(keys):
            raise ValueError(f"'{key}' is a key that the other studies lack")
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"is not complete ({error})", path, "make it again (dvc repro)") from None
    item, line, metric, _ = study.content.headline.number
    about = study.content.items.get(item)
    return {"name": study.name, "study": study.content, "total": total,
            "totals": [(verdict, tally[name]) for name, verdict in tables.VERDICTS.items()],
            "headline": values,
            "synthetic": DEMONSTRATED if (study.folder / SYNTHETIC).is_file() else None,
            "quantity": ", ".join(filter(None, (
                about.title.split(":")[0] if about else item,
                tables.row_name(study, line), tables.metric_name(metric))))}


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.report.overview", __doc__)
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    parser.add_argument("--out", type=Path, required=True, help="the page (HTML)")
    options = parser.parse_args()
    rows = [row(study, options.root) for study in folders(options.root)]
    page = render.environment().get_template("overview.html.j2").render(rows=rows)
    canonical.write_bytes(options.out, page.encode())


if __name__ == "__main__":
    cli.main(stage)
