"""Gather the evidence on every printed number of a study, for the judge."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts import (
    confirm,
    envelope,
    evidence,
    names,
    plausible,
    published,
    single,
    stored,
    together,
)
from stages.verdicts.arithmetic import Arithmetic
from stages.verdicts.envelope import Spread
from stages.verdicts.evidence import Origin, Source
from stages.verdicts.judge import Candidate, Evidence
from stages.verdicts.published import Number, Rule
from stages.verdicts.single import Runs
from stages.verdicts.study import Study
from stages.verdicts.together import Peers

CONSISTENCY = "consistency.csv"
COLUMNS = ("item", "row", "metric", "bound", "printed", "verdict", "checks", "could_fail",
           "assumption", "right_if", "reason", "second")
NO_RUN = "no run"

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Sources:
    """All that evidence is gathered from, as it was read.

    Attributes
    ----------
    rules : list of Rule
        First match first.
    recomputed : dict
        Source name to its files (`evidence.collect`).
    spreads : dict
        Numerical variations (`envelope.collect`).
    outputs : sequence of dict
        What the authors' notebooks store (`stored.read`).
    arithmetic : mapping
        (item, row, metric, bound) to what the checks without data say (`read_consistency`).
    second, fairness
        Second derivations, and what would make the paper right (`stages.verdicts.confirm`).
    single : sequence of Runs
        What single runs of the variations give (`stages.verdicts.single`).
    """

    rules: list[Rule]
    recomputed: dict[str, list[Source]]
    spreads: dict[tuple[str, str], list[Spread]]
    outputs: Sequence[dict] = ()
    arithmetic: Mapping[Key, Arithmetic] | None = None
    second: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    fairness: Sequence[confirm.Fair] = ()
    single: Sequence[Runs] = ()


def candidates(study: Study, number: Number, rule: Rule, sources: dict) -> tuple[Candidate, ...]:
    """Return the recomputed values of a number, one per run that has it, the preferred run first.

    Raises
    ------
    InputError
        If there is no such source, a run lacks what the rule names, or gives it in another unit.
    """
    if rule.source in study.without_source or number.bound not in rule.paths:
        return ()
    if rule.source not in sources:
        raise InputError(f"'{rule.source}' is no source and no reason for there being none",
                         study.rules, f"valid: {', '.join((*sources, *study.without_source))}")
    path, found = rule.path(number), []
    for source in sources[rule.source]:
        value = source.value(path, text=number.decimals is None)
        if value is None:
            continue
        if number.decimals is not None and not plausible.fits(number.metric, value):
            raise InputError(f"'{path}' is {value:g}, which does not fit the unit of {number.metric}",
                             source.file, f"{plausible.FIX}; {study.rules} names the path")
        found.append(Candidate(source.origin, value))
    if not found and any(source.may_lack(path) for source in sources[rule.source]):
        raise InputError(f"no run of '{rule.source}' gives '{path}'", study.rules,
                         f"correct the path, or {evidence.MAKE}")
    return tuple(sorted(found, key=lambda one: rank(study, one.origin)))


def rank(study: Study, origin: Origin) -> tuple:
    """Order runs where the evidence does not."""
    return (*study.rank(origin.protocol, origin.release, origin.environment), origin)


def hits(number: Number, recomputed: Sequence[Candidate], tolerance: float) -> Counter:
    """Return for each run that has a number whether it gives it."""
    return Counter({one.origin: number.matches(one.value, tolerance) for one in recomputed})


def best_origin(study: Study, options: list[Counter], item_hits: Counter) -> Origin | None:
    """Choose the run that explains most of a table row; then most of the item; then by rank.

    A run under another protocol than the preferred one has to explain the whole row: a few of its
    numbers are hit by chance.

    Parameters
    ----------
    study : Study
    options : list of Counter
        For each number of the row: run to whether it gives the number.
    item_hits : Counter
        Run to how many numbers of the item it gives.
    """
    hits, held = Counter(), Counter()
    for cell in options:
        hits.update(cell)
        held.update(cell.keys())
    preferred = study.content.protocols[0]
    released = any(origin.protocol == preferred for origin in hits)
    eligible = [origin for origin in hits if origin.protocol == preferred
                or not released or hits[origin] == held[origin]]
    return min(eligible, default=None,
               key=lambda origin: (-hits[origin], -item_hits[origin], rank(study, origin)))


def gather(study: Study, numbers: Sequence[Number], given: Sources,
           tolerance: float) -> dict[Number, Evidence]:
    """Return the evidence on each number, in the order of ``numbers``.

    Parameters
    ----------
    study : Study
    numbers : sequence of Number
    given : Sources
    tolerance : float
        How near to half a unit counts as half-way: the run of a row is the one that gives most of
        its numbers.
    """
    found, rows, items = {}, defaultdict(list), defaultdict(Counter)
    for number in numbers:
        found[number] = _one(study, number, given)
        given_by = hits(number, found[number].recomputed, tolerance)
        rows[number.item, number.row].append(given_by)
        items[number.item].update(given_by)
    among = _peers(study, found, given.single, tolerance)
    chosen = {key: best_origin(study, options, items[key[0]]) for key, options in rows.items()}
    return {number: replace(one, run=chosen[number.item, number.row], peers=among.get(number),
                            **_row(rows[number.item, number.row], chosen[number.item, number.row]))
            for number, one in found.items()}


def _peers(study: Study, found: Mapping[Number, Evidence], sweeps: Sequence[Runs],
           tolerance: float) -> dict[Number, Peers]:
    """Return each fitted number among those of its row."""
    rows = defaultdict(list)
    for number, one in found.items():
        if one.fitted and number.decimals is not None:
            rows[number.item, number.row].append(number)
    among = {}
    for numbers in rows.values():
        evidence = [found[number] for number in numbers]
        row = together.row(study, numbers, [one.address for one in evidence],
                           [_released(one) for one in evidence], sweeps, tolerance)
        among |= {number: Peers(row, place) for place, number in enumerate(numbers)}
    return among


def _released(evidence: Evidence) -> dict[together.Run, float]:
    """Return the value of each run of the preferred protocol."""
    return {(one.origin.protocol, one.origin.release, one.origin.environment): float(one.value)
            for one in reversed(evidence.recomputed) if one.origin.protocol == evidence.preferred}


def _row(options: list[Counter], run: Origin | None) -> dict:
    return {"row_numbers": sum(bool(cell) for cell in options),
            "row_equal": sum(cell[run] for cell in options)}


def _one(study: Study, number: Number, given: Sources) -> Evidence:
    """Return what is known of one number without the others of its row."""
    rule = published.rule_for(number, given.rules)
    recomputed = candidates(study, number, rule, given.recomputed)
    base = Evidence(
        statistic=rule.statistic(number.bound), note=rule.note, recomputed=recomputed,
        result=rule.source != names.NO_RESULT, preferred=study.content.protocols[0],
        plausible=plausible.values(study, number.metric),
        stored=stored.find(number, rule, given.outputs),
        arithmetic=(given.arithmetic or {}).get(
            (number.item, number.row, number.metric, number.bound)))
    fair = next((one.right_if for one in given.fairness if one.covers(number)), "")
    if not recomputed:
        missing = study.private(rule.source)
        if fair and base.arithmetic and base.arithmetic.verdict in names.AGAINST:
            # What is said of this number goes before what its check says of all of its numbers.
            base = replace(base, arithmetic=replace(base.arithmetic, right_if=fair))
        return replace(base, why_missing="" if not base.result else missing.short if missing
                       else NO_RUN)
    path = rule.path(number)
    spreads = envelope.find(study, given.spreads, rule.source, path)
    return replace(base, address=(rule.source, path), fitted=study.fits(rule.source, path),
                   racing=study.races(path), guessed=study.guesses(path), spreads=tuple(spreads),
                   second=given.second.get((rule.source, path), {}),
                   right_if=fair)


def read_consistency(path: Path) -> dict[Key, Arithmetic]:
    """Read what stage ``consistency`` says of each number.

    Raises
    ------
    InputError
        If the table is missing or damaged.
    """
    table = canonical.read_csv(path, COLUMNS, dtype=str, keep_default_na=False)
    found = {}
    for row in table.to_dict("records"):
        key = tuple(row[name] for name in COLUMNS[:4])
        try:
            share = float(row["could_fail"])
        except ValueError:
            share = -1.0
        if row["verdict"] not in names.WITHOUT_DATA or not 0 <= share <= 1 or key in found:
            raise InputError(f"{' / '.join(key)}: no verdict with a share between 0 and 1, or listed "
                             "twice", path, evidence.MAKE)
        found[key] = Arithmetic(row["verdict"], row["checks"], share, row["assumption"],
                                row["right_if"], row["reason"], row["second"])
    return found


def read(study: Study, root: Path, consistency: bool = True) -> tuple[list[Number], Sources]:
    """Read the printed numbers of a study and all evidence on them.

    Parameters
    ----------
    study : Study
    root : Path
        The repository.
    consistency : bool
        Whether to read what the checks without data say; they must be of these numbers.

    Raises
    ------
    InputError
        If something is missing or damaged, or the checks are of other numbers.
    """
    numbers = published.read(study.published, study.content.numbers)
    recomputed, arithmetic = evidence.collect(study, root), None
    if consistency:
        path = study.reports(root) / CONSISTENCY
        arithmetic = read_consistency(path)
        known = {(n.item, n.row, n.metric, n.bound) for n in numbers}
        for key in sorted(known ^ set(arithmetic)):
            raise InputError(f"{' / '.join(key)} is not in it and in the printed numbers", path,
                             evidence.MAKE)
    spreads = envelope.age(envelope.collect(study, root), recomputed, study.content.protocols[0])
    return numbers, Sources(published.rules(study.rules, numbers), recomputed, spreads,
                            stored.of(study), arithmetic, confirm.derived(study, root),
                            confirm.fairness(study), single.collect(study, root))
