"""Judge a change: does a verdict change, does a metric leave its numerical envelope?

A number that the sweep varies may move inside the envelope of its release and environment. Every
other number has to stay what it was. Prints one line per violation and a summary; the exit status
is 0 without violations, 1 with some and 2 where the two sides cannot be compared.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.verdicts import envelope, published
from stages.verdicts import study as studies

VIOLATED = 1
LEDGER_COLUMNS = ("item", "row", "metric", "statistic", "published", "verdict")

Key = tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """One of the two states that are compared.

    Attributes
    ----------
    name : str
        As a reader knows it.
    verdicts : dict
        (item, row, metric, statistic) to verdict.
    numbers : dict
        (metrics file, slash-separated path) to number, None where it is undefined.
    runs : dict
        Metrics file to the release and the environment whose variations it belongs to, if any.
    spreads : dict
        As `envelope.collect` returns them.
    study : Study
    """

    name: str
    verdicts: dict[Key, str]
    numbers: dict[tuple[str, str], float | None]
    runs: dict[str, tuple[str, str] | None]
    spreads: dict
    study: studies.Study


def flatten(node, path: str = "") -> Iterator[tuple[str, float | None]]:
    """Yield the path and the value of every number (or undefined number) below ``node``.

    Examples
    --------
    >>> list(flatten({"a": {"b": 1}, "c": [0.5, None], "d": "text", "e": True}))
    [('a/b', 1.0), ('c/0', 0.5), ('c/1', None)]
    """
    if isinstance(node, (dict, list)):
        parts = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in parts:
            yield from flatten(value, f"{path}/{key}" if path else str(key))
    elif node is None:
        yield path, None
    elif isinstance(node, (int, float)) and not isinstance(node, bool):
        yield path, float(node)


def read(name: str, root: Path, study: studies.Study) -> Side:
    """Read the ledger and the metrics of a study in a checkout.

    Parameters
    ----------
    name : str
    root : Path
        The checkout.
    study : Study
        As it is there.

    Raises
    ------
    InputError
        If something is missing, or if ledger and published numbers do not match.
    """
    verdicts = _verdicts(study.reports(root) / "ledger.csv", study)
    numbers, runs, folder, compared = {}, {}, study.results(root), study.content.compared
    for path in sorted(folder.glob("**/*.json")):
        file = path.relative_to(folder).as_posix()
        source = file.split("/")[0]
        if source in compared.ignored:
            continue
        content = canonical.read_json(path)
        run = content.get("run") or {}
        evidence = study.content.sources.get(source)
        varied = (evidence is not None and evidence.fitted
                  and run.get("protocol") == study.content.protocols[0])
        runs[file] = (run["release"], run["environment"]) if varied else None
        numbers |= {(file, where): value for where, value in flatten(content)
                    if not {*compared.companions} & set(where.split("/"))}
    if not numbers:
        raise InputError("holds no metrics", folder, "run 'make reproduce' first")
    return Side(name, verdicts, numbers, runs, envelope.collect(study, root), study)


def _verdicts(path: Path, study: studies.Study) -> dict[Key, str]:
    rows = canonical.read_csv(path, LEDGER_COLUMNS, dtype=str, keep_default_na=False)
    found = {tuple(row[name] for name in LEDGER_COLUMNS[:5]): row["verdict"]
             for row in rows.to_dict("records")}
    known = Counter((number.item, number.row, number.metric, number.printed)
                    for number in published.read(study.published, study.content.numbers))
    listed = Counter((item, row, metric, printed) for item, row, metric, _, printed in found)
    for lacking, what, where in ((listed - known, "a row without a published value",
                                  study.published),
                                 (known - listed, "a published value without a row", path)):
        if lacking:
            raise InputError(f"{what}: {' / '.join(min(lacking))} "
                             f"({lacking.total()} in all)", where,
                             "make the ledger again (dvc repro)")
    return {key[:4]: verdict for key, verdict in found.items()}


def compare_verdicts(base: Side, now: Side) -> list[str]:
    """Return one line for each verdict that is another one."""
    lines = []
    for key in {**base.verdicts, **now.verdicts}:
        before, after = base.verdicts.get(key, "none"), now.verdicts.get(key, "none")
        if before != after:
            lines.append(f"verdict: {' / '.join(key)}: {before} -> {after}")
    return lines


def bounds(base: Side, now: Side, file: str, path: str) -> tuple[float, float] | None:
    """Return the envelope of a number: that of the base; today's where it has none there.

    None for a number that the sweep does not vary.
    """
    run, source = now.runs[file], file.split("/")[0]
    if run is None or not now.study.fits(source, path):
        return None
    for side in (base, now):
        for spread in side.spreads.get((source, path), ()):
            if (spread.release, spread.environment, spread.kind) == (
                    *run, envelope.NEUTRAL) and len(spread.values):
                return float(spread.values.min()), float(spread.values.max())
    return None


def compare_numbers(base: Side, now: Side) -> tuple[list[str], Counter]:
    """Return one line for each number that moved too far, and counts of the others.

    Raises
    ------
    InputError
        If a number of the base is missing now.
    """
    missing = [key for key in base.numbers if key not in now.numbers]
    if missing:
        file, path = missing[0]
        raise InputError(f"lacks {path}, which {base.name} has ({len(missing)} missing in all)",
                         now.study.results() / file, "run 'make reproduce', or restore the stage")
    lines, counts = [], Counter(new=len(now.numbers) - len(base.numbers))
    for (file, path), before in base.numbers.items():
        after = now.numbers[file, path]
        if before == after:
            counts["equal"] += 1
            continue
        allowed = bounds(base, now, file, path)
        if allowed and after is not None and allowed[0] <= after <= allowed[1]:
            counts["inside"] += 1
            continue
        said = (f"outside its envelope {allowed[0]:.6g} to {allowed[1]:.6g}" if allowed
                else "must not change: it has no envelope")
        lines.append(f"metric: {now.study.results() / file} {path}: {before} -> {after}, {said}")
    return lines, counts


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.verdicts.compare", __doc__)
    parser.add_argument("--study", required=True, help="the study's name")
    parser.add_argument("--base", type=Path, required=True,
                        help="checkout of the other revision, with its reports and metrics")
    parser.add_argument("--name", default="the base", help="what to call that revision")
    parser.add_argument("--now", type=Path, default=".", help="the same of today")
    options = parser.parse_args()
    base, now = (read(name, root, studies.read(root / "studies" / options.study))
                 for name, root in ((options.name, options.base), ("now", options.now)))
    verdicts = compare_verdicts(base, now)
    numbers, counts = compare_numbers(base, now)
    for line in (*verdicts, *numbers):
        print(line)
    print(f"{options.study} against {options.name}: {len(now.verdicts)} verdicts, {len(verdicts)} "
          f"changed; {len(base.numbers)} numbers, {counts['equal']} equal, {counts['inside']} moved "
          f"inside their envelopes, {len(numbers)} moved too far; {counts['new']} new")
    if verdicts or numbers:
        sys.exit(VIOLATED)


if __name__ == "__main__":
    cli.main(stage)
