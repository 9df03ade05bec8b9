"""A pipeline's run with a progress display; what `reproduce` and `demo` share."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from dvc.stage import Stage
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from containers.commands.schedule import Pipeline
from containers.launcher import ROOT, LauncherError, engines, images, venv

IMAGE = re.compile(r"containers/run\s(?:[^;&|]*?\s)?(\S+)\s+--\s")


def display() -> Progress:
    """Return a progress display on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def used(stages: Iterable[Stage]) -> list[str]:
    """Return the images that stages run in."""
    called = {image for stage in stages for image in IMAGE.findall(str(stage.cmd))}
    return [name for name in images.names() if name in called]


def set_up(progress: Progress, names: list[str]) -> None:
    """Make every image ready."""
    task = progress.add_task("environments", total=len(names))
    for name in names:
        progress.update(task, description=f"environment {name}")
        image = images.load(images.with_gpu(name) if images.gpu() else name)
        if engines.choose(image)[0] == "venv" and not venv.ready(image):
            progress.console.print(f"setting up the environment {name}")
            venv.setup(image)
        progress.advance(task)
    progress.remove_task(task)


def shown(stage: Stage) -> str:
    """Return a stage's name as a reader needs it: the study's or folder's, and its own.

    Examples
    --------
    >>> from types import SimpleNamespace as Stage
    >>> shown(Stage(addressing="studies/a/dvc.yaml:train@x")), shown(Stage(addressing="report@a"))
    ('a:train@x', 'report@a')
    """
    return stage.addressing.replace("/dvc.yaml:", ":").removeprefix("studies/")


class Again:
    """The stages that a first run repeats though git holds their results.

    An interrupted first run goes on behind the stages that it has repeated already.

    Parameters
    ----------
    record : Path
        File that names them, a line each; a last line `COMPLETE` ends the first run.
    """

    COMPLETE = "complete"

    def __init__(self, record: Path):
        self.record = record
        self.done = set(record.read_text().splitlines()) if record.is_file() else set()

    def __call__(self, stage: Stage) -> bool:
        """Tell whether a stage is still to be repeated; sweeps never are (``meta: {sweep: true}``)."""
        swept = (stage.meta or {}).get("sweep", False)
        return not swept and not {self.COMPLETE, stage.addressing} & self.done

    def add(self, name: str = COMPLETE) -> None:
        """Note a stage as repeated, or all of them."""
        self.done.add(name)
        with open(self.record, "a", encoding="utf-8") as stream:
            stream.write(f"{name}\n")


def run(progress: Progress, title: str, pipeline: Pipeline, stages: Collection[Stage],
        again: Callable[[Stage], bool], log: Path,
        done: Callable[[str], None] = lambda name: None) -> None:
    """Run stages; show each as it ends.

    Parameters
    ----------
    progress : Progress
        Its display.
    title : str
        What the stages are together.
    pipeline, stages
        See `schedule.Pipeline.run`.
    again : callable
        Tells which of them run though nothing changed.
    log : Path
        File that their own words are appended to.
    done : callable
        Told the name of each stage whose results are recorded.

    Raises
    ------
    LauncherError
        With the failing stage's own line.
    """
    task = progress.add_task(title, total=len(stages))
    running: list[str] = []

    def show() -> None:
        progress.update(task, description=f"{title}: {', '.join(running)}")

    def started(stage: Stage) -> None:
        running.append(shown(stage))
        show()

    def ended(stage: Stage, seconds: float | None) -> None:
        done(stage.addressing)
        progress.advance(task)
        if seconds is None:
            return
        running.remove(shown(stage))
        show()
        count = int(next(item for item in progress.tasks if item.id == task).completed)
        progress.console.print(f"[{count:>2}/{len(stages)}] {shown(stage)} {seconds:.0f} s",
                               markup=False, highlight=False, soft_wrap=True)

    pipeline.run(stages, again, log, ended=ended, started=started)
    progress.remove_task(task)


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
