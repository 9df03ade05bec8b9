"""The outputs that a ``dvc.lock`` names. The orchestrator's PyYAML reads it."""

from __future__ import annotations

import json
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


def outputs(lock: Path) -> dict[str, Output]:
    """Return the outputs by path.

    Raises
    ------
    LauncherError
        If the file is missing or not a ``dvc.lock``.
    """
    try:
        stages = yaml.safe_load(lock.read_text())["stages"]
        found = [Output(stage, out["path"], out["md5"])
                 for stage, facts in stages.items() for out in facts.get("outs", [])]
    except OSError as error:
        raise LauncherError(f"{lock}: {error.strerror}; run 'dvc repro' and commit it") from None
    except (yaml.YAMLError, KeyError, TypeError):
        raise LauncherError(f"{lock}: not a dvc.lock; restore it (git checkout dvc.lock)") from None
    return {out.path: out for out in found}


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
