"""``make reproduce``: set up, run the pipeline with a progress display, print the verdicts.

Where the released tables cannot be reached it says so, runs the imaging demo instead and marks
every published number ``not-checked`` in a ledger of its own; ``REQUIRE_PUBLISHED=1`` refuses.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from containers.launcher import (
    ROOT,
    LauncherError,
    demo,
    entry,
    environment,
    no_arguments,
    pipeline,
)
from containers.launcher.pipeline import in_image

# What a reviewer asks first, and the stages that it takes.
FIRST = ("Table4", r"(fetch|table)@.*|(select|train|bootstrap)@as-released-.*")
# Long sweeps whose results are in git: re-run where something that they depend on changed.
SWEEPS = r"(sensitivity(_search)?|corrected|leakage)@.*"
# As long as all the others that need the first stages only; nothing but LAST reads it.
SEARCH = r"forest_weights@.*"
# What reads the results of all the others.
LAST = r"ledger|contradictions|checklists|report"
RUN_BEFORE = ROOT / "logs" / "reproduced"
LOG = ROOT / "logs" / "reproduce.log"
# The committed ledger stays as it is.
UNCHECKED = "logs/ledger-not-checked.csv"
REQUIRE = "REQUIRE_PUBLISHED"


def unreachable(names: list[str], folder: Path) -> str | None:
    """Fetch the released tables; return why that fails, in one line, or None.

    Parameters
    ----------
    names : list of str
        Stages of the pipeline: those called ``fetch@RELEASE`` name the releases.
    folder : Path
        Where the tables belong.
    """
    for name in names:
        stage, _, release = name.partition("@")
        if stage != "fetch":
            continue
        command = [sys.executable, str(ROOT / "containers" / "run"), "orchestrator", "--", "python",
                   "-m", "stages.cohort.fetch", "--release", release, "--out",
                   str(folder / f"features_{release}.csv")]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if result.returncode:
            lines = result.stderr.strip().splitlines() or ["the stage fetch failed"]
            return lines[-1].removeprefix("error: ")
    return None


def without_tables(reason: str, run_demo: Callable[[], None]) -> None:
    """Say that no number can be checked, run the demo, and mark every number so.

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
    in_image("reporting", "stages.reporting.unchecked", "--out", UNCHECKED)
    print()
    show("--ledger", UNCHECKED)
    print(f"\nNo published number was checked: {UNCHECKED}. reports/ledger.csv holds the verdicts "
          "of the last run that had the released tables.")


def by_release(names: list[str]) -> dict[str, list[str]]:
    """Divide stages by the release in their names: those of one need none of another.

    Examples
    --------
    >>> by_release(["fetch@a", "fetch@b", "train@as-released-a-x", "train@as-released-b-x"])
    {'a': ['fetch@a', 'train@as-released-a-x'], 'b': ['fetch@b', 'train@as-released-b-x']}
    """
    releases = [name.partition("@")[2] for name in names if name.startswith("fetch@")]
    return {release: [name for name in names
                      if re.search(rf"[@-]{re.escape(release)}(-|$)", name)]
            for release in releases}


def show(*arguments: str) -> None:
    """Print verdicts."""
    in_image("reporting", "stages.reporting.verdicts", *arguments)


def cross_check() -> None:
    """Repeat the rank-sum tests in exactly R 4.4.1 where Node is there (not a DVC stage)."""
    folder = ROOT / "containers" / "statistics" / "webr"
    npm = shutil.which("npm")
    if npm and not (folder / "node_modules" / "webr").is_dir():
        subprocess.run([npm, "ci", "--silent", "--prefix", str(folder)], cwd=ROOT,
                       capture_output=True)
    node = shutil.which("node") or "node"
    for points in sorted((ROOT / "data" / "burden").glob("*.csv")):
        in_image("statistics", "stages.statistics.crosscheck", "--if-available", "--node", node,
                 "--points", f"data/burden/{points.name}",
                 "--metrics", f"metrics/statistics/{points.stem}.json")


def published(names: list[str]) -> None:
    """Run the root's pipeline and print the verdicts."""
    with pipeline.display() as progress:
        pipeline.set_up(progress, pipeline.used())
        again = () if RUN_BEFORE.exists() else pipeline.AGAIN
        first = [name for name in names if re.fullmatch(FIRST[1], name)]
        pipeline.lanes(progress, by_release(first), again, LOG)
    if first:
        show("--item", FIRST[0])
    with pipeline.display() as progress:
        if again:
            rest = [name for name in names
                    if name not in first and not re.fullmatch(f"{SWEEPS}|{SEARCH}|{LAST}", name)]
            search = [name for name in names if re.fullmatch(SEARCH, name)]
            pipeline.lanes(progress, {"search": search, "rest": rest}, again, LOG)
        pipeline.repro(progress, "pipeline", [], len(names), LOG)
        if again:
            last = [name for name in names if re.fullmatch(LAST, name)]
            pipeline.repro(progress, "reports", [*again, *last], len(last), LOG)
    RUN_BEFORE.touch()
    cross_check()
    print()
    show()
    print("\nOne line per published number: reports/ledger.csv")


def main(run_demo: Callable[[], None] = demo.run) -> None:
    """Entry point; ``run_demo`` is what runs where the released tables cannot be reached."""
    no_arguments("make reproduce", __doc__)
    environment.check_cpu()
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    names = pipeline.stages()
    reason = unreachable(names, ROOT / "data" / "released")
    if reason is None:
        published(names)
    else:
        without_tables(reason, run_demo)


if __name__ == "__main__":
    entry(main)
