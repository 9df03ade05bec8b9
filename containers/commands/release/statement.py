"""One in-toto statement for each ledger; signatures of them and the sums where a key is given.

The signature is OpenSSH's (``ssh-keygen -Y sign``): every Linux has the tool, and a key of the kind
Ed25519 signs the same bytes in the same way each time. Whose key it is, no release can say of itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from containers.commands.release.crate import REPOSITORY
from containers.commands.release.outputs import Outputs, folder_sum
from containers.commands.release.pack import sha256
from containers.commands.release.source import Tag
from containers.launcher import LauncherError

FOLDER = "statements"
TYPE = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:sclc-liver-reproducibility-package:verdicts:v1"
# What a signature is for: one of another purpose does not fit.
NAMESPACE = "release"


def _folder(path: Path) -> str:
    return folder_sum((part.relative_to(path).as_posix(), part) for part in path.rglob("*")
                      if part.is_file())


def build(tag: Tag, outputs: Outputs, folder: Path, study: str) -> dict:
    """Return the statement on a study's ledger.

    Parameters
    ----------
    tag : Tag
    outputs : Outputs
    folder : Path
        The release as it is made.
    study : str
    """
    root = folder / REPOSITORY
    ledger = f"{REPOSITORY}/reports/{study}/ledger.csv"
    told = json.loads((root / "reports" / study / "verdicts.json").read_text())["verdicts"]["all"]
    rules = (f"studies/{study}/rules.csv", f"studies/{study}/study.yaml",
             f"studies/{study}/checks.yaml", "params.yaml")
    images = json.loads((root / "containers" / "images.lock").read_text())
    return {
        "_type": TYPE, "predicateType": PREDICATE,
        "subject": [{"name": ledger, "digest": {"sha256": sha256(folder / ledger)}}],
        "predicate": {
            "tag": tag.name, "commit": tag.commit, "verdicts": told,
            "rules": {name: sha256(root / name) for name in rules if (root / name).is_file()},
            "printed": _folder(root / "studies" / study / "published"),
            "metrics": _folder(root / "metrics" / study / "results"),
            "images": {name: one["docker"]["digest"] for name, one in sorted(images.items())
                       if "docker" in one},
            "data": {outputs.name(out.fs_path): out.hash_info.value for out in outputs.fetched
                     if f"data/{study}/" in outputs.name(out.fs_path)}}}


def require(key: Path) -> None:
    """Sign something, before hours go into what a key is for; errors as `sign`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trial"
        path.write_text("trial\n")
        sign(path, key)


def sign(path: Path, key: Path) -> None:
    """Write a signature beside a file.

    Raises
    ------
    LauncherError
        If there is no such key, or it signs nothing without a question.
    """
    if shutil.which("ssh-keygen") is None:
        raise LauncherError("ssh-keygen is not installed (openssh-client); a signature needs it")
    if not key.is_file():
        raise LauncherError(f"{key}: no such key; KEY names a private key that ssh-keygen made")
    # Nobody is asked: where a passphrase is needed, the key belongs into ssh-agent.
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, "SSH_ASKPASS_REQUIRE": "never"})
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise LauncherError(f"{key}: cannot sign ({said[-1][:120]}); give an Ed25519 key without a "
                            "passphrase, or its public half with the key in ssh-agent")
