"""``make demo``: the imaging half from CT to NE status, on the synthetic cohort by default.

``make demo COHORT=own`` (or ``lits``) takes another one; its results stay in a folder that git
ignores (see `cohorts`). On a cohort without NE scores (LiTS) it ends with the detection.
"""

from __future__ import annotations

import argparse
import csv
import re
import time
from pathlib import Path

from containers.launcher import ROOT, Parser, cohorts, entry, environment, pipeline
from containers.launcher.cohorts import PHANTOM, Project

LOG = ROOT / "logs" / "demo.log"
# What a cohort without scores ends with.
DETECTION = ("detect", "pictures")
FIRST = r"cohort|prepare"
# A network whose stages are no part of a matrix has them as train-NAME, infer-NAME and so on.
NETWORK = r"train[@-](.+)"
# What needs no trained network.
REFERENCE = r"scored|planted|baseline|detect@baseline|\w+@reference"


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


def scored(manifest: Path) -> bool:
    """Tell whether any series of a cohort can be classified: it has an NE score and a group."""
    with open(manifest, newline="", encoding="utf-8") as stream:
        return any(row["NE_Score"] and row["Group"] for row in csv.DictReader(stream))


def stages_of(names: list[str], groups: tuple[str, ...]) -> list[str]:
    """Return the stages that a matrix (or a single stage) of one of these names makes.

    Examples
    --------
    >>> stages_of(["f:detect@a", "f:detect@b", "f:choose"], ("detect",))
    ['f:detect@a', 'f:detect@b']
    """
    return [name for name in names if name.rpartition(":")[2].split("@")[0] in groups]


def run(project: Project = PHANTOM) -> None:
    """Run the imaging pipeline and print its summary.

    Parameters
    ----------
    project : Project
        Pipeline and results of a cohort.

    Raises
    ------
    LauncherError
        With the failing stage's own line.
    """
    start = time.monotonic()
    ran_before = ROOT / "logs" / f"demonstrated-{project.cohort}"
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    with pipeline.display() as progress:
        pipeline.set_up(progress, pipeline.used("imaging/dvc.lock"))
        names = pipeline.stages(project.file)
        again = () if ran_before.exists() else pipeline.AGAIN
        pipeline.repro(progress, "cohort", [*again, f"{project.file}:cohort"], 1, LOG)
        whole = scored(ROOT / project.data / "cohort" / "manifest.csv")
        if not whole:
            names = stages_of(names, DETECTION)
        elif again:
            first, side, rest = parts(names)
            first.remove(f"{project.file}:cohort")
            pipeline.repro(progress, "first", [*pipeline.AGAIN, *first], len(first), LOG)
            pipeline.lanes(progress, side, pipeline.AGAIN, LOG)
            pipeline.repro(progress, "rest", [*pipeline.AGAIN, *rest], len(rest), LOG)
        pipeline.repro(progress, "demo", [project.file] if whole else names, len(names), LOG)
    print()
    if whole:
        ran_before.touch()
        pipeline.in_image("reporting", "stages.reporting.demo", "--show", "--out",
                          f"{project.metrics}/summary.json")
    else:
        pipeline.in_image("reporting", "stages.reporting.demo", "--detection", "--metrics",
                          project.metrics)
        print("\nNo series has an NE score and a group: the pipeline ends with the detection.")
    print(f"\n{(time.monotonic() - start) / 60:.0f} minutes. Pictures: {project.pictures}; "
          f"{f'tables: {project.page}; ' if whole else ''}all numbers: {project.metrics}/")


def main() -> None:
    """Entry point."""
    parser = Parser(prog="make demo", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", help="phantom, lits or own (default: cohort.source of params.yaml)")
    cohort = parser.parse_args().cohort
    environment.check_cpu()
    run(cohorts.project(cohort or cohorts.wanted()))


if __name__ == "__main__":
    entry(main)
