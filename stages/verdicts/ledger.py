"""Give every published number a verdict with evidence: ``reports/STUDY/ledger.csv``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.verdicts import envelope, evidence, fragile, published, stored
from stages.verdicts import settings as house
from stages.verdicts import study as studies
from stages.verdicts.evidence import Origin
from stages.verdicts.published import Number, Rule
from stages.verdicts.settings import Settings
from stages.verdicts.study import Study

COLUMNS = ("item", "row", "metric", "statistic", "published", "decimals", "verdict", "reproduced",
           "protocol", "release", "environment", "kernel", "note", "variations", "equal", "minimum",
           "q05", "median", "q95", "maximum", "basis", "all_variations", "all_equal", "all_minimum",
           "all_maximum", "stored", "stored_follows", "stored_place")

CUT = "the printed number is the recomputed one cut off, not rounded"


@dataclass(frozen=True)
class Candidate:
    """A recomputed value for one published number."""

    origin: Origin
    value: object
    match: bool
    halfway: bool


def candidates(study: Study, number: Number, rule: Rule, sources: dict,
               tolerance: float) -> list[Candidate]:
    """Return the recomputed values of a number, one per run that has it.

    Raises
    ------
    InputError
        If there is no such source, or a run lacks what the rule names.
    """
    if rule.source in study.verdicts or number.bound not in rule.paths:
        return []
    if rule.source not in sources:
        raise InputError(f"'{rule.source}' is no source and no verdict", study.rules,
                         f"valid: {', '.join((*sources, *study.verdicts))}")
    path, found = rule.path(number), []
    for source in sources[rule.source]:
        value = source.value(path, text=number.decimals is None)
        if value is not None:
            found.append(Candidate(source.origin, value, *number.matches(value, tolerance)))
    if not found and any(source.may_lack(path) for source in sources[rule.source]):
        raise InputError(f"no run of '{rule.source}' gives '{path}'", study.rules,
                         f"correct the path, or {evidence.MAKE}")
    return found


def rank(study: Study, origin: Origin) -> tuple:
    """Order runs where the evidence does not."""
    return (*study.rank(origin.protocol, origin.release, origin.environment), origin)


def best_origin(study: Study, options: list[list[Candidate]],
                item_hits: Counter) -> Origin | None:
    """Choose the run that explains most of a table row; then most of the item; then by rank.

    A run under another protocol than the preferred one has to explain the whole row: a few of its
    numbers are hit by chance.
    """
    hits, held = Counter(), Counter()
    for cell in options:
        for candidate in cell:
            hits[candidate.origin] += candidate.match
            held[candidate.origin] += 1
    preferred = study.content.protocols[0]
    released = any(origin.protocol == preferred for origin in hits)
    eligible = [origin for origin in hits if origin.protocol == preferred
                or not released or hits[origin] == held[origin]]
    return min(eligible, default=None,
               key=lambda origin: (-hits[origin], -item_hits[origin], rank(study, origin)))


def build(study: Study, numbers: list[Number], ordered: list[Rule], sources: dict, spreads: dict,
          settings: Settings, outputs: Sequence[dict] = ()) -> list[dict]:
    """Return the ledger, one row for each published number, in the order of ``numbers``.

    Parameters
    ----------
    study : Study
    numbers : list of Number
    ordered : list of Rule
        First match first.
    sources : dict
        Recomputed values (`evidence.collect`).
    spreads : dict
        Their numerical variations (`envelope.collect`).
    settings : Settings
    outputs : sequence of dict
        What the authors' notebooks store (`stored.read`).
    """
    found = {number: candidates(study, number, published.rule_for(number, ordered), sources,
                                settings.halfway_tolerance) for number in numbers}
    by_row, item_hits = defaultdict(list), defaultdict(Counter)
    for number, cell in found.items():
        by_row[number.item, number.row].append(cell)
        for candidate in cell:
            item_hits[number.item][candidate.origin] += candidate.match
    chosen = {key: best_origin(study, cells, item_hits[key[0]]) for key, cells in by_row.items()}
    ledger = []
    for number, cell in found.items():
        rule = published.rule_for(number, ordered)
        found_spreads = envelope.find(study, spreads, rule.source, rule.path(number)) if cell else []
        ledger.append(entry(study, number, rule, cell, chosen[number.item, number.row], found_spreads,
                            stored.find(number, rule, outputs, settings.halfway_tolerance), settings))
    return ledger


def entry(study: Study, number: Number, rule: Rule, cell: list[Candidate],
          row_origin: Origin | None, spreads: list[envelope.Spread], kept: stored.Stored | None,
          settings: Settings) -> dict:
    """Return one row of the ledger.

    Parameters
    ----------
    study : Study
    number : Number
    rule : Rule
    cell : list of Candidate
        Its recomputed values.
    row_origin : Origin or None
        The run that explains most of its row of the table.
    spreads : list of Spread
        Its variations.
    kept : Stored or None
        What the authors' notebook stores of it.
    settings : Settings
    """
    base = {"item": number.item, "row": number.row, "metric": number.metric,
            "statistic": rule.statistic(number.bound), "published": number.printed,
            "decimals": number.decimals}
    if rule.source in study.verdicts:
        return base | {"verdict": rule.source, "note": rule.note}
    if not cell:
        return base | {"verdict": "not-checked",
                       "note": _notes(rule.note, "no run in this pipeline gives it")}
    # Protocols are never mixed: a row keeps to the protocol of the run that explains most of it.
    candidate = _choose(study, number, [c for c in cell if c.origin.protocol == row_origin.protocol]
                        or cell, row_origin)
    origin, notes, path = candidate.origin, [rule.note], rule.path(number)
    varied = envelope.compare(number, spreads, settings.halfway_tolerance, origin.release,
                              origin.environment)
    basis = envelope.basis(study, rule.source, path, varied is not None)
    if candidate.match:
        verdict = "exact"
        notes += _provisos(study, candidate, row_origin)
    else:
        notes.append(f"nearest of {len(cell)} runs")
        verdict, said = "contradicted", ""
        if basis != envelope.ARITHMETIC:
            verdict, said = envelope.settle(varied, settings.least_variations, study.races(path))
        if verdict == "contradicted":
            verdict, said = _spare(number, candidate, kept, said)
        elif verdict == "not-checked" and number.is_cut(candidate.value):
            said = _notes(said, CUT)
        notes.append(said)
    if kept:
        base |= {"stored": kept.value, "stored_follows": "yes" if kept.follows else "no",
                 "stored_place": kept.place}
    return base | _spread(varied, basis) | {
        "computed": (rule.source, path), "verdict": verdict, "reproduced": candidate.value,
        "protocol": origin.protocol, "release": origin.release, "environment": origin.environment,
        "kernel": origin.kernel, "note": _notes(*notes)}


def _spare(number: Number, candidate: Candidate, kept: stored.Stored | None,
           said: str) -> tuple[str, str]:
    """Return verdict and note of a miss: no contradiction where the authors may well be right."""
    if kept and kept.follows:
        return studies.NOT_CHECKED, _notes(said, "the authors' own run gives it")
    if number.is_cut(candidate.value):
        return "not-checked", _notes(said, CUT)
    return "contradicted", said


def _spread(varied: envelope.Envelope | None, basis: str) -> dict:
    """Return the cells about the variations; none where nothing can vary."""
    found = {"basis": basis}
    if varied is None or basis == envelope.ARITHMETIC:
        return found
    every = varied.every
    found |= {"all_variations": every.variations, "all_equal": every.equal,
              "all_minimum": every.minimum, "all_maximum": every.maximum}
    return found | asdict(varied.own)


def _provisos(study: Study, candidate: Candidate, row_origin: Origin | None) -> list[str]:
    """Return what a reader should know of an exact match."""
    said = {"half-way between two printed values": candidate.halfway,
            "not the run that explains most of this row": candidate.origin != row_origin,
            "only as the text describes, not as released":
                candidate.origin.protocol != study.content.protocols[0]}
    return [text for text, holds in said.items() if holds]


def _choose(study, number, cell, row_origin):
    """Take the row's run if it matches, else any run that matches, else the nearest value."""
    matching = [candidate for candidate in cell if candidate.match]
    for candidate in matching:
        if candidate.origin == row_origin:
            return candidate
    if matching:
        return min(matching, key=lambda candidate: rank(study, candidate.origin))
    if number.decimals is None:
        return cell[0]
    return min(cell, key=lambda c: (abs(float(c.value) - float(number.printed)), rank(study, c.origin)))


def _notes(*texts: str) -> str:
    return "; ".join(text for text in texts if text)


def read_and_build(study: Study, settings: Settings, root: Path) -> list[dict]:
    """Return the ledger of what stands in the folders of printed, recomputed and varied numbers."""
    return build(study, published.read(study.published, study.content.numbers),
                 published.rules(study.rules), evidence.collect(study, root),
                 envelope.collect(study, root), settings, stored.of(study))


def count(study: Study, ledger: list[dict]) -> dict:
    """Count verdicts by item and in all."""
    items = defaultdict(Counter)
    for row in ledger:
        items[row["item"]][row["verdict"]] += 1
        items["all"][row["verdict"]] += 1
    return {item: {verdict: counts.get(verdict, 0) for verdict in study.verdicts}
            | {"numbers": sum(counts.values())} for item, counts in items.items()}


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
    options = parser.parse_args()
    study, settings = studies.read(options.study), house.read(options.params)
    ledger = read_and_build(study, settings, options.root)
    folder = study.reports(options.root)
    canonical.write_csv(folder / "ledger.csv", frame(ledger))
    canonical.write_json(folder / "verdicts.json", count(study, ledger))
    canonical.write_csv(folder / "fragile.csv", fragile.most(ledger, settings))


if __name__ == "__main__":
    cli.main(stage)
