"""Write what this study adds to its page: what is refused, and what the counts of Table 4 give."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stages.common import canonical, cli
from stages.report import render
from stages.report.figure import short
from stages.report.files import Document, Reader
from stages.verdicts import lines, names

TEMPLATES = Path(__file__).with_name("templates")
METHODS = ("pearson", "yates", "likelihood", "fisher", "trend")
FINDINGS = ("id", "verdict", "numbers", "assumption", "reading", "otherwise", "right_if")
TITLES = {"refused": "What is refused, and what would make it right",
          "counts": "What the counts of Table 4 give"}


def p_value(value: float | None) -> str:
    """Return a P value as a text.

    Examples
    --------
    >>> p_value(0.04094), p_value(2.5e-9), p_value(None)
    ('0.041', '<0.0001', '—')
    """
    return "—" if value is None else "<0.0001" if value < 1e-4 else f"{value:.3f}"


def p_table(implied: Document, rows: Sequence[dict]) -> list[tuple]:
    """Return the table of P values: characteristic, printed P, P by each test."""
    printed = {row["row"]: row["published"] for row in rows
               if (row["item"], row["metric"]) == ("Table4", "univariate P")}
    return [(name, printed.get(name, "—"), *(p_value(values.get(method)) for method in METHODS))
            for name, values in implied.get("tests").items()]


def said(text: str) -> str:
    """Return addresses of printed numbers in words.

    Examples
    --------
    >>> said("Table4 | Gender/Male | N = 130; Results | male | n = 133")
    'Table4, Gender/Male, N = 130; Results, male, n = 133'
    """
    return text.replace(" | ", ", ")


def sentences(implied: Document, rows: Sequence[dict]) -> list[str]:
    """Return sentences for a reviewer; every number comes from the results."""
    refused = [row for row in rows if row["verdict"] in names.AGAINST]
    most, model = implied.get("local_control", "most"), implied.get("model")
    control = {row["metric"]: row["published"] for row in rows
               if (row["item"], row["row"]) == ("Results", "LCRF")}
    return [
        f"Every verdict is by consistency alone: {len(refused)} numbers do not go with others that the "
        "paper prints.",
        f"Local control at three years is printed as {control['first value %']} % and "
        f"{control['second value %']} %; the relapses that Table 4 lists under a head of three years "
        f"leave at most {short(most['below'], 1)} % and {short(most['above'], 1)} %.",
        f"Of the {implied.get('of')} P values of Table 4, {implied.get('given')} is that of the counts "
        "beside it by any usual test; the paper names no test.",
        f"{len(model['one_class'])} tables of right and wrong answers of the {model['patients']} "
        "validation patients give their accuracy, precision, recall and F1, whichever class is the "
        f"positive one. As means over both classes {len(model['both_classes'])} splits into classes "
        f"give them, of which {len(model['both_parts'])} go with the values of the training set."]


def sections(implied: Document, rows: Sequence[dict], findings: Sequence[dict]) -> list[dict]:
    """Return the study's sections (see `stages.report.inputs.Section`)."""
    most = implied.get("local_control", "most")
    context = {
        "refused": [(said(row["numbers"]), row["verdict"], row["assumption"], row["right_if"])
                    for row in findings if row["verdict"] in names.AGAINST],
        "excluded": [(said(row["numbers"]), row["reading"], row["otherwise"]) for row in findings
                     if row["verdict"] not in names.AGAINST],
        "tests": p_table(implied, rows), "given": implied.get("given"), "of": implied.get("of"),
        "small": short(most["below"], 1), "large": short(most["above"], 1)}
    templates = render.environment(TEMPLATES)
    return [{"anchor": name, "title": title, "after": "text",
             "html": templates.get_template(f"{name}.html.j2").render(context)}
            for name, title in TITLES.items()]


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.sections", __doc__)
    parser.add_argument("--implied", type=Path, required=True, help="what the numbers imply (JSON)")
    parser.add_argument("--reports", type=Path, required=True, help="ledger and findings (folder)")
    parser.add_argument("--out", type=Path, required=True, help="the sections (JSON)")
    options = parser.parse_args()
    reader = Reader()
    implied = reader.json(options.implied)
    rows = reader.text(options.reports / "ledger.csv", lines.COLUMNS)
    findings = reader.text(options.reports / "findings.csv", FINDINGS)
    with render.drawing(options.out):
        content = {"sentences": sentences(implied, rows), "drawn": {}, "sources": [],
                   "sections": sections(implied, rows, findings), "files": reader.fingerprints}
    canonical.write_json(options.out, content)


if __name__ == "__main__":
    cli.main(stage)
