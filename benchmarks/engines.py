"""What an engine costs per stage, over ``venv``: median of side-by-side runs.

    .venv/bin/python benchmarks/engines.py [--runs 15] [--engines docker apptainer]

Each round runs every engine once, in turn, so that a busy machine slows all of them alike; the
overhead is the median over the rounds of the difference within a round.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGE = "classification-notebook"
COMMANDS = {
    "trivial (true)": ["true"],
    "real (import the room's libraries, fit)": ["python", "-c", (
        "import numpy, pandas, scipy.stats, xgboost, sklearn.linear_model as m;"
        "x = numpy.random.default_rng(1).normal(size=(227, 20));"
        "m.LogisticRegression(C=3).fit(x, x[:, 0] > 0)")],
}


def seconds(engine: str, command: list[str]) -> float:
    """Return the wall time of one run through the launcher."""
    start = time.perf_counter()
    subprocess.run([sys.executable, ROOT / "containers" / "run", IMAGE, "--", *command], check=True,
                   env={**os.environ, "MSCLC_ENGINE": engine}, cwd=ROOT)
    return time.perf_counter() - start


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--engines", nargs="+", default=["docker", "apptainer"])
    options = parser.parse_args()
    every = ["venv", *options.engines]
    print("| command | engine | median s | overhead over venv, median s |\n|---|---|---|---|")
    for name, command in COMMANDS.items():
        for engine in every:
            seconds(engine, command)  # The first run reads the image from the disk.
        rounds = [{engine: seconds(engine, command) for engine in every}
                  for _ in range(options.runs)]
        for engine in every:
            median = statistics.median(one[engine] for one in rounds)
            over = statistics.median(one[engine] - one["venv"] for one in rounds)
            print(f"| {name} | {engine} | {median:.2f} | {over:+.2f} |", flush=True)


if __name__ == "__main__":
    main()
