"""``make demo``: the imaging half from CT to NE status, on the synthetic cohort by default.

On a cohort without NE scores (LiTS) it ends with the detection.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path

from containers.commands import pipeline
from containers.commands.schedule import Pipeline
from containers.launcher import ROOT, entry, environment, no_arguments

FILE = "imaging/dvc.yaml"
RUN_BEFORE = ROOT / "logs" / "demonstrated"
LOG = ROOT / "logs" / "demo.log"
MANIFEST = "data/imaging/cohort/manifest.csv"


def scored(manifest: Path) -> bool:
    """Tell whether any series of a cohort can be classified: it has an NE score and a group."""
    with open(manifest, newline="", encoding="utf-8") as stream:
        return any(row["NE_Score"] and row["Group"] for row in csv.DictReader(stream))


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
    house, again = Pipeline(), pipeline.Again(RUN_BEFORE)
    stages = house.stages(FILE)
    with pipeline.display() as progress:
        pipeline.set_up(progress, pipeline.used(stages))
        cohort = house.needed(house.makers([str(Path(MANIFEST).parent)]))
        pipeline.run(progress, "cohort", house, cohort, again, LOG, again.add)
        whole = scored(ROOT / MANIFEST)
        if not whole:
            stages = house.needed([stage for stage in stages if (stage.meta or {}).get("unscored")])
        rest = [stage for stage in stages if stage not in cohort]
        pipeline.run(progress, "demo", house, rest, again, LOG, again.add)
    print()
    if whole:
        again.add()
        pipeline.in_image("reporting", "stages.reporting.demo", "--show", "--out",
                          "metrics/imaging/summary.json")
    else:
        pipeline.in_image("reporting", "stages.reporting.demo", "--detection")
        print("\nNo series has an NE score and a group: the pipeline ends with the detection.")
    print(f"\n{(time.monotonic() - start) / 60:.0f} minutes. Pictures: reports/demo; "
          f"{'tables: reports/demo.md; ' if whole else ''}all numbers: metrics/imaging/")


def main() -> None:
    """Entry point."""
    no_arguments("make demo", __doc__)
    environment.check_cpu()
    run()


if __name__ == "__main__":
    entry(main)
