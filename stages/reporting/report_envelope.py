"""How far each published number moves over the numerical variations: the forest plot."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from stages.reporting.chart import Axis, strip, strip_axis, ticks
from stages.reporting.report_inputs import Inputs
from stages.reporting.report_tables import (
    TITLES,
    VERDICTS,
    Row,
    Verdict,
    metric_name,
    row_name,
    statistic_name,
    value,
)

SHARES = ("Accuracy", "PPV", "NPV", "Sensitivity", "Specificity", "F1", "AUC")
AXIS = Axis(0, 1, ticks(0, 1, 0.25, 2))


@dataclass(frozen=True)
class Line:
    """One published number with its envelope.

    Attributes
    ----------
    item, row, metric : str
    verdict : Verdict
    printed, low, median, high : str
    equal : str
        How many of the variations round to the printed number.
    plot : Markup
        Empty where the number does not lie on the common scale.
    """

    item: str
    row: str
    metric: str
    verdict: Verdict
    printed: str
    low: str
    median: str
    high: str
    equal: str
    plot: Markup


@dataclass(frozen=True)
class Forest:
    """The forest plot: the most fragile number first.

    Attributes
    ----------
    scale : Markup
    shares : list of Line
        Numbers between 0 and 1, on one scale.
    others : list of Line
        Counts, ranks, percentages, weights and scores.
    """

    scale: Markup
    shares: list[Line]
    others: list[Line]


def width(row: Row) -> float:
    """Return the width of the envelope in units of the last printed digit.

    Examples
    --------
    >>> width({"minimum": "0.5", "maximum": "0.75", "decimals": "2"})
    25.0
    """
    return (float(row["maximum"]) - float(row["minimum"])) * 10 ** int(row["decimals"] or 0)


def is_share(row: Row) -> bool:
    """Tell whether the number is a score between 0 and 1."""
    return row["metric"].removesuffix("_mean_sd") in SHARES and float(row["published"]) <= 1


def forest(inputs: Inputs) -> Forest:
    """Return every number with an envelope."""
    names = ("item", "row", "metric", "statistic")
    measured = [row for row in inputs.ledger if row["minimum"]]
    quartiles = {}
    if inputs.fragile is None:
        measured.sort(key=lambda row: -width(row))
    else:
        place = {tuple(row[name] for name in names): at for at, row in enumerate(inputs.fragile)}
        quartiles = {tuple(row[name] for name in names): (float(row["q25"]), float(row["q75"]))
                     for row in inputs.fragile if row["q25"] and row["q75"]}
        measured.sort(key=lambda row: (place.get(tuple(row[name] for name in names), len(place)),
                                       -width(row)))
    lines = [(is_share(row), _line(row, quartiles.get(tuple(row[name] for name in names))))
             for row in measured]
    return Forest(strip_axis(AXIS), [line for share, line in lines if share],
                  [line for share, line in lines if not share])


def _line(row: Row, quartiles: tuple[float, float] | None) -> Line:
    low, middle, high = (float(row[name]) for name in ("minimum", "median", "maximum"))
    plot = Markup("")
    if is_share(row):
        plot = strip(AXIS, low, middle, high, float(row["published"]), quartiles)
    metric = ", ".join(filter(None, (metric_name(row["metric"]), statistic_name(row))))
    item = TITLES.get(row["item"], row["item"]).split(":")[0]
    return Line(item, row_name(row["row"]), metric, VERDICTS[row["verdict"]],
                row["published"].replace("-", "−"),
                *(value(row[name], row["decimals"], 1) for name in
                  ("minimum", "median", "maximum")),
                f"{row['equal']} of {row['variations']}", plot)
