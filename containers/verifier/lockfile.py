"""The outputs that lock files (``dvc.lock``) name. The orchestrator's PyYAML reads them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from containers.launcher import LauncherError


@dataclass(frozen=True)
class Output:
    """An output file or folder of a stage, with its fingerprint."""

    stage: str
    path: str
    md5: str


def lock_of(pipeline: str) -> str:
    """Return the lock file of a pipeline's file, both below the repository."""
    return os.path.splitext(pipeline)[0] + ".lock"


def pipeline_of(stage: str) -> str:
    """Return the pipeline's file of a stage, as DVC names it (``STAGE`` or ``FILE:STAGE``)."""
    return stage.rpartition(":")[0] or "dvc.yaml"


def outputs(repository: Path, pipelines: Iterable[str]) -> dict[str, Output]:
    """Return the outputs of pipelines by path, stages and paths as seen from the repository.

    Raises
    ------
    LauncherError
        If a lock file is missing or not a ``dvc.lock``.
    """
    return {path: out for pipeline in pipelines for path, out in _outputs(repository, pipeline)}


def _outputs(repository: Path, pipeline: str) -> list[tuple[str, Output]]:
    lock, folder = repository / lock_of(pipeline), os.path.dirname(pipeline)
    prefix = f"{pipeline}:" if folder else ""
    try:
        blocks = yaml.safe_load((repository / pipeline).read_text())["stages"]
        stages = yaml.safe_load(lock.read_text())["stages"]
        found = []
        for stage, facts in stages.items():
            # Paths are relative to where the stage runs.
            block = blocks.get(stage.partition("@")[0], {})
            place = os.path.join(folder, block.get("do", block).get("wdir", ""))
            found += [Output(prefix + stage, os.path.normpath(os.path.join(place, out["path"])),
                             out["md5"]) for out in facts.get("outs", [])]
    except OSError as error:
        raise LauncherError(f"{error.filename}: {error.strerror}; run 'dvc repro' and commit it") \
            from None
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        raise LauncherError(f"{lock}: not a dvc.lock; restore it (git checkout)") from None
    return [(out.path, out) for out in found]


def digest(found: dict[str, Output]) -> str:
    """Return one hash of all outputs."""
    pairs = sorted((path, out.md5) for path, out in found.items())
    return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()


def cached(repository: Path, md5: str) -> Path:
    """Return where DVC's cache keeps the content of a fingerprint."""
    return repository / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]


def members(repository: Path, out: Output) -> dict[str, str]:
    """Return the fingerprints of the files of an output folder, by path (empty if not at hand)."""
    listing = cached(repository, out.md5)
    if not listing.is_file():
        return {}
    return {f"{out.path}/{entry['relpath']}": entry["md5"]
            for entry in json.loads(listing.read_text())}
