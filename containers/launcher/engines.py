"""Which engine runs a command: the one that is named, or the first that can."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from containers.launcher import (
    ROOT,
    LauncherError,
    apptainer,
    box,
    child,
    environment,
    oci,
    orchestrator,
    unpacked,
    venv,
)
from containers.launcher.images import Image

CONTAINERS = ("apptainer", "docker", "podman")
ENGINES = ("auto", *CONTAINERS, "venv")
VARIABLE = "MSCLC_ENGINE"
# Engines that have started a container of an image since the machine was started.
STARTED = ROOT / "logs" / "engines"
BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Request:
    """One command to run.

    Attributes
    ----------
    image : Image
        Where.
    command : list of str
        What.
    threads : int
        Threads for linear algebra and OpenMP.
    tests : bool
        Whether the test tools are on the path.
    gpu : bool
        Whether the GPU may be used.
    read, write : tuple of Path
        Folders outside the repository that it needs.
    """

    image: Image
    command: list[str]
    threads: int = 1
    tests: bool = False
    gpu: bool = False
    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()


def choose(image: Image) -> tuple[str, str | None]:
    """Return the engine and the image's digest (None for a virtual environment).

    Raises
    ------
    LauncherError
        If the named engine is unknown or cannot run the image.
    """
    named = os.environ.get(VARIABLE, "auto")
    if named not in ENGINES:
        raise LauncherError(f"{VARIABLE} is '{named}'; valid: {', '.join(ENGINES)}")
    if named == "venv":
        return "venv", None
    if named != "auto":
        return named, _ready(named, image)
    for engine in CONTAINERS:
        try:
            digest = _ready(engine, image)
            if _starts(engine, image, digest):
                return engine, digest
        except oci.Missing as reason:
            if "images.lock" in str(reason):
                print(f"notice: not used: {reason}", file=sys.stderr)
        except LauncherError:
            continue
    return "venv", None


def _starts(engine: str, image: Image, digest: str) -> bool:
    """Tell whether the engine can start a container: one may hold the image and not be allowed to.

    Asked once for each image, user and start of the machine: a container takes time to start.
    """
    known = STARTED / f"{engine}-{image.name}"
    here = f"{digest} {os.geteuid()} {BOOT.read_text() if BOOT.is_file() else ''}"
    if known.is_file() and known.read_text() == here:
        return True
    line = [sys.executable, str(ROOT / "containers" / "run"), image.name, "--", "true", "start-check"]
    started = subprocess.run(line, env={**os.environ, VARIABLE: engine}, capture_output=True,
                             text=True)
    if started.returncode:
        last = (started.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"notice: {engine} not used, it cannot start a container: {last}", file=sys.stderr)
        return False
    with contextlib.suppress(OSError):
        STARTED.mkdir(parents=True, exist_ok=True)
        known.write_text(here)
    return True


def _ready(engine: str, image: Image) -> str:
    return apptainer.ready(image) if engine == "apptainer" else oci.ready(engine, image)


def run(engine: str, digest: str | None, request: Request, scratch: Path) -> tuple[int, float]:
    """Run the command; return its exit status and the seconds it took.

    Parameters
    ----------
    engine, digest : str
        What ``choose`` returned.
    request : Request
        What to run.
    scratch : Path
        A folder that lives as long as the command.

    Raises
    ------
    LauncherError
        If the engine cannot be started.
    """
    if engine == "venv":
        line, extra = venv.command(request.image, request.command)
        path = [str(ROOT)] + ([str(venv.test_tools())] if request.tests else [])
        variables = environment.variables(request.threads) | extra | {
            "HOME": str(scratch), "TMPDIR": str(scratch), "PYTHONPATH": os.pathsep.join(path),
            "MSCLC_PROVENANCE": str(scratch / "provenance.json")}
        variables |= environment.devices(request.gpu)
        if request.tests and orchestrator.MIRROR in os.environ:
            variables[orchestrator.MIRROR] = os.environ[orchestrator.MIRROR]
        return _timed(line, variables)
    user, group = box.identity()
    view = box.Box(scratch, user, group, request.read, request.write, request.gpu)
    variables = view.variables(request.image, request.threads, request.tests)
    variables |= environment.devices(request.gpu)
    if request.tests:
        venv.test_tools()
    with box.opened(view):
        if engine == "apptainer":
            line = apptainer.command(unpacked.root(request.image, digest), request.command, view,
                                     variables)
        else:
            line = oci.command(engine, request.image, request.command, view, variables)
        return _timed(line, _unmarked())


def _unmarked() -> dict[str, str]:
    """Return the host's environment without what engines read as options, mounts and variables.

    APPTAINERENV_X enters a container as X and APPTAINER_BIND mounts folders, whatever is asked for
    on the command line.
    """
    kept = ("APPTAINER_TMPDIR", "APPTAINER_CACHEDIR", "APPTAINER_CONFIGDIR")
    return {name: value for name, value in os.environ.items()
            if name in kept or not name.startswith(("APPTAINER", "SINGULARITY"))}


def _timed(line: list[str], variables: dict[str, str]) -> tuple[int, float]:
    start = time.monotonic()
    try:
        status = child.run(line, env=variables, cwd=ROOT, umask=0o022)
    except FileNotFoundError as error:
        raise LauncherError(f"{error.filename} is not installed") from None
    return status, time.monotonic() - start
