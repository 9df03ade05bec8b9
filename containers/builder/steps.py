"""Run one step of a build: its output in a log, its failure in one line."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from containers.launcher import ROOT, LauncherError, oci

LOGS = ROOT / "logs" / "build"


def run(log: str, line: list[str], title: str, variables: dict[str, str] | None = None) -> str:
    """Run a program; return what it said on standard output.

    Parameters
    ----------
    log : str
        Name of the log file below ``logs/build/``.
    line : list of str
        Program and arguments.
    title : str
        What the step does, for the error.
    variables : dict, optional
        Added to the environment.

    Raises
    ------
    LauncherError
        If it fails: one line with the reason and the log's name.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    environment = {**os.environ, **(variables or {})}
    try:
        with open(path, "a") as stream:
            stream.write(f"$ {' '.join(line)}\n")
            stream.flush()
            result = subprocess.run(line, stdout=subprocess.PIPE, stderr=stream, text=True,
                                    env=environment, cwd=ROOT)
            stream.write(result.stdout)
    except FileNotFoundError:
        raise LauncherError(f"{line[0]} is not installed; {title} needs it") from None
    if result.returncode:
        _explain(line[0], title, path)
    return result.stdout


def _explain(program: str, title: str, log: Path) -> None:
    text = log.read_text(errors="replace").rpartition("$ ")[2]
    shown = log.relative_to(ROOT)
    if "no space left on device" in text.lower():
        raise LauncherError(f"{title}: the disk is full; free some space and run the same command "
                            f"again, it goes on from here ({shown})")
    if program in ("docker", "podman"):
        oci.explain(program, "\n".join(text.splitlines()[-3:]))
    telling = [line.strip() for line in text.splitlines()[1:]
               if any(word in line for word in ("ERROR", "FATAL", "error", "Error", "E:"))]
    lines = telling or [line.strip() for line in text.splitlines()[1:] if line.strip()]
    raise LauncherError(f"{title} failed: {lines[-1][:200] if lines else 'no message'} ({shown})")
