"""Build one image with Docker or Podman, or its SIF file with Apptainer."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from containers.builder import base, context, steps
from containers.launcher import LauncherError, apptainer, locks, oci, unpacked, venv
from containers.launcher.images import SIFS, Image


def current(engine: str, image: Image, kind: str) -> bool:
    """Tell whether the image is there, is the one in the lock, and stands on the wanted base."""
    try:
        oci.ready(engine, image)
    except oci.Missing:
        return False
    on_debian = locks.read()[image.name].get("base", "").startswith("debian:")
    return kind == "auto" or on_debian == (kind == "debian")


def build(engine: str, image: Image, kind: str) -> dict:
    """Build the image, record what the engine returned, and return it.

    Raises
    ------
    LauncherError
        If a step fails.
    """
    oci.ask(engine, "version")
    stands_on = base.find(engine, image, kind)
    with tempfile.TemporaryDirectory(prefix="msclc-build-") as folder:
        more = context.fill(Path(folder), image, stands_on)
        line = [engine, "build", "--network=host", f"--build-arg=BASE={stands_on.tag}",
                f"--build-arg=RECIPE={image.recipe()[:12]}", f"--tag={image.tag}", *more, folder]
        try:
            steps.run(image.name, line, f"building {image.name}", _builder(engine))
        except LauncherError as error:
            raise LauncherError(f"{error}{venv.advice(image)}") from None
    facts = _facts(engine, image)
    locks.record(image.name, image.recipe(), engine, facts, stands_on.description)
    return facts


def _builder(engine: str) -> dict[str, str]:
    """Docker's old builder, where the new one is not installed."""
    asked = [engine, "buildx", "version"]
    if engine == "docker" and subprocess.run(asked, capture_output=True).returncode:
        return {"DOCKER_BUILDKIT": "0"}
    return {}


def _facts(engine: str, image: Image) -> dict:
    answer = oci.ask(engine, "image", "inspect", image.tag)
    if answer.returncode:
        raise LauncherError(f"{engine}: {image.tag} was built but is not there; run it again")
    found = json.loads(answer.stdout)[0]
    digest = found["Id"] if found["Id"].startswith("sha256:") else f"sha256:{found['Id']}"
    return {"digest": digest, "bytes": found["Size"]}


def sif_current(image: Image) -> bool:
    """Tell whether the SIF file is there and is the one in the lock."""
    wanted = locks.expected(image.name, image.recipe(), "apptainer")
    return image.sif.is_file() and apptainer.digest(image.sif) == wanted


def sif(image: Image, source: str) -> dict:
    """Make the SIF file from the built image; record and return its checksum and size.

    Parameters
    ----------
    image : Image
        The image, built before.
    source : str
        The engine that holds it: ``docker`` or ``podman``.

    Raises
    ------
    LauncherError
        If the image is not built or a step fails.
    """
    made_from = oci.ready(source, image)
    SIFS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=SIFS) as scratch:
        archive, made = Path(scratch, "image.tar"), Path(scratch, "image.sif")
        steps.run(f"{image.name}-sif", _save(source, image, archive), f"saving {image.name}")
        # One image, two shared cores: Zstandard packed it in 4 s to 162 MB, the default gzip in
        # 93 s to 157; a small fit from the file then took 3.0 s of processor time against 3.3.
        line = ["apptainer", "build", "--mksquashfs-args=-comp zstd -Xcompression-level 3",
                str(made), f"docker-archive:{archive}"]
        steps.run(f"{image.name}-sif", line, f"making {image.sif.name}",
                  {"APPTAINER_TMPDIR": scratch})
        made.chmod(0o755)
        os.replace(made, image.sif)
        unpacked.forget(image)
    facts = {"digest": apptainer.digest(image.sif), "bytes": image.sif.stat().st_size,
             "from": made_from}
    locks.record(image.name, image.recipe(), "apptainer", facts)
    return facts


def _save(source: str, image: Image, archive: Path) -> list[str]:
    shape = ["--format=docker-archive"] if source == "podman" else []
    return [source, "save", *shape, f"--output={archive}", image.tag]
