"""The paper's figures redrawn and the curves behind its tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup

from stages.report.chart import SHAPES, Axis, Chart, category_axis, key, ticks, unit_axis
from stages.report.figure import Figure, short
from studies.sclc_liver.report.inputs import EARLIER, ENVIRONMENT, RELEASE, Inputs

MODELS = {"LR": "Logistic regression", "RF": "Random forest", "XGB": "XGBoost (linear booster)"}
# Series of a chart, in the order of the styles s1, s2 …
SERIES = ("LR", "RF", "XGB", "volume")
NAMES = {**MODELS, "volume": "Tumour volume alone", "everyone-positive": "Everyone NE-positive"}
# The corrected protocol boosts trees, the released code a linear model.
OWN_NAMES = {**NAMES, "XGB": "XGBoost (trees)"}
FAMILIES = {"shape": "shape", "glszm": "size zone (glszm)", "gldm": "dependence (gldm)",
            "firstorder": "first order", "glrlm": "run length (glrlm)"}


def style(model: str) -> str:
    """Return the class of a series."""
    return f"s{SERIES.index(model) + 1}" if model in SERIES else "s5"


def legend(models: Sequence[str], shapes: bool = False,
           names: dict[str, str] = NAMES) -> list[tuple[Markup, str]]:
    """Return the legend of some series."""
    return [(key(style(model), SHAPES[SERIES.index(model)] if shapes else ""), names[model])
            for model in models]


def tested(inputs: Inputs) -> str:
    """Return how many series and patients the test set holds."""
    series, patients = (inputs.corrected.get("numbers", "test", name)
                        for name in ("series", "patients"))
    return f"{series} test series of {patients} patients"


def roc(inputs: Inputs) -> Figure:
    """Return the ROC curves of the released models, one drawing for each release."""
    drawings, rows = [], []
    for release in (RELEASE, EARLIER):
        points, said = inputs.roc[release], []
        chart = Chart(f"roc-{release}", f"ROC curves, release {release}, as released", "",
                      unit_axis("1 − specificity"), unit_axis("sensitivity"))
        chart.line([(0, 0), (1, 1)], "chance")
        for model in MODELS:
            area = inputs.models[release].get("configurations", model, "test", "AUC")
            own = points[points["configuration"] == model]
            chart.line(zip(own["false_positive_rate"], own["true_positive_rate"]), style(model))
            said.append(f"{model} {short(area)}")
            rows.append((release, NAMES[model], short(area)))
        chart.text = f"Area under the curve on the test series: {', '.join(said)}."
        drawings.append((f"Release {release}", chart.svg()))
    return Figure("roc", "ROC curves on the test series", drawings, legend(list(MODELS)),
                  f"Protocol as-released, environment {ENVIRONMENT}; all {tested(inputs)}, "
                  "unweighted models. The grey diagonal is chance.",
                  ("release", "model", "AUC"), rows)


def roc_points(label: np.ndarray, probability: np.ndarray) -> list[tuple[float, float]]:
    """Return the corners of a ROC curve, ties taken together.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        0 and 1, each at least once.
    probability : ndarray of float, shape (n,)

    Examples
    --------
    >>> roc_points(np.array([0, 1, 1]), np.array([0.2, 0.2, 0.9]))
    [(0.0, 0.0), (0.0, 0.5), (1.0, 1.0)]
    """
    order = np.argsort(-probability, kind="stable")
    last = np.append(np.flatnonzero(np.diff(probability[order])), len(order) - 1)
    hits = np.cumsum(label[order])[last] / label.sum()
    false = np.cumsum(1 - label[order])[last] / (1 - label).sum()
    return [(0.0, 0.0), *zip(false.tolist(), hits.tolist())]


def corrected_roc(inputs: Inputs) -> Figure:
    """Return the ROC curves of every seed of the corrected protocol on the test patients."""
    drawings, rows = [], []
    test = inputs.runs[inputs.runs["part"] == "test"]
    for model in SERIES:
        score = inputs.corrected.get("test", "scores", model, "AUC")
        low, high = (short(score["patients"][end]) for end in ("low", "high"))
        chart = Chart(f"roc-corrected-{model}", f"ROC curves, corrected, {OWN_NAMES[model]}",
                      f"One curve for each seed; mean AUC {short(score['mean'])}, 95 % interval "
                      f"with patients drawn anew {low} to {high}.", unit_axis("1 − specificity"),
                      unit_axis("sensitivity"), width=300, height=260)
        chart.line([(0, 0), (1, 1)], "chance")
        for _, part in test[test["model"] == model].groupby("seed"):
            chart.line(roc_points(part["NE_Class"].to_numpy(), part["probability"].to_numpy()),
                       f"{style(model)} thin")
        drawings.append((OWN_NAMES[model], chart.svg()))
        rows.append((OWN_NAMES[model], *(short(score[name]) for name in ("mean", "min", "max"))))
    return Figure("roc-corrected", "ROC curves of the corrected protocol, one for each seed",
                  drawings, [],
                  f"Protocol corrected, release {RELEASE}, environment {ENVIRONMENT}; "
                  f"{tested(inputs)}.", ("model", "mean AUC", "lowest seed", "highest seed"), rows)


def burden(inputs: Inputs) -> Figure:
    """Return Figure 3: tumour burden against NE score and by class."""
    table = inputs.burden
    rho, p = (inputs.statistics.get("spearman", name) for name in ("rho", "p"))
    z, p_z = (inputs.statistics.get("rank_sum", name) for name in ("z", "p_z"))
    clustered = inputs.retest.get("burden", "examinations")
    bounds = clustered["patients_interval"]
    low, high = (10.0 ** power for power in _decades(table["volume_mm3"] / 1000))
    volume = Axis(low, high, [(10.0 ** power, f"{10.0 ** power:g}") for power in
                              range(round(np.log10(low)), round(np.log10(high)) + 1)],
                  "tumour volume (mL, logarithmic)", log=True)
    score = Axis(-0.3, 0.4, ticks(-0.3, 0.4, 0.1, 1), "NE score")
    chart = Chart("burden-score", "Tumour volume against NE score",
                  f"{len(table)} studies; Spearman {short(rho)}, P {short(p, 4)}.", volume, score)
    chart.line([(low, 0), (high, 0)], "chance")
    for row in table.itertuples():
        one = row.NE_Class == 1
        chart.point(row.volume_mm3 / 1000, row.NE_Score, "s1" if one else "s2",
                    "circle" if one else "square", 3.4)
    drawings = [("Continuous NE score", chart.svg()),
                ("NE class", _by_class(table, volume, f"rank sum z {short(z)}, P {short(p_z)}"))]
    marks = [(key("s1", "circle", lined=False), "NE-positive"),
             (key("s2", "square", lined=False), "NE-negative"), (key("median"), "median")]
    rows = [(name, f"{group['n']}", short(group["median_mm3"] / 1000, 1)) for name, group in
            sorted(inputs.statistics.get("groups").items())]
    return Figure("figure-3", "Figure 3a redrawn", drawings, marks,
                  f"Release {RELEASE}, first series of each study. Spearman {short(rho)} "
                  f"(P {short(p, 4)}); rank sum z {short(z)} (P {short(p_z)}) with the released "
                  "labels; both P take examinations for independent. With patients drawn anew the "
                  f"95 % interval of Spearman's rho is {short(bounds['low'], 2)} to "
                  f"{short(bounds['high'], 2)}, and {short(clustered['smallest_detectable'], 2)} the "
                  "smallest rho that 80 % power finds. Panels b and c need the sampling type of each "
                  "study, which is not released.", ("class", "studies", "median volume (mL)"), rows)


def _decades(values: pd.Series) -> tuple[int, int]:
    return int(np.floor(np.log10(values.min()))), int(np.ceil(np.log10(values.max())))


def _by_class(table: pd.DataFrame, volume: Axis, said: str) -> Markup:
    """Return one point for each study, side by side where they would cover each other."""
    chart = Chart("burden-class", "Tumour volume by NE class", said, category_axis(
        ["NE-positive", "NE-negative"]), volume)
    for at, (value, css, shape) in enumerate(((1, "s1", "circle"), (0, "s2", "square"))):
        own = np.sort(table.loc[table["NE_Class"] == value, "volume_mm3"].to_numpy()) / 1000
        for rank, amount in enumerate(own):
            chart.point(at + 0.09 * ((rank * 2) % 7 - 3), amount, css, shape, 3.4)
        chart.line([(at - 0.38, np.median(own)), (at + 0.38, np.median(own))], "median")
    return chart.svg()


def features(inputs: Inputs) -> Figure:
    """Return Figure 4: families and names of the selected features."""
    families = inputs.selection.get("families")
    order = sorted(families, key=lambda name: (-families[name]["count"], name))
    counts = [families[name]["count"] for name in order]
    chart = Chart("families", "Selected features by family",
                  ", ".join(f"{FAMILIES.get(name, name)} {families[name]['count']}"
                            for name in order) + ".",
                  Axis(0, max(counts) + 1, ticks(0, max(counts) + 1, 1, 0), "features"),
                  category_axis([FAMILIES.get(name, name) for name in order][::-1]),
                  left=142, height=230)
    for at, name in enumerate(order[::-1]):
        chart.box(0, at - 0.32, families[name]["count"], at + 0.32, "bar s1")
        chart.label(families[name]["count"], at, f"{families[name]['percent']:g} %", dx=6)
    rank = inputs.selection.get("rank")
    weight = dict(zip(inputs.selected["feature"], inputs.selected["coefficient"]))
    rows = [(rank[name], name.removeprefix("original_"), f"{weight[name]:.3e}".replace("-", "−"))
            for name in sorted(rank, key=rank.get)]
    total, candidates = (inputs.selection.get(name) for name in ("selected", "candidates"))
    ended = "converged" if inputs.selection.get("converged") else "stopped before it converged"
    return Figure("figure-4", "Figure 4 redrawn: what LASSO selects",
                  [("", chart.svg())], [],
                  f"{total} of {candidates} features; protocol as-released, release {RELEASE}, "
                  f"environment {ENVIRONMENT}. The fit {ended} "
                  f"({inputs.selection.get('iterations')} iterations).",
                  ("rank", "feature", "coefficient (unscaled)"), rows)


def failure(inputs: Inputs) -> Figure:
    """Return Figure 5a: the NE score of correct and incorrect predictions."""
    own = inputs.predictions[inputs.predictions["configuration"] == "LR"]
    scores = inputs.failure.get("configurations", "LR", "scores")
    score = Axis(-0.2, 0.4, ticks(-0.2, 0.4, 0.1, 1), "NE score")
    chart = Chart("failure", "NE score by prediction status", ", ".join(
        f"{name}: {scores[name]['n']} series, mean {short(scores[name]['NE_mean'])}"
        for name in scores) + ".", category_axis(["correct", "incorrect"]), score)
    chart.line([(-0.5, 0), (1.5, 0)], "chance")
    right = own["predicted"] == own["NE_Class"]
    for at, (kind, css, shape) in enumerate(((True, "s1", "circle"), (False, "s4", "cross"))):
        values = np.sort(own.loc[right == kind, "NE_Score"].to_numpy())
        for rank, value in enumerate(values):
            chart.point(at + 0.09 * ((rank * 2) % 7 - 3), value, css, shape, 3.6)
        chart.line([(at - 0.38, values.mean()), (at + 0.38, values.mean())], "median")
    marks = [(key("s1", "circle", lined=False), "correct"),
             (key("s4", "cross", lined=False), "incorrect"), (key("median"), "mean")]
    rows = [(name, str(scores[name]["n"]), *(short(scores[name][f"NE_{what}"]) for what in
                                            ("min", "median", "mean", "max"))) for name in scores]
    return Figure("figure-5", "Figure 5a and b redrawn: whom the headline model misses",
                  [("", chart.svg())], marks,
                  f"Logistic regression, protocol as-released, release {EARLIER}, environment "
                  f"{ENVIRONMENT}; {len(own)} test series. Figure 5c needs the sampling type of "
                  "each series, which is not released.",
                  ("prediction", "series", "lowest", "median", "mean", "highest"), rows)
