"""Engine ``venv``: a hash-locked virtual environment per image, below ``.envs/``."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from containers.launcher import ROOT, LauncherError
from containers.launcher.images import Image

ENVIRONMENTS = ROOT / ".envs"
MARKER = "msclc-fingerprint"
# Capabilities over files of others, as setpriv(1) takes them.
FILES = ",+chown,+dac_override,+dac_read_search,+fowner"


def ready(image: Image) -> bool:
    """Tell whether the environment is complete and made from the image's present locks."""
    marker = ENVIRONMENTS / image.name / MARKER
    return marker.is_file() and marker.read_text() == image.fingerprint()


def setup(image: Image) -> Path:
    """Make the environment where it is missing or outdated; return its folder.

    Raises
    ------
    LauncherError
        If an interpreter, a program or a package cannot be had.
    """
    folder = ENVIRONMENTS / image.name
    if ready(image):
        return folder
    try:
        ENVIRONMENTS.mkdir(exist_ok=True)
        lock = open(ENVIRONMENTS / f"{image.name}.lock", "w")
    except OSError as error:
        raise LauncherError(f"{ENVIRONMENTS}: cannot write ({error.strerror}); "
                            "make the folder writable") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready(image):
            _make(image, folder)
    return folder


def _make(image: Image, folder: Path) -> None:
    for program, package in image.programs.items():
        _ensure_program(program, package)
    _uv("venv", "--clear", "--python", interpreter(image.python), str(folder))
    _install(image, folder)
    (folder / MARKER).write_text(image.fingerprint())


def _install(image: Image, folder: Path) -> None:
    """Install the lock; wheels come from the user's own folders, else from the image's pages.

    The lock's hashes decide what is accepted, wherever it comes from.
    """
    install = ("pip", "install", "--python", str(folder), "--require-hashes", "--no-deps",
               "--compile-bytecode")
    isolation, failure = (), None
    if image.build_lock.is_file():
        # Isolated builds would fetch build tools that no lock names.
        _uv(*install, "-r", str(image.build_lock), extra=image.environment)
        isolation = ("--no-build-isolation",)
    for source in wheel_sources(image):
        links = [part for link in source for part in ("--find-links", link)]
        try:
            return _uv(*install, *isolation, *links, "-r", str(image.lock),
                       extra=image.environment)
        except LauncherError as error:
            failure = failure or error
    raise LauncherError(f"{failure}{advice(image)}")


def advice(image: Image) -> str:
    """Return where wheels are looked for, to add to an error; empty for the default index alone."""
    if not image.find_links:
        return ""
    return ("; wheels that the default index lacks are looked for in the folder that UV_FIND_LINKS "
            f"or PIP_FIND_LINKS names, then at {', '.join(image.find_links)}")


def wheel_sources(image: Image) -> list[list[str]]:
    """Return where to look for wheels beside the default index, one list for each attempt."""
    if not image.find_links:
        return [[]]
    # uv reads UV_FIND_LINKS itself; pip's variable is passed on to it.
    own = os.environ.get("PIP_FIND_LINKS", "").split()
    return ([own] if wheel_folders() else []) + [list(image.find_links)]


def wheel_folders() -> list[str]:
    """Return what the user's variables name: pip's parts at blanks, uv's at commas."""
    return (os.environ.get("PIP_FIND_LINKS", "").split()
            + [part for part in os.environ.get("UV_FIND_LINKS", "").split(",") if part])


def test_tools() -> Path:
    """Install the test tools (pure Python, for every image) where missing; return their folder."""
    lock = ROOT / "containers" / "orchestrator" / "test-tools.lock"
    folder = ENVIRONMENTS / "test-tools"
    marker = folder / MARKER
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not (marker.is_file() and marker.read_text() == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        _uv("pip", "install", "--target", str(folder), "--python", interpreter("3.10"),
            "--require-hashes", "--no-deps", "-r", str(lock))
        marker.write_text(wanted)
    return folder


def interpreter(version: str) -> str:
    """Find a Python of this ``major.minor`` version, or have uv fetch one.

    Raises
    ------
    LauncherError
        If there is none and none can be fetched.
    """
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = sorted(home.glob(f"versions/{version}.*/bin/python"))
    candidates += [Path(folder, f"python{version}")
                   for folder in os.environ.get("PATH", "").split(os.pathsep)]
    for candidate in candidates:
        if candidate.is_file() and _answers(candidate, version):
            return str(candidate)
    try:
        _uv("python", "install", version)
    except LauncherError:
        raise LauncherError(
            f"no Python {version} on this machine and none could be fetched; install it "
            f"(pyenv install {version}, or your system's python{version} package)") from None
    return version


def _answers(candidate: Path, version: str) -> bool:
    asked = [str(candidate), "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"]
    answer = subprocess.run(asked, capture_output=True, text=True)
    return answer.returncode == 0 and answer.stdout.strip() == version


def _ensure_program(program: str, package: str) -> None:
    if shutil.which(program, path="/usr/local/bin:/usr/bin:/bin"):
        return
    advice = f"'{program}' is not installed; install it (apt-get install {package})"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise LauncherError(advice)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["apt-get", "update", "-qq"],
                    ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]):
        if subprocess.run(command, env=environment, capture_output=True).returncode:
            raise LauncherError(f"{advice}; '{' '.join(command)}' failed")


def _uv(*arguments: str, extra: dict[str, str] | None = None) -> None:
    uv = ROOT / ".venv" / "bin" / "uv"
    uv = str(uv) if uv.exists() else shutil.which("uv")
    if not uv:
        raise LauncherError("uv is not installed; run 'make setup'")
    result = subprocess.run([uv, "--quiet", *arguments], env={**os.environ, **(extra or {})},
                            capture_output=True, text=True)
    if result.returncode:
        lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
        raise LauncherError(f"uv {' '.join(arguments[:2])} failed: {'; '.join(lines)[:400]}")


def command(image: Image, arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the command line and the additional variables that run ``arguments`` in the image."""
    folder = ENVIRONMENTS / image.name
    path = f"{folder / 'bin'}:/usr/local/bin:/usr/bin:/bin"
    return [*_without_network(), *arguments], {"PATH": path, **image.environment}


def _without_network() -> list[str]:
    """A prefix that takes the network away, where the kernel lets this user do so.

    Root could go back to the host's network, and read what the launcher was started with: it keeps
    only the capabilities that files need.
    """
    bounds = ["--no-new-privs"]
    if os.geteuid() == 0:
        bounds += [f"--bounding-set=-all{FILES}", "--inh-caps=-all"]
    for options in (["--net"], ["--user", "--map-current-user", "--net"]):
        for more in (["setpriv", *bounds, "--"], []):
            line = ["unshare", *options, "--", *more]
            with contextlib.suppress(OSError):
                if subprocess.run([*line, "true"], capture_output=True).returncode == 0:
                    return line
    print("notice: the engine venv cannot take the network away here (unshare is missing or not "
          "allowed); a container engine can", file=sys.stderr)
    return []
