"""Would a wrong number be noticed? What the report says of mutants that the judge accepts."""

from __future__ import annotations

from stages.report import tables
from stages.report.inputs import Inputs
from stages.verdicts import acceptance, names

# Kinds of change (`stages.verdicts.mutants.SIZES`) in words.
HEADS = {"1": "±1 unit", "2": "±2", "3": "±3", "5": "±5", "10": "±10", "sign": "other sign",
         "swap in row": "swapped in its row", "swap in column": "swapped in its column"}


def context(inputs: Inputs) -> dict:
    """Return the names of the section: sentence, columns, and one line per verdict and per item."""
    rows, earlier = inputs.acceptance, inputs.study.content.earlier
    found = {(row["by"], row["name"], row["size"]): cell(row) for row in rows}
    sizes = [size for size in HEADS if any(row["size"] == size for row in rows)]

    def line(by, name, title):
        return {"title": title, "verdict": tables.VERDICTS.get(name),
                "now": [found.get((by, name, size)) for size in sizes],
                "before": [_share(*earlier[name][size]) if size in earlier.get(name, {}) else None
                           for size in sizes] if by != acceptance.ITEM and name in earlier else []}

    verdicts = [name for name in names.CONFIRMING
                if any((acceptance.VERDICT, name, size) in found for size in sizes)]
    known = inputs.study.content.items
    items = inputs.study.order({row["name"] for row in rows if row["by"] == acceptance.ITEM})
    return {"acceptance": {
        "sentence": sentence(rows, earlier), "heads": [HEADS[size] for size in sizes],
        "lines": [line(acceptance.VERDICT, name, name) for name in verdicts]
        + ([line(acceptance.ALL, acceptance.ALL, "all")] if rows else []),
        "items": [line(acceptance.ITEM, name, known[name].title if name in known else name)
                  for name in items],
        "earlier": bool(earlier)}}


def cell(row: dict[str, str]) -> dict[str, str]:
    """Return a share with its interval and its number of mutants, as the table shows them."""
    low, high = (f"{100 * float(row[end]):.0f}" for end in ("low", "high"))
    return {"share": _share(int(row["accepted"]), int(row["mutants"])), "interval": f"{low} to {high}",
            "mutants": row["mutants"]}


def _share(accepted: int, mutants: int) -> str:
    return f"{100 * accepted / mutants:.1f}"


def sentence(rows: list[dict[str, str]], earlier: dict) -> str:
    """Return in words how many wrong numbers would pass; empty where none was tried."""
    def share(by, name, size):
        return next((float(row["share"]) for row in rows
                     if (row["by"], row["name"], row["size"]) == (by, name, size)), None)

    one, five = (share(acceptance.ALL, acceptance.ALL, size) for size in ("1", "5"))
    if one is None or five is None:
        return ""
    said = ("The judge was tested with wrong numbers. Printed numbers that it confirms were changed: "
            f"by one unit of the last digit, {one:.0%} passed all the same; by five units, {five:.0%}")
    exact = share(acceptance.VERDICT, names.EXACT, "1")
    if exact is not None:
        said += (f". Where the true number follows exactly and stably, {exact:.1%} of those wrong by "
                 "one unit passed")
    if earlier.get(names.EXACT, {}).get("1"):
        accepted, mutants = earlier[names.EXACT]["1"]
        said += f" (before the verdicts were told apart: {accepted / mutants:.1%})"
    return said + "."
