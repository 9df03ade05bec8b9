"""Make the sections of the report that are about this study alone (``sections.json``)."""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.report import render
from studies.sclc_liver.report import (
    chance,
    corrected,
    figures,
    ladder,
    makers,
    specification,
    text,
    whole,
)
from studies.sclc_liver.report.inputs import ENVIRONMENT, RELEASE, Inputs, read

TEMPLATES = Path(__file__).with_name("templates")
# Anchor, title and the section of the page that it stands behind; each has a template.
SECTIONS = (("curves", "Curves and confusion matrices", "text"),
            ("converged", "The released regression, solved to its optimum", "envelopes"),
            ("chance", "The test AUCs against chance", "envelopes"),
            ("corrected", "The corrected protocol", "envelopes"),
            ("leakage", "How far leakage carries the scores", "envelopes"),
            ("whole", "All patients by a nested procedure", "envelopes"),
            ("makers", "Makers and slice thickness", "envelopes"),
            ("sizes", "How many examinations such a model needs", "envelopes"),
            ("retest", "Two series of an examination; burden and score", "envelopes"),
            ("control", "The paper's protocol on public tables", "envelopes"),
            ("choices", "One curve for the headline AUC", "envelopes"))


def sections(inputs: Inputs) -> dict:
    """Return what this study adds to the page (see `stages.report.inputs.Own`)."""
    context = {
        "release": RELEASE, "environment": ENVIRONMENT, "tested": figures.tested(inputs),
        "roc": figures.roc(inputs), "matrices": corrected.matrices(inputs),
        "converged": corrected.converged(inputs), "ladder": ladder.ladder(inputs),
        "ladder_null": ladder.without_effect(inputs), "rungs": ladder.rungs(inputs.ladder),
        "told_apart": ladder.told_apart(inputs.ladder, inputs.leakage),
        "chance": {"introduction": chance.introduction(inputs.chance),
                   "statements": chance.statements(inputs.chance, inputs.corrected),
                   "limit": chance.limit(inputs.chance), "tests": chance.tests(inputs.chance),
                   "findable": chance.findable(inputs.chance),
                   "permutations": inputs.chance[RELEASE].get("permutations"),
                   "wanted": chance.wanted(inputs.chance[RELEASE]),
                   "power": chance.power(inputs)},
        **corrected.section(inputs), **whole.section(inputs),
        **makers.section(inputs),
        "specification": specification.figure(inputs)}
    templates = render.environment(TEMPLATES)
    figure = templates.get_template("macros.html.j2").make_module().figure
    releases = sorted(inputs.releases.items())
    return {
        "sentences": text.reviewer(inputs),
        "drawn": {item: str(figure(draw(inputs), 4)) for item, draw in (
            ("Fig3", figures.burden), ("Fig4", figures.features), ("Fig5a", figures.failure))},
        "sections": [{"anchor": anchor, "title": title, "after": after,
                      "html": templates.get_template(f"{anchor}.html.j2").render(context)}
                     for anchor, title, after in SECTIONS],
        "sources": [{"caption": "Public feature tables, pinned by commit and content",
                     "head": ["Release", "File", "SHA-256", "Bytes"],
                     "rows": [[name, release.file, release.sha256, f"{release.bytes:,}"]
                              for name, release in releases]}],
        "files": inputs.fingerprints}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.report.stage", __doc__)
    for name, default, said in (
            ("ledger", "reports/sclc_liver/ledger.csv", "verdicts"),
            ("results", "metrics/sclc_liver/results", "folder of recomputed values"),
            ("predictions", "data/sclc_liver/predictions", "folder of predictions and ROC curves"),
            ("burden", "data/sclc_liver/burden", "folder of tumour burden by study"),
            ("selected", "features/sclc_liver/selected", "folder of selected features"),
            ("chance", "metrics/sclc_liver/results/chance", "folder of power curves"),
            ("corrected", "metrics/sclc_liver/results/corrected",
             "folder of the corrected protocol's tables"),
            ("params", "studies/sclc_liver/params", "parameters"),
            ("out", "reports/sclc_liver/sections.json", "the sections")):
        parser.add_argument(f"--{name}", type=Path, default=default, help=f"{said} ({default})")
    options = parser.parse_args()
    inputs = read(options)
    with render.drawing(options.out):
        content = sections(inputs)
    canonical.write_json(options.out, content)


if __name__ == "__main__":
    cli.main(stage)
