"""The ledger as the paper's own tables: what is printed, its recomputation and a mark, by cell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stages.verdicts.study import Study

Row = dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """How a verdict looks and reads: its mark tells it apart without colour."""

    name: str
    mark: str
    short: str
    meaning: str


# How the engine's own verdicts look; a study adds one for each kind of private data.
RECOMPUTED = (
    Verdict("exact", "✓", "follows exactly", "the recomputed value rounds to the printed one"),
    Verdict("envelope", "≈", "in its envelope",
            "not equal, but given by a numerical variation of the same code"),
    Verdict("contradicted", "✗", "differs",
            "recomputed from the released data, and different under every variation"))
NOT_CHECKED = Verdict("not-checked", "…", "not checked",
                      "not a result (a setting, a literature value), or not settled: its note says "
                      "which")


def verdicts(study: Study) -> dict[str, Verdict]:
    """Return every verdict of a study by name, the strongest first."""
    private = [Verdict(f"needs-private-{key}", kind.mark, kind.short, kind.meaning)
               for key, kind in study.content.private.items()]
    return {verdict.name: verdict for verdict in (*RECOMPUTED, *private, NOT_CHECKED)}


@dataclass(frozen=True)
class Number:
    """One published number, ready to be shown.

    Attributes
    ----------
    row, metric, statistic : str
        In words.
    printed, found : str
        ``found`` is empty where nothing is recomputed.
    verdict : Verdict
    run : str
        Protocol, release and environment; empty where nothing is recomputed.
    other_run : bool
        Whether it comes from another run than most of its row.
    locator, note, spread : str
        ``spread`` is the range over the numerical variations, empty where it is not measured.
    """

    row: str
    metric: str
    statistic: str
    printed: str
    found: str
    verdict: Verdict
    run: str
    other_run: bool
    locator: str
    note: str
    spread: str


@dataclass(frozen=True)
class Item:
    """One table, figure or part of the text.

    Attributes
    ----------
    name, anchor, title, kind : str
    numbers : list of Number
    tally : list of (Verdict, int)
        Verdicts that occur.
    columns : tuple of str
        Of the grid; empty where the item is a list.
    grid : list of (str, str, list of list of Number)
        Row, its run, and the numbers of each column.
    """

    name: str
    anchor: str
    title: str
    kind: str
    numbers: list[Number]
    tally: list[tuple[Verdict, int]]
    columns: tuple[str, ...]
    grid: list[tuple[str, str, list[list[Number]]]]


def row_name(study: Study, name: str) -> str:
    """Return a table row in words: the study's own, else its name with blanks."""
    return study.content.rows.get(name) or metric_name(name.replace("/", ", "))


def metric_name(name: str) -> str:
    """Return a metric in words.

    Examples
    --------
    >>> metric_name("age_mean"), metric_name("original_shape_MeshVolume"), metric_name("top5_rank")
    ('age mean', 'shape MeshVolume', 'top5 rank')
    """
    return name.removeprefix("original_").replace("_", " ")


def statistic_name(study: Study, row: Row) -> str:
    """Return the statistic in words; empty where the metric names it already."""
    words = metric_name(row["metric"]).lower().split()
    name = study.content.statistics.get(row["statistic"], row["statistic"])
    return "" if row["statistic"].lower() in words else name


def value(text: str, decimals: str, more: int = 2) -> str:
    """Return a recomputed value with some decimals more than are printed.

    Examples
    --------
    >>> value("0.7874230769230771", "2"), value("20", "0"), value("v3.0.1", ""), value("", "2")
    ('0.7874', '20', 'v3.0.1', '')
    """
    try:
        number = float(text)
    except ValueError:
        return text
    if not decimals:
        return text
    if int(decimals) == 0 and number == int(number):
        return str(int(number))
    return f"{number:.{int(decimals) + more}f}".replace("-", "−")


def run_name(row: Row) -> str:
    """Return protocol, release and environment; empty where nothing is recomputed."""
    return " · ".join(row[key] for key in ("protocol", "release", "environment") if row[key])


def spread(row: Row) -> str:
    """Return the range over the numerical variations in words; empty where it is not measured."""
    if row.get("basis") == "arithmetic":
        return "arithmetic: nothing varies"
    if not row["minimum"]:
        return ""
    low, high = (value(row[key], row["decimals"]) for key in ("minimum", "maximum"))
    return f"{low} to {high}; {row['equal']} of {row['variations']} equal"


def number(study: Study, row: Row, usual: str, locator: str) -> Number:
    """Return a ledger row as it is shown."""
    return Number(row_name(study, row["row"]), metric_name(row["metric"]),
                  statistic_name(study, row),
                  row["published"].replace("-", "−") if row["decimals"] else row["published"],
                  value(row["reproduced"], row["decimals"]), verdicts(study)[row["verdict"]],
                  run_name(row), bool(row["reproduced"]) and run_name(row) != usual, locator,
                  row["note"], spread(row))


def item(study: Study, name: str, rows: Sequence[Row], locators: dict) -> Item:
    """Return one item of the paper from its ledger rows."""
    about = study.content.items.get(name)
    columns = about.columns if about else ()
    by_row = defaultdict(list)
    for row in rows:
        by_row[row["row"]].append(row)
    numbers, grid = [], []
    for row_key, cells in by_row.items():
        runs = Counter(run_name(cell) for cell in cells if cell["reproduced"])
        usual = runs.most_common(1)[0][0] if runs else ""
        shown = {cell["metric"]: [] for cell in cells}
        for cell in cells:
            one = number(study, cell, usual,
                         locators[cell["item"], cell["row"], cell["metric"]])
            shown[cell["metric"]].append(one)
            numbers.append(one)
        grid.append((row_name(study, row_key), usual,
                     [shown.get(column, []) for column in columns]))
    return Item(name, f"item-{name.lower().replace(' ', '-')}", about.title if about else name,
                about.kind if about else "text", numbers,
                [entry for entry in totals(study, rows) if entry[1]],
                tuple(map(metric_name, columns)), grid if columns else [])


def items(study: Study, ledger: Iterable[Row], locators: dict) -> dict[str, Item]:
    """Return every item of the paper, in the study's order."""
    by_item = defaultdict(list)
    for row in ledger:
        by_item[row["item"]].append(row)
    return {name: item(study, name, by_item[name], locators) for name in study.order(by_item)}


def totals(study: Study, ledger: Iterable[Row]) -> list[tuple[Verdict, int]]:
    """Return every verdict with its count."""
    tally = Counter(row["verdict"] for row in ledger)
    return [(verdict, tally[name]) for name, verdict in verdicts(study).items()]
