"""``make demo``: the imaging half from CT to NE status, on the synthetic cohort by default.

``make demo COHORT=own`` (or ``lits``) takes another one; its results stay in a folder that git
ignores (see `cohorts`). On a cohort without NE scores (LiTS) it ends with the detection.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

from containers.commands import cohorts, pipeline
from containers.commands.cohorts import PHANTOM, Project
from containers.commands.schedule import Pipeline
from containers.launcher import ROOT, Parser, entry, environment

LOG = ROOT / "logs" / "demo.log"


def scored(manifest: Path) -> bool:
    """Tell whether any series of a cohort can be classified: it has an NE score and a group."""
    with open(manifest, newline="", encoding="utf-8") as stream:
        return any(row["NE_Score"] and row["Group"] for row in csv.DictReader(stream))


def show(*arguments: str) -> None:
    """Print results, as the reporting image words them."""
    pipeline.in_image("reporting", "studies.sclc_liver.demo", "--params", cohorts.PARAMETERS,
                      *arguments)


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
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    house = Pipeline()
    again = pipeline.Again(ROOT / "logs" / f"demonstrated-{project.cohort}")
    stages, folder = house.stages(project.file), f"{project.data}/cohort"
    with pipeline.display() as progress:
        pipeline.set_up(progress, pipeline.used(stages))
        cohort = house.needed(house.makers([folder]))
        pipeline.run(progress, "cohort", house, cohort, again, LOG, again.add)
        whole = scored(ROOT / folder / "manifest.csv")
        if not whole:
            stages = house.needed([stage for stage in stages if (stage.meta or {}).get("unscored")])
        rest = [stage for stage in stages if stage not in cohort]
        pipeline.run(progress, "demo", house, rest, again, LOG, again.add)
    print()
    if whole:
        again.add()
        show("--show", "--out", f"{project.metrics}/summary.json")
    else:
        show("--detection", "--metrics", project.metrics, "--methods", *project.methods())
        print("\nNo series has an NE score and a group: the pipeline ends with the detection.")
    print(f"\n{(time.monotonic() - start) / 60:.0f} minutes. Pictures: {project.pictures}; "
          f"{f'tables: {project.page}; ' if whole else ''}all numbers: {project.metrics}/")


def main() -> None:
    """Entry point."""
    parser = Parser(prog="make demo", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", help="phantom, lits or own (default: cohort.source of "
                        f"{cohorts.PARAMETERS})")
    cohort = parser.parse_args().cohort
    environment.check_cpu()
    run(cohorts.project(cohort or cohorts.wanted()))


if __name__ == "__main__":
    entry(main)
