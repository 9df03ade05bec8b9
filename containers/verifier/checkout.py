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
    """Which stages to run: all of a pipeline, or those named, without those that match a pattern."""

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
    """Return the stages to run, in order.

    Raises
    ------
    LauncherError
        If DVC cannot read the pipeline or nothing is left to run.
    """
    line = [_dvc(), "repro", "--force", "--dry", *(choice.targets or (choice.pipeline,))]
    result = subprocess.run(line, cwd=folder, env=variables({}), capture_output=True, text=True)
    if result.returncode:
        raise LauncherError(f"dvc repro: {_error(result.stdout + result.stderr)}")
    names = [name for name in RUNNING.findall(result.stdout + result.stderr)
             if not any(fnmatch.fnmatch(name, pattern) for pattern in choice.skip)]
    if not names:
        raise LauncherError("no stage is left to run; see --targets and --skip")
    return names


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
