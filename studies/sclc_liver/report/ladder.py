"""The leakage ladder: released models, and one model with and without something to be found."""

from __future__ import annotations

from stages.report.chart import SHAPES, Axis, Chart, category_axis, key, ticks
from stages.report.figure import Figure, short
from stages.report.files import Document
from studies.sclc_liver.report.figures import MODELS, NAMES, legend, style
from studies.sclc_liver.report.inputs import ENVIRONMENT, RELEASE, Inputs
from studies.sclc_liver.report.whole import between, number

RUNGS = {"series": "series at random (released)", "study": "by study", "patient": "by patient",
         "patient-selection-inside": "by patient, selection inside"}
STEPS = ["series", "study", "patient", "patient + sel."]


def ladder(inputs: Inputs) -> Figure:
    """Return the cross-validated AUC of each released model, leak by leak removed."""
    axis = Axis(0.3, 0.9, ticks(0.3, 0.9, 0.1, 1), "cross-validated AUC")
    chart = Chart("ladder-auc", "Leakage ladder", "Cross-validated AUC falls for each model as "
                  "folds and selection keep patients apart.",
                  category_axis(STEPS), axis, height=360)
    chart.line([(-0.5, 0.5), (3.5, 0.5)], "chance")
    rows = []
    for place, model in enumerate(MODELS):
        means = []
        for at, (rung, said) in enumerate(RUNGS.items()):
            score = inputs.leakage.get("models", model, "rungs", rung)
            area, x = score["AUC"], at + 0.2 * (place - 1)
            chart.line([(x, area["min"]), (x, area["max"])], "error")
            chart.line([(x, area["q25"]), (x, area["q75"])], f"{style(model)} thick")
            chart.point(x, area["mean"], style(model), SHAPES[place], 4.6)
            means.append((x, area["mean"]))
            rows.append((NAMES[model], said, short(area["mean"]), short(area["min"]),
                         short(area["max"]), short(score["F1"]["mean"])))
        chart.line(means, f"{style(model)} thin")
    count = inputs.leakage.get("models", "LR", "rungs", "series")["AUC"]["n"]
    return Figure("ladder", "The leakage ladder", [("", chart.svg())], legend(list(MODELS), True),
                  f"Selection and models as released ({inputs.leakage.get('trees')} trees), "
                  f"release  {RELEASE}, environment {ENVIRONMENT}, {count} seeds. Marks are means, "
                  "thick bars the middle half, thin bars the lowest and highest seed.",
                  ("model", "folds", "mean AUC", "lowest", "highest", "mean F1"), rows)


def without_effect(inputs: Inputs) -> Figure:
    """Return each rung with the real outcomes beside what it shows where there is nothing."""
    chart = Chart("ladder-null", "Leakage ladder, real outcomes and outcomes without effect",
                  "With outcomes that have nothing to do with the features the ladder falls too.",
                  category_axis(STEPS), Axis(0.2, 1.0, ticks(0.2, 1.0, 0.1, 1),
                                             "cross-validated AUC"), height=360)
    chart.line([(-0.5, 0.5), (3.5, 0.5)], "chance")
    real, null = [], []
    for at, rung in enumerate(RUNGS):
        found = inputs.ladder.get("rungs", rung)
        chart.line([(at - 0.08, found["low"]), (at - 0.08, found["high"])], "error")
        chart.line([(at + 0.08, found["null"]["q05"]), (at + 0.08, found["null"]["q95"])], "s2 thick")
        real.append((at - 0.08, found["AUC"]))
        null.append((at + 0.08, found["null"]["mean"]))
    for points, css, shape in ((real, "s1", SHAPES[0]), (null, "s2", SHAPES[1])):
        chart.line(points, f"{css} thin")
        for x, y in points:
            chart.point(x, y, css, shape, 4.6)
    return Figure("ladder-null", "The ladder where there is nothing to be found",
                  [("", chart.svg())],
                  [(key("s1", SHAPES[0]), "real outcomes (95 % interval)"),
                   (key("s2", SHAPES[1]), "outcomes without effect (mean, middle 90 %)")],
                  f"Release {RELEASE}, environment {ENVIRONMENT}; released selection and folds, "
                  "logistic regression on standardised features at its optimum, mean of "
                  f"{inputs.ladder.get('seeds')} seeds; {inputs.ladder.get('null_sets')} data sets "
                  "without effect, as alike within patients as the real scores. Intervals are normal, "
                  "with the spread of the data sets without effect.")


def told_apart(document: Document, leakage: Document) -> str:
    """Return how much of the ladder is leakage, how much the bias of its folds, and what is scatter."""
    first, last = (document.get("rungs", name) for name in (next(iter(RUNGS)), list(RUNGS)[-1]))
    found = last["found_without_effect"]
    null = last["null"]
    means = [leakage.get("models", model, "rungs", list(RUNGS)[-1])["AUC"]["mean"] for model in MODELS]
    inside = sum(null["q05"] <= value <= null["q95"] for value in means)
    said = (f"{found['found']} of {found['tried']} ({100 * found['share']:.1f} %, exact 95 % interval "
            f"{100 * found['low']:.1f} to {100 * found['high']:.1f} %)")
    return ("Where there is nothing to be found the last rung, which does not leak, has a mean AUC of "
            f"{short(last['null']['mean'])} (± {short(last['null']['se'])}): its distance from one "
            f"half, {short(last['bias'])}, is the bias of the folds and no leakage. The first rung "
            f"lies {short(first['leakage'])} (± {short(first['leakage_se'])}) above it: that is what "
            "leakage makes of nothing. What the last rung exceeds in "
            f"{100 * document.get('level'):g} % of one half of these data sets it exceeds in the "
            f"other half in {said}; how often the other rungs do, the table says. Without effect the "
            f"middle 90 % of the last rung reach from {short(null['q05'], 2)} to "
            f"{short(null['q95'], 2)}: {inside} of the {len(means)} released models "
            f"({', '.join(short(value) for value in means)}) lie there, so that a mean below one half "
            "is to be expected of this few patients.")


def rungs(document: Document) -> list[tuple]:
    """Return one row for each rung."""
    rows = []
    for rung, said in RUNGS.items():
        found = document.get("rungs", rung)
        wrong = found["found_without_effect"]
        rows.append((said, f"{short(found['AUC'])} ({between(found)})", short(found["P"]),
                     number(found["smallest_detectable"]), short(found["null"]["mean"]),
                     short(found["leakage"]),
                     f"{100 * wrong['share']:.1f} % ({100 * wrong['low']:.1f} to "
                     f"{100 * wrong['high']:.1f})"))
    return rows
