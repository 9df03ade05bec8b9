"""The signature of a release's sums: whether there is one, whether it fits, whose it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from containers.commands.release import pack
from containers.commands.release.statement import FOLDER, NAMESPACE
from containers.launcher import LauncherError

AGAIN = "get the release again, from whom you trust"
# What a public key begins with; a list of signers has a name before it.
KINDS = ("ssh-", "ecdsa-", "sk-")


def check(release: Path, signers: Path | None) -> str:
    """Return in a line what was checked of a release's signature.

    The sums hold every other file, so that theirs is the only signature that counts here.

    Parameters
    ----------
    release : Path
    signers : Path, optional
        Keys of those who may have signed it, as ssh-keygen reads them (ALLOWED SIGNERS). A release that
        is not signed by one of them is refused.

    Raises
    ------
    LauncherError
        If a signature does not fit, was taken away, is by another key, or cannot be checked although
        ``signers`` demands it.
    """
    if signers:
        _require_signers(signers)
    sums, signature = release / pack.SUMS, release / f"{pack.SUMS}.sig"
    if not signature.is_file():
        if signers:
            raise LauncherError(f"{release}: is not signed, and SIGNERS demands a signature; {AGAIN}")
        if any((release / FOLDER).glob("*.sig")):
            raise LauncherError(f"{sums}: is not signed, although the statements are; {AGAIN}")
        return "signature: none; who changed this release could change its sums as well"
    if shutil.which("ssh-keygen") is None:
        missing = "ssh-keygen is not installed (openssh-client)"
        if signers:
            raise LauncherError(f"{missing}: it checks the signature that SIGNERS demands")
        return f"signature: NOT checked: {missing}"
    how = ["-Y", "check-novalidate"]
    if signers:
        found = _ssh_keygen("-Y", "find-principals", "-s", signature, "-f", signers)
        names = found.stdout.splitlines()
        if found.returncode or not names:
            raise LauncherError(f"{signature}: is by no key that {signers} names; {AGAIN}")
        how = ["-Y", "verify", "-f", signers, "-I", names[0]]
    with open(sums, "rb") as stream:
        done = _ssh_keygen(*how, "-n", NAMESPACE, "-s", signature, stdin=stream)
    if done.returncode:
        raise LauncherError(f"{signature}: is no signature of {pack.SUMS}; {AGAIN}")
    key = done.stdout.split()[-1]
    if signers:
        return f"signature: checked: by {names[0]} ({key}), whom {signers} names"
    return f"signature: fits, by {key}; whose key it is was NOT checked (SIGNERS=FILE demands one)"


def _require_signers(path: Path) -> None:
    if not path.is_file():
        raise LauncherError(f"{path}: no such file of signers; correct SIGNERS")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise LauncherError(f"{path}: cannot be read as text; SIGNERS names ssh-keygen's allowed "
                            "signers") from None
    if any(line.startswith(KINDS) for line in lines):
        raise LauncherError(f"{path}: is a public key; a list of signers has a name before it, as in "
                            f"echo \"releaser@example.org $(cat {path.name})\" > signers")


def _ssh_keygen(*arguments, stdin=subprocess.DEVNULL) -> subprocess.CompletedProcess:
    return subprocess.run(["ssh-keygen", *map(str, arguments)], stdin=stdin, capture_output=True,
                          text=True, env={**os.environ, "LC_ALL": "C"})
