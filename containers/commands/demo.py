"""``make demo``: a study's system on its synthetic cohort; by default that from CT to NE status.

``make demo STUDY=NAME`` runs ``studies/NAME/synthetic/dvc.yaml``. Without it the imaging half of
``sclc_liver`` runs, where ``COHORT=own`` (or ``lits``) takes another cohort; its results stay in a
folder that git ignores (see `cohorts`). On a cohort without NE scores (LiTS) it ends with the
detection.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

from containers.commands import cohorts, pipeline
from containers.commands.cohorts import PHANTOM, Project
from containers.commands.schedule import Pipeline
from containers.launcher import ROOT, LauncherError, Parser, entry, environment

LOG = ROOT / "logs" / "demo.log"
# The study whose demonstration is the imaging half, and the pipeline of any other.
DEFAULT = "sclc_liver"
SYNTHETIC = "studies/{}/synthetic/dvc.yaml"


def scored(manifest: Path) -> bool:
    """Tell whether any series of a cohort can be classified: it has an NE score and a group."""
    with open(manifest, newline="", encoding="utf-8") as stream:
        return any(row["NE_Score"] and row["Group"] for row in csv.DictReader(stream))


def show(*arguments: str) -> None:
    """Print results, as the reporting image words them."""
    pipeline.in_image("reporting", "studies.sclc_liver.demo", "--params", cohorts.PARAMETERS,
                      *arguments)


def synthetic(study: str) -> str:
    """Return the pipeline of a study's synthetic cohort.

    Raises
    ------
    LauncherError
        Listing the studies that have one.
    """
    known = sorted(path.parts[-3] for path in ROOT.glob(SYNTHETIC.format("*")))
    if study not in known:
        raise LauncherError(f"there is no demonstration of a study {study!r}; valid: "
                            f"{', '.join([DEFAULT, *known])}")
    return SYNTHETIC.format(study)


def run_study(study: str) -> None:
    """Run a study's system on its synthetic cohort.

    Raises
    ------
    LauncherError
        If the study has no such pipeline, or with the failing stage's own line.
    """
    file, start = synthetic(study), time.monotonic()
    house, again = Pipeline(), begin(study)
    stages = house.stages(file)
    with pipeline.display() as progress:
        pipeline.set_up(progress, pipeline.used(stages))
        pipeline.run(progress, study, house, stages, again, LOG, again.add)
    again.add()
    made = [Path(out.fs_path).relative_to(ROOT).as_posix() for stage in stages for out in stage.outs]
    pages = [name for name in made if name.startswith("reports/")]
    print(f"\n{(time.monotonic() - start) / 60:.0f} minutes. To read: {', '.join(pages)}; all numbers: "
          f"metrics/{study}/synthetic/")


def begin(name: str) -> pipeline.Again:
    """Empty the log; return what a first run has still to repeat."""
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    return pipeline.Again(ROOT / "logs" / f"demonstrated-{name}")


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
    house, again = Pipeline(), begin(project.cohort)
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
    parser.add_argument("--study", help=f"whose system runs (default: {DEFAULT})")
    options = parser.parse_args()
    environment.check_cpu()
    if (options.study or DEFAULT) == DEFAULT:
        run(cohorts.project(options.cohort or cohorts.wanted()))
    elif options.cohort:
        raise LauncherError(f"COHORT is about {DEFAULT}; give it without STUDY")
    else:
        run_study(options.study)


if __name__ == "__main__":
    entry(main)
