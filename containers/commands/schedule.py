"""Run stages side by side, in the order of DVC's graph, within one process.

A stage starts as soon as those that it needs are done; what it says goes to a log and its results
into DVC's cache and ``dvc.lock``, as ``dvc repro`` records them. Stages say in their ``meta:`` what
a schedule has to know:

cost: long
    Starts before others that are ready, because others wait for it or it ends last.
threads: N
    Takes N of the workers (1 by default).
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.repo.reproduce import plan_repro
from dvc.stage import Stage
from dvc.stage.cache import RunCacheNotFoundError
from dvc.stage.exceptions import StageNotFound
from dvc.stage.run import _enforce_cmd_list, _make_cmd, get_executable, prepare_kwargs

from containers.commands import books
from containers.launcher import ROOT, LauncherError, environment

logging.getLogger("dvc").setLevel(logging.WARNING)
# Each computes in one thread unless its meta says otherwise, and memory is shared.
WORKERS = 2
# Writing dvc.lock takes two seconds: stages that end within this time share it.
RECORD_SECONDS = 60


class Pipeline:
    """The repository's stages, and which of them needs which.

    Parameters
    ----------
    root : Path
        The repository.

    Raises
    ------
    LauncherError
        If DVC cannot read a pipeline.
    """

    def __init__(self, root: Path = ROOT):
        self.root = root
        # DVC names files and stages as they are seen from here.
        os.chdir(root)
        with _readable():
            self.repo = Repo(str(root))
            books.mend(self.repo)
            self.graph = self.repo.index.graph
        self.order: list[Stage] = plan_repro(self.graph)

    def stages(self, file: str = "dvc.yaml") -> list[Stage]:
        """Return the stages that a ``dvc.yaml`` defines, each behind those that it needs."""
        path = str(self.root / file)
        return [stage for stage in self.order if stage.path == path]

    def named(self, names: Iterable[str]) -> list[Stage]:
        """Return the stages of these names (``STAGE``, ``FILE:STAGE``, ``FILE``), as DVC finds them.

        Raises
        ------
        LauncherError
            If there is no such stage.
        """
        with _readable():
            found = {stage for name in names for stage in self.repo.stage.collect(name)}
        return [stage for stage in self.order if stage in found]

    def needed(self, stages: Collection[Stage]) -> list[Stage]:
        """Return these stages and all that they need, each behind those that it needs."""
        return plan_repro(self.graph, list(stages)) if stages else []

    def makers(self, paths: Collection[str]) -> list[Stage]:
        """Return the stages with an output at or below one of these paths."""
        folders = [self.root / path for path in paths]
        return [stage for stage in self.order if any(
            Path(out.fs_path).is_relative_to(folder) for out in stage.outs for folder in folders)]

    def run(self, stages: Collection[Stage], force: Callable[[Stage], bool] = lambda stage: False,
            log: Path | None = None, workers: int | None = None,
            ended: Callable[[Stage, float | None], None] = lambda stage, seconds: None,
            started: Callable[[Stage], None] = lambda stage: None) -> None:
        """Run stages that changed, and only them; others count as done.

        Whatever ends, this process or a stage: what was done is recorded, or is done again.

        Parameters
        ----------
        stages : collection of Stage
            What to run, in any order.
        force : callable
            Tells of a stage whether it runs though nothing changed; then no cache is asked.
        log : path or None
            File that the stages' own words are appended to.
        workers : int or None
            How many run side by side; as many as there are cores, two at most.
        ended, started : callable
            Told of each stage; `ended` with its seconds, or None where there was nothing to do.

        Raises
        ------
        LauncherError
            With the own line of the first stage that failed; those that run beside it end first.
        """
        run = _Run(self, [stage for stage in self.order if stage in set(stages)], log,
                   workers or min(WORKERS, len(os.sched_getaffinity(0))))
        with _readable():
            run.all(force, started, ended)


class _Run:
    """One run: what waits, what runs, what is to be recorded."""

    def __init__(self, pipeline: Pipeline, stages: list[Stage], log: Path | None, workers: int):
        self.pipeline, self.repo, self.workers = pipeline, pipeline.repo, workers
        self.waiting = sorted(stages, key=lambda stage: _meta(stage).get("cost") != "long")
        self.running: dict[Future, tuple[Stage, float]] = {}
        self.unrecorded: list[Stage] = []
        self.recorded = time.monotonic()
        self.log, self.writing = log, Lock()
        self.gpus: SimpleQueue[str] = SimpleQueue()
        numbers = os.environ.get(environment.DEVICES, "").split(",")
        # One for each stage that runs: with fewer, stages share what there is.
        for number in numbers if len(numbers) >= self.workers > 1 else ():
            self.gpus.put(number)

    def all(self, force, started, ended) -> None:
        failure = None
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                while self.running or self.waiting and failure is None:
                    while failure is None and (stage := self._next()):
                        self.waiting.remove(stage)
                        if self._prepare(stage, force(stage)):
                            started(stage)
                            self.running[pool.submit(self._execute, stage)] = stage, time.monotonic()
                        else:
                            ended(stage, None)
                    for future in wait(self.running, return_when=FIRST_COMPLETED)[0]:
                        stage, start = self.running.pop(future)
                        error = future.result() or self._save(stage)
                        if error is None:
                            ended(stage, time.monotonic() - start)
                        failure = failure or error
                    if time.monotonic() > self.recorded + RECORD_SECONDS:
                        self._record()
            finally:
                self._record()
        if failure:
            raise LauncherError(failure)

    def _next(self) -> Stage | None:
        """Return the stage to start now, if there is one that is ready and room for it."""
        busy = {stage for stage, _ in self.running.values()}
        free = self.workers - sum(map(self._threads, busy))
        undone = {*self.waiting, *busy}
        for stage in self.waiting if free > 0 else ():
            if not undone.intersection(self.pipeline.graph.successors(stage)):
                # The first in line is not overtaken, or one that takes two might wait for ever.
                return stage if self._threads(stage) <= free else None
        return None

    def _threads(self, stage: Stage) -> int:
        return min(int(_meta(stage).get("threads", 1)), self.workers)

    def _prepare(self, stage: Stage, force: bool) -> bool:
        """Tell whether a stage has to run; if so, remove what it made before."""
        if stage.frozen and not force:
            missing = [out for out in stage.outs if not out.exists]
            if missing:
                raise LauncherError(f"stage '{stage.addressing}' is frozen, but {missing[0]} is not "
                                    f"there; thaw it (frozen: in its dvc.yaml) and run it")
            return False
        with self.repo.lock:
            if not force and not stage.changed():
                return False
            stage.remove_outs(ignore_remove=False, force=False)
            if force:
                return True
            try:
                self.repo.stage_cache.restore(stage)
            except RunCacheNotFoundError:
                stage.save_deps()
                return True
        error = self._save(stage)
        if error:
            raise LauncherError(error)
        return False

    def _execute(self, stage: Stage) -> str | None:
        """Run a stage on a GPU of its own where there are several; see `_commands`."""
        if self.gpus.empty():
            return self._commands(stage, {})
        number = self.gpus.get()
        try:
            return self._commands(stage, {environment.DEVICES: number})
        finally:
            self.gpus.put(number)

    def _commands(self, stage: Stage, variables: dict[str, str]) -> str | None:
        """Run a stage's commands as DVC does; return None, or one line that says what failed."""
        how = prepare_kwargs(stage)
        how["env"] |= variables
        how["env"]["PATH"] = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{how['env'].get('PATH', '')}"
        self._say(f"Running stage '{stage.addressing}':\n")
        for command in _enforce_cmd_list(stage.cmd):
            self._say(f"> {command}\n")
            line = _make_cmd(get_executable(), command)
            with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  errors="replace", **how) as process:
                errors = [line.partition(":")[2].strip() for line in map(self._say, process.stdout)
                          if line.lower().startswith("error:")]
            if process.returncode:
                return f"stage '{stage.addressing}' failed: " + (
                    errors[0] if errors else f"exit code {process.returncode}" + (
                        f"; see {self.log}" if self.log else ""))
        return None

    def _say(self, line: str) -> str:
        if self.log:
            with self.writing, open(self.log, "a", encoding="utf-8") as stream:
                stream.write(line)
        return line

    def _save(self, stage: Stage) -> str | None:
        """Take a stage's results into DVC's cache; return what is wrong with them, in one line."""
        # As dvc.stage.Stage.run decides it.
        cached = all(out.use_cache for out in stage.outs if not (out.is_metric or out.is_plot))
        try:
            with self.repo.lock:
                stage.save(run_cache=cached)
                stage.commit()
        except DvcException as error:
            return f"stage '{stage.addressing}' failed: {' '.join(str(error).split())}"
        self.unrecorded.append(stage)
        return None

    def _record(self) -> None:
        """Write the results of stages that ended into their ``dvc.lock``."""
        files = {stage.path: stage.dvcfile for stage in self.unrecorded}
        with self.repo.lock:
            for path, file in files.items():
                with books.kept(self.repo, Path(path).with_suffix(".lock")):
                    file.dump_stages([stage for stage in self.unrecorded if stage.path == path],
                                     update_pipeline=False)
        self.unrecorded, self.recorded = [], time.monotonic()


def _meta(stage: Stage) -> dict:
    return stage.meta or {}


@contextlib.contextmanager
def _readable():
    """Turn DVC's errors into one line."""
    try:
        yield
    except StageNotFound as error:
        raise LauncherError(f"{' '.join(str(error).split())}; see 'dvc stage list --all'") from None
    except DvcException as error:
        raise LauncherError(f"DVC: {' '.join(str(error).split())}") from None
