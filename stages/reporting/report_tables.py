"""The ledger as the paper's own tables: what is printed, its recomputation and a mark, by cell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stages.reporting import published, verdicts

Row = dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """How a verdict looks and reads: its mark tells it apart without colour."""

    name: str
    mark: str
    short: str
    meaning: str


VERDICTS = {verdict.name: verdict for verdict in (
    Verdict("exact", "✓", "follows exactly", "the recomputed value rounds to the printed one"),
    Verdict("envelope", "≈", "inside its envelope",
            "not equal, but a numerical variation of the same code gives the printed number"),
    Verdict("contradicted", "✗", "differs",
            "recomputed from the released data, and different under every variation"),
    Verdict("needs-private-images", "⌂", "needs private images",
            "the images, masks or clinical data behind it are not released"),
    Verdict("needs-private-labels", "◇", "needs private labels",
            "the sampling type (biopsy or cfDNA) behind it is not released"),
    Verdict("not-checked", "…", "not checked",
            "not a result (a setting, a literature value), or not settled: its note says which"))}

MODELS = {"LR": "Logistic regression", "RF": "Random forest", "XGB": "XGBoost (linear booster)"}
WEIGHTS = {"AUC": "weighted for AUC", "BAL": "balanced weights", "F1": "weighted for F1"}

# Item to what it is. Those that are set as grids stand with their columns, in the paper's order.
TITLES = {
    "Table4": "Table 4: test set, unweighted models",
    "SuppTable2": "Supplementary Table 2: cross-validation",
    "SuppTable3": "Supplementary Table 3: test set, weighted models",
    "Table1": "Table 1: the cohort", "Table2": "Table 2: data splits",
    "Table3": "Table 3: lesion segmentation",
    "SuppTable1": "Supplementary Table 1: image acquisition",
    "Fig2": "Figure 2: two segmented cases",
    "Fig3": "Figure 3: tumour burden and NE score", "Fig4": "Figure 4: selected features",
    "Fig5a": "Figure 5a: NE score by prediction status",
    "Fig5b": "Figure 5b: NE score by prediction status, summarised",
    "Fig5c": "Figure 5c: biopsy and cfDNA samples",
    "Abstract": "Abstract", "Introduction": "Introduction", "Methods": "Methods",
    "Results": "Results", "Discussion": "Discussion",
    "Table2 footnote": "Footnote of Table 2", "Table4 caption": "Caption of Table 4",
    "SuppTable3 caption": "Caption of Supplementary Table 3"}
TABLES = ("Table4", "SuppTable2", "SuppTable3", "Table1", "Table2", "Table3", "SuppTable1")
FIGURES = ("Fig3", "Fig4", "Fig5a", "Fig5b", "Fig5c", "Fig2")
GRIDS = {
    "Table4": ("Accuracy", "PPV", "NPV", "Sensitivity", "Specificity", "F1", "AUC"),
    "SuppTable3": ("Accuracy", "PPV", "NPV", "Sensitivity", "Specificity", "F1", "AUC"),
    "SuppTable2": ("pos_class_weight", "F1", "AUC"),
    "Table2": ("train", "test"),
    "Table3": ("Median DICE", "Sensitivity", "PPV", "FP/scan"),
    "Fig5b": ("NE_min", "NE_max", "NE_mean", "NE_median"),
    "Fig5c": ("Accuracy", "AUC")}
STATISTICS = {"ci_low": "95 % low", "ci_high": "95 % high", "test_set": "test set",
              "first_maximum": "first maximum", "rho": "ρ", "value": "", "sd": "SD",
              "min": "lowest", "max": "highest"}


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
    name, anchor, title : str
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
    numbers: list[Number]
    tally: list[tuple[Verdict, int]]
    columns: tuple[str, ...]
    grid: list[tuple[str, str, list[list[Number]]]]


def row_name(name: str) -> str:
    """Return a table row in words.

    Examples
    --------
    >>> row_name("LR_BAL"), row_name("Classification/Pts")
    ('Logistic regression, balanced weights', 'Classification, Pts')
    """
    model, _, weight = name.partition("_")
    if model in MODELS and (not weight or weight in WEIGHTS):
        return MODELS[model] + (f", {WEIGHTS[weight]}" if weight else "")
    return metric_name(name.replace("/", ", "))


def metric_name(name: str) -> str:
    """Return a metric in words.

    Examples
    --------
    >>> metric_name("NE_mean"), metric_name("original_shape_MeshVolume"), metric_name("top5_rank")
    ('NE mean', 'shape MeshVolume', 'top5 rank')
    """
    return name.removeprefix("original_").replace("_", " ")


def statistic_name(row: Row) -> str:
    """Return the statistic in words; empty where the metric names it already.

    Examples
    --------
    >>> statistic_name({"metric": "Spearman_P", "statistic": "P"})
    ''
    >>> statistic_name({"metric": "AUC", "statistic": "ci_low"})
    '95 % low'
    """
    words = metric_name(row["metric"]).lower().split()
    name = STATISTICS.get(row["statistic"], row["statistic"])
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


def number(row: Row, usual: str, locator: str) -> Number:
    """Return a ledger row as it is shown."""
    return Number(row_name(row["row"]), metric_name(row["metric"]), statistic_name(row),
                  row["published"].replace("-", "−") if row["decimals"] else row["published"],
                  value(row["reproduced"], row["decimals"]), VERDICTS[row["verdict"]],
                  run_name(row), bool(row["reproduced"]) and run_name(row) != usual, locator,
                  row["note"], spread(row))


def item(name: str, rows: Sequence[Row], locators: dict) -> Item:
    """Return one item of the paper from its ledger rows."""
    by_row = defaultdict(list)
    for row in rows:
        by_row[row["row"]].append(row)
    numbers, grid, columns = [], [], GRIDS.get(name, ())
    for row_key, cells in by_row.items():
        runs = Counter(run_name(cell) for cell in cells if cell["reproduced"])
        usual = runs.most_common(1)[0][0] if runs else ""
        shown = {cell["metric"]: [] for cell in cells}
        for cell in cells:
            one = number(cell, usual, locators[cell["item"], cell["row"], cell["metric"]])
            shown[cell["metric"]].append(one)
            numbers.append(one)
        grid.append((row_name(row_key), usual, [shown.get(column, []) for column in columns]))
    tally = Counter(row["verdict"] for row in rows)
    return Item(name, f"item-{name.lower().replace(' ', '-')}", TITLES.get(name, name), numbers,
                [(VERDICTS[verdict], tally[verdict]) for verdict in published.VERDICTS
                 if tally[verdict]],
                tuple(map(metric_name, columns)), grid if columns else [])


def items(ledger: Iterable[Row], locators: dict) -> dict[str, Item]:
    """Return every item of the paper, those that a reviewer asks for first, first."""
    by_item = defaultdict(list)
    for row in ledger:
        by_item[row["item"]].append(row)
    names = [name for name in verdicts.ORDER if name in by_item]
    names += [name for name in by_item if name not in names]
    return {name: item(name, by_item[name], locators) for name in names}


def totals(ledger: Iterable[Row]) -> list[tuple[Verdict, int]]:
    """Return every verdict with its count."""
    tally = Counter(row["verdict"] for row in ledger)
    return [(VERDICTS[verdict], tally[verdict]) for verdict in published.VERDICTS]
