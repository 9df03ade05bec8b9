"""``make reproduce``: set up, run the pipeline with a progress display, print the verdicts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from containers.launcher import (
    ROOT,
    LauncherError,
    engines,
    entry,
    environment,
    images,
    venv,
)

# What a reviewer asks first, and the stages that it takes.
FIRST = ("Table4", r"(fetch|table)@.*|(select|train|bootstrap)@as-released-.*")
# Long sweeps whose results are in git: re-run where something that they depend on changed.
SWEEPS = r"(sensitivity|corrected|leakage)@.*"
DVC = ROOT / ".venv" / "bin" / "dvc"
# Results are in git, so DVC would find nothing to do in a new clone: the first run forces it.
RUN_BEFORE = ROOT / "logs" / "reproduced"
LOG = ROOT / "logs" / "reproduce.log"
STARTED = re.compile(r"(?:Running s|S)tage '([^']+)'")


def stages() -> list[str]:
    """Return the names of all stages of the pipeline.

    Raises
    ------
    LauncherError
        If DVC cannot read the pipeline.
    """
    result = subprocess.run([DVC, "stage", "list", "--name-only"], cwd=ROOT, capture_output=True,
                            text=True)
    if result.returncode:
        raise LauncherError(" ".join(result.stderr.split()) or "dvc stage list failed")
    return result.stdout.split()


def used() -> list[str]:
    """Return the images that the recorded pipeline runs in (all, where nothing is recorded)."""
    lock = ROOT / "dvc.lock"
    called = set(re.findall(r"containers/run (\S+)", lock.read_text())) if lock.exists() else ()
    return [name for name in images.names() if name in called] or images.names()


def set_up(progress: Progress, names: list[str]) -> None:
    """Make every image ready."""
    task = progress.add_task("environments", total=len(names))
    for name in names:
        progress.update(task, description=f"environment {name}")
        image = images.load(name)
        if engines.choose(image)[0] == "venv" and not venv.ready(image):
            progress.console.print(f"setting up the environment {name}")
            venv.setup(image)
        progress.advance(task)
    progress.remove_task(task)


def repro(progress: Progress, title: str, targets: list[str], total: int) -> None:
    """Run ``dvc repro``; show each stage as it starts.

    Raises
    ------
    LauncherError
        With the failing stage's own line.
    """
    task = progress.add_task(title, total=total)
    path = f"{DVC.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [str(DVC), "repro", *targets]
    with open(LOG, "a", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PATH": path}, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   errors="replace")
        last, stage, start = "", "", time.monotonic()
        for line in process.stdout:
            log.write(line)
            if line.lower().startswith("error:") and not last:
                last = line.split(":", 1)[1].strip()
            found = STARTED.match(line)
            if not found:
                continue
            if stage:
                _finish(progress, task, stage, start)
            stage, start = found[1] if line.startswith("Running") else "", time.monotonic()
            progress.update(task, description=f"{title}: {found[1]}")
            if not stage:
                progress.advance(task)
        if stage:
            _finish(progress, task, stage, start)
        if process.wait():
            raise LauncherError(f"stage '{stage}' failed: {last}" if last else
                                f"dvc repro failed; see {LOG.relative_to(ROOT)}")
    progress.remove_task(task)


def _finish(progress, task, stage, start):
    progress.advance(task)
    done, total = int(progress.tasks[0].completed), int(progress.tasks[0].total)
    progress.console.print(f"[{done:>2}/{total}] {stage} {time.monotonic() - start:.0f} s",
                           markup=False, highlight=False)


def in_image(image: str, module: str, *arguments: str) -> None:
    """Run a module in an image; its own line says what is wrong.

    Raises
    ------
    LauncherError
        If it fails.
    """
    command = [sys.executable, str(ROOT / "containers" / "run"), image, "--", "python", "-m", module]
    if subprocess.run([*command, *arguments], cwd=ROOT).returncode:
        raise LauncherError(f"{module} failed (see above)")


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


def main() -> None:
    """Entry point."""
    environment.check_cpu()
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        set_up(progress, used())
        names = stages()
        again = [] if RUN_BEFORE.exists() else ["--force", "--single-item"]
        first = [name for name in names if re.fullmatch(FIRST[1], name)]
        if first:
            repro(progress, "first", [*again, *first], len(first))
    if first:
        show("--item", FIRST[0])
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        if again:
            rest = [name for name in names
                    if name not in first and not re.fullmatch(f"{SWEEPS}|ledger|report", name)]
            repro(progress, "rest", [*again, *rest], len(rest))
        repro(progress, "pipeline", [], len(names))
    RUN_BEFORE.touch()
    cross_check()
    print()
    show()
    print("\nOne line per published number: reports/ledger.csv")


if __name__ == "__main__":
    entry(main)
