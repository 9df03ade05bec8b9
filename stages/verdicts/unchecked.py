"""Write a ledger of what can be said without the released data, where these cannot be reached.

Arithmetic on the printed numbers needs none: every number gets the verdict of a number whose data are
not public, and the ledger says why.
"""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from stages.verdicts import gather, ledger, names, published
from stages.verdicts import settings as house
from stages.verdicts import study as studies
from stages.verdicts.judge import Evidence

REASON = "the released data could not be reached"


def collect(study: studies.Study, root: Path) -> dict[published.Number, Evidence]:
    """Return the evidence on each published number, in their order."""
    numbers = published.read(study.published, study.content.numbers)
    ordered = published.rules(study.rules, numbers)
    arithmetic = gather.read_consistency(study.reports(root) / gather.CONSISTENCY)
    found = {}
    for number in numbers:
        rule = published.rule_for(number, ordered)
        result, private = rule.source != names.NO_RESULT, study.private(rule.source)
        missing = (private.short if private else REASON) if result else ""
        found[number] = Evidence(
            statistic=rule.statistic(number.bound), note=rule.note, result=result,
            why_missing=missing, arithmetic=arithmetic.get(
                (number.item, number.row, number.metric, number.bound)))
    return found


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.verdicts.unchecked", __doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study's folder")
    parser.add_argument("--params", type=Path, required=True, help="the house's parameters")
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    parser.add_argument("--out", type=Path, required=True, help="ledger (CSV)")
    options = parser.parse_args()
    study, settings = studies.read(options.study), house.read(options.params)
    canonical.write_csv(options.out, ledger.frame(ledger.build(collect(study, options.root), settings)))


if __name__ == "__main__":
    cli.main(stage)
