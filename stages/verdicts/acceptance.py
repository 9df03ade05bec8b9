"""The tables of accepted mutants (`stages.verdicts.mutation`), as others read them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts.evidence import MAKE

FILE, EACH = "acceptance.csv", "mutants.csv"
COLUMNS = ("by", "name", "size", "mutants", "accepted", "share", "low", "high")
EACH_COLUMNS = ("item", "row", "metric", "bound", "verdict", "mutants", "accepted",
                "false_acceptance")
ALL, VERDICT, ITEM = "all", "verdict", "item"


def read(path: Path) -> list[dict[str, str]]:
    """Read ``acceptance.csv``.

    Raises
    ------
    InputError
        If it is missing or damaged, or a share is no share.
    """
    rows = canonical.read_csv(path, COLUMNS, dtype=str, keep_default_na=False).to_dict("records")
    for row in rows:
        _share(row["share"], f"{row['by']} {row['name']} {row['size']}", path)
    return rows


def accepted(rows: Iterable[dict[str, str]], size: str) -> float | None:
    """Return the share of all mutants of a size that pass; None where there are none."""
    found = [row["share"] for row in rows if (row["by"], row["size"]) == (ALL, size)]
    return float(found[0]) if found else None


def shares(path: Path) -> dict[tuple[str, ...], float]:
    """Read ``mutants.csv``: (item, row, metric, bound) of a number to its share.

    Raises
    ------
    InputError
        If it is missing or damaged, or a share is no share.
    """
    rows = canonical.read_csv(path, EACH_COLUMNS, dtype=str, keep_default_na=False).to_dict("records")
    return {key: _share(row["false_acceptance"], " / ".join(key), path) for row in rows
            if (key := tuple(row[name] for name in EACH_COLUMNS[:4]))}


def _share(text: str, where: str, path: Path) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise InputError(f"{where}: '{text}' is no share", path, MAKE)
    return share
