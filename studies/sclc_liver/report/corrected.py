"""Figures and tables of the corrected protocol, the leakage ladder and the converged solution."""

from __future__ import annotations

from stages.report.chart import (
    SHAPES,
    Axis,
    Chart,
    category_axis,
    key,
    strip,
    strip_axis,
    ticks,
    unit_axis,
)
from stages.report.figure import Figure, short
from studies.sclc_liver.report.figures import (
    MODELS,
    NAMES,
    OWN_NAMES,
    SERIES,
    corrected_roc,
    legend,
    style,
)
from studies.sclc_liver.report.inputs import EARLIER, ENVIRONMENT, RELEASE, Inputs

PARTS = {"held-out": "held-out training patients", "test": "test patients"}
RUNGS = {"series": "series at random (released)", "study": "by study", "patient": "by patient",
         "patient-selection-inside": "by patient, selection inside"}
AUC_AXIS = Axis(0.2, 1.0, ticks(0.2, 1.0, 0.2, 1), "AUC")
RUN = f"Protocol corrected, release {RELEASE}, environment {ENVIRONMENT}."


def aucs(inputs: Inputs) -> list[dict]:
    """Return one row for each part and model: scores over the seeds, intervals, permutation P."""
    rows = []
    for part, place in PARTS.items():
        for model in SERIES:
            scores = inputs.corrected.get(part, "scores", model)
            tests = inputs.corrected.get("permutation", model, f"{part.replace('-', '_')}_AUC")
            rows.append({"part": place, "model": OWN_NAMES[model], "AUC": scores["AUC"],
                         "Brier": scores["Brier"], "F1": scores["F1/F1"], "P": tests["P"],
                         "least": tests["P_least_possible"], "key": (part, model)})
    return rows


def reliability(inputs: Inputs) -> Figure:
    """Return the reliability curves on the test patients, one drawing for each model."""
    drawings, rows = [], []
    table = inputs.reliability[inputs.reliability["part"] == "test"]
    for model in SERIES:
        own = table[table["model"] == model]
        chart = Chart(f"reliability-{model}", f"Reliability of {OWN_NAMES[model]}",
                      "Observed share of NE-positive series for each predicted probability.",
                      unit_axis("predicted probability"), unit_axis("observed share"),
                      width=300, height=260)
        chart.line([(0, 0), (1, 1)], "chance")
        for row in own.itertuples():
            if row.low == row.low:  # an interval may be undefined
                chart.line([(row.predicted, row.low), (row.predicted, row.high)], "error")
            chart.point(row.predicted, row.observed, style(model), SHAPES[SERIES.index(model)])
            shown = (row.predicted, row.observed, row.low, row.high)
            rows.append((OWN_NAMES[model], *map(short, shown), f"{row.series:g}"))
        chart.line(zip(own["predicted"], own["observed"]), style(model))
        drawings.append((OWN_NAMES[model], chart.svg()))
    return Figure("reliability", "Calibration: predicted and observed", drawings, [],
                  f"{RUN} Test patients, all seeds together, bins of about as many series. Bars "
                  "are 95 % intervals with patients drawn anew; a calibrated model lies on the "
                  "diagonal.",
                  ("model", "predicted", "observed", "95 % low", "95 % high", "series"), rows)


def decision(inputs: Inputs) -> Figure:
    """Return the decision curves on the test patients."""
    table = inputs.decision[inputs.decision["part"] == "test"]
    everyone = table[table["model"] == SERIES[0]]
    chart = Chart("decision-curve", "Decision curves", "Net benefit at each threshold probability, "
                  "beside calling everyone and no one NE-positive.",
                  unit_axis("threshold probability"),
                  Axis(-0.4, 0.8, ticks(-0.4, 0.8, 0.2, 1), "net benefit"))
    chart.line([(0, 0), (1, 0)], "chance")
    chart.line([(row.threshold, row.all_positive) for row in everyone.itertuples()
                if row.all_positive >= -0.4], "s5")
    for model in SERIES:
        own = table[table["model"] == model]
        chart.line([(row.threshold, row.net_benefit) for row in own.itertuples()
                    if row.net_benefit >= -0.4], style(model))
    shown = [0.25, 0.5, 0.75]
    rows = [(OWN_NAMES[model], *(short(_at(table[table["model"] == model], cut, "net_benefit"))
                             for cut in shown)) for model in SERIES]
    rows.append((OWN_NAMES["everyone-positive"], *(short(_at(everyone, cut, "all_positive"))
                                               for cut in shown)))
    marks = [*legend(SERIES, names=OWN_NAMES), (key("s5"), NAMES["everyone-positive"]),
             (key("chance"), "No one")]
    return Figure("decision", "Decision curves", [("", chart.svg())], marks,
                  f"{RUN} Test patients, mean over the seeds; values below −0.4 are cut off.",
                  ("model", *(f"at {cut:g}" for cut in shown)), rows)


def _at(table, cut: float, column: str) -> float:
    return float(table.loc[(table["threshold"] - cut).abs().idxmin(), column])


def ladder(inputs: Inputs) -> Figure:
    """Return the cross-validated AUC of each model, leak by leak removed."""
    axis = Axis(0.3, 0.9, ticks(0.3, 0.9, 0.1, 1), "cross-validated AUC")
    chart = Chart("ladder-auc", "Leakage ladder", "Cross-validated AUC falls for each model as "
                  "folds and selection keep patients apart.",
                  category_axis(["series", "study", "patient", "patient + sel."]), axis, height=360)
    chart.line([(-0.5, 0.5), (3.5, 0.5)], "chance")
    rows = []
    for number, model in enumerate(MODELS):
        means = []
        for at, (rung, place) in enumerate(RUNGS.items()):
            score = inputs.leakage.get("models", model, "rungs", rung)
            area, x = score["AUC"], at + 0.2 * (number - 1)
            chart.line([(x, area["min"]), (x, area["max"])], "error")
            chart.line([(x, area["q25"]), (x, area["q75"])], f"{style(model)} thick")
            chart.point(x, area["mean"], style(model), SHAPES[number], 4.6)
            means.append((x, area["mean"]))
            rows.append((NAMES[model], place, short(area["mean"]), short(area["min"]),
                         short(area["max"]), short(score["F1"]["mean"])))
        chart.line(means, f"{style(model)} thin")
    count = inputs.leakage.get("models", "LR", "rungs", "series")["AUC"]["n"]
    return Figure("ladder", "The leakage ladder", [("", chart.svg())], legend(list(MODELS), True),
                  f"Selection and models as released ({inputs.leakage.get('trees')} trees), "
                  f"release  {RELEASE}, environment {ENVIRONMENT}, {count} seeds. Marks are means, "
                  "thick bars the middle half, thin bars the lowest and highest seed.",
                  ("model", "folds", "mean AUC", "lowest", "highest", "mean F1"), rows)


def converged(inputs: Inputs) -> list[tuple]:
    """Return the released fit beside its optimum: release, AUC, F1, cross-validated AUC, matrix."""
    rows = []
    for release in (RELEASE, EARLIER):
        released = inputs.models[release].get("configurations", "LR")
        solved = inputs.converged[release].get("configurations", "LR")
        for name, found in (("as released", released), ("converged", solved)):
            rows.append((release, name, short(found["test"]["AUC"], 4),
                         short(found["test"]["F1"], 4), short(found["test"]["Specificity"], 3),
                         short(found["cross_validation"]["AUC"]["mean"], 4)))
    return rows


def section(inputs: Inputs) -> dict:
    """Return the names of the section on the corrected protocol."""
    rows = []
    for row in aucs(inputs):
        auc, own = row["AUC"], row["AUC"]["patients"]
        rows.append({
            "model": row["model"], "part": row["part"],
            "AUC": f"{short(auc['mean'])} ({short(auc['min'])} to {short(auc['max'])})",
            "interval": f"{short(own['low'])} to {short(own['high'])}",
            "plot": strip(AUC_AXIS, own["low"], auc["mean"], own["high"],
                          quartiles=(auc["min"], auc["max"])),
            "run": " to ".join(short(auc["patients_and_seeds"][end]) for end in ("low", "high")),
            "P": short(row["P"]), "Brier": short(row["Brier"]["mean"]),
            "F1": short(row["F1"]["mean"])})
    trivial = inputs.trivial.get("scores")
    missing = not inputs.corrected.get("sampling_type_columns")
    pairs = inputs.corrected.get("test", "differences")
    return {
        "corrected": rows, "corrected_scale": strip_axis(AUC_AXIS),
        "seeds": inputs.corrected.get("seeds"),
        "permutations": inputs.corrected.get("permutation", "LR", "test_AUC", "permutations"),
        "trivial": {name: short(trivial[name]["mean"]) for name in ("F1", "Accuracy", "AUC")},
        "sampling": "Biopsy and cfDNA samples cannot be told apart here: no column of the released "
                    "tables names the sampling type." if missing else "",
        "protocol_figures": [corrected_roc(inputs), reliability(inputs), decision(inputs)],
        "differences": [(" − ".join(OWN_NAMES[name] for name in pair.split(" - ")),
                         short(found["AUC"]["difference"]),
                         f"{short(found['AUC']['low'])} to {short(found['AUC']['high'])}",
                         short(found["AUC"]["P"])) for pair, found in pairs.items()]}


def matrices(inputs: Inputs) -> list[dict]:
    """Return the confusion matrices on the test series."""
    found = []
    for release in (RELEASE, EARLIER):
        for model in MODELS:
            found.append({"release": release, "model": NAMES[model], "protocol": "as-released",
                          **inputs.models[release].get("configurations", model, "confusion")})
        found.append({"release": release, "model": NAMES["LR"], "protocol": "converged",
                      **inputs.converged[release].get("configurations", "LR", "confusion")})
    return found
