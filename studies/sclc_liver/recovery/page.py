"""The page on cohorts with known answers: what both protocols find of them, beside the oracle."""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.report import render
from stages.report.chart import SHAPES, Axis, Chart, category_axis, key, ticks
from stages.report.figure import Figure, short
from studies.sclc_liver.recovery.parameters import (
    AGAIN,
    IMAGES,
    LABELS,
    NULL,
    PLANTED,
    SHORTCUT,
    TWINS,
    read_recovery,
)

TEMPLATES = Path(__file__).with_name("templates")
RUNGS = {"series": "series at random (released)", "study": "by study", "patient": "by patient",
         "patient-selection-inside": "by patient, selection inside"}
# Name in the summary, what it is, class and shape of its marks.
SERIES = (("oracle_AUC", "oracle: the best score from what was planted", "s3", SHAPES[3]),
          ("corrected_AUC", "corrected protocol, all patients", "s1", SHAPES[0]),
          ("released_AUC", "logistic regression as released, test series", "s2", SHAPES[1]))
NAMES = {PLANTED: "planted", NULL: "null twin", SHORTCUT: "shortcut twin"}
AREA = Axis(0.2, 1.0, ticks(0.2, 1.0, 0.1, 1), "AUC")


def pick(summary: dict, kind: str, twin: str) -> list[dict]:
    """Return the groups of one kind and twin, weakest effect first."""
    return sorted((one for one in summary["groups"] if (one["kind"], one["twin"]) == (kind, twin)),
                  key=lambda one: one["effect"])


def recovered(summary: dict) -> Figure:
    """Return the recovered against the planted effect, with the oracle."""
    groups = [*pick(summary, LABELS, NULL), *pick(summary, LABELS, PLANTED)]
    values = [one["effect"] for one in groups]
    chart = Chart("recovered-auc", "Recovered against planted effect",
                  "The mean AUC of the corrected protocol rises with the planted correlation, below "
                  "the oracle; without effect it is one half.",
                  Axis(-0.05, max(values) + 0.05, [(value, f"{value:g}") for value in values],
                       "planted correlation with the score"), AREA)
    chart.line([(-0.05, 0.5), (max(values) + 0.05, 0.5)], "chance")
    rows = []
    for place, (name, said, css, shape) in enumerate(SERIES):
        points = []
        for one in groups:
            area, x = one["areas"][name], one["effect"] + 0.012 * (place - 1)
            if area["mean"] is None:
                continue
            chart.line([(x, area["q05"]), (x, area["q95"])], "error")
            chart.point(x, area["mean"], css, shape)
            points.append((x, area["mean"]))
            rows.append((said, f"{one['effect']:g}", str(area["sets"]), short(area["mean"]),
                         short(area["q05"]), short(area["q95"])))
        chart.line(points, f"{css} thin")
    return Figure("recovered", "Recovered against planted effect", [("", chart.svg())],
                  [(key(css, shape), said) for _, said, css, shape in SERIES],
                  "Marks are means over cohorts, bars the middle 90 % of them. At 0 stands the null "
                  "twin: there the oracle knows nothing. A cohort in which a protocol lies above the "
                  "oracle has had luck.",
                  ("procedure", "planted correlation", "cohorts", "mean AUC", "5 %", "95 %"), rows)


def scanners(summary: dict) -> Figure:
    """Return patient-grouped folds beside scanners that were not learnt from."""
    groups = [pick(summary, LABELS, twin)[-1] for twin in TWINS]
    chart = Chart("scanner-auc", "Known scanners and a scanner not learnt from",
                  "In the shortcut twin the AUC falls to about one half on a scanner that was not "
                  "learnt from; with a planted effect it stays.",
                  category_axis([NAMES[one["twin"]] for one in groups]), AREA)
    chart.line([(-0.5, 0.5), (2.5, 0.5)], "chance")
    kinds = (("corrected_AUC", "folds by patient, all scanners", "s1", SHAPES[0]),
             ("apart_AUC", "one scanner held out at a time", "s2", SHAPES[1]))
    rows = []
    for place, (name, said, css, shape) in enumerate(kinds):
        for at, one in enumerate(groups):
            area, x = one["areas"][name], at + 0.2 * (place - 0.5)
            if area["mean"] is None:
                continue
            chart.line([(x, area["q05"]), (x, area["q95"])], "error")
            chart.point(x, area["mean"], css, shape)
            rows.append((NAMES[one["twin"]], said, short(area["mean"]), short(area["q05"]),
                         short(area["q95"])))
    return Figure("scanners", "A scanner that was not learnt from", [("", chart.svg())],
                  [(key(css, shape, lined=False), said) for _, said, css, shape in kinds],
                  "Corrected protocol. Bars hold the middle 90 % of the cohorts.",
                  ("cohorts", "learnt from", "mean AUC", "5 %", "95 %"), rows)


def percent(found: dict) -> str:
    """Return a share with its interval.

    Examples
    --------
    >>> percent({"share": 0.05, "low": 0.03, "high": 0.076})
    '5.0 % (3.0 to 7.6)'
    """
    if found["share"] is None:
        return "—"
    share, low, high = (f"{100 * found[name]:.1f}" for name in ("share", "low", "high"))
    return f"{share} % ({low} to {high})"


def significant(summary: dict) -> list[tuple]:
    """Return one row for each twin and strength: how often something is found, and luck."""
    return [(NAMES[one["twin"]] + (f", {one['effect']:g}" if one["effect"] else ""),
             str(one["sets"] - one["unusable"]), percent(one["corrected"]), percent(one["apart"]),
             f"{percent(one['released'])}, {one['released']['undefined']} without features",
             *(percent(one["luck"][name]) for name in ("corrected", "released")))
            for twin in TWINS for one in pick(summary, LABELS, twin)]


def middle(area: dict) -> str:
    """Return a mean with its standard error."""
    return "—" if area["mean"] is None else f"{short(area['mean'])} ± {short(area['se'])}"


def rungs(summary: dict) -> list[tuple]:
    """Return the ladder of each twin: mean AUC, and how far above the folds by patient."""
    rows = []
    for twin in TWINS:
        one = pick(summary, LABELS, twin)[-1]
        for rung, said in RUNGS.items():
            above = one["inflation"].get(rung)
            rows.append((NAMES[twin], said, middle(one["areas"][f"ladder_{rung}"]),
                         middle(above) if above else "—"))
    return rows


def pictures(summary: dict) -> list[tuple]:
    """Return drawn and measured cohorts beside the same cohorts with simulated features."""
    return [(NAMES[twin], said, *(middle(one["areas"][name]) for name in
                                  ("oracle_AUC", "corrected_AUC", "apart_AUC")),
             str(one["sets"] - one["unusable"]))
            for twin in TWINS
            for kind, said in ((IMAGES, "drawn and measured"), (AGAIN, "simulated features"))
            for one in pick(summary, kind, twin)]


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_liver.recovery.page", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--summary", type=Path, required=True)
    parser.add_argument("--page", type=Path, required=True, help="page to write (HTML)")
    options = parser.parse_args()
    summary, settings = canonical.read_json(options.summary), read_recovery(options.params)
    with render.drawing(options.page):
        page = render.environment(TEMPLATES).get_template("recovery.html.j2").render(
            recovered=recovered(summary), scanners=scanners(summary), significant=significant(summary),
            rungs=rungs(summary), pictures=pictures(summary), drawn=summary["drawn"],
            null=percent(pick(summary, LABELS, NULL)[0]["corrected"]),
            shortcut=summary["shortcut"], found=percent(summary["shortcut"]["found"]),
            believed=percent(summary["shortcut"]["believed"]), settings=settings,
            explained=[(name, short(value, 2))
                       for name, value in summary["drawn"]["explained"].items()])
    canonical.write_bytes(options.page, page.encode())


if __name__ == "__main__":
    cli.main(stage)
