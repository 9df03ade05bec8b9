"""``make faults``: kill runs at random moments, take away what they stand on; are the bytes the same?

Prints a table of kills and one of surroundings; ``WRITE=1`` writes both into docs/reliability.md.
"""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from containers.commands import reliability
from containers.commands.faults import kills, surroundings
from containers.commands.faults.scenarios import SCENARIOS
from containers.launcher import Parser, entry

# How many of the kills each scenario gets.
SHARES = {"reproduce": 0.2, "own": 0.2, "parts": 0.15, "release": 0.15, "predict": 0.15, "demo": 0.15}


def killed(count: int, seed: int, scratch: Path, names: list[str]) -> tuple[str, list[str]]:
    """Return the table of kills, and what was wrong."""
    rows, faults = [], []

    def one(name: str) -> kills.Result:
        number = round(count * SHARES[name] / sum(SHARES[other] for other in names))
        return kills.run(SCENARIOS[name], number, seed, scratch / name)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for name, result in zip(names, pool.map(one, names)):
            rows.append([SCENARIOS[name].name, result.kills, result.runs, result.survived])
            faults += [f"{SCENARIOS[name].name}: {line}" for line in result.faults]
    rows.append(["**all**", *(sum(row[place] for row in rows) for place in (1, 2, 3))])
    return reliability.table(["run", "killed", "run to the end behind", "same bytes, nothing stray"],
                             rows), faults


def surrounded(scratch: Path, names: list[str]) -> tuple[str, list[str]]:
    """Return the table of surroundings, and what was wrong."""
    found = [trial for name in names if name in surroundings.TRIED
             for trial in surroundings.run(SCENARIOS[name], scratch / f"around-{name}")]
    table = reliability.table(["surroundings", "what was said", "behind it"],
                              [[one.name, one.said, one.behind] for one in found])
    return table, [f"{one.name}: {one.behind}" for one in found if not one.survived]


def main() -> int:
    """Entry point; 1 where something did not survive."""
    parser = Parser(prog="make faults", description=__doc__)
    parser.add_argument("--number", type=int, default=50, help="kills (N=)")
    parser.add_argument("--seed", type=int, default=1, help="decides their moments (SEED=)")
    parser.add_argument("--only", choices=("kills", "surroundings"))
    parser.add_argument("--write", action="store_true", help="the tables into docs/reliability.md")
    parser.add_argument("--scenario", choices=SCENARIOS, action="append", help="only some runs")
    options = parser.parse_args()
    names = [name for name in SCENARIOS if name in (options.scenario or SCENARIOS)]
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as scratch:
        for part, make in (
                ("kills", lambda: killed(options.number, options.seed, Path(scratch), names)),
                ("surroundings", lambda: surrounded(Path(scratch), names))):
            if options.only not in (None, part):
                continue
            table, faults = make()
            print(f"{table}\n", *faults, sep="\n", flush=True)
            wrong += faults
            if options.write:
                reliability.write(part, table)
    return int(bool(wrong))


if __name__ == "__main__":
    entry(main)
