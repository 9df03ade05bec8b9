"""``make fuzz N=2000 SEED=1``: damage the inputs that users give, and run what reads them.

Each damaged file is given to the stage that reads it, in that stage's image, many in one process
(``tests/fuzz``). Prints what became of them; ``WRITE=1`` writes the table into docs/reliability.md.
What no stage may do is a traceback, a hang, a file left behind by a refusal, or a wrong result.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from containers.commands import reliability
from containers.launcher import ROOT, Parser, descendants, entry

# Cases (a module of tests.fuzz), the image that they run in, and their share of the damaged inputs.
ROOMS = {"reporting": ("reporting", 0.29), "cohort": ("cohort", 0.14), "masks": ("cohort", 0.1),
         "classification": ("classification-paper", 0.14), "expression": ("expression", 0.06),
         "radiomics": ("radiomics", 0.08), "segmentation": ("segmentation", 0.08),
         "nnunet": ("segmentation", 0.11)}
# Outcomes in the table's order (tests.fuzz.worker); none of the last four may be.
OUTCOMES = ("one line", "same result", "accepted", "left something", "silently wrong", "traceback",
            "hang")
FAULTS = OUTCOMES[3:]
# No line for so long, while the machine is busy with other things: what the worker runs never ends.
PATIENCE_SECONDS = 900


def shares(number: int) -> dict[str, int]:
    """Return how many inputs each room gets; together at least ``number``.

    Examples
    --------
    >>> sum(shares(2000).values()) >= 2000
    True
    """
    return {room: -int(-number * share // 1) for room, (_, share) in ROOMS.items()}


def run(room: str, seed: int, count: int, folder: Path,
        patience: float = PATIENCE_SECONDS) -> list[dict]:
    """Try a room's inputs; return an entry for each.

    A process that dies is a traceback, one that never ends a hang; another goes on behind it.
    """
    out, start = folder / f"{room}.jsonl", 0
    out.touch()
    while start < count:
        process = _start(room, seed, count, start, out)
        ended = _watch(process, out, patience)
        begun, done = _entries(out)
        if not ended or process.returncode:
            if not begun or begun[-1]["index"] < start:
                raise RuntimeError(f"tests.fuzz.{room}: fails before its first input (see above)")
            if len(begun) > len(done):
                outcome = "traceback" if ended else "hang"
                _append(out, begun[-1] | {"outcome": outcome, "said": f"status {process.returncode}"})
        start = begun[-1]["index"] + 1 if begun else count
        if ended and not process.returncode:
            break
    return _entries(out)[1]


def _start(room, seed, count, start, out) -> subprocess.Popen:
    command = [sys.executable, str(ROOT / "containers" / "run"), "--tests", ROOMS[room][0], "--",
               "python", "-m", "tests.fuzz.worker", "--cases", room, "--seed", str(seed),
               "--count", str(count), "--start", str(start), "--out", str(out)]
    # As tests do: they look at the whole repository, which containers do not mount.
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "MSCLC_ENGINE": "venv"})


def _watch(process: subprocess.Popen, out: Path, patience: float) -> bool:
    """Wait for the end; False where nothing was written for so long that it was killed."""
    size, since = out.stat().st_size, time.monotonic()
    while process.poll() is None:
        time.sleep(0.2)
        if out.stat().st_size != size:
            size, since = out.stat().st_size, time.monotonic()
        elif time.monotonic() - since > patience:
            for number in (*descendants(process.pid), process.pid):
                os.kill(number, 9)
            process.wait()
            return False
    return True


def _entries(out: Path) -> tuple[list[dict], list[dict]]:
    """Return the inputs that were begun, and those whose outcome is known."""
    entries = [json.loads(line) for line in out.read_text().splitlines() if line.endswith("}")]
    done = [entry for entry in entries if "outcome" in entry]
    return [entry for entry in entries if "outcome" not in entry], done


def _append(out: Path, entry: dict) -> None:
    with open(out, "a") as stream:
        stream.write(f"\n{json.dumps(entry)}\n")


def table(found: list[dict]) -> str:
    """Return the outcomes by format as a Markdown table."""
    counts: dict[str, Counter] = {}
    for one in found:
        counts.setdefault(one["format"], Counter())[one["outcome"]] += 1
    total = sum(counts.values(), Counter())
    rows = [[name, sum(tally.values()), *(tally[outcome] for outcome in OUTCOMES)]
            for name, tally in [*sorted(counts.items()), ("**all**", total)]]
    return reliability.table(["input", "tried", *OUTCOMES], rows)


def faults(found: list[dict]) -> list[str]:
    """Return one line for each input of which became what may not be."""
    lines = []
    for one in found:
        if one["outcome"] in FAULTS:
            said = one["said"].strip().splitlines() or [""]
            lines.append(f"{one['outcome']}: {one['file']} ({one['mutation']}, number {one['index']}) "
                         f"in {one['stage']}: {said[-1][:160]}")
    return lines


def main() -> int:
    """Entry point; 1 where something became of an input what may not be."""
    parser = Parser(prog="make fuzz", description=__doc__)
    parser.add_argument("--number", type=int, default=2000, help="damaged inputs (N=)")
    parser.add_argument("--seed", type=int, default=1, help="decides the damage (SEED=)")
    parser.add_argument("--room", choices=ROOMS, action="append", help="only some rooms")
    parser.add_argument("--write", action="store_true", help="the table into docs/reliability.md")
    parser.add_argument("--keep", type=Path, help="folder for what each input gave; rooms that are not "
                        "asked for are taken from there")
    options = parser.parse_args()
    found: list[dict] = []
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        asked = {room: count for room, count in shares(options.number).items()
                 if not options.room or room in options.room}
        for room in asked:
            (folder / f"{room}.jsonl").unlink(missing_ok=True)
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            for part in pool.map(lambda room: run(room, options.seed, asked[room], folder.resolve()),
                                 asked):
                found += part
        for room in sorted(set(ROOMS) - set(asked)):
            if (kept := folder / f"{room}.jsonl").is_file():
                found += _entries(kept)[1]
    shown = table(found)
    print(shown)
    for line in faults(found):
        print(line)
    if options.write:
        reliability.write("fuzz", f"`make fuzz N={options.number} SEED={options.seed}`:\n\n{shown}")
    return int(any(one["outcome"] in FAULTS for one in found))


if __name__ == "__main__":
    entry(main)
