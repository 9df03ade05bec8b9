"""The lines of ``ledger.csv``: for those who read them and judge nothing themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from stages.verdicts import names

COLUMNS = ("item", "row", "metric", "statistic", "published", "decimals", "verdict", "why_missing",
           "reproduced", "protocol", "release", "environment", "kernel", "note", "row_equal",
           "row_numbers", "row_together", "variations", "equal", "minimum", "q05", "median", "q95",
           "maximum", "basis", "all_variations", "all_equal", "all_minimum", "all_maximum",
           "seed_variations", "seed_equal", "racing_variations", "racing_equal", "aged", "stored",
           "stored_follows", "stored_place", "arithmetic", "checks", "could_fail", "assumption",
           "right_if", "second", "second_agrees", "false_acceptance")


def count(ledger: Sequence[dict]) -> dict:
    """Count verdicts by item and in all."""
    items = defaultdict(Counter)
    for row in ledger:
        items[row["item"]][row["verdict"]] += 1
        items["all"][row["verdict"]] += 1
    return {item: {verdict: counts.get(verdict, 0) for verdict in names.ALL}
            | {"numbers": sum(counts.values())} for item, counts in items.items()}
