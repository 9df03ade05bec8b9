"""A scratch clone of the committed state, and the pipeline's run in it."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from containers.launcher import ROOT, LauncherError

RUNNING = re.compile(r"Running stage '([^']+)'")
# What is made from locks only, so that a clone may use what the repository has already.
SHARED = (".venv", ".envs", ".images")


@dataclass(frozen=True)
class Choice:
    """Which stages to run.

    Attributes
    ----------
    pipeline : str
        A ``dvc.yaml``: its stages and all that they need, in every pipeline.
    targets : tuple of str
        Instead: stages and what they need. Names or patterns; a stage of another file than the
        root's may be named with it (``FILE:STAGE``) or without.
    skip : tuple of str
        Names or patterns of stages to leave out.
    """

    pipeline: str = "dvc.yaml"
    targets: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


def clone(folder: Path) -> Path:
    """Clone the committed state into ``folder``; return it.

    Raises
    ------
    LauncherError
        If git cannot.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    result = subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)],
                            capture_output=True, text=True)
    if result.returncode:
        raise LauncherError(f"cannot clone {ROOT}: {result.stderr.strip().splitlines()[-1]}")
    for name in SHARED:
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    if (ROOT / "containers" / "images.lock").is_file():
        shutil.copy(ROOT / "containers" / "images.lock", folder / "containers")
    return folder


def variables(extra: dict[str, str]) -> dict[str, str]:
    """Return the environment of a run: the host's, with the data's place and ``extra``."""
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    mirrors = (ROOT.parent / "shared" / "data", ROOT / "data")
    mirror = next((str(path) for path in mirrors if (path / "released").is_dir()), "")
    return {**os.environ, "PATH": path, "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
            **({"DATA_MIRROR": os.environ.get("DATA_MIRROR", mirror)} if mirror else {}), **extra}


def plan(folder: Path, choice: Choice) -> list[str]:
    """Return the stages to run, in order; frozen ones never do.

    Raises
    ------
    LauncherError
        If DVC cannot read the pipeline or nothing is left to run.
    """
    names = _running(folder, [choice.pipeline])
    if choice.targets:
        names = _running(folder, [name for target in choice.targets
                                  for name in _meant(folder, target, names)])
    names = [name for name in names if not any(matches(name, one) for one in choice.skip)]
    if not names:
        raise LauncherError("no stage is left to run (frozen ones never are); see --targets and "
                            "--skip")
    return names


def _meant(folder: Path, target: str, names: list[str]) -> list[str]:
    """Return the stages that a target means: those of the pipeline, or else of any pipeline.

    One that names a file (``FILE:STAGE``) means any pipeline's. One that fits nothing is DVC's to
    refuse.
    """
    found = [] if ":" in target else [name for name in names if matches(name, target)]
    if not found:
        # What no stage of the root's pipeline needs is not among its names, such as a page of its own.
        everything = subprocess.run([_dvc(), "stage", "list", "--all", "--name-only"], cwd=folder,
                                    env=variables({}), capture_output=True, text=True)
        if everything.returncode:
            raise LauncherError(f"dvc stage list: {_error(everything.stdout + everything.stderr)}")
        found = [name for name in everything.stdout.splitlines() if matches(name, target)]
    return found or [target]


def matches(stage: str, pattern: str) -> bool:
    """Tell whether a pattern fits a stage's name (``FILE:STAGE``), or the name without its file.

    The name of a stage that DVC repeats (``STAGE@ITEM``) fits all of its items.
    """
    short = stage.rpartition(":")[2]
    return any(fnmatch.fnmatch(name, pattern) for name in (
        stage, stage.partition("@")[0], short, short.partition("@")[0]))


def _running(folder: Path, targets: list[str]) -> list[str]:
    """Return what ``dvc repro`` would run for some targets."""
    line = [_dvc(), "repro", "--force", "--dry", *targets]
    result = subprocess.run(line, cwd=folder, env=variables({}), capture_output=True, text=True)
    if result.returncode:
        raise LauncherError(f"dvc repro: {_error(result.stdout + result.stderr)}")
    return RUNNING.findall(result.stdout + result.stderr)


def reproduce(folder: Path, names: list[str], prefix: list[str], extra: dict[str, str],
              cwd: Path | None = None, umask: int = -1,
              progress: Callable[[str], None] | None = None) -> None:
    """Run the stages in the clone, none of them from a cache.

    Raises
    ------
    LauncherError
        With the failing stage's own line.
    """
    line = [*prefix, _dvc(), "repro", "--force", "--single-item", *names]
    process = subprocess.Popen(line, cwd=cwd or folder, env=variables(extra), text=True, umask=umask,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
    said, done = [], 0
    for text in process.stdout:
        said.append(text)
        found = RUNNING.search(text)
        if found and progress:
            done += 1
            progress(f"[{done}/{len(names)}] {found[1]}")
    if process.wait():
        raise LauncherError(f"the pipeline failed: {_error(''.join(said))}")


def _dvc() -> str:
    dvc = ROOT / ".venv" / "bin" / "dvc"
    if not dvc.is_file():
        raise LauncherError("DVC is not installed; run 'make setup'")
    return str(dvc)


def _error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if line.lower().startswith("error")]
    return (telling or lines or ["no message"])[0][:300]


def announce(text: str) -> None:
    """Show a progress line on standard error."""
    print(text, file=sys.stderr, flush=True)
