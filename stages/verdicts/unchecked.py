"""Write a ledger that says of every published number that it was not checked, and why."""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.verdicts import ledger, published
from stages.verdicts import study as studies

REASON = "the released data could not be reached"


def build(numbers: list[published.Number], ordered: list[published.Rule]) -> list[dict]:
    """Return one row of the ledger for each published number, in their order."""
    return [{"item": number.item, "row": number.row, "metric": number.metric,
             "statistic": published.rule_for(number, ordered).statistic(number.bound),
             "published": number.printed, "decimals": number.decimals,
             "verdict": studies.NOT_CHECKED, "note": REASON} for number in numbers]


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.verdicts.unchecked", __doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study's folder")
    parser.add_argument("--out", type=Path, required=True, help="ledger (CSV)")
    options = parser.parse_args()
    study = studies.read(options.study)
    numbers = published.read(study.published, study.content.numbers)
    canonical.write_csv(options.out, ledger.frame(build(numbers, published.rules(study.rules))))


if __name__ == "__main__":
    cli.main(stage)
