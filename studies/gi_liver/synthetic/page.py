"""Draw what the synthetic cohorts show (``reports/gi_liver/synthetic.html``)."""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.report import render
from stages.report.chart import Axis, Chart, category_axis, key, ticks
from stages.report.figure import Figure, short
from stages.report.files import Document, Reader

TEMPLATES = Path(__file__).with_name("templates")
ARMS = {"null-twin": "Null twin: nothing to be found", "planted": "Planted: texture differs",
        "shortcut": "Shortcut: size and parenchyma differ, texture does not"}
# Place on the axis: rung, unit, what stands below it, what it means.
PLACES = (
    ("lesions", "lesion", "1", "lesions divided at random, sampling before the division, filter on all "
                               "rows"),
    ("sampled-after", "lesion", "2", "sampling after the division"),
    ("patients", "lesion", "3", "patients divided: the paper's protocol"),
    ("inside", "lesion", "4", "filter and scaling learnt from the training rows"),
    ("named", "lesion", "5", "one model named beforehand, no longer the best of sixteen"),
    ("folds", "lesion", "6", "folds of patients, lesions weighted, no sampling"),
    ("folds", "patient", "by patient", "the same, mean score of each patient"))
BEST, NAMED = "best of all", "LR"
LINES = {BEST: ("s1", "circle", "the greatest of sixteen cells, chosen on the test set"),
         NAMED: ("s2", "square", "logistic regression, named beforehand")}
OTHERS = ("KNN", "SVM", "RF")
# Arms in images, and how the network's epoch is chosen.
PICTURED = {"null-twin": "Null twin in images", "planted": "Planted in images, as the features have it",
            "strong": "Strong effect in images"}
CHOICES = {"nested": "of an inner fold", "described": "of the scored fold itself"}
# Rows of the lower half of the paper's Table 1: name here, name there, decimals.
LIVERS = (("patients", "patients", 0), ("lesions", "lesions", 0),
          ("per_patient", "lesions per patient", 2), ("lesion_hu", "lesions, mean HU", 2),
          ("burden_percent", "tumour burden, % of the liver", 2),
          ("liver_hu", "liver parenchyma, mean HU", 2))
LABELS = {"0": "colorectal", "1": "pancreatic"}
KINDS = ("plan", "replay", "judged", "ladder", "rejections")


def read(folder: Path, reader: Reader) -> dict[str, dict[str, Document]]:
    """Return every arm's results by kind."""
    return {arm: {kind: reader.json(folder / f"{kind}-{arm}.json") for kind in KINDS} for arm in ARMS}


def rungs(ladder: Document) -> dict[tuple[str, str, str], dict]:
    """Return the summaries of a ladder by rung, unit and model."""
    return {(row["rung"], row["unit"], row["model"]): row for row in ladder.get("rungs")}


def drawn(arm: str, ladder: Document) -> Chart:
    """Draw one arm's ladder, with what the plan's own score reaches."""
    found, best = rungs(ladder), ladder.get("best", "all")
    chart = Chart(f"ladder-{arm}", f"Ladder of the arm {arm}",
                  "Mean AUC on each rung, the middle 90 % of cohorts, and the right answer.",
                  category_axis([place[2] for place in PLACES], "rung"),
                  Axis(0.2, 1.0, ticks(0.2, 1.0, 0.1, 1), "AUC"), height=340)
    chart.line([(-0.5, 0.5), (6.5, 0.5)], "chance")
    chart.line([(-0.5, best["lesion"]), (5.5, best["lesion"])], "s3 thick")
    chart.line([(5.5, best["patient"]), (6.5, best["patient"])], "s3 thick")
    for name in OTHERS:
        chart.line([(at, found[rung, unit, name]["AUC"]) for at, (rung, unit, *_) in enumerate(PLACES)
                    if (rung, unit, name) in found], "s5 thin")
    for shift, (name, (css, shape, _)) in zip((-0.12, 0.12), LINES.items()):
        points = [(at + shift, found[rung, unit, name]) for at, (rung, unit, *_) in enumerate(PLACES)
                  if (rung, unit, name) in found]
        for at, one in points:
            chart.line([(at, one["q05"]), (at, one["q95"])], "error")
        chart.line([(at, one["AUC"]) for at, one in points], f"{css} thin")
        for at, one in points:
            chart.point(at, one["AUC"], css, shape, 4.6)
    return chart


def ladders(results: dict[str, dict[str, Document]]) -> Figure:
    """Return the ladders of all arms side by side."""
    legend = [(key(css, shape), name) for css, shape, name in LINES.values()]
    legend += [(key("s5"), "nearest neighbours, support vector machine, forest; SMOTE on rungs 1 to 4"),
               (key("s3 thick"), "the plan's own score: the right answer"),
               (key("chance"), "nothing to be found")]
    rows = [(ARMS[arm].split(":")[0], place[3], name, short(row["AUC"]), short(row["q05"]),
             short(row["q95"]), short(row["accuracy"]), short(row["constant"]))
            for arm, one in results.items() for place in PLACES
            for name in (*LINES, *OTHERS)
            if (row := rungs(one["ladder"]).get((place[0], place[1], name)))]
    counts = {arm: one["ladder"].get("rungs")[0]["cohorts"] for arm, one in results.items()}
    said = ", ".join(f"{counts[arm]} ({arm})" for arm in results)
    return Figure("ladder", "From the paper's protocol to the corrected one",
                  [(ARMS[arm], drawn(arm, one["ladder"]).svg()) for arm, one in results.items()],
                  legend,
                  "Rungs: " + "; ".join(f"{place[2]}, {place[3]}" for place in PLACES)
                  + f". Means over cohorts drawn anew, {said}; bars hold the middle 90 % of them.",
                  ("arm", "rung", "model", "mean AUC", "5 %", "95 %", "accuracy", "constant answer"),
                  rows)


def sentences(results: dict[str, dict[str, Document]]) -> list[str]:
    """Return what a reader should know, in a sentence each."""
    null, planted, shortcut = (results[arm] for arm in ARMS)
    whole = rungs(null["ladder"])
    leaking, paper = whole["lesions", "lesion", BEST], whole["patients", "lesion", BEST]
    last = whole["folds", "patient", NAMED]
    false, power = null["rejections"], planted["rejections"]
    caught = shortcut["rejections"]
    return [
        "Where there is nothing to be found, the greatest of sixteen test AUCs of the paper's protocol "
        f"is {short(paper['AUC'])} on average (standard error {short(paper['se'])}; middle 90 % "
        f"{short(paper['q05'])} to {short(paper['q95'])}): choosing on the test set adds "
        f"{short(paper['AUC'] - 0.5)}. Its accuracy is below that of the constant answer in "
        f"{100 * paper['below_constant']:.0f} % of these cohorts.",
        f"Dividing lesions instead of patients would show {short(leaking['AUC'])} where there is "
        f"nothing; the corrected protocol shows {short(last['AUC'])} (standard error "
        f"{short(last['se'])}).",
        f"The corrected test rejects in {false.get('rejected')} of {false.get('cohorts')} cohorts "
        f"without effect ({100 * false.get('share'):.1f} %, exact 95 % interval "
        f"{100 * false.get('low'):.1f} to {100 * false.get('high'):.1f} %) at the level of "
        f"{100 * false.get('level'):g} %.",
        f"It finds the planted effect in {power.get('rejected')} of {power.get('cohorts')} cohorts "
        f"({100 * power.get('share'):.0f} %, {100 * power.get('low'):.0f} to "
        f"{100 * power.get('high'):.0f} %): a cohort of this size tells a patient-level AUC of "
        f"{short(planted['plan'].get('best', 'patient'), 2)} from chance no more often than that.",
        "It is no safeguard against a shortcut: where only size and parenchyma differ it rejects in "
        f"{caught.get('rejected')} of {caught.get('cohorts')} cohorts, though texture, which the plan "
        "leaves alike, could tell nothing."]


def cells(results: dict[str, dict[str, Document]]) -> tuple[tuple[str, ...], list[tuple]]:
    """Return head and rows of the paper's sixteen cells in one cohort of each arm."""
    head = ("Classifier, sampler", *(f"{arm}: {what}" for arm in results for what in (
        "AUC", "accuracy")))
    names = list(next(iter(results.values()))["replay"].get("cells"))
    rows = [(name.replace("/", ", "), *(short(one["replay"].get("cells", name)[what])
                                       for one in results.values() for what in ("AUC", "accuracy")))
            for name in names]
    constant = [one["replay"].get("greatest", "constant") for one in results.values()]
    rows.append(("constant answer", *(value for one in constant for value in ("0.500", short(one)))))
    return head, rows


def judged(results: dict[str, dict[str, Document]]) -> tuple[tuple[str, ...], list[tuple]]:
    """Return head and rows of the corrected protocol in one cohort of each arm."""
    head = ("Model", *(f"{arm}: {what}" for arm in results for what in (
        "AUC by patient (95 % interval)", "accuracy by patient")))
    first = next(iter(results.values()))["judged"]
    rows = []
    for part in ("models", "trivial"):
        for name in first.get(part):
            row = [name]
            for one in results.values():
                found = one["judged"].get(part, name, "patient")
                row += [f"{short(found['AUC'])} ({short(found['low'])} to {short(found['high'])})",
                        short(found["accuracy"])]
            rows.append(tuple(row))
    rows.append(("constant answer", *(value for one in results.values() for value in (
        "0.500", short(one["judged"].get("constant", "patient"))))))
    rows.append(("the plan's own score", *(value for one in results.values() for value in (
        short(one["plan"].get("best", "patient")), "—"))))
    rows.append((f"P of {first.get('named')}, labels dealt anew to the patients",
                 *(value for one in results.values() for value in (
                     short(one["judged"].get("test", "P"), 2), "—"))))
    return head, rows


def chance(results: dict[str, dict[str, Document]]) -> tuple[tuple[str, ...], list[tuple]]:
    """Return head and rows of the greatest cell beside what chance makes of the greatest."""
    rows = []
    for arm, one in results.items():
        best, null = one["replay"].get("greatest"), one["replay"].get("chance_of_the_greatest")
        rows.append((arm, f"{best['classifier']}, {best['sampler']}", short(best["AUC"]),
                     f"{short(null['median'])} ({short(null['q05'])} to {short(null['q95'])})",
                     short(null["P"], 2), short(best["accuracy"]), short(best["constant"])))
    return ("Arm", "Greatest cell", "AUC", "Greatest by chance: median (middle 90 %)", "P",
            "Accuracy", "Constant answer"), rows


def network(arms: dict[str, dict[str, Document]]
            ) -> tuple[list[str], tuple[tuple[str, ...], list[tuple]]]:
    """Return sentences on the network, and head and rows of what it says of patients not seen.

    Parameters
    ----------
    arms : dict
        Of `PICTURED`: ``plan`` and ``answered`` of each.
    """
    rows, said = [], []
    for arm, one in arms.items():
        answered, shifts = one["answered"], one["plan"].get("shifts")
        amplitude, nested = answered.get("amplitude", "patient"), answered.get("nested", "patient")
        planted = (f"{short(shifts['amplitude'], 2)} standard deviations in the texture's amplitude"
                   if shifts else "nothing")
        verdict = ("found: the interval lies above one half" if nested["low"] > 0.5
                   else "not found: the interval does not lie above one half")
        said.append(
            f"{PICTURED[arm]}: planted is {planted}. The plan's own score reaches "
            f"{short(one['plan'].get('best', 'patient'))} by patient on average, the amplitude as "
            f"drawn for these patients {spread(amplitude)}; the network {spread(nested)}: {verdict}.")
        for column, choice in CHOICES.items():
            found = answered.get(column)
            rows.append((arm, choice, spread(found["patient"]), spread(found["lesion"]),
                         short(found["patient"]["accuracy"]), short(found["lesion"]["accuracy"])))
        rows.append((arm, "none: the amplitude as drawn", spread(amplitude),
                     spread(answered.get("amplitude", "lesion")), "—", "—"))
        constant = answered.get("constant")
        rows.append((arm, "none: constant answer", "0.500", "0.500", short(constant["patient"]),
                     short(constant["lesion"])))
    return said, (("Arm", "Epoch with the best accuracy", "AUC by patient (95 % interval)",
                   "AUC by lesion (95 % interval)", "Accuracy by patient", "Accuracy by lesion"), rows)


def spread(one: dict) -> str:
    """Return an area with its interval."""
    return f"{short(one['AUC'])} ({short(one['low'])} to {short(one['high'])})"


def images(documents: dict[str, Document]) -> tuple[list[str], tuple[tuple[str, ...], list[tuple]]]:
    """Return sentences on the phantom's lesions, and head and rows of the corrected protocol."""
    counts, plan = documents["measured"], documents["plan"]
    paper, judged = documents["replay"], documents["judged"]
    fewer, named, test = paper.get("fewer"), judged.get("named"), judged.get("test")
    said = [
        f"{counts.get('lesions')} lesions in the masks of {plan.get('patients')} patients, where the "
        f"plan has {plan.get('lesions')}; {counts.get('left_out')} are too small, {counts.get('kept')} "
        f"have {counts.get('features')} features each.",
        f"The correlation filter keeps {paper.get('kept')} of {paper.get('features')} features, and "
        f"{fewer['kept']} of {fewer['features']}, as many as the paper has.",
        "The most important features of the forest: " + ", ".join(
            one["feature"].removeprefix("original_") for one in paper.get("importance")[:5])
        + ". Planted is the amplitude of the texture.",
        f"The test of {named}: patient-level AUC {short(test['AUC'])}, P {short(test['P'], 2)}; the "
        f"plan's own score, which sees what no image shows whole, reaches "
        f"{short(plan.get('best', 'patient'))}."]
    rows = [(name, spread(found["patient"]), spread(found["lesion"]),
             short(found["patient"]["accuracy"]), short(found["lesion"]["accuracy"]))
            for part in ("models", "trivial") for name, found in judged.get(part).items()]
    rows.append(("constant answer", "0.500", "0.500", short(judged.get("constant", "patient")),
                 short(judged.get("constant", "lesion"))))
    return said, (("Model", "AUC by patient (95 % interval)", "AUC by lesion (95 % interval)",
                   "Accuracy by patient", "Accuracy by lesion"), rows)


def livers(documents: dict[str, Document]) -> tuple[str, tuple[tuple[str, ...], list[tuple]]]:
    """Return a sentence on the burden, and head and rows of what is measured and what is planned."""
    measured, planned = ({label: one.get(*where, label) for label in LABELS} for one, where in (
        (documents["burden"], ()), (documents["plan"], ("livers",))))
    off = max(abs(measured[label]["burden_percent"] / planned[label]["burden_percent"] - 1)
              for label in LABELS)
    burdens = " and ".join(f"{short(measured[label]['burden_percent'], 2)} % ({name})"
                           for label, name in LABELS.items())
    said = (f"Tumour burden, lesions' share of the liver's voxels: {burdens}, within "
            f"{short(100 * off, 1)} % of what is planned. The phantom's piece of liver grows with the "
            "number of lesions, so that the burden tells of their size, which the plan leaves alike in "
            "both classes. A lesion's mean lies above the planned one: voxels at its edge hold liver.")
    rows = [(words, *(short(one[label][name], decimals) for label in LABELS
                      for one in (measured, planned))) for name, words, decimals in LIVERS]
    return said, (("Measure", *(f"{name}: {what}" for name in LABELS.values()
                         for what in ("measured", "planned"))), rows)


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.synthetic.page", __doc__)
    parser.add_argument("--results", type=Path, required=True, help="folder of the results")
    parser.add_argument("--out", type=Path, required=True, help="the page (HTML)")
    options = parser.parse_args()
    reader = Reader()
    results = read(options.results, reader)
    phantom = {kind: reader.json(options.results / f"{kind}-images.json")
               for kind in ("measured", "burden", "replay", "judged")}
    pictured = {arm: {"plan": reader.json(options.results / f"plan-images-{arm}.json"),
                      "answered": reader.json(options.results / f"answered-{arm}.json")}
                for arm in PICTURED}
    phantom["plan"] = pictured["planted"]["plan"]
    with render.drawing(options.out):
        page = render.environment(TEMPLATES).get_template("page.html.j2").render(
            ladder=ladders(results), sentences=sentences(results), chance=chance(results),
            cells=cells(results), judged=judged(results), images=images(phantom),
            livers=livers(phantom), network=network(pictured))
    canonical.write_bytes(options.out, page.encode())


if __name__ == "__main__":
    cli.main(stage)
