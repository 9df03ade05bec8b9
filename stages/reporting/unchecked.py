"""Write a ledger that says of every published number that it was not checked, and why."""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.common.parameters import load
from stages.reporting import ledger, published

NOT_CHECKED = "not-checked"
REASON = "the released tables could not be reached"


def build(numbers: list[published.Number], ordered: list[published.Rule]) -> list[dict]:
    """Return one row of the ledger for each published number, in their order."""
    return [{"item": number.item, "row": number.row, "metric": number.metric,
             "statistic": published.rule_for(number, ordered).statistic(number.bound),
             "published": number.printed, "decimals": number.decimals,
             "verdict": NOT_CHECKED, "note": REASON} for number in numbers]


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.reporting.unchecked", __doc__)
    parser.add_argument("--published", type=Path, default="metrics/published")
    parser.add_argument("--params", type=Path, default="params.yaml")
    parser.add_argument("--out", type=Path, required=True, help="ledger (CSV)")
    options = parser.parse_args()
    counts = load(options.params).reporting.published
    rows = build(published.read(options.published, counts), published.rules())
    canonical.write_csv(options.out, ledger.frame(rows))


if __name__ == "__main__":
    cli.main(stage)
