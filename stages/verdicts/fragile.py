"""The published numbers that move most under numerical variations: ``reports/STUDY/fragile.csv``."""

from __future__ import annotations

import pandas as pd

from stages.verdicts.settings import Settings

COLUMNS = ("item", "row", "metric", "statistic", "published", "minimum", "q05", "q25", "median",
           "q75", "q95", "maximum", "variations", "equal_share")


def moves(entry: dict) -> tuple[float, float]:
    """Return how far a number moves, in units of its last printed digit.

    Returns
    -------
    (float, float)
        The width of the central nine tenths of its variations, and that of all of them.

    Examples
    --------
    >>> moves({"minimum": 0.6, "q05": 0.69, "q95": 0.77, "maximum": 0.8, "decimals": 2})
    (8.0, 20.0)
    """
    unit = 10.0 ** entry["decimals"]
    return (round((entry["q95"] - entry["q05"]) * unit, 6),
            round((entry["maximum"] - entry["minimum"]) * unit, 6))


def most(ledger: list[dict], settings: Settings) -> pd.DataFrame:
    """Return the most fragile numbers, the one that moves most first.

    The width is that of the release and the environment that a number's evidence comes from. A
    quantity printed with its interval, or in more than one place, is listed once, by the number that
    moves most.

    Parameters
    ----------
    ledger : list of dict
        Rows of `ledger.build`, in the paper's order.
    settings : Settings
        ``fragile`` is how many to list; a number of fewer variations in all than
        ``least_variations`` is not listed.
    """
    varied = [entry | {"equal_share": entry["equal"] / entry["variations"]} for entry in ledger
              if entry.get("all_variations", 0) >= settings.least_variations]
    varied.sort(key=lambda entry: (*(-width for width in moves(entry)), entry["equal_share"]))
    found, seen = [], set()
    for entry in varied:
        printed, computed = (entry["item"], entry["row"], entry["metric"]), entry["computed"]
        if len(found) < settings.fragile and not seen & {printed, computed}:
            seen |= {printed, computed}
            found.append(entry)
    return pd.DataFrame([[entry[name] for name in COLUMNS] for entry in found],
                        columns=list(COLUMNS), dtype=object)
