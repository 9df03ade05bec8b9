"""All patients by a nested procedure, sample sizes, agreement of series, public tables."""

from __future__ import annotations

from collections.abc import Mapping

from stages.report.chart import SHAPES, Axis, Chart, key, ticks, unit_axis
from stages.report.figure import Figure, short
from stages.report.files import Document
from studies.sclc_liver.report.inputs import RELEASE, Inputs

SETS = {"radiomics": "All features", "volume": "Tumour volume alone",
        "both": "Features and volume", "stable": "Features that agree between series"}
DIVIDES = {"thickness": "slices", "lowest_value": "lowest value of the image", "volume": "volume"}
UNITS = {"examinations": "first series of each examination, as published",
         "distinct_scores": "one examination for each score of a patient",
         "first_of_patient": "first examination of each patient",
         "mean_of_patient": "mean over the examinations of each patient"}
OPTIMISM = {"test-nested": "best of three on the test group − best nested",
            "cross-validated-nested": "best cross-validated − best nested",
            "selection": "selection outside − inside the folds",
            "best-of-three": "best of three − the regression named beforehand",
            "best-of-twelve": "best of twelve − the regression named beforehand",
            "nested": "nested regression − 0.5"}
LABELS = {"real": "as they are", "dealt": "dealt at random"}


def between(found: Mapping, decimals: int = 2) -> str:
    """Return an interval in words, or that there is none."""
    if found["low"] is None:
        return "undefined"
    return f"{short(found['low'], decimals)} to {short(found['high'], decimals)}"


def number(value: float | None, decimals: int = 2) -> str:
    """Return a number, or that it is undefined."""
    return "undefined" if value is None else short(value, decimals)


def introduction(nested: Document) -> str:
    """Return what the nested procedure is, and of whom."""
    numbers = nested.get("numbers")
    return (f"Ridge regression on all {numbers['examinations']} examinations of "
            f"{numbers['patients']} patients ({numbers['patients_with_negatives']} with NE-negative "
            "ones), folds by patient, standardisation and penalty inside the folds, each examination "
            f"counted once; mean AUC over {nested.get('seeds')} seeds. P is one-sided, from "
            f"{nested.get('permutations')} deals of whole patients' outcomes among patients of as "
            "many examinations, the statistic made in the same way. The 95 % interval leaves out "
            "each patient in turn (jackknife), training included. It is neither the published model "
            "nor the corrected protocol: it is chosen since its permutations cost little.")


def sets(nested: Document) -> list[tuple]:
    """Return one row for each feature set."""
    rows = []
    for name, said in SETS.items():
        found = nested.get("sets", name)
        calls, ratio = found["calls"], found["calibration"]["observed_to_expected"]
        slope = found["calibration"]["slope"]
        rows.append((said, str(found["features"]), f"{short(found['AUC'])} ({between(found)})",
                     short(found["P"]), short(found["smallest_detectable"], 2),
                     f"{short(slope['value'], 2)} ({between(slope)})",
                     f"{short(ratio['value'], 2)} ({between(ratio)})",
                     f"{calls['TN']} of {calls['TN'] + calls['FN']} "
                     f"({calls['seeds_without_negative_call']} seeds without one)"))
    return rows


def classifiers(document: Document) -> list[tuple]:
    """Return one row for each classifier."""
    return [(name, f"{short(found['AUC'])} ({between(found)})",
             f"{short(found['P'])} ({found['deals']} deals)", short(found["smallest_detectable"], 2),
             ", ".join(f"{said} in {folds}" for said, folds in found["chosen"].items()))
            for name, found in document.get("models").items()]


def differences(nested: Document) -> list[tuple]:
    """Return one row for each pair of feature sets."""
    return [(" − ".join(SETS[part].lower() for part in name.split(" - ")), short(found["difference"]),
             between(found, 3), short(found["P_holm"]), short(found["smallest_detectable"]))
            for name, found in nested.get("differences").items()]


def subgroups(nested: Document) -> list[tuple]:
    """Return one row for each subgroup of series."""
    return [(f"{DIVIDES[divides]}: {name}", str(found["series"]),
             f"{found['patients_with_negatives']} of {found['patients']}",
             f"{number(found['AUC'])} ({between(found)})", number(found["smallest_detectable"]))
            for divides, parts in nested.get("sets", "radiomics", "subgroups").items()
            for name, found in parts.items()]


def type_one(simulated: Document) -> str:
    """Return how often whole procedures find what is not there."""
    found, likeness = simulated.get("type_one"), simulated.get("dealt_likeness")

    def said(name):
        own = found[name]
        return (f"{own['found']} of {own['tried']} ({100 * own['share']:.1f} %, exact 95 % interval "
                f"{100 * own['low']:.1f} to {100 * own['high']:.1f} %)")

    return (f"Outcomes without effect, as alike within patients as the real scores (correlation "
            f"{short(simulated.get('likeness'), 2)}), on the real features: at a level of "
            f"{100 * simulated.get('level'):g} % the nested procedure ({simulated.get('seeds')} "
            f"seeds) finds an effect in {said('nested')} data sets, the published logistic "
            "regression, selection and fit repeated in each, with the permutation test of its test "
            f"AUC in {said('published-LR')}; {found['published-LR']['undefined']} could not be "
            "tested. Deals of whole patients keep the correlation "
            f"({short(likeness['exact'], 2)}); those of single examinations, kept neighbours, by "
            f"which the test AUC is tested, lower it ({short(likeness['approximate'], 2)}). Not "
            "simulated are the forests, the boosters and the choice of the best of three.")


def power(inputs: Inputs) -> Figure:
    """Return the power of the nested procedure beside that of the tests on the test patients."""
    chart = Chart("power-whole", "Power of the tests", "All patients by the nested procedure find "
                  "smaller effects than the test patients alone.",
                  Axis(0.5, 1.0, ticks(0.5, 1.0, 0.1, 1), "AUC of the population"),
                  unit_axis("power"))
    chart.line([(0.5, 0.8), (1.0, 0.8)], "chance")
    rows, marks = [], []
    curves = [("test patients, published scores, one model", [
        (row.AUC, row.power) for row in inputs.power.itertuples()
        if (row.scores, row.rule) == ("published", "single")])]
    simulated = inputs.simulated.get("power")
    for kind, said in (("leading", "signal in the leading component"),
                       ("any", "signal in any direction of ten")):
        curves.append((f"all patients, nested, {said}", [
            (row["AUC"], row["power"]) for row in simulated if row["signal"] == kind]))
    for place, (name, points) in enumerate(curves):
        css = f"s{place + 1}"
        chart.line(points, css)
        for x, y in points:
            chart.point(x, y, css, SHAPES[place])
            rows.append((name, short(x), short(y)))
        marks.append((key(css, SHAPES[place]), name[0].upper() + name[1:]))
    return Figure("power-whole", "Power of the nested procedure on all patients",
                  [("", chart.svg())], marks,
                  "Training is simulated for the nested procedure: outcomes are made of the released "
                  "features and of noise that is alike within patients, and the AUC of the "
                  "population is that of the best possible score. The dashed line is 80 % power "
                  "(one-sided 5 %).", ("test", "AUC of the population", "power"), rows)


def sizes(document: Document) -> list[tuple]:
    """Return one row for each anticipated strength and number of predictors."""
    return [(row["anticipated"], f"{row['predictors']} ({row['of']})", short(row["r2"]),
             *(f"{row[name]:,}" for name in ("shrinkage", "optimism", "prevalence", "all")))
            for row in document.get("sizes")]


def agreement(retest: Document) -> list[tuple]:
    """Return one row for each family of features."""
    return [(name, str(found["features"]), str(found["stable"]), str(found["stable_by_rank"]),
             str(found["below_half"]), short(found["median"], 2))
            for name, found in sorted(retest.get("features").items())]


def burden(retest: Document) -> list[tuple]:
    """Return one row for each choice of units."""
    return [(said, str(found["units"]), f"{short(found['rho'])} "
             f"({between(found['patients_interval'])})", short(found["smallest_detectable"], 2))
            for name, said in UNITS.items() for found in [retest.get("burden", name)]]


def control(inputs: Inputs) -> Figure:
    """Return the AUC that the paper's protocol would claim against the nested one, a dot a table."""
    document, drawings, rows = inputs.control, [], []
    for labels, said in LABELS.items():
        axis = Axis(0.2, 1.0, ticks(0.2, 1.0, 0.2, 1), "nested AUC, best of three")
        mean = document.get("optimism", labels, "test-nested")
        chart = Chart(f"control-{labels}", f"Claimed and nested AUC, outcomes {said}",
                      f"Mean difference {number(mean['mean'], 3)}.", axis,
                      Axis(0.2, 1.0, ticks(0.2, 1.0, 0.2, 1), "claimed AUC"), width=340, height=300)
        chart.line([(0.2, 0.2), (1, 1)], "chance")
        for name, found in sorted(document.get("tables").items()):
            own = found[labels]
            chart.point(own["nested_best"], own["test_best_of_three"], "s1", "circle", 3.6)
            chart.point(own["nested_best"], own["cv_best"], "s2", "square", 3.6)
            rows.append((name, said, str(found["patients"]), str(found["features"]),
                         *(short(own[value]) for value in ("nested_best", "test_best_of_three",
                                                           "cv_best"))))
        drawings.append((f"Outcomes {said}", chart.svg()))
    return Figure("control", "Claimed against nested AUC, a dot for each public table", drawings,
                  [(key("s1", "circle", lined=False), "best of three on the test group"),
                   (key("s2", "square", lined=False), "best cross-validated, selection outside")],
                  "Above the dashed line the paper's protocol claims more than the nested one finds. "
                  "With outcomes dealt at random every AUC above 0.5 is optimism, or the spread of "
                  "small groups.",
                  ("table", "outcomes", "patients", "features", "nested", "claimed, test",
                   "claimed, cross-validated"), rows)


def optimism(document: Document) -> list[tuple]:
    """Return one row for each comparison and kind of labels."""
    return [(said, LABELS[labels], number(found["mean"], 3), between(found, 3),
             f"{found['above_zero']} of {found['tables']}", number(found["smallest_detectable"], 3))
            for name, said in OPTIMISM.items() for labels in LABELS
            for found in [document.get("optimism", labels, name)]]


def section(inputs: Inputs) -> dict:
    """Return what the templates show."""
    return {"whole": {
        "introduction": introduction(inputs.nested), "sets": sets(inputs.nested),
        "classifiers": classifiers(inputs.classifiers),
        "classifier_seeds": inputs.classifiers.get("seeds"),
        "exceed": inputs.classifiers.get("exceed"), "most": inputs.classifiers.get("most_deals"),
        "differences": differences(inputs.nested), "subgroups": subgroups(inputs.nested),
        "type_one": type_one(inputs.simulated), "power": power(inputs),
        "without": inputs.nested.get("without"), "names": SETS,
        "sizes": sizes(inputs.sizes), "held": inputs.sizes.get("examinations"),
        "negatives": inputs.sizes.get("negatives"), "agreement": agreement(inputs.retest),
        "pairs": inputs.retest.get("pairs"), "stable": inputs.retest.get("stable"),
        "burden": burden(inputs.retest), "control": control(inputs),
        "optimism": optimism(inputs.control), "tables": len(inputs.control.get("tables")),
        "control_seeds": inputs.control.get("seeds"),
        "nothing": inputs.control.get("released_penalty_keeps_nothing"), "release": RELEASE}}
