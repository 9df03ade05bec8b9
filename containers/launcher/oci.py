"""Engines ``docker`` and ``podman``: one command line, two programs."""

from __future__ import annotations

import shutil
import subprocess

from containers.launcher import LauncherError, locks
from containers.launcher.box import REPOSITORY, Box
from containers.launcher.images import Image

PERMISSION = ("permission denied", "operation not permitted", "newuidmap")
SILENT = ("cannot connect", "is the docker daemon running", "connection refused",
          "failed to connect", "no such file or directory")
ABSENT = ("no such image", "no such object", "image not known", "failed to find image")


class Missing(LauncherError):
    """The engine works, but the image is not there (or is another one)."""


def ready(engine: str, image: Image) -> str:
    """Return the image's id, once it is there and is the one in the lock.

    Raises
    ------
    LauncherError
        If the engine cannot be used, or the image is missing or differs.
    """
    answer = ask(engine, "image", "inspect", "--format", "{{.Id}}", image.tag)
    found = answer.stdout.strip()
    if answer.returncode or not found:
        raise Missing(f"{engine}: image {image.tag} is not there; "
                      f"run 'make images ENGINE={engine}'")
    found = found if found.startswith("sha256:") else f"sha256:{found}"
    wanted = locks.expected(image.name, image.recipe(), engine)
    if wanted != found:
        raise Missing(f"{engine}: image {image.tag} is {found[:19]}, but containers/images.lock "
                      f"says {(wanted or 'nothing')[:19]}; run 'make images ENGINE={engine}' to "
                      "build and record it")
    return found


def ask(engine: str, *arguments: str) -> subprocess.CompletedProcess:
    """Put a question to the engine.

    Raises
    ------
    LauncherError
        If it is not installed, does not answer, or refuses this user.
    """
    program = shutil.which(engine)
    if not program:
        raise LauncherError(f"{engine} is not installed; install it, or choose another engine "
                            "(MSCLC_ENGINE=venv needs none)")
    answer = subprocess.run([program, *arguments], capture_output=True, text=True)
    if answer.returncode:
        explain(engine, answer.stderr)
    return answer


def explain(engine: str, stderr: str) -> None:
    """Turn an engine's complaint about itself into one clear line.

    Raises
    ------
    LauncherError
        If the complaint is about access or a daemon, not about an image.
    """
    said = stderr.lower()
    if any(words in said for words in ABSENT):
        return
    if any(words in said for words in PERMISSION):
        raise LauncherError(f"{engine}: this user may not use it; join its group "
                            f"(usermod -aG {engine} USER, then log in again) or choose another "
                            f"engine ({_last(stderr)})")
    if any(words in said for words in SILENT):
        raise LauncherError(f"{engine}: its daemon does not answer; start it "
                            f"(systemctl start {engine}) or choose another engine")


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else "no message"


def command(engine: str, image: Image, arguments: list[str], box: Box,
            variables: dict[str, str]) -> list[str]:
    """Return the command line that runs ``arguments`` in the image, closed off."""
    line = [engine, "run", "--rm", "--interactive", "--network=none", "--read-only",
            "--cap-drop=ALL", "--security-opt=no-new-privileges", "--pull=never",
            "--hostname=stage", f"--user={box.user}:{box.group}", f"--workdir={REPOSITORY}",
            "--tmpfs=/tmp:rw,nosuid,nodev,mode=1777", "--shm-size=1g", "--entrypoint="]
    if engine == "podman":
        # Rootless Podman maps the caller to itself; otherwise files would belong to a sub-uid.
        line += [] if _privileged() else ["--userns=keep-id"]
        line += ["--device=nvidia.com/gpu=all"] if box.gpu else []
    elif box.gpu:
        line.append("--gpus=all")
    for source, target, writable in box.mounts():
        line.append(f"--volume={source}:{target}:{'rw' if writable else 'ro'}")
    line += [f"--env={name}={value}" for name, value in sorted(variables.items())]
    # The container's init gets the process's umask from the engine: 022, as in the venv.
    return [*line, image.tag, *arguments]


def _privileged() -> bool:
    import os

    return os.geteuid() == 0
