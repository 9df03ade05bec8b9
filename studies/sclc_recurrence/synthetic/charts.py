"""The demonstration's figures; what was planted is drawn into each."""

from __future__ import annotations

from collections.abc import Mapping

from stages.report.chart import SHAPES, Axis, Chart, category_axis, key, ticks
from stages.report.figure import Figure, short
from stages.report.files import Document
from studies.sclc_recurrence import partition

STEPS = ("all rows", "train rows", "nested", "no pixel", "by 36 mo.", "chosen")
# Rungs whose label is "relapse seen", which depends on how long a patient was followed.
SEEN = 4
MONTHS = 72
# Methods that outline the stations: style, shape of the points, name.
METHODS = {"both": ("s1", SHAPES[1], "DiUnet, CT and GTV"),
           "blank": ("s2", SHAPES[0], "DiUnet, GTV blanked (the null twin)"),
           "atlas": ("s4", SHAPES[2], "most frequent station at each place (no network)")}


def ladder(arms: Mapping[str, tuple[str, Document]]) -> Figure:
    """Return the AUC of each rung in each arm, beside the AUC of the planted hazard."""
    drawings, rows = [], []
    for arm, (said, document) in arms.items():
        chart = Chart(f"ladder-{arm}", f"Ladder: {said}", "Validation AUC of each rung, and the AUC of "
                      "the planted hazard.", category_axis(STEPS),
                      Axis(0.3, 1.0, ticks(0.3, 1.0, 0.1, 1), "validation AUC"), width=470, height=340)
        truth, end = document.get("truth"), len(STEPS) - 0.5
        chart.line([(-0.5, truth["auc"]), (end, truth["auc"])], "s3")
        chart.line([(-0.5, truth["seen"]), (SEEN - 0.5, truth["seen"])], "s4")
        chart.line([(-0.45, document.get("printed")), (0.45, document.get("printed"))], "s2")
        means = []
        for at, rung in enumerate(document.get("rungs")):
            auc = rung["auc"]
            for value in auc["values"]:
                chart.point(at + 0.16, value, "s1", "circle", 1.6)
            chart.line([(at, auc["low"]), (at, auc["high"])], "s1 thick")
            chart.point(at, auc["mean"], "s1", SHAPES[1], 4.6)
            means.append((at, auc["mean"]))
            rows.append((said, rung["what"], rung["seeds"], short(auc["mean"]), short(auc["low"]),
                         short(auc["high"]), short(auc["sd"]),
                         short(rung["training"]["mean"], 2) if "training" in rung else "—",
                         f"{short(100 * rung['pixel']['mean'], 0)} %" if "pixel" in rung else "—",
                         short(truth["auc"])))
        chart.line(means, "s1 thin")
        drawings.append((said, chart.svg()))
    return Figure(
        "ladder", "The ladder, with and without something to be found", drawings,
        [(key("s1", SHAPES[1]), "mean with its 95 % interval; dots: each draw of the outcomes"),
         (key("s3"), "AUC of the planted hazard at 36 months (the right answer)"),
         (key("s4"), "most that “relapse seen” can reach with hazard and follow-up together"),
         (key("s2"), "the paper's printed validation AUC")],
        "From left: selection on all rows (the paper's protocol), on the training rows, everything in "
        "nested parts, the same without pixel and voxel counts, the same for relapse by 36 months with "
        "patients who left stood for, and covariates chosen beforehand in a penalised Cox model.",
        ("arm", "rung", "draws", "mean AUC", "low", "high", "SD", "training AUC", "pixel kept",
         "truth"), rows)


def inflation(document: Document) -> Figure:
    """Return both protocols where nothing is planted, draw by draw."""
    low, high = 0.2, 0.9
    axis = Axis(low, high, ticks(low, high, 0.1, 1), "selection on the training rows")
    chart = Chart("inflation", "What selection on all rows adds", "Validation AUC of both protocols, a "
                  "dot for each draw, with the line of equality.", axis,
                  Axis(low, high, ticks(low, high, 0.1, 1), "selection on all rows"), height=360)
    chart.line([(low, low), (high, high)], "chance")
    chart.line([(low, 0.5), (high, 0.5)], "s3")
    chart.line([(0.5, low), (0.5, high)], "s3")
    chart.line([(low, document.get("printed")), (high, document.get("printed"))], "s2")
    both = [document.get(name)["values"] for name in ("training_rows", "all_rows")]
    for x, y in zip(*both):
        chart.point(x, y, "s1", "circle", 3)
    chart.point(*(document.get(name)["mean"] for name in ("training_rows", "all_rows")), "s2",
                SHAPES[3], 6)
    rows = [(name, *(short(document.get(key)[part]) for part in ("mean", "low", "high", "sd")))
            for name, key in (("all rows", "all_rows"), ("training rows", "training_rows"),
                              ("difference", "added"))]
    return Figure("inflation", "Selection on all rows, where nothing is planted", [("", chart.svg())],
                  [(key("s1", SHAPES[0], lined=False), "one draw: AUC of the same patients held out"),
                   (key("s2", SHAPES[3], lined=False), "mean"), (key("s3"), "the right answer, 0.5"),
                   (key("s2"), "the paper's printed validation AUC"),
                   (key("chance"), "nothing added")],
                  "Filter, elimination and grid on all rows (the paper's protocol in the unfavourable "
                  "reading: the paper does not say which rows they saw) and on the training rows.",
                  ("selection on", "mean AUC", "low", "high", "SD"), rows)


def steps(curve: Mapping, start: float, months: float) -> list[tuple[float, float]]:
    """Return the corners of a step curve up to a time.

    Examples
    --------
    >>> steps({"time": [1.0, 9.0], "estimate": [0.5, 0.2]}, 1.0, 5.0)
    [(0.0, 1.0), (1.0, 1.0), (1.0, 0.5), (5.0, 0.5)]
    """
    points, level = [(0.0, start)], start
    for time, value in zip(curve["time"], curve["estimate"]):
        if time > months:
            break
        points += [(time, level), (time, value)]
        level = value
    return [*points, (months, level)]


def curves(arms: Mapping[str, tuple[str, Document, Document]]) -> Figure:
    """Return local control and cumulative incidence by size, with the planted curves."""
    drawings, rows, styles = [], [], {"0": ("s1", "below 5 cm"), "1": ("s2", "5 cm or more")}
    for arm, (said, survival, planted) in arms.items():
        x = Axis(0, MONTHS, ticks(0, MONTHS, 12, 0), "months")
        control = Chart(f"control-{arm}", f"Local control: {said}", "Kaplan-Meier estimate by size of "
                        "the tumour, and the planted curves.", x,
                        Axis(0, 1, ticks(0, 1, 0.2, 1), "free of relapse"))
        incidence = Chart(f"incidence-{arm}", f"Relapse beside death: {said}", "Cumulative incidence "
                          "of relapse with death competing, and one minus Kaplan-Meier.", x,
                          Axis(0, 1, ticks(0, 1, 0.2, 1), "relapsed"))
        for group, found in survival.get("groups").items():
            css, name = styles[group]
            control.line(steps(found["control"], 1.0, MONTHS), css)
            control.line([(t, s) for t, s in zip(planted.get("months"), planted.get("control", group))
                          if t <= MONTHS], f"{css} thin")
            incidence.line(steps(found["incidence"], 0.0, MONTHS), css)
            upside = {"time": found["control"]["time"],
                      "estimate": [1 - value for value in found["control"]["estimate"]]}
            incidence.line(steps(upside, 0.0, MONTHS), "chance")
            at = found["at"]
            truth = planted.get("control", group)[planted.get("months").index(36.0)]
            both = [[short(100 * at[kind][part], 1) for part in ("estimate", "low", "high")]
                    for kind in ("control", "incidence")]
            rows.append((said, name, found["patients"], found["relapses"], *both[0],
                         short(100 * truth, 1), *both[1]))
        ratio = survival.get("together")["hazard_ratio"]["large"]
        right = planted.get("truth", "hazard_ratios").get("large", 1.0)
        values = [short(ratio[part], 2) for part in ("estimate", "low", "high")]
        control.label(MONTHS, 0.95, f"HR: planted {short(right, 3)}, found {values[0]} ({values[1]} to "
                      f"{values[2]})", anchor="end")
        drawings += [(f"Local control: {said}", control.svg()),
                     (f"Relapse beside death: {said}", incidence.svg())]
    return Figure("curves", "Local control by size, with the planted curves", drawings,
                  [(key("s1"), "below 5 cm"), (key("s2"), "5 cm or more"),
                   (key("s1 thin", lined=True), "thin and smooth: planted"),
                   (key("chance"), "one minus Kaplan-Meier: counts the dead as if they could relapse")],
                  "Deaths without relapse count as censored on the left and compete on the right "
                  "(Aalen-Johansen); the paper does not say which it did.",
                  ("arm", "size", "patients", "relapses", "control at 36 months, %", "low", "high",
                   "planted", "incidence at 36 months, %", "low", "high"), rows)


def ratios(survival: Document, planted: Document) -> Figure:
    """Return the hazard ratios of all covariates together, with the planted ones."""
    found = survival.get("together")["hazard_ratio"]
    truth = planted.get("truth", "hazard_ratios")
    chart = Chart("ratios", "Hazard ratios", "Hazard ratio of each covariate, its 95 % interval and "
                  "the planted one.", category_axis(list(found)),
                  Axis(0.5, 6, [(0.5, "0.5"), (1, "1"), (2, "2"), (4, "4")], "hazard ratio", log=True))
    chart.line([(-0.5, 1), (len(found) - 0.5, 1)], "chance")
    rows = []
    for at, (name, row) in enumerate(found.items()):
        right = truth.get(name, 1.0)
        chart.line([(at, row["low"]), (at, row["high"])], "s1 thick")
        chart.point(at, row["estimate"], "s1", SHAPES[1], 4.6)
        chart.point(at + 0.2, right, "s3", SHAPES[3], 5)
        rows.append((name, *(short(row[part]) for part in ("estimate", "low", "high")),
                     short(right)))
    return Figure("ratios", "Hazard ratios, with the planted ones", [("", chart.svg())],
                  [(key("s1", SHAPES[1]), "found, with its 95 % interval"),
                   (key("", SHAPES[3], lined=False), "planted")],
                  "Cox's model of all covariates together; planted arm.",
                  ("covariate", "hazard ratio", "low", "high", "planted"), rows)


def segmentation(document: Document) -> Figure:
    """Return the Dice of each station by method, in the whole scan and near the GTV."""
    drawings, rows = [], []
    methods = document.get("methods")
    near = f"at most {short(document.get('near_mm'), 0)} mm from the GTV"
    for place, said in (("whole", "whole scan"), ("near", near)):
        names = partition.STATIONS
        chart = Chart(f"dice-{place}", f"Dice by station: {said}", "Mean Dice coefficient of each "
                      "station over patients held out, by method, with its 95 % interval.",
                      category_axis(names), Axis(0, 1, ticks(0, 1, 0.2, 1), "Dice"), width=620)
        for shift, (name, (css, shape, words)) in zip((-0.25, 0, 0.25), METHODS.items()):
            for at, station in enumerate(names):
                found = methods[name][place]["stations"][station]
                if found["mean"] is None:
                    continue
                chart.line([(at + shift, found["low"]), (at + shift, found["high"])], css)
                chart.point(at + shift, found["mean"], css, shape, 3.6)
                rows.append((said, station, words, found["patients"],
                             *(short(found[part], 2) for part in ("mean", "low", "high"))))
        drawings.append((said[0].upper() + said[1:], chart.svg()))
    return Figure("dice", "Stations outlined in patients held out", drawings,
                  [(key(css, shape), words) for css, shape, words in METHODS.values()],
                  "A station that is outlined exactly has a Dice coefficient of 1. Intervals: patients "
                  "held out and trainings drawn anew.",
                  ("place", "station", "method", "patients", "mean", "low", "high"), rows)
