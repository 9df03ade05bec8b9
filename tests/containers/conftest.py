"""Engines to try, and stand-ins for engines."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from containers.commands import predict
from containers.commands.shards import stages
from containers.launcher import ROOT, LauncherError, apptainer, engines, images, oci

IMAGE = "reporting"
# Engines that must be there (".ci/engines" sets it): one that is not fails instead of skipping.
REQUIRED = os.environ.get("MSCLC_REQUIRED_ENGINES", "").split()


@functools.cache
def obstacle(engine: str) -> str:
    """Return why an engine cannot run the image of these tests; empty if it can."""
    image = images.load(IMAGE)
    try:
        apptainer.ready(image) if engine == "apptainer" else oci.ready(engine, image)
    except LauncherError as error:
        return str(error)
    # An engine may answer and hold the image, and yet not be allowed to start a container.
    tried = launch("true", engine=engine)
    return f"{engine} cannot start a container: {tried.stderr.strip()}" if tried.returncode else ""


@pytest.fixture(params=engines.CONTAINERS)
def engine(request):
    """Every container engine; skipped with the reason where it cannot run."""
    reason = obstacle(request.param)
    if reason and request.param not in REQUIRED:
        pytest.skip(reason)
    assert not reason, reason
    return request.param


@pytest.fixture(params=("venv", *engines.CONTAINERS))
def any_engine(request):
    """Every engine, ``venv`` among them."""
    reason = obstacle(request.param) if request.param != "venv" else ""
    if reason and request.param not in REQUIRED:
        pytest.skip(reason)
    assert not reason, reason
    return request.param


def launch(*command: str, engine: str, options: tuple[str, ...] = (), image: str = IMAGE,
           **variables: str) -> subprocess.CompletedProcess:
    """Run ``containers/run`` as a user does."""
    line = [sys.executable, str(ROOT / "containers" / "run"), "--tests", *options, image, "--",
            *command]
    return subprocess.run(line, capture_output=True, text=True, cwd=ROOT,
                          env={**os.environ, "MSCLC_ENGINE": engine, **variables})


def stub(folder: Path, name: str, script: str) -> Path:
    """Write an executable stand-in; return its folder, for PATH."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return folder


@pytest.fixture
def ready(tmp_path, monkeypatch):
    """A repository with trained models, and a CT."""
    for module in (predict, stages):
        monkeypatch.setattr(module, "ROOT", tmp_path / "repository")
    for path in (f"{predict.MODEL}/model.json", f"{predict.CLASSIFIERS}/LR/features.json",
                 "data/sclc_liver/imaging/cards/predicted.json"):
        file = tmp_path / "repository" / path
        file.parent.mkdir(parents=True)
        file.write_text("{}")
    (tmp_path / "ct.nii.gz").write_bytes(b"ct")
    return tmp_path
