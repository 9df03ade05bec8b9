"""How far each published number moves over the numerical variations: the forest plot."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from stages.common.errors import InputError
from stages.report.chart import Axis, strip, strip_axis, ticks
from stages.report.inputs import Inputs
from stages.report.tables import (
    VERDICTS,
    Row,
    Verdict,
    metric_name,
    row_name,
    statistic_name,
    value,
)
from stages.verdicts.study import Study

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
    worst : list of Line
        Those of ``reports/STUDY/fragile.csv``, each on its own scale; empty where it is not given.
    shares : list of Line
        Numbers between 0 and 1, on one scale.
    others : list of Line
        Counts, ranks, percentages, weights and scores.
    """

    scale: Markup
    worst: list[Line]
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
    """Tell whether a number and all its variations lie between 0 and 1, printed with decimals."""
    return bool(int(row["decimals"] or 0)) and all(
        0 <= float(row[name]) <= 1 for name in ("published", "minimum", "maximum"))


def forest(inputs: Inputs) -> Forest:
    """Return every number with an envelope.

    Raises
    ------
    InputError
        If ``reports/STUDY/fragile.csv`` lists a number that the ledger does not have.
    """
    measured = sorted((row for row in inputs.ledger if row["minimum"]), key=lambda row: -width(row))
    return Forest(strip_axis(AXIS), _worst(inputs.study, inputs.fragile, measured),
                  [_line(inputs.study, row, _strip(AXIS, row)) for row in measured if is_share(row)],
                  [_line(inputs.study, row, Markup("")) for row in measured if not is_share(row)])


def _worst(study: Study, fragile: list[Row], measured: list[Row]) -> list[Line]:
    names = ("item", "row", "metric", "statistic", "published")
    known = {tuple(row[name] for name in names): row for row in measured}
    lines = []
    for row in fragile:
        key = tuple(row[name] for name in names)
        if key not in known:
            raise InputError(f"{' / '.join(key)} is not in the ledger",
                             study.reports() / "fragile.csv",
                             f"make it again (dvc repro ledger@{study.name})")
        values = [float(row[name]) for name in ("minimum", "maximum", "published")]
        own = Axis(min(values), max(values) if max(values) > min(values) else min(values) + 1, ())
        quartiles = (float(row["q25"]), float(row["q75"]))
        lines.append(_line(study, known[key], _strip(own, row, quartiles)))
    return lines


def _strip(axis: Axis, row: Row, quartiles: tuple[float, float] | None = None) -> Markup:
    low, middle, high = (float(row[name]) for name in ("minimum", "median", "maximum"))
    return strip(axis, low, middle, high, float(row["published"]), quartiles)


def _line(study: Study, row: Row, plot: Markup) -> Line:
    metric = ", ".join(filter(None, (metric_name(row["metric"]), statistic_name(study, row))))
    about = study.content.items.get(row["item"])
    item = about.title.split(":")[0] if about else row["item"]
    return Line(item, row_name(study, row["row"]), metric, VERDICTS[row["verdict"]],
                row["published"].replace("-", "−"),
                *(value(row[name], row["decimals"], 1) for name in
                  ("minimum", "median", "maximum")),
                f"{row['equal']} of {row['variations']}", plot)
