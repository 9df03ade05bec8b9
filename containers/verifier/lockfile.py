"""The outputs that a ``dvc.lock`` names. The orchestrator's PyYAML reads it."""

from __future__ import annotations

import hashlib
import json
import os
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


def outputs(repository: Path, pipeline: str = "dvc.yaml") -> dict[str, Output]:
    """Return the outputs of a pipeline by path, stages and paths as seen from the repository.

    Raises
    ------
    LauncherError
        If the file is missing or not a ``dvc.lock``.
    """
    lock, folder = repository / lock_of(pipeline), os.path.dirname(pipeline)
    prefix = f"{pipeline}:" if folder else ""
    try:
        stages = yaml.safe_load(lock.read_text())["stages"]
        found = [Output(prefix + stage, os.path.normpath(os.path.join(folder, out["path"])),
                        out["md5"])
                 for stage, facts in stages.items() for out in facts.get("outs", [])]
    except OSError as error:
        raise LauncherError(f"{lock}: {error.strerror}; run 'dvc repro' and commit it") from None
    except (yaml.YAMLError, KeyError, TypeError):
        raise LauncherError(f"{lock}: not a dvc.lock; restore it (git checkout)") from None
    return {out.path: out for out in found}


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
