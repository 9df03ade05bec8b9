"""Figures and tables of the corrected protocol and of the converged solution."""

from __future__ import annotations

from statistics import NormalDist

from stages.report.chart import (
    SHAPES,
    Axis,
    Chart,
    key,
    strip,
    strip_axis,
    ticks,
    unit_axis,
)
from stages.report.figure import Figure, short
from studies.sclc_liver.report import chance
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
from studies.sclc_liver.report.whole import between, number

NORMAL = NormalDist()
# Thresholds of the decision curves: neither error weighs more than this many times the other.
ODDS = 3

PARTS = {"held-out": "held-out training patients", "test": "test patients"}
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
    """Return what each model adds to calling everyone positive, on the test patients."""
    table = inputs.decision[inputs.decision["part"] == "test"]
    low, high = 1 / (1 + ODDS), ODDS / (1 + ODDS)
    table = table[(table["threshold"] >= low - 1e-9) & (table["threshold"] <= high + 1e-9)]
    chart = Chart("decision-curve", "What the models add to calling everyone NE-positive",
                  "Difference in net benefit at each threshold probability, with 95 % intervals.",
                  Axis(low - 0.03, high + 0.03, ticks(low, high, 0.1, 2), "threshold probability"),
                  Axis(-0.4, 0.4, ticks(-0.4, 0.4, 0.1, 1), "net benefit less that of everyone"))
    chart.line([(low - 0.03, 0), (high + 0.03, 0)], "chance")
    rows, apart = [], 0
    for place, model in enumerate(SERIES):
        own = table[table["model"] == model]
        if own.empty:
            raise ValueError(f"no decision curve of {model} on the test patients")
        for row in own.itertuples():
            added = row.net_benefit - row.all_positive
            x = row.threshold + 0.008 * (place - 1.5)
            ends = [min(max(end, -0.4), 0.4) for end in (row.low, row.high)]
            chart.line([(x, end) for end in ends], "error")
            chart.point(x, min(max(added, -0.4), 0.4), style(model), SHAPES[place], 3.4)
            apart += row.low > 0 or row.high < 0
            rows.append((OWN_NAMES[model], short(row.threshold, 2), short(row.net_benefit),
                         short(row.all_positive), short(added),
                         f"{short(row.low)} to {short(row.high)}"))
    return Figure("decision", "Decision curves", [("", chart.svg())],
                  [*legend(SERIES, True, OWN_NAMES), (key("chance"), "Everyone NE-positive")],
                  f"{RUN} Test patients, mean over the seeds; bars are 95 % intervals, patients "
                  "drawn anew, cut off at ±0.4. The paper names no decision. At a threshold t a false "
                  "call of NE-positive weighs t / (1 − t) times a missed one; shown is where "
                  f"neither error weighs more than {ODDS} times the other ({short(low, 2)} to "
                  f"{short(high, 2)}). Nearer to 0 one would call everyone, nearer to 1 sample "
                  "everyone, whatever the images say. Of no one called the net benefit is 0. In "
                  f"{apart} of {len(rows)} points the interval leaves out 0; points of one model are "
                  "no independent tests.",
                  ("model", "threshold", "net benefit", "of everyone", "difference",
                   "95 % interval"), rows)


def calibration(inputs: Inputs) -> list[tuple]:
    """Return one row for each part and model: intercept, slope, observed / expected."""
    return [(OWN_NAMES[model], place, *(
        f"{number(found[name]['value'])} ({between(found[name])})"
        for name in ("intercept", "slope", "observed_to_expected")))
        for part, place in PARTS.items() for model in SERIES
        for found in [inputs.calibration.get(part, model, "calibration")]]


def calls(inputs: Inputs) -> list[tuple]:
    """Return one row for each part, model and threshold: calls that were right, in counts."""
    rows = []
    for part, place in PARTS.items():
        for model in SERIES:
            for criterion, found in inputs.calibration.get(part, model, "calls").items():
                rows.append((OWN_NAMES[model], place, criterion.replace("-", " "),
                             f"{found['TP']} of {found['TP'] + found['FP']}",
                             f"{found['TN']} of {found['TN'] + found['FN']}",
                             *(f"{found[f'seeds_without_{kind}_call']} of {found['seeds']}"
                               for kind in ("positive", "negative"))))
    return rows


def differences(inputs: Inputs) -> list[tuple]:
    """Return one row for each part and pair of models, with the smallest difference that is found.

    By the width of the interval: that of a normal estimate whose two-sided test at 5 % has 80 %
    power.
    """
    rows = []
    for part, place in PARTS.items():
        pairs = inputs.corrected.get(part, "differences")
        for pair, found in pairs.items():
            own = found["AUC"]
            error = (own["high"] - own["low"]) / (2 * NORMAL.inv_cdf(0.975))
            rows.append((" − ".join(OWN_NAMES[name] for name in pair.split(" - ")), place,
                         short(own["difference"]), f"{short(own['low'])} to {short(own['high'])}",
                         short(min(1.0, len(pairs) * own["P"])),
                         short((NORMAL.inv_cdf(0.975) + NORMAL.inv_cdf(0.8)) * error, 2)))
    return rows


def needed(inputs: Inputs, part: str, model: str) -> str:
    """Return the true AUC that the permutation test of a part finds with 80 % power.

    On the test patients by the simulation of the section on chance; on the others by the spread of
    the permutations, whose P is doubled.
    """
    if part == "test":
        return chance.needed(inputs.chance[RELEASE], "nested", "nested")
    null = inputs.corrected.get("permutation", model, "held_out_AUC", "chance")
    spread = (null["q95"] - null["q05"]) / (2 * NORMAL.inv_cdf(0.95))
    return short(null["median"] + (NORMAL.inv_cdf(0.975) + NORMAL.inv_cdf(0.8)) * spread, 2)


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
            "P": short(row["P"]), "needed": needed(inputs, *row["key"]),
            "Brier": short(row["Brier"]["mean"]),
            "F1": short(row["F1"]["mean"])})
    trivial = inputs.trivial.get("scores")
    missing = not inputs.corrected.get("sampling_type_columns")
    return {
        "corrected": rows, "corrected_scale": strip_axis(AUC_AXIS),
        "seeds": inputs.corrected.get("seeds"),
        "permutations": inputs.corrected.get("permutation", "LR", "test_AUC", "permutations"),
        "trivial": {name: short(trivial[name]["mean"]) for name in ("F1", "Accuracy", "AUC")},
        "sampling": "Biopsy and cfDNA samples cannot be told apart here: no column of the released "
                    "tables names the sampling type." if missing else "",
        "protocol_figures": [corrected_roc(inputs), reliability(inputs), decision(inputs)],
        "calibration": calibration(inputs), "calls": calls(inputs),
        "differences": differences(inputs)}


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
