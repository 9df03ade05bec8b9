"""Make the sections of the report that are about this study alone (``sections.json``)."""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.report import render
from stages.report.chart import Chart, key, unit_axis
from stages.report.figure import Figure, short
from stages.report.files import Document, Reader

TEMPLATES = Path(__file__).with_name("templates")
FINDINGS = ("id", "verdict", "numbers", "assumption", "reading", "otherwise", "right_if")
SERIES = {"undersampling": ("s1", "circle", "radiomics, random undersampling"),
          "SMOTE": ("s2", "square", "radiomics, SMOTE"), "network": ("s3", "triangle", "DenseNet-121")}
# The reading under which the constant answer is least good: no other reading says less.
READING = "SMOTE"
Scores = dict[tuple[str, str], dict[str, str]]


def scores(rows: list[dict[str, str]]) -> Scores:
    """Return AUC and accuracy of Table 3, as printed, by classifier and sampling."""
    found: Scores = {}
    for row in rows:
        model, sampling = row["row"].split("/")
        found.setdefault((model, sampling), {})[row["metric"]] = row["value"]
    # Neither sampling is of the network, which stands in both columns.
    network = found.pop(("DenseNet-121", "undersampling"))
    found.pop(("DenseNet-121", "SMOTE"))
    return found | {("DenseNet-121", "network"): network}


def constant(printed: Scores, implied: Document) -> Figure:
    """Draw accuracy by AUC, and what one answer for all lesions reaches at least."""
    least = implied.get("test_set", READING, "least_share")
    chart = Chart("constant", "Accuracy and AUC of the classifiers of Table 3",
                  f"Most points lie below the line at {least:.3f}: one answer for all lesions.",
                  unit_axis("AUC, by lesion"), unit_axis("Accuracy, by lesion"), width=520)
    chart.line([(0, least), (1, least)], "s4")
    for (_, sampling), one in printed.items():
        css, shape, _ = SERIES[sampling]
        chart.point(float(one["AUC"]), float(one["Accuracy"]), css, shape)
    legend = [(key(css, shape, lined=False), name) for css, shape, name in SERIES.values()]
    legend.append((key("s4"), f"calling every lesion pancreatic: at least {short(least)}"))
    below, models = (implied.get("test_set", READING, name) for name in ("below", "accuracies"))
    text = (
        "As printed. That XGBoost and Gaussian naive Bayes find no colorectal lesion, as the text says,"
        f" makes at least {short(least)} of the test lesions pancreatic, with whichever sampling;"
        f" {below} of the {models} accuracies lie below this share. It holds if the rate is that of all"
        " colorectal lesions of the test set.")
    rows = [(model, "—" if sampling == "network" else sampling, one["AUC"], one["Accuracy"])
            for (model, sampling), one in sorted(printed.items())]
    return Figure("constant-figure", "Accuracy by lesion beside one answer for all lesions",
                  [("", chart.svg())], legend, text, ("Classifier", "Sampling", "AUC", "Accuracy"),
                  rows)


def findings(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """Return the refused statements and readings, the accusations first."""
    shown = [(row["id"].replace("-", " "), row["verdict"], row["numbers"],
              row["reading"] or row["assumption"], row["right_if"] or row["otherwise"]) for row in rows]
    return sorted(shown, key=lambda row: row[1] == "reading excluded")


def sentences(implied: Document) -> list[str]:
    """Return what a reviewer should know, in a sentence each."""
    sets = implied.get("test_set", READING)
    area, accuracy = implied.get("standing", "AUC"), implied.get("standing", "Accuracy")
    draw = implied.get("draw")
    return [
        "If the rate of colorectal lesions that XGBoost and Gaussian naive Bayes find is of all those "
        "of the test set, an answer that calls every lesion pancreatic has an accuracy of at least "
        f"{short(sets['least_share'])} there; {sets['below']} of the {sets['accuracies']} "
        "accuracies of Table 3 are below that.",
        f"{area['above_network']} of {area['classifiers']} radiomics classifiers has an AUC above the "
        f"network's, {accuracy['above_network']} an accuracy above its; the headline is the greatest "
        f"of {area['classifiers']} AUCs on the test set.",
        f"The test set has {draw['patients']} patients, as many of each group; their labels can be set "
        f"in {draw['labellings']} such ways, and no interval is printed."]


def control(tables: dict[str, Document]) -> tuple[tuple[str, ...], list[tuple]]:
    """Return head and rows of both protocols on public features."""
    rows = []
    for name, found in sorted(tables.items()):
        best, chance = found.get("paper", "greatest"), found.get("paper", "chance_of_the_greatest")
        named, test = found.get("corrected", "named"), found.get("corrected", "test")
        one = found.get("corrected", "models", named, "patient")
        patients = found.get("corrected", "patients")
        rows.append((
            name, f"{patients} ({found.get('corrected', 'positive_patients')})",
            f"{short(best['AUC'])} ({best['classifier']}, {best['sampler']})",
            f"{short(chance['median'])} ({short(chance['q05'])} to {short(chance['q95'])})",
            short(chance["P"], 2),
            f"{short(one['AUC'])} ({short(one['low'])} to {short(one['high'])})", short(test["P"], 2)))
    return ("Table", "Patients (positive)", "Paper's protocol: greatest AUC",
            "By chance: median (middle 90 %)", "P", "Corrected protocol: AUC (95 % interval)",
            "P, corrected"), rows


def sections(printed: Scores, implied: Document, refused: list[dict[str, str]],
             tables: dict[str, Document], files: dict) -> dict:
    """Return what this study adds to the page (see `stages.report.inputs.Own`)."""
    templates = render.environment(TEMPLATES)
    context = {"findings": findings(refused), "constant": constant(printed, implied),
               "control": control(tables)}
    return {"sentences": sentences(implied), "drawn": {}, "sources": [], "files": files, "sections": [
        {"anchor": name, "title": title, "after": "text",
         "html": templates.get_template(f"{name}.html.j2").render(context)}
        for name, title in (("constant", "One answer for all lesions"),
                            ("readings", "Statements and readings that the checks refuse"),
                            ("control", "The protocol on public features"))]}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.sections", __doc__)
    parser.add_argument("--published", type=Path, required=True, help="folder of printed numbers")
    parser.add_argument("--implied", type=Path, required=True, help="what they imply (JSON)")
    parser.add_argument("--control", type=Path, nargs="+", required=True,
                        help="both protocols on public features (JSON)")
    parser.add_argument("--findings", type=Path, required=True, help="what the checks refuse (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="the sections (JSON)")
    options = parser.parse_args()
    reader = Reader()
    rows = reader.text(options.published / "table3.csv", ("row", "metric", "value"))
    implied, refused = reader.json(options.implied), reader.text(options.findings, FINDINGS)
    tables = {path.stem: reader.json(path) for path in options.control}
    with render.drawing(options.out):
        content = sections(scores(rows), implied, refused, tables, reader.fingerprints)
    canonical.write_json(options.out, content)


if __name__ == "__main__":
    cli.main(stage)
