"""Give every published number a verdict with evidence: ``reports/ledger.csv``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import Parameters, Reporting, load
from stages.reporting import envelope, evidence, fragile, published, stored
from stages.reporting.evidence import PROTOCOLS, Origin
from stages.reporting.published import Number, Rule

COLUMNS = ("item", "row", "metric", "statistic", "published", "decimals", "verdict", "reproduced",
           "protocol", "release", "environment", "kernel", "note", "variations", "equal", "minimum",
           "q05", "median", "q95", "maximum", "basis", "all_variations", "all_equal", "all_minimum",
           "all_maximum", "stored", "stored_follows", "stored_place")

PREFERRED = ("2025-08", "classification-notebook")
CUT = "the printed number is the recomputed one cut off, not rounded"


@dataclass(frozen=True)
class Candidate:
    """A recomputed value for one published number."""

    origin: Origin
    value: object
    match: bool
    halfway: bool


def candidates(number: Number, rule: Rule, sources: dict, tolerance: float) -> list[Candidate]:
    """Return the recomputed values of a number, one per run that has it.

    Raises
    ------
    InputError
        If there is no such source, or a run lacks what the rule names.
    """
    if rule.source in published.VERDICTS or number.bound not in rule.paths:
        return []
    if rule.source not in sources:
        raise InputError(f"'{rule.source}' is no source and no verdict", published.RULES,
                         f"valid: {', '.join((*sources, *published.VERDICTS))}")
    path, found = rule.path(number), []
    for source in sources[rule.source]:
        value = source.value(path, text=number.decimals is None)
        if value is not None:
            found.append(Candidate(source.origin, value, *number.matches(value, tolerance)))
    if not found and any(source.may_lack(path) for source in sources[rule.source]):
        raise InputError(f"no run of '{rule.source}' gives '{path}'", published.RULES,
                         f"correct the path, or {evidence.MAKE}")
    return found


def rank(origin: Origin) -> tuple:
    """Order runs where the evidence does not: as released, newest release, notebook first."""
    return (PROTOCOLS.index(origin.protocol), origin.release != PREFERRED[0],
            origin.environment != PREFERRED[1], origin)


def best_origin(options: list[list[Candidate]], item_hits: Counter) -> Origin | None:
    """Choose the run that explains most of a table row; then most of the item; then by rank.

    A run under another protocol than the released one has to explain the whole row: a few of its
    numbers are hit by chance.
    """
    hits, held = Counter(), Counter()
    for cell in options:
        for candidate in cell:
            hits[candidate.origin] += candidate.match
            held[candidate.origin] += 1
    released = any(origin.protocol == PROTOCOLS[0] for origin in hits)
    eligible = [origin for origin in hits if origin.protocol == PROTOCOLS[0]
                or not released or hits[origin] == held[origin]]
    return min(eligible, default=None,
               key=lambda origin: (-hits[origin], -item_hits[origin], rank(origin)))


def build(numbers: list[Number], ordered: list[Rule], sources: dict, spreads: dict,
          settings: Reporting, outputs: Sequence[dict] = ()) -> list[dict]:
    """Return the ledger, one row for each published number, in the order of ``numbers``.

    Parameters
    ----------
    numbers : list of Number
    ordered : list of Rule
        First match first.
    sources : dict
        Recomputed values (`evidence.collect`).
    spreads : dict
        Their numerical variations (`envelope.collect`).
    settings : Reporting
    outputs : sequence of dict
        What the authors' notebooks store (`stored.read`).
    """
    found = {number: candidates(number, published.rule_for(number, ordered), sources,
                                settings.halfway_tolerance) for number in numbers}
    by_row, item_hits = defaultdict(list), defaultdict(Counter)
    for number, cell in found.items():
        by_row[number.item, number.row].append(cell)
        for candidate in cell:
            item_hits[number.item][candidate.origin] += candidate.match
    chosen = {key: best_origin(cells, item_hits[key[0]]) for key, cells in by_row.items()}
    ledger = []
    for number, cell in found.items():
        rule = published.rule_for(number, ordered)
        found_spreads = envelope.find(spreads, rule.source, rule.path(number)) if cell else []
        ledger.append(entry(number, rule, cell, chosen[number.item, number.row], found_spreads,
                            stored.find(number, rule, outputs, settings.halfway_tolerance), settings))
    return ledger


def entry(number: Number, rule: Rule, cell: list[Candidate], row_origin: Origin | None,
          spreads: list[envelope.Spread], kept: stored.Stored | None, settings: Reporting) -> dict:
    """Return one row of the ledger.

    Parameters
    ----------
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
    settings : Reporting
    """
    base = {"item": number.item, "row": number.row, "metric": number.metric,
            "statistic": rule.statistic(number.bound), "published": number.printed,
            "decimals": number.decimals}
    if rule.source in published.VERDICTS:
        return base | {"verdict": rule.source, "note": rule.note}
    if not cell:
        return base | {"verdict": "not-checked",
                       "note": _notes(rule.note, "no run in this pipeline gives it")}
    # Protocols are never mixed: a row keeps to the protocol of the run that explains most of it.
    candidate = _choose(number, [c for c in cell if c.origin.protocol == row_origin.protocol]
                        or cell, row_origin)
    origin, notes, path = candidate.origin, [rule.note], rule.path(number)
    varied = envelope.compare(number, spreads, settings.halfway_tolerance, origin.release,
                              origin.environment)
    basis = envelope.basis(rule.source, path, varied is not None)
    if candidate.match:
        verdict = "exact"
        notes += _provisos(candidate, row_origin)
    else:
        notes.append(f"nearest of {len(cell)} runs")
        verdict, said = "contradicted", ""
        if basis != envelope.ARITHMETIC:
            verdict, said = envelope.settle(varied, settings.least_variations, envelope.races(path))
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
        return "not-checked", _notes(said, "the authors' own run gives it")
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


def _provisos(candidate: Candidate, row_origin: Origin | None) -> list[str]:
    """Return what a reader should know of an exact match."""
    said = {"half-way between two printed values": candidate.halfway,
            "not the run that explains most of this row": candidate.origin != row_origin,
            "only as the text describes, not as released":
                candidate.origin.protocol != PROTOCOLS[0]}
    return [text for text, holds in said.items() if holds]


def _choose(number, cell, row_origin):
    """Take the row's run if it matches, else any run that matches, else the nearest value."""
    matching = [candidate for candidate in cell if candidate.match]
    for candidate in matching:
        if candidate.origin == row_origin:
            return candidate
    if matching:
        return min(matching, key=lambda candidate: rank(candidate.origin))
    if number.decimals is None:
        return cell[0]
    return min(cell, key=lambda c: (abs(float(c.value) - float(number.printed)), rank(c.origin)))


def _notes(*texts: str) -> str:
    return "; ".join(text for text in texts if text)


def read_and_build(printed: Path, metrics: Path, variations: Path,
                   parameters: Parameters) -> list[dict]:
    """Return the ledger of what stands in the folders of printed, recomputed and varied numbers."""
    settings, classification = parameters.reporting, parameters.classification
    return build(published.read(printed, settings.published), published.rules(),
                 evidence.collect(metrics, classification),
                 envelope.collect(variations, classification.environments), settings,
                 stored.read(metrics / "stored" / "outputs.csv", settings.stored))


def count(ledger: list[dict]) -> dict:
    """Count verdicts by item and in all."""
    items = defaultdict(Counter)
    for row in ledger:
        items[row["item"]][row["verdict"]] += 1
        items["all"][row["verdict"]] += 1
    return {item: {verdict: counts.get(verdict, 0) for verdict in published.VERDICTS}
            | {"numbers": sum(counts.values())} for item, counts in items.items()}


def frame(ledger: list[dict]) -> pd.DataFrame:
    """Return the ledger as a table with its fixed columns."""
    return pd.DataFrame([{name: row.get(name) for name in COLUMNS} for row in ledger],
                        columns=list(COLUMNS), dtype=object)


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.reporting.ledger", __doc__)
    parser.add_argument("--published", type=Path, default="metrics/published")
    parser.add_argument("--metrics", type=Path, default="metrics", help="folder of recomputed values")
    parser.add_argument("--variations", type=Path, default="metrics/sensitivity",
                        help="folder of the sweep's summaries; may be absent")
    parser.add_argument("--params", type=Path, default="params.yaml")
    parser.add_argument("--out", type=Path, required=True, help="ledger (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="counts of verdicts (JSON)")
    parser.add_argument("--fragile", type=Path, help="the most fragile numbers (CSV)")
    options = parser.parse_args()
    parameters = load(options.params)
    settings = parameters.reporting
    ledger = read_and_build(options.published, options.metrics, options.variations, parameters)
    canonical.write_csv(options.out, frame(ledger))
    canonical.write_json(options.summary, count(ledger))
    if options.fragile:
        canonical.write_csv(options.fragile, fragile.most(ledger, settings))


if __name__ == "__main__":
    cli.main(stage)
