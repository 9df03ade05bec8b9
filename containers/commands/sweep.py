"""``make sweep``: run the sweeps again (``meta: {sweep: true}``), and what they need.

``make reproduce`` takes their results from git as long as nothing that they depend on has changed.
"""

from __future__ import annotations

from containers.commands import pipeline
from containers.commands.schedule import Pipeline
from containers.launcher import ROOT, LauncherError, entry, environment, no_arguments

LOG = ROOT / "logs" / "sweep.log"


def main() -> None:
    """Entry point.

    Raises
    ------
    LauncherError
        If no stage is a sweep, or with the failing stage's own line.
    """
    no_arguments("make sweep", __doc__)
    environment.check_cpu()
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    house = Pipeline()
    sweeps = [stage for stage in house.order if (stage.meta or {}).get("sweep")]
    if not sweeps:
        raise LauncherError("no stage is a sweep; mark one in its dvc.yaml by meta: {sweep: true}")
    needed = house.needed(sweeps)
    with pipeline.display() as progress:
        pipeline.set_up(progress, pipeline.used(needed))
        pipeline.run(progress, "sweeps", house, needed, lambda stage: stage in sweeps, LOG)
    print("\nWhat rests on the sweeps is now to be made again: make reproduce")


if __name__ == "__main__":
    entry(main)
