"""Give every published number a verdict with evidence: ``reports/STUDY/ledger.csv``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.verdicts import acceptance, confirm, fragile, gather, names, rows, runs
from stages.verdicts import settings as house
from stages.verdicts import study as studies
from stages.verdicts.hits import OTHER, only_hit
from stages.verdicts.judge import Evidence, Judgement, judge
from stages.verdicts.lines import COLUMNS, count
from stages.verdicts.published import Number
from stages.verdicts.settings import Settings
from stages.verdicts.study import Study


def build(evidence: Mapping[Number, Evidence], settings: Settings) -> list[dict]:
    """Return the ledger, one row for each published number, in the order of ``evidence``.

    Parameters
    ----------
    evidence : dict
        As `gather.gather` returns it.
    settings : Settings
    """
    rows = [entry(number, one, judge(number, one, settings)) for number, one in evidence.items()]
    return without_hits(rows)


def without_hits(rows: list[dict]) -> list[dict]:
    """Take back what is hit without being given: fits of a row half of which is contradicted.

    Such a row is not of the model that it names; where a few of its numbers are hit, they say nothing.
    One contradicted number alone says nothing of its row.

    Parameters
    ----------
    rows : list of dict
        As `entry` returns them.
    """
    def fits(row):
        return row["item"], row["row"], row.get("computed", ("",))[0], row.get("basis")

    against = Counter(fits(row) for row in rows if row["verdict"] == names.CONTRADICTED)
    whole = Counter(map(fits, rows))
    return [row | {"verdict": names.UNTESTABLE, "note": "; ".join(filter(None, (
        row["note"], OTHER.format(against[fits(row)], whole[fits(row)]))))}
        if only_hit(row["verdict"], row.get("basis"), against[fits(row)], whole[fits(row)]) else row
        for row in rows]


def entry(number: Number, evidence: Evidence, judged: Judgement) -> dict:
    """Return one row of the ledger."""
    row = {"item": number.item, "row": number.row, "metric": number.metric,
           "statistic": evidence.statistic, "published": number.printed,
           "decimals": number.decimals, "verdict": judged.verdict, "note": judged.note,
           "why_missing": evidence.why_missing}
    if evidence.arithmetic:
        row |= {"arithmetic": evidence.arithmetic.verdict, "checks": evidence.arithmetic.checks,
                "could_fail": evidence.arithmetic.could_fail,
                "assumption": evidence.arithmetic.assumption,
                "right_if": evidence.arithmetic.right_if,
                "second_agrees": evidence.arithmetic.second}
    if evidence.stored:
        row |= {"stored": evidence.stored.value, "stored_place": evidence.stored.place,
                "stored_follows": "yes" if judged.follows else "no"}
    if judged.candidate:
        origin = judged.candidate.origin
        row |= {"reproduced": judged.candidate.value, "computed": evidence.address,
                "protocol": origin.protocol, "release": origin.release,
                "environment": origin.environment, "kernel": origin.kernel, "basis": judged.basis,
                "row_equal": evidence.row_equal, "row_numbers": evidence.row_numbers}
    if evidence.peers:
        row["row_together"] = evidence.peers.together()
    if judged.verdict == names.CONTRADICTED:
        row |= {"right_if": evidence.right_if} | _second(number, evidence, judged)
    return row | _spread(judged)


def _second(number: Number, evidence: Evidence, judged: Judgement) -> dict:
    """Return the second derivation for the release that the first one is of, if there is one."""
    value = evidence.second.get(judged.candidate.origin.release)
    if value is None:
        return {"second": None, "second_agrees": ""}
    same = confirm.agrees(number, float(judged.candidate.value), value)
    return {"second": value, "second_agrees": confirm.AGREES if same else confirm.DISAGREES}


def _spread(judged: Judgement) -> dict:
    """Return the cells about the variations; none where nothing can vary."""
    varied = judged.envelope
    if varied is None:
        return {}
    every = varied.every
    found = {"all_variations": every.variations, "all_equal": every.equal,
             "all_minimum": every.minimum, "all_maximum": every.maximum,
             "aged": "yes" if judged.aged else "no"}
    for name, pool in (("seed", varied.seeds), ("racing", varied.races)):
        if pool:
            found |= {f"{name}_variations": pool.variations, f"{name}_equal": pool.equal}
    return found | asdict(varied.own)


def collect(study: Study, settings: Settings, root: Path,
            consistency: bool = True) -> dict[Number, Evidence]:
    """Return the evidence of what stands in the folders of printed, recomputed and varied numbers.

    Without ``consistency`` the checks that need no data are left out.
    """
    numbers, given = gather.read(study, root, consistency)
    return gather.gather(study, numbers, given, settings.halfway_tolerance)


def frame(ledger: list[dict]) -> pd.DataFrame:
    """Return the ledger as a table with its fixed columns."""
    return pd.DataFrame([{name: row.get(name) for name in COLUMNS} for row in ledger],
                        columns=list(COLUMNS), dtype=object)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.verdicts.ledger", __doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study's folder")
    parser.add_argument("--params", type=Path, required=True, help="the house's parameters")
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    parser.add_argument("--mutants", type=Path, help="how often each number's mutants are accepted")
    options = parser.parse_args()
    study, settings = studies.read(options.study), house.read(options.params)
    evidence = collect(study, settings, options.root)
    ledger, lines = confirm.unconfirmed(build(evidence, settings)), rows.build(evidence)
    confirm.require(ledger, study)
    if options.mutants:
        shares = acceptance.shares(options.mutants)
        for number, row in zip(evidence, ledger):
            row["false_acceptance"] = shares.get(
                (number.item, number.row, number.metric, number.bound))
    folder = study.reports(options.root)
    canonical.write_csv(folder / "ledger.csv", frame(ledger))
    canonical.write_json(folder / "verdicts.json", {
        "verdicts": count(ledger),
        "runs": runs.summarise(evidence, settings.halfway_tolerance) | rows.summarise(lines)})
    canonical.write_csv(folder / rows.FILE, rows.frame(lines))
    canonical.write_csv(folder / "fragile.csv", fragile.most(ledger, settings))


if __name__ == "__main__":
    cli.main(stage)
