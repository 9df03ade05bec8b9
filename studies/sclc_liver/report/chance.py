"""The test AUCs against chance: published, converged and nested, each with what could be found.

Three things are kept apart: the published predictions, the same objective at its optimum, and
another, fully nested procedure. None is shown without its interval over patients and the true AUC
that its test needs on these patients.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from stages.report.chart import SHAPES, Axis, Chart, key, ticks, unit_axis
from stages.report.figure import Figure, short
from stages.report.files import Document
from studies.sclc_liver.report.figures import NAMES, OWN_NAMES, SERIES
from studies.sclc_liver.report.inputs import EARLIER, ENVIRONMENT, RELEASE, Inputs

Documents = Mapping[str, Document]
KINDS = {"published": "published", "converged": "converged"}
RULES = {"single": "one model", "best": "one model corrected for three", "nested": "nested procedure"}
CURVES = {("published", "single"): "s1", ("published", "best"): "s2", ("nested", "nested"): "s3"}


def interval(bounds: Mapping[str, float], decimals: int = 2) -> str:
    """Return an interval in words."""
    return f"{short(bounds['low'], decimals)} to {short(bounds['high'], decimals)}"


def needed(document: Document, scores: str, rule: str) -> str:
    """Return the true AUC needed and, in brackets, its range over the likenesses."""
    return f"{_auc(document.get('smallest', scores, rule)['AUC'])} ({spread(document, scores, rule)})"


def wanted(document: Document) -> str:
    """Return power, level and side for which an AUC is needed, in words."""
    power = document.get("power")
    return f"{100 * power['wanted']:g} % power (one-sided {100 * power['level']:g} %)"


def spread(document: Document, scores: str, rule: str) -> str:
    """Return the range of the true AUC needed over the estimated and the declared likenesses."""
    values = [document.get("smallest", name, rule)["AUC"]
              for name in (scores, *document.get("declared"))]
    values.sort(key=lambda value: 2.0 if value is None else value)
    return f"{_auc(values[0])} to {_auc(values[-1])}"


def _auc(value: float | None) -> str:
    return "none" if value is None else short(value, 2)


def introduction(chance: Documents) -> str:
    """Return what the test set is, and what stands beside each AUC."""
    numbers = chance[RELEASE].get("numbers")
    negatives = numbers["patients_with_negatives"]
    return (f"{apart(numbers['patients_in_training_and_test'])}; it rests on {numbers['patients']} "
            f"patients, {negatives} of them with NE-negative series. Three things are to be told "
            "apart, each with its 95 % percentile interval, patients drawn anew (with "
            f"{negatives} patients who have negatives it is too narrow rather than too wide), its "
            f"permutation P and the true AUC needed for {wanted(chance[RELEASE])} on these patients "
            "(in brackets: over a range of likenesses within patients)")


def apart(shared: int) -> str:
    """Return whether the test patients are apart from those of the training, and what follows."""
    if shared:
        return (f"{shared} patient(s) are in both the training and the test set, so the test AUC "
                "holds leakage")
    return ("No patient is in both the training and the test set, so the test AUC holds no leakage "
            "between folds")


def published(chance: Documents) -> str:
    """Return what the published predictions show."""
    parts = []
    for release in (EARLIER, RELEASE):
        name = chance[release].get("reported")
        found = chance[release].get("models", "published", name)
        parts.append(f"AUC {short(found['AUC'], 2)} from release {release} "
                     f"(interval {interval(found['patients'])}; {_tests(found)})")
    latest = chance[RELEASE]
    name = NAMES[latest.get("reported")].lower()
    return (f"the published predictions of the {name}: {' and '.join(parts)}; corrected as if the "
            f"best of Table 4's {len(latest.get('compared'))} models were reported; the "
            f"{len(latest.get('not_counted'))} weighted models are not counted. "
            f"{_needed(latest, 'published')}")


def _tests(found: Mapping) -> str:
    one, two = found["one_sided"], found["two_sided"]
    return (f"permutation P {short(one['P'])} one-sided and {short(two['P'])} two-sided, corrected "
            f"{short(one['P_best'])} and {short(two['P_best'])}")


def _needed(document: Document, scores: str) -> str:
    return (f"True AUC needed for {wanted(document)}: {needed(document, scores, 'single')}, for one "
            f"model corrected for {len(document.get('compared'))}: "
            f"{needed(document, scores, 'best')}")


def converged(chance: Documents) -> str:
    """Return what the same objective shows at its optimum."""
    latest = chance[RELEASE]
    found = latest.get("models", "converged", latest.get("reported"))
    return (f"the same objective solved to its optimum (release {RELEASE}): AUC "
            f"{short(found['AUC'], 2)} (interval {interval(found['patients'])}; {_tests(found)}, in "
            f"the same way). {_needed(latest, 'converged')}")


def nested(chance: Documents, corrected: Document) -> str:
    """Return what another, nested procedure shows."""
    parts, told, level = [], [], chance[RELEASE].get("power", "level")
    for name in SERIES:
        auc = corrected.get("test", "scores", name)["AUC"]
        p = corrected.get("permutation", name, "test_AUC", "P")
        said = OWN_NAMES[name].lower() if name == "volume" else name
        parts.append(f"{said} {short(auc['mean'], 2)} ({interval(auc['patients'])}; P {short(p, 2)})")
        if auc["patients"]["low"] > 0.5 and p <= level:
            told.append(said)
    return (f"another procedure, nested throughout, with other features, scaling and penalty; not "
            f"the published model ({corrected.get('seeds')} seeds, release {RELEASE}): mean AUC "
            f"with interval and one-sided permutation P (twice the median of the seeds) "
            f"{', '.join(parts)}; by its rule (interval above 0.5 and P at most {level:g}) it finds "
            f"{', '.join(told) or 'none'}. True AUC needed for {wanted(chance[RELEASE])} by this rule: "
            f"{needed(chance[RELEASE], 'nested', 'nested')}")


def statements(chance: Documents, corrected: Document) -> list[str]:
    """Return the three statements."""
    return [published(chance), converged(chance), nested(chance, corrected)]


def limit(chance: Documents) -> str:
    """Return what the AUCs needed do not say, and what their simulation assumes."""
    level = chance[RELEASE].get("power", "level")
    return ("A true AUC below the one needed may well be there and be missed, while a smaller "
            f"observed AUC can still reach P ≤ {level:g}: what is not found is not shown to be "
            "absent. The AUCs needed are simulated: normal scores of equal variance on these "
            "labels, one model named beforehand, rivals without effect; training is not simulated.")


def sentence(chance: Documents, corrected: Document) -> str:
    """Return introduction and statements as one paragraph, for the report."""
    marked = [f"({mark}) {text}" for mark, text in zip("abc", statements(chance, corrected))]
    return f"{introduction(chance)}: {'; '.join(marked)}. {limit(chance)}"


def markdown(chance: Documents, corrected: Document) -> str:
    """Return the same as a nested list of Markdown, for README.md."""
    items = [f"- {introduction(chance)}:",
             *(f"  - {text}." for text in statements(chance, corrected)), f"  - {limit(chance)}"]
    return "\n".join(textwrap.fill(text, 100, subsequent_indent=" " * (text.index("-") + 2),
                                   break_on_hyphens=False) for text in items)


def tests(chance: Documents) -> list[tuple]:
    """Return one row for each release, kind of scores and model."""
    rows = []
    for release in (RELEASE, EARLIER):
        document = chance[release]
        for kind, said in KINDS.items():
            models = document.get("compared") if kind == "published" else [document.get("reported")]
            for name in models:
                found = document.get("models", kind, name)
                one, two = found["one_sided"], found["two_sided"]
                rows.append((f"{NAMES[name]}, {said}", release, short(found["AUC"]),
                             interval(found["patients"], 3),
                             *(short(one[key]) for key in ("P", "P_best", "P_holm")),
                             *(short(two[key]) for key in ("P", "P_best")),
                             needed(document, kind, "single")))
    return rows


def findable(chance: Documents) -> list[tuple]:
    """Return one row for each test: AUC needed with its error, range, finds without effect."""
    document, rows = chance[RELEASE], []
    for scores, rule in (("published", "single"), ("published", "best"), ("converged", "single"),
                         ("converged", "best"), ("nested", "nested")):
        found = document.get("smallest", scores, rule)
        own = "none" if found["AUC"] is None else f"{short(found['AUC'])} ± {short(found['se'])}"
        name = RULES[rule] if rule == "nested" else f"{KINDS[scores]}, {RULES[rule]}"
        rows.append((name[0].upper() + name[1:], own, spread(document, scores, rule),
                     short(found["found_without_effect"])))
    return rows


def power(inputs: Inputs) -> Figure:
    """Return the power curves of the three tests."""
    document = inputs.chance[RELEASE]
    share, numbers = document.get("power", "wanted"), document.get("numbers")
    chart = Chart("power-curves", "Power of the tests on the test patients", "The share of "
                  "simulated cohorts in which a model is found rises with its AUC.",
                  Axis(0.5, 1.0, ticks(0.5, 1.0, 0.1, 1), "AUC of the population"),
                  unit_axis("power"))
    chart.line([(0.5, share), (1.0, share)], "chance")
    rows, marks = [], []
    for place, ((scores, rule), css) in enumerate(CURVES.items()):
        own = inputs.power[(inputs.power["scores"] == scores) & (inputs.power["rule"] == rule)]
        chart.line(zip(own["AUC"], own["power"]), css)
        for row in own.itertuples():
            chart.point(row.AUC, row.power, css, SHAPES[place])
            rows.append((RULES[rule], short(row.AUC, 2), short(row.power)))
        marks.append((key(css, SHAPES[place]), RULES[rule].capitalize()))
    return Figure("power", "What these patients could have shown", [("", chart.svg())], marks,
                  f"Release {RELEASE}, environment {ENVIRONMENT}. {numbers['series']} series of "
                  f"{numbers['patients']} patients with their labels; scores simulated "
                  f"({document.get('power', 'simulations')} cohorts for each AUC), as alike within "
                  "patient and study as the published scores (nested procedure: the converged "
                  f"ones). The dashed line is {wanted(document)}.",
                  ("test", "AUC of the population", "power"), rows)
