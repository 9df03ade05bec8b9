"""The page of the synthetic demonstration: each result beside what was planted."""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.report import render
from stages.report.chart import Axis, Chart, category_axis, key, ticks
from stages.report.figure import Figure, short
from stages.report.files import Document, Reader

TEMPLATES = Path(__file__).with_name("templates")
ARMS = {"null": "Null twin: nothing to be found", "planted": "Planted: texture and ring differ",
        "confounded": "Shortcut: the vendor differs, lesions do not"}
# Arms whose test is tried on many label vectors.
TESTED = ("null", "planted")
RUNGS = {"slices": "slices divided at random", "lesions": "lesions divided",
         "patients": "patients divided: as described", "nested": "epoch chosen on other folds",
         "by_patient": "by patient: mean of slices", "vendor_out": "by patient, one vendor left out"}
BEST, LAST = tuple(RUNGS)[:3], tuple(RUNGS)[4:]


def ranged(found: dict, decimals: int = 2) -> str:
    """Return an area with its interval.

    Examples
    --------
    >>> ranged({"area": 0.5, "low": 0.25, "high": 0.75})
    '0.50 (0.25 to 0.75)'
    """
    area, low, high = (short(found[name], decimals) for name in ("area", "low", "high"))
    return f"{area} ({low} to {high})"


def drawn(arm: str, rungs: dict, truth: dict, tuned: dict | None, dealt: dict | None) -> Chart:
    """Draw one arm's ladder, the right answer, and what the vendor alone answers.

    ``tuned`` are the scores of networks trained whole, ``dealt`` those of the same rungs over label
    vectors dealt anew, where there are any.
    """
    chart = Chart(f"ladder-{arm}", f"Ladder of the arm {arm}",
                  "Area on each rung, uncalibrated intervals over patients, and the right answer.",
                  category_axis([str(at) for at in range(1, len(RUNGS) + 1)], "rung"),
                  Axis(0.2, 1.0, ticks(0.2, 1.0, 0.1, 1), "AUC"), height=340)
    end = len(RUNGS) - 0.5
    chart.line([(-0.5, 0.5), (end, 0.5)], "chance")
    if truth["area"] != 0.5:
        chart.line([(-0.5, truth["area"]), (end, truth["area"])], "s3 thick")
        chart.line([(-0.5, truth["latent"]), (end, truth["latent"])], "s3 thin")
    if truth["odds"] != 1:
        chart.line([(-0.5, truth["vendor"]), (end, truth["vendor"])], "s4")
    chart.line([(at, rungs[name]["area"]) for at, name in enumerate(RUNGS)], "s1 thin")
    for at, name in enumerate(RUNGS):
        one = rungs[name]
        low, high = ((one["low"], one["high"]) if "low" in one
                     else (one["area"] - one["sd"], one["area"] + one["sd"]))
        chart.line([(at, low), (at, high)], "error")
        chart.point(at, one["area"], "s1", "circle", 4.6)
    for at, name in ((2, "described"), (3, "nested"), (4, "by_patient")) if tuned else ():
        chart.point(at + 0.18, tuned[name]["area"], "s2", "square", 4.6)
    for at, name in ((2, "described_area"), (3, "nested_area"), (4, "area")) if dealt else ():
        low, *_, high = dealt[name]["quantiles"]
        chart.line([(at - 0.22, low), (at - 0.22, high)], "s5 thin")
        chart.point(at - 0.22, dealt[name]["mean"], "s5", "diamond", 4.6)
    return chart


def ladder(found: Document, truth: Document, tuned: Document, tests: dict[str, Document]) -> Figure:
    """Return the ladders of all arms side by side."""
    arms, rows = found.get("arms"), []
    for arm, said in ARMS.items():
        for at, (name, words) in enumerate(RUNGS.items(), 1):
            one = arms[arm]["rungs"][name]
            rows.append((said.split(":")[0], at, words, short(one["area"]),
                         f"{short(one['low'])} to {short(one['high'])}" if "low" in one
                         else f"± {short(one['sd'])}",
                         short(one["accuracy"]) if "accuracy" in one else "—",
                         short(truth.get(arm)["constant" if name in LAST else "constant_slices"])))
    legend = [(key("s1", "circle"), "last layer on fixed features"),
              (key("s2", "square", lined=False), "network trained whole (one seed)"),
              (key("s5", "diamond"),
               f"labels dealt anew (null: {tests['null'].get('replicates')} times, planted: "
               f"{tests['planted'].get('replicates')}): mean, middle 90 %"),
              (key("s3"), "the latent variable's own AUC: planted (thick), in this cohort (thin)"),
              (key("s4"), "the vendor's own AUC"), (key("chance"), "nothing to be found")]
    percent = round(100 * (1 - 2 * found.get("level")))
    return Figure(
        "ladder", "From the paper's protocol to the corrected one",
        [(said, drawn(arm, arms[arm]["rungs"], truth.get(arm), tuned.get("arms").get(arm),
                      tests[arm].get("scores") if arm in tests else None).svg())
         for arm, said in ARMS.items()], legend,
        "Rungs: " + "; ".join(f"{at}, {words}" for at, words in enumerate(RUNGS.values(), 1))
        + f". Rungs 1 to 3 take the epoch that is best on the scored fold. Rungs 1 to 4 are of slices, "
        f"mean over {found.get('divisions')} divisions, bars of one SD; 5 and 6 have {percent} % "
        "intervals over patients, which hold the models and are not calibrated.",
        ("Arm", "Rung", "What", "AUC", "SD or interval", "Accuracy", "Constant answer"), rows)


def inputs(found: Document) -> tuple[tuple[str, ...], list[tuple]]:
    """Return head and rows of the comparison of inputs."""
    head = ("Arm", "Input", "As described, by slice", "Corrected, by patient (interval, uncalibrated)",
            "All three less this one (interval, uncalibrated)")
    return head, [(ARMS[arm].split(":")[0], name, short(one["described"]["area"], 2),
                   ranged(one["corrected"]), ranged(one["difference"]))
                  for arm in ARMS for name, one in found.get("arms")[arm]["inputs"].items()]


def whole(tuned: Document, truth: Document) -> tuple[tuple[str, ...], list[tuple]]:
    """Return head and rows of the networks that were trained whole."""
    head = ("Arm", "As described: AUC", "accuracy", "Nested epoch: AUC", "accuracy",
            "By patient: AUC (interval, uncalibrated)", "accuracy", "Constant answer, slices",
            "patients")
    rows = []
    for arm, one in tuned.get("arms").items():
        last = one["by_patient"]
        rows.append((ARMS[arm].split(":")[0],
                     *(short(one[name][what]) for name in ("described", "nested")
                       for what in ("area", "accuracy")),
                     ranged(last), short(last["accuracy"]), short(truth.get(arm)["constant_slices"]),
                     short(truth.get(arm)["constant"])))
    return head, rows


def tenths(found: Document) -> tuple[tuple[str, ...], list[tuple]]:
    """Return head and rows of the test sets."""
    head = ("Arm", "Patients", "Score", "Mean", "SD over the five models", "SD over test sets",
            "Lowest and highest test set")
    return head, [(ARMS[arm].split(":")[0], " to ".join(map(str, sorted({*one["patients"]}))), words,
                   *(short(one[name][what]) for what in ("mean", "models_sd", "sets_sd")),
                   f"{short(one[name]['low'], 2)} to {short(one[name]['high'], 2)}")
                  for arm, one in ((arm, found.get("arms")[arm]) for arm in ARMS)
                  for name, words in (("area", "AUC"), ("accuracy", "accuracy"))]


def part(found: dict) -> str:
    """Return a share in percent with its 95 % interval.

    Examples
    --------
    >>> part({"count": 5, "of": 100, "share": 0.05, "low": 0.022, "high": 0.112})
    '5.0 % (2.2 to 11.2)'
    """
    share, low, high = (short(100 * found[name], 1) for name in ("share", "low", "high"))
    return f"{share} % ({low} to {high})"


def trials(tests: dict[str, Document]) -> tuple[tuple[str, ...], list[tuple]]:
    """Return head and rows of the tests: of the arm's own labels, and of replicates."""
    head = ("Arm", "AUC by patient", "P", "Permutations", "Replicates",
            "Rejected at 5 % (95 % interval)", "Interval wholly above 0.5", "wholly below 0.5")
    return head, [(ARMS[arm].split(":")[0], short(one.get("area"), 2), short(one.get("P")),
                   one.get("permutations"), one.get("replicates"), part(one.get("rejected")),
                   part(one.get("above")), part(one.get("below"))) for arm, one in tests.items()]


def calibration(tests: dict[str, Document]) -> str:
    """Say how often an interval over patients misses the right answer in the null twin."""
    null = tests["null"]
    above, below = null.get("above"), null.get("below")
    covered = above["of"] - above["count"] - below["count"]
    nominal = round(100 * (1 - 2 * null.get("level")))
    return (f"Intervals are over patients, not calibrated: they draw patients anew and hold the "
            f"models that were trained on them. Of {above['of']} such {nominal} % intervals in the "
            f"null twin {short(100 * covered / above['of'], 0)} % hold 0.5; "
            f"{short(100 * above['share'], 0)} % lie above it and "
            f"{short(100 * below['share'], 0)} % below. Whether there is anything is what the "
            "permutation test says.")


def sentences(found: Document, tests: dict[str, Document], truth: Document) -> list[str]:
    """Return what a reader should know; every number comes from the results."""
    rungs = {arm: found.get("arms")[arm]["rungs"] for arm in ARMS}
    null, planted = tests["null"], tests["planted"]
    scores = null.get("scores")
    described, area = scores["described_area"], scores["area"]
    percent = round(100 * null.get("level"))
    return [
        f"Where nothing is to be found, over {null.get('replicates')} label vectors dealt anew to the "
        f"patients, each with {null.get('divisions')} divisions of its own, the paper's protocol gives "
        f"a mean AUC of {short(described['mean'])} (middle 90 %: "
        f"{short(described['quantiles'][0])} to {short(described['quantiles'][-1])}) and a mean "
        f"accuracy of {short(scores['described_accuracy']['mean'])}. With the epoch chosen on other "
        f"folds they are {short(scores['nested_area']['mean'])} and "
        f"{short(scores['nested_accuracy']['mean'])}; by patient the corrected AUC is "
        f"{short(area['mean'])}. The constant answer is right for "
        f"{short(scores['constant']['mean'])} of the slices.",
        f"The corrected protocol tests the AUC by patient against permuted labels, each with divisions "
        f"of its own. At {percent} % (one-sided) it rejects in {part(null.get('rejected'))} of these "
        f"label vectors, and in {part(planted.get('rejected'))} of "
        f"{planted.get('replicates')} where the labels follow the latent variable (features are the "
        "same each time: these are replicates of labels, not of images, and all tests of an arm share "
        "their permutations).",
        calibration(tests),
        f"Dividing slices instead of patients shows {short(rungs['null']['slices']['area'], 2)} in the "
        f"null twin: slices of a patient resemble each other in all sequences.",
        f"With a planted AUC of {short(truth.get('planted')['area'], 2)} "
        f"({short(truth.get('planted')['latent'], 2)} in this cohort) the corrected protocol gives "
        f"{ranged(rungs['planted']['by_patient'])}, P = {short(planted.get('P'))}; the paper's gives "
        f"{short(rungs['planted']['patients']['area'], 2)}.",
        f"Where only the vendor goes with the class (odds ratio "
        f"{short(truth.get('confounded')['odds'], 0)}; its own AUC is "
        f"{short(truth.get('confounded')['vendor'], 2)}), the corrected protocol gives "
        f"{ranged(rungs['confounded']['by_patient'])}, where the same lesions without that link give "
        f"{ranged(rungs['null']['by_patient'])} (P = {short(null.get('P'))}): nesting does not remove "
        f"a shortcut. Learnt from the other vendors and compared within each, the two are "
        f"{ranged(rungs['confounded']['vendor_out'])} and {ranged(rungs['null']['vendor_out'])}.",
        f"One cohort of this size may lie far from the truth: where nothing is to be found, the middle "
        f"90 % of the corrected AUCs go from {short(area['quantiles'][0], 2)} to "
        f"{short(area['quantiles'][-1], 2)}."]


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.synthetic.page", __doc__)
    parser.add_argument("--results", type=Path, required=True, help="folder of results")
    parser.add_argument("--picture", type=Path, required=True, help="beside the page (PNG)")
    parser.add_argument("--out", type=Path, required=True, help="the page (HTML)")
    options = parser.parse_args()
    reader = Reader()
    found, truth, tuned, tenth = (reader.json(options.results / f"{name}.json")
                                  for name in ("ladder", "truth", "tuned", "held_out"))
    tests = {arm: reader.json(options.results / f"rejections-{arm}.json") for arm in TESTED}
    with render.drawing(options.out):
        template = render.environment(TEMPLATES).get_template("synthetic.html.j2")
        page = template.render(
            sentences=sentences(found, tests, truth), ladder=ladder(found, truth, tuned, tests),
            trials=trials(tests), calibration=calibration(tests), inputs=inputs(found),
            whole=whole(tuned, truth), tests=tenths(tenth), drawn=tenth.get("sets"),
            picture=options.picture.name, network=tuned.get("network"), epochs=tuned.get("epochs"),
            truth=truth.get("null"))
    canonical.write_bytes(options.out, page.encode())


if __name__ == "__main__":
    cli.main(stage)
