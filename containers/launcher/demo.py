"""``make demo``: the imaging half from CT to NE status, on the synthetic cohort by default."""

from __future__ import annotations

import os
import re
import time

from containers.launcher import ROOT, entry, environment, no_arguments, pipeline

FILE = "imaging/dvc.yaml"
RUN_BEFORE = ROOT / "logs" / "demonstrated"
LOG = ROOT / "logs" / "demo.log"
FIRST = r"cohort|prepare"
# A network whose stages are no part of a matrix has them as train-NAME, infer-NAME and so on.
NETWORK = r"train[@-](.+)"
# What needs no trained network.
REFERENCE = r"scored|planted|baseline|detect@baseline|\w+@reference"
WORKERS = 2


def parts(names: list[str]) -> tuple[list[str], dict[str, list[str]], list[str]]:
    """Divide stages into what comes first, what can run side by side, and the rest.

    Examples
    --------
    >>> first, side, rest = parts(["f:cohort", "f:train@a", "f:detect@a", "f:scored", "f:choose"])
    >>> first, side["a"], side["reference"], rest
    (['f:cohort'], ['f:train@a', 'f:detect@a'], ['f:scored'], ['f:choose'])
    """
    short = {name: name.rpartition(":")[2] for name in names}
    networks = [found[1] for found in map(re.compile(NETWORK).fullmatch, short.values()) if found]
    first = [name for name in names if re.fullmatch(FIRST, short[name])]
    side = {network: [name for name in names if re.fullmatch(rf"\w+[@-]{network}", short[name])]
            for network in networks}
    side["reference"] = [name for name in names if re.fullmatch(REFERENCE, short[name])]
    done = {*first, *(name for part in side.values() for name in part)}
    return first, side, [name for name in names if name not in done]


def run() -> None:
    """Run the imaging pipeline and print its summary.

    Raises
    ------
    LauncherError
        With the failing stage's own line.
    """
    start = time.monotonic()
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    workers = max(1, min(WORKERS, os.cpu_count() or 1))
    with pipeline.display() as progress:
        pipeline.set_up(progress, pipeline.used("imaging/dvc.lock"))
        names = pipeline.stages(FILE)
        if not RUN_BEFORE.exists():
            first, side, rest = parts(names)
            pipeline.repro(progress, "first", [*pipeline.AGAIN, *first], len(first), LOG)
            pipeline.lanes(progress, side, pipeline.AGAIN, workers, LOG)
            pipeline.repro(progress, "rest", [*pipeline.AGAIN, *rest], len(rest), LOG)
        pipeline.repro(progress, "demo", [FILE], len(names), LOG)
    RUN_BEFORE.touch()
    print()
    pipeline.in_image("reporting", "stages.reporting.demo", "--show", "--out",
                      "metrics/imaging/summary.json")
    print(f"\n{(time.monotonic() - start) / 60:.0f} minutes. Pictures and tables: reports/demo.md; "
          "all numbers: metrics/imaging/")


def main() -> None:
    """Entry point."""
    no_arguments("make demo", __doc__)
    environment.check_cpu()
    run()


if __name__ == "__main__":
    entry(main)
