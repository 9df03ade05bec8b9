"""The ledger as the paper's own tables: what is printed, its recomputation and a mark, by cell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stages.verdicts import names
from stages.verdicts.settings import Settings
from stages.verdicts.study import Study

Row = dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """How a verdict looks and reads: its mark tells it apart without colour.

    In ``meaning``, ``{stable}`` and ``{widest}`` stand for the house's shares (`Settings`).
    """

    name: str
    mark: str
    short: str
    meaning: str


VERDICTS = {verdict.name: verdict for verdict in (
    Verdict(names.EXACT, "✓", "follows exactly",
            "The recomputed value rounds to the printed one, and nothing can vary, or at least "
            "{stable:.0%} of the variations that should not matter give it too."),
    Verdict(names.UNSTABLE, "∿", "follows, unstable",
            "The recomputed value rounds to the printed one, but fewer than {stable:.0%} of the "
            "variations that should not matter give it."),
    Verdict(names.ENVELOPE, "≈", "in its envelope",
            "No run gives it as released, but at least one variation of the same code does, and as "
            "much of its row as any other."),
    Verdict(names.UNTESTABLE, "?", "cannot be told",
            "The computation cannot tell this number from wrong ones: its variations cover more "
            "than {widest:.0%} of the plausible values or lie around it, or those that give it miss "
            "more of its row than others; it is given by another run or derivation, or by the "
            "authors' own run alone; or the evidence is partly guessed: the note says which."),
    Verdict(names.CONTRADICTED, "✗", "differs",
            "The recomputed value is another one, and so it is under every variation."),
    Verdict(names.CONSISTENT, "=", "consistent",
            "The printed numbers pass checks that would have refused other numbers in its place; "
            "that is less than a recomputation."),
    Verdict(names.INCONSISTENT, "≠", "inconsistent",
            "It disagrees with other printed numbers, rounded or cut off, under the assumption "
            "that stands beside it."),
    Verdict(names.IMPOSSIBLE, "⊘", "impossible",
            "No data whatever give it, under the assumption that stands beside it."),
    Verdict(names.UNTESTED, "…", "untested",
            "No check could tell it from another number."),
    Verdict(names.NO_RESULT, "–", "not a result",
            "A setting, a definition, or a value from the literature."))}


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
    locator, note, firm : str
        ``firm`` is how much the verdict is worth: the range over the numerical variations, or the
        share of other numbers that the checks without data refuse; empty where neither is known.
    missing : str
        Why nothing is recomputed; empty where something is, or where it is no result.
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
    firm: str
    missing: str


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


def firm(row: Row) -> str:
    """Return what a verdict is worth, in words; empty where that is not known."""
    if row.get("basis") == "arithmetic":
        return "arithmetic: nothing varies"
    if row["minimum"]:
        low, high = (value(row[key], row["decimals"]) for key in ("minimum", "maximum"))
        return (f"{low} to {high}; {row['equal']} of {row['variations']} equal{_apart(row)}"
                f"{_together(row)}")
    if row["verdict"] in (names.CONSISTENT, *names.AGAINST) and row["could_fail"]:
        return f"its checks refuse {float(row['could_fail']):.0%} of other values"
    return ""


def _apart(row: Row) -> str:
    """Return how many runs of the kinds that are counted apart give a number, in words."""
    return "".join(f"; {row[f'{kind}_equal']} of {row[f'{kind}_variations']} {words}"
                   for kind, words in (("seed", "with another seed"), ("racing", "that race"))
                   if row[f"{kind}_variations"])


def _together(row: Row) -> str:
    """Return how many others of its row the runs that give an uncertain number give, in words."""
    if row["verdict"] not in (names.UNSTABLE, names.ENVELOPE, names.UNTESTABLE) \
            or row["row_numbers"] == "1" or row["row_together"] in ("", "0"):
        return ""
    others = int(row["row_together"]) - 1
    return f"; with up to {others} others of its row at once" if others else "; alone of its row"


def number(study: Study, row: Row, usual: str, locator: str) -> Number:
    """Return a ledger row as it is shown."""
    return Number(row_name(study, row["row"]), metric_name(row["metric"]),
                  statistic_name(study, row),
                  row["published"].replace("-", "−") if row["decimals"] else row["published"],
                  value(row["reproduced"], row["decimals"]), VERDICTS[row["verdict"]],
                  run_name(row), bool(row["reproduced"]) and run_name(row) != usual, locator,
                  row["note"], firm(row), row["why_missing"])


def item(study: Study, name: str, rows: Sequence[Row], locators: dict,
         more: Mapping[tuple[str, str], str]) -> Item:
    """Return one item of the paper from its ledger rows; ``more`` is said of a row beside its run."""
    about = study.content.items.get(name)
    columns = about.columns if about else ()
    by_row = defaultdict(list)
    for row in rows:
        by_row[row["row"]].append(row)
    numbers, grid = [], []
    for row_key, cells in by_row.items():
        runs = Counter(run_name(cell) for cell in cells if cell["reproduced"])
        usual = runs.most_common(1)[0][0] if runs else ""
        told = next((f"{usual}: gives {cell['row_equal']} of {cell['row_numbers']} at once"
                     for cell in cells if cell["reproduced"]), "")
        told = "; ".join(filter(None, (told, more.get((name, row_key), ""))))
        shown = {cell["metric"]: [] for cell in cells}
        for cell in cells:
            one = number(study, cell, usual,
                         locators[cell["item"], cell["row"], cell["metric"]])
            shown[cell["metric"]].append(one)
            numbers.append(one)
        grid.append((row_name(study, row_key), told,
                     [shown.get(column, []) for column in columns]))
    return Item(name, f"item-{name.lower().replace(' ', '-')}", about.title if about else name,
                about.kind if about else "text", numbers,
                [entry for entry in totals(rows) if entry[1]],
                tuple(map(metric_name, columns)), grid if columns else [])


def items(study: Study, ledger: Iterable[Row], locators: dict,
          more: Mapping[tuple[str, str], str]) -> dict[str, Item]:
    """Return every item of the paper, in the study's order."""
    by_item = defaultdict(list)
    for row in ledger:
        by_item[row["item"]].append(row)
    return {name: item(study, name, by_item[name], locators, more) for name in study.order(by_item)}


def totals(ledger: Iterable[Row]) -> list[tuple[Verdict, int]]:
    """Return every verdict with its count."""
    tally = Counter(row["verdict"] for row in ledger)
    return [(verdict, tally[name]) for name, verdict in VERDICTS.items()]


def groups(ledger: Iterable[Row], settings: Settings
           ) -> list[tuple[str, int, list[tuple[Verdict, str, int]]]]:
    """Return the verdicts by what is known of the data: each with its meaning and its count."""
    found = {verdict.name: count for verdict, count in totals(ledger)}
    shares = {"stable": settings.stable_share, "widest": settings.widest_share}
    return [(title, sum(found[name] for name in group),
             [(VERDICTS[name], VERDICTS[name].meaning.format(**shares), found[name])
              for name in group])
            for title, group in names.GROUPS.items()]
