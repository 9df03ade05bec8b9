"""``make reproduce``: set up, run the pipeline with a progress display, print the verdicts.

Where the released tables cannot be reached it says so, runs the imaging demo instead and writes what
arithmetic alone says of every published number into a ledger of its own; ``REQUIRE_PUBLISHED=1``
refuses.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable

from dvc.stage import Stage

from containers.commands import demo, named, pipeline
from containers.commands.pipeline import in_image
from containers.commands.schedule import Pipeline
from containers.launcher import ROOT, LauncherError, entry, environment, no_arguments

RUN_BEFORE = ROOT / "logs" / "reproduced"
LOG = ROOT / "logs" / "reproduce.log"
# The committed ledger stays as it is.
WITHOUT_DATA = "logs/{study}-without-data.csv"
REQUIRE = "REQUIRE_PUBLISHED"


def unreachable(stages: Iterable[Stage]) -> str | None:
    """Run the stages that need the network (``meta: {network: true}``), frozen ones left out.

    Returns
    -------
    str or None
        Why one of them fails, in one line; None if they all succeed.
    """
    for stage in stages:
        if stage.frozen or not (stage.meta or {}).get("network"):
            continue
        result = subprocess.run(stage.cmd, shell=True, cwd=stage.wdir, capture_output=True, text=True)
        if result.returncode:
            lines = result.stderr.strip().splitlines() or [f"stage '{stage.addressing}' failed"]
            return lines[-1].removeprefix("error: ")
    return None


def first(whole: Pipeline, stages: list[Stage]) -> tuple[dict[str, str] | None, list[Stage]]:
    """Return the table that is shown first, and the stages that make the results behind it.

    One stage names them: ``meta: {first: {study: STUDY, item: TABLE, results: [PATH, …]}}``.
    """
    for stage in stages:
        asked = (stage.meta or {}).get("first")
        if asked:
            return asked, whole.needed(whole.makers(asked["results"]))
    return None, []


def studies(stages: Iterable[Stage]) -> list[str]:
    """Return the studies that the house judges, in its order: those of its stages ``ledger@STUDY``."""
    return [stage.name.partition("@")[2] for stage in stages if stage.name.startswith("ledger@")]


def without_tables(reason: str, judged: list[str], run_demo: Callable[[], None]) -> None:
    """Say that no number can be recomputed, run the demo, and write what needs no data.

    Raises
    ------
    LauncherError
        If the published numbers are required, or the demo fails.
    """
    if os.environ.get(REQUIRE, "0") not in ("", "0"):
        raise LauncherError(f"the published numbers cannot be checked: {reason}")
    print(f"The published numbers cannot be checked here: {reason}", file=sys.stderr)
    print("Running the imaging pipeline on its synthetic cohort instead (make demo).",
          file=sys.stderr, flush=True)
    run_demo()
    for study in judged:
        ledger = WITHOUT_DATA.format(study=study)
        in_image("reporting", "stages.verdicts.unchecked", "--study", f"studies/{study}",
                 "--params", "params.yaml", "--out", ledger)
        show(study, "--ledger", ledger)
        print(f"\nNo published number was recomputed: {ledger} holds what arithmetic alone says. "
              f"reports/{study}/ledger.csv holds the verdicts of the last run that had the released "
              "tables.")


def show(study: str, *arguments: str) -> None:
    """Print a study's verdicts."""
    print(flush=True)
    in_image("reporting", "stages.verdicts.tables", "--params", "params.yaml", "--study",
             f"studies/{study}", *arguments)


def cross_check() -> None:
    """Repeat the rank-sum tests in exactly R 4.4.1 where Node is there (not a DVC stage)."""
    folder = ROOT / "containers" / "statistics" / "webr"
    points = sorted((ROOT / "data" / "sclc_liver" / "burden").glob("*.csv"))
    npm = shutil.which("npm")
    # npm writes its own list of what it installed at the end: a killed one leaves folders without it.
    if points and npm and not (folder / "node_modules" / ".package-lock.json").is_file():
        subprocess.run([npm, "ci", "--silent", "--prefix", str(folder)], cwd=ROOT,
                       capture_output=True)
    node = shutil.which("node") or "node"
    for path in points:
        in_image("statistics", "studies.sclc_liver.crosscheck", "--if-available", "--node", node,
                 "--params", "studies/sclc_liver/params",
                 "--points", f"data/sclc_liver/burden/{path.name}",
                 "--metrics", f"metrics/sclc_liver/results/statistics/{path.stem}.json")


def published(whole: Pipeline, stages: list[Stage]) -> None:
    """Run the house's stages and all that they need; print the verdicts."""
    again = pipeline.Again(RUN_BEFORE)
    every = whole.needed(stages)
    asked, early = first(whole, every)
    with pipeline.display() as progress:
        pipeline.set_up(progress, pipeline.used(every))
        if asked:
            pipeline.run(progress, f"behind {asked['item']}", whole, early, again, LOG, again.add)
    if asked:
        show(asked["study"], "--item", asked["item"])
    late = [stage for stage in every if stage not in early]
    with pipeline.display() as progress:
        pipeline.run(progress, "pipeline", whole, late, again, LOG, again.add)
    again.add()
    cross_check()
    for study in studies(stages):
        show(study)
        print(f"\nOne line per published number: reports/{study}/ledger.csv")
    if older := [stage.addressing for stage in stale(every)]:
        print("\nSweeps that were made from other inputs or code than today's ('make sweep' makes them "
              "again):", *older, sep="\n  ")


def stale(stages: Iterable[Stage]) -> list[Stage]:
    """Return the sweeps whose recorded inputs are not today's: they are never run by themselves."""
    return [stage for stage in stages if stage.frozen and any(
        dependency.workspace_status() for dependency in stage.deps)]


def main(run_demo: Callable[[], None] = demo.run) -> None:
    """Entry point; ``run_demo`` is what runs where the released tables cannot be reached."""
    no_arguments("make reproduce", __doc__)
    named.check()
    environment.check_cpu()
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    whole = Pipeline()
    stages = whole.stages()
    reason = unreachable(whole.needed(stages))
    if reason is None:
        published(whole, stages)
    else:
        without_tables(reason, studies(stages), run_demo)


if __name__ == "__main__":
    entry(main)
