"""The page of the synthetic demonstration: each result beside what was planted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean, stdev

from stages.common import canonical, cli
from stages.report import render
from stages.report.figure import short
from stages.report.files import Document, Reader
from studies.sclc_recurrence.synthetic import charts

TEMPLATES = Path(__file__).with_name("templates")
ARMS = {"null": "nothing planted", "shortcut": "nothing planted, pixel tells the follow-up",
        "planted": "planted"}
KINDS = ("ladder", "rejections", "survival", "planted")
SINGLE = ("inflation", "images", "stations")
FEW = 5


def share(found: dict) -> str:
    """Return a count with its share and interval in words.

    Examples
    --------
    >>> share({"count": 1, "of": 4, "share": 0.25, "low": 0.046, "high": 0.699})
    '1 of 4 (25 %, 4.6 to 69.9 %)'
    >>> share({"count": 0, "of": 0, "share": None, "low": None, "high": None})
    'no patient'
    """
    if not found["of"]:
        return "no patient"
    low, high = (short(100 * found[name], 1) for name in ("low", "high"))
    return f"{found['count']} of {found['of']} ({short(100 * found['share'], 0)} %, {low} to {high} %)"


def interval(found: Mapping, decimals: int = 2) -> str:
    """Return an estimate with its interval.

    Examples
    --------
    >>> interval({"estimate": 1.5, "low": 1, "high": 2.25})
    '1.50 (1.00 to 2.25)'
    """
    middle = found.get("estimate", found.get("mean"))
    low, high = (short(found[name], decimals) for name in ("low", "high"))
    return f"{short(middle, decimals)} ({low} to {high})"


def p_value(value: float) -> str:
    """Return a P value as a text.

    Examples
    --------
    >>> p_value(0.0214), p_value(2.5e-9)
    ('0.021', '<0.001')
    """
    return "<0.001" if value < 0.001 else short(value)


def hazard_rows(survival: Document, planted: Document) -> list[tuple]:
    """Return the table of hazard ratios: alone, together, planted, proportionality."""
    truth = planted.get("truth", "hazard_ratios")
    together = survival.get("together")
    return [(name, p_value(survival.get("log_rank", name)["P"]),
             interval(survival.get("alone", name)["hazard_ratio"][name]), interval(row),
             short(truth.get(name, 1.0), 3), short(together["proportional"][name], 2))
            for name, row in together["hazard_ratio"].items()]


def station_rows(survival: Document) -> list[tuple]:
    """Return the table of stations: relapses, both risks, and the reversed conditional."""
    return [(row["region"], row["relapses"], share(row["risk_affected"]), share(row["risk_free"]),
             share(row["reversed"]), "—" if row["share"]["mean"] is None else
             f"{short(row['share']['mean'], 2)} ({short(row['share']['min'], 2)} to "
             f"{short(row['share']['max'], 2)})")
            for row in survival.get("regions", "all")]


def score_rows(documents: Mapping[tuple[str, str], Document]) -> list[tuple]:
    """Return the table of the corrected protocol's scores by arm, each beside the right answer."""
    rows = []
    for arm, said in ARMS.items():
        found = documents["survival", arm].get("foretold")
        truth = documents["planted", arm].get("truth")
        rows.append((said, interval(found["concordance"]), short(truth["concordance"], 2),
                     interval(found["auc"]), short(truth["auc"], 2), interval(found["brier"], 3),
                     short(found["brier_constant"]["estimate"], 3), short(found["P"])))
    return rows


def sentences(documents: Mapping[tuple[str, str], Document]) -> list[str]:
    """Return what the page shows, in short; every number comes from the results."""
    rungs = {arm: {rung["name"]: rung for rung in documents["ladder", arm].get("rungs")}
             for arm in ARMS}
    first, last = rungs["null"]["all_rows"], rungs["null"]["chosen"]
    shortcut, planted = rungs["shortcut"], documents["planted", "planted"].get("truth")
    inflation = documents["inflation", ""]
    fewer = [a - b for a, b in zip(*(rungs["null"][name]["auc"]["values"]
                                     for name in ("all_rows", "training_rows")))]
    ratio = documents["survival", "planted"].get("together")["hazard_ratio"]["large"]
    pooled = documents["survival", "planted"].get("regions", "ratio")
    drawn = documents["stations", ""]
    gained = drawn.get("differences")
    return [
        "Where nothing is planted, selection on all rows gives a mean validation AUC of "
        f"{interval(inflation.get('all_rows'))} and selection on the training rows "
        f"{interval(inflation.get('training_rows'))}: the paper's protocol adds "
        f"{interval(inflation.get('added'))} on the same patients held out ({inflation.get('draws')} "
        "draws of the outcomes, 95 % intervals). With fewer trees, in the ladder below, it adds "
        f"{short(fmean(fewer))} (SD of {len(fewer)} draws {short(stdev(fewer))}). "
        f"{short(100 * inflation.get('printed_reached'), 0)} % of the draws reach the printed "
        f"{short(inflation.get('printed'), 2)}.",
        f"The corrected protocol gives {interval(last['auc'])} there, and rejects at 5 % in "
        f"{share(documents['rejections', 'null'].get('rejected'))} of the replicates.",
        "Where pixels tell how long a patient was followed, and nothing has an effect, the forest in "
        f"nested parts scores {interval(shortcut['nested']['auc'])}; without pixel and voxel counts "
        f"{interval(shortcut['no_acquisition']['auc'])}. The pixel is kept in "
        f"{short(100 * shortcut['all_rows']['pixel']['mean'], 0)} % of the fits, and where it tells "
        f"nothing in {short(100 * first['pixel']['mean'], 0)} %.",
        f"Where a hazard ratio of {short(planted['hazard_ratios']['large'], 3)} of tumours of 5 cm or "
        f"more is planted, this cohort shows {interval(ratio)}; the corrected protocol rejects in "
        f"{share(documents['rejections', 'planted'].get('rejected'))} of the replicates (its power).",
        f"A relapse is planted to come back {short(planted['station'], 0)} times as often in a station "
        f"that the tumour was in; pooled over stations the cohort shows {interval(pooled)}.",
        "DiUnet outlines the stations of patients held out with a mean Dice of "
        f"{interval(drawn.get('methods')['both']['whole']['mean'])}, "
        f"{interval(gained['network']['whole'], 3)} more than the most frequent station at each place. "
        f"The GTV as second input adds {interval(gained['gtv']['whole'], 3)} to it, and "
        f"{interval(gained['gtv']['near'], 3)} near the GTV. These intervals hold both the patients "
        f"and the trainings ({trainings(drawn)} of each network, from other first weights): of one "
        "training each the difference that the GTV makes has a standard deviation of "
        f"{short(gained['gtv']['whole']['spread'], 3)} over trainings alone."]


def trainings(document: Document) -> int:
    """Return how many trainings there are of each network."""
    return len(document.get("methods")["both"]["whole"]["trainings"])


def stations(document: Document) -> dict:
    """Return what the page says of the outlined stations."""
    methods, gained = document.get("methods"), document.get("differences")
    return {"trained": document.get("trained"), "held_out": document.get("held_out"),
            "means": [(words, *(interval(methods[name][place]["mean"]) for place in ("whole", "near")))
                      for name, (*_, words) in charts.METHODS.items()],
            "trainings": trainings(document),
            "gained": [(words, *(f"{interval(gained[name][place], 3)}; "
                                 f"{short(gained[name][place]['spread'], 3)}"
                                 for place in ("whole", "near")))
                       for name, words in (("gtv", "what the GTV adds (over the blanked one)"),
                                           ("network", "what the network adds (over the atlas)"))],
            "figure": charts.segmentation(document)}


def context(documents: Mapping[tuple[str, str], Document]) -> dict:
    """Return what the template shows."""
    survival, planted = documents["survival", "planted"], documents["planted", "planted"]
    follow_up = survival.get("follow_up")
    return {
        "sentences": sentences(documents), "few": FEW,
        "ladder": charts.ladder({arm: (said, documents["ladder", arm])
                                 for arm, said in ARMS.items()}),
        "curves": charts.curves({
            arm: (ARMS[arm], documents["survival", arm], documents["planted", arm])
            for arm in ("null", "planted")}),
        "ratios": charts.ratios(survival, planted),
        "inflation": charts.inflation(documents["inflation", ""]),
        "images": documents["images", ""].content, "segmented": stations(documents["stations", ""]),
        "rejections": [(said, share(documents["rejections", arm].get("rejected")))
                       for arm, said in ARMS.items()],
        "hazards": hazard_rows(survival, planted), "stations": station_rows(survival),
        "scores": score_rows(documents), "follow_up": follow_up,
        "median": short(follow_up["median_follow_up"], 1),
        "calibration": [(row["patients"], short(row["foretold"], 2), short(row["observed"], 2))
                        for row in survival.get("foretold", "calibration")]}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.synthetic.page", __doc__)
    parser.add_argument("--metrics", type=Path, required=True, help="results (folder)")
    parser.add_argument("--out", type=Path, required=True, help="the page (HTML)")
    options = parser.parse_args()
    reader = Reader()
    documents = {(kind, arm): reader.json(options.metrics / f"{kind}_{arm}.json")
                 for kind in KINDS for arm in ARMS}
    documents |= {(kind, ""): reader.json(options.metrics / f"{kind}.json") for kind in SINGLE}
    with render.drawing(options.out):
        template = render.environment(TEMPLATES).get_template("synthetic.html.j2")
        page = template.render(context(documents))
    canonical.write_bytes(options.out, page.encode())


if __name__ == "__main__":
    cli.main(stage)
