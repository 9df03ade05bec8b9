"""Run stages of a DVC pipeline with a progress display; what `reproduce` and `demo` share."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from containers.launcher import ROOT, LauncherError, engines, images, venv

DVC = ROOT / ".venv" / "bin" / "dvc"
STARTED = re.compile(r"(?:Running s|S)tage '([^']+)'")
# Results are in git, so DVC would find nothing to do in a new clone: a first run forces it.
AGAIN = ("--force", "--single-item")
# A stage may start two processes of its own, and memory is shared.
WORKERS = 2


def display() -> Progress:
    """Return a progress display on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def stages(file: str | None = None) -> list[str]:
    """Return the names of all stages of a pipeline, the root's where no file is named.

    Raises
    ------
    LauncherError
        If DVC cannot read the pipeline.
    """
    result = subprocess.run([DVC, "stage", "list", "--name-only", *([file] if file else [])],
                            cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        raise LauncherError(" ".join(result.stderr.split()) or "dvc stage list failed")
    return result.stdout.split()


def used(lock: str = "dvc.lock") -> list[str]:
    """Return the images that the recorded pipeline runs in (all, where nothing is recorded)."""
    path = ROOT / lock
    called = set(re.findall(r"containers/run (\S+)", path.read_text())) if path.exists() else ()
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


def repro(progress: Progress, title: str, targets: list[str], total: int, log) -> None:
    """Run ``dvc repro``; show each stage as it starts.

    Parameters
    ----------
    progress : Progress
        Its display.
    title : str
        What the targets are together.
    targets : list of str
        Arguments of ``dvc repro``.
    total : int
        Number of stages.
    log : Path
        File that DVC's own words are appended to.

    Raises
    ------
    LauncherError
        With the failing stage's own line.
    """
    task = progress.add_task(title, total=total)
    path = f"{DVC.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [str(DVC), "--wait-for-lock", "repro", *targets]
    with open(log, "a", encoding="utf-8", buffering=1) as stream:
        with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PATH": path}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              errors="replace") as process:
            last, stage = _follow(process.stdout, stream, progress, task, title)
    if process.returncode:
        raise LauncherError(f"stage '{stage}' failed: {last}" if last else
                            f"dvc repro failed; see {log.relative_to(ROOT)}")
    progress.remove_task(task)


def _follow(lines, log, progress, task, title):
    """Show the stages that DVC names; return the first error and the stage that ran last."""
    error, stage, start = "", "", time.monotonic()
    for line in lines:
        log.write(line)
        if line.lower().startswith("error:") and not error:
            error = line.split(":", 1)[1].strip()
        found = STARTED.match(line)
        if not found:
            continue
        if stage:
            _finish(progress, task, stage, start)
        stage, start = found[1] if line.startswith("Running") else "", time.monotonic()
        progress.update(task, description=f"{title}: {found[1]}")
        if not stage:
            progress.advance(task)
    if stage and not error:
        _finish(progress, task, stage, start)
    return error, stage


def _finish(progress, task, stage, start):
    progress.advance(task)
    shown = next(item for item in progress.tasks if item.id == task)
    progress.console.print(f"[{int(shown.completed):>2}/{int(shown.total)}] {stage} "
                           f"{time.monotonic() - start:.0f} s", markup=False, highlight=False)


def lanes(progress: Progress, parts: dict[str, list[str]], options: tuple[str, ...], log) -> None:
    """Run several lists of stages, two of them side by side, each in its own order.

    Parameters
    ----------
    progress, log
        See `repro`.
    parts : dict
        Title to stages; no stage of one part may need a stage of another part.
    options : tuple of str
        Options of ``dvc repro``.

    Raises
    ------
    LauncherError
        Of the first list that fails; the others end first, so that nothing is lost.
    """
    with ThreadPoolExecutor(workers()) as pool:
        running = [pool.submit(repro, progress, title, [*options, *names], len(names), log)
                   for title, names in parts.items() if names]
    for each in running:
        each.result()


def workers() -> int:
    """Return how many stages run side by side: each computes in one thread, or two at most."""
    return max(1, min(WORKERS, len(os.sched_getaffinity(0))))


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
