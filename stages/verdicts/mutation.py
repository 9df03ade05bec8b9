"""How often would a wrong number pass? Every printed number is changed and judged again.

A changed number is accepted where its verdict still confirms it. ``acceptance.csv`` counts that by
verdict, by item and in all, for each kind of change; ``mutants.csv`` for each printed number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.verdicts import gather, mutants, names
from stages.verdicts import settings as house
from stages.verdicts import study as studies
from stages.verdicts.acceptance import ALL, COLUMNS, EACH, EACH_COLUMNS, FILE, ITEM, VERDICT
from stages.verdicts.bench import Bench
from stages.verdicts.consistency import declarations
from stages.verdicts.published import Number

# Normal quantile of a 95 % interval.
Z95 = 1.959963984540054

Counts = dict[Number, dict[str, Counter]]


def wilson(accepted: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share.

    Source: Wilson 1927, J Am Stat Assoc 22:209.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(5, 50)]
    [0.0435, 0.2136]
    """
    share, z2 = accepted / count, Z95 ** 2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z95 / (1 + z2 / count) * (share * (1 - share) / count + z2 / (4 * count ** 2)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def measure(bench: Bench) -> tuple[dict[Number, str], Counts]:
    """Judge every mutant of every number that has a confirming verdict.

    Returns
    -------
    verdicts : dict of str
        Of those numbers, as printed.
    counts : dict
        Number to kind of change (`mutants.SIZES`) to how many were tried, and accepted.
    """
    verdicts = {number: bench.verdict(number, {}) for number in bench.evidence}
    verdicts = {number: name for number, name in verdicts.items() if name in names.CONFIRMING}
    counts: Counts = {number: defaultdict(Counter) for number in verdicts}
    for mutant in mutants.mutants(bench.evidence):
        if mutant.number not in verdicts:
            continue
        try:
            verdict = bench.verdict(mutant.number, mutant.changed)
        except InputError:  # no number of its kind, such as a rate above 1: anyone would notice
            continue
        counts[mutant.number][mutant.size].update(
            tried=1, accepted=int(verdict in names.CONFIRMING))
    return verdicts, counts


def table(verdicts: Mapping[Number, str], counts: Counts) -> pd.DataFrame:
    """Return shares of accepted mutants with their intervals, by verdict, item and in all."""
    sums = defaultdict(Counter)
    for number, sizes in counts.items():
        for size, found in sizes.items():
            for by, name in ((ALL, ALL), (VERDICT, verdicts[number]), (ITEM, number.item)):
                sums[by, name, size].update(found)
    order = {VERDICT: names.CONFIRMING, ALL: (ALL,),
             ITEM: tuple(dict.fromkeys(number.item for number in counts))}
    rows = [(by, name, size, found["tried"], found["accepted"],
             *(round(share, 6) for share in (found["accepted"] / found["tried"],
                                             *wilson(found["accepted"], found["tried"]))))
            for by, listed in order.items() for name in listed for size in mutants.SIZES
            if (found := sums[by, name, size])["tried"]]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def each(verdicts: Mapping[Number, str], counts: Counts) -> pd.DataFrame:
    """Return for each number how many of its changes by units were accepted."""
    rows = []
    for number, sizes in counts.items():
        found = sum((sizes[str(units)] for units in mutants.UNITS), Counter())
        if found["tried"]:
            rows.append((number.item, number.row, number.metric, number.bound, verdicts[number],
                         found["tried"], found["accepted"],
                         round(found["accepted"] / found["tried"], 6)))
    return pd.DataFrame(rows, columns=list(EACH_COLUMNS))


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.verdicts.mutation", __doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study's folder")
    parser.add_argument("--params", type=Path, required=True, help="the house's parameters")
    parser.add_argument("--root", type=Path, default=".", help="the repository")
    options = parser.parse_args()
    study, settings = studies.read(options.study), house.read(options.params)
    checks, _ = declarations.read(study.folder / "checks.yaml")
    numbers, given = gather.read(study, options.root)
    evidence = gather.gather(study, numbers, given, settings.halfway_tolerance)
    verdicts, counts = measure(Bench(study, evidence, checks, settings))
    folder = study.reports(options.root)
    canonical.write_csv(folder / FILE, table(verdicts, counts))
    canonical.write_csv(folder / EACH, each(verdicts, counts))


if __name__ == "__main__":
    cli.main(stage)
