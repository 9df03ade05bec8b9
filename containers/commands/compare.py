"""``make compare BASE=REVISION``: do verdicts change, do metrics leave their envelopes?

Takes the ledger and the metrics of a revision out of git; the judgement is the reporting room's.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile

from containers.launcher import ROOT, LauncherError, Parser, entry

FOLDER = ROOT / "logs" / "compare"
COMPARED = ("metrics", "reports/ledger.csv")


def git(*arguments: str) -> subprocess.CompletedProcess:
    """Run git in the repository.

    Raises
    ------
    LauncherError
        If there is no git.
    """
    if shutil.which("git") is None:
        raise LauncherError("git is not installed; the other revision's results come from it")
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True)


def take_out(base: str) -> str:
    """Write the ledger and the metrics of a revision to `FOLDER`; return its short name.

    Raises
    ------
    LauncherError
        If git does not know the revision, or if it has no results.
    """
    if not base:
        raise LauncherError("which revision? Name one, as in 'make compare BASE=HEAD~1'")
    found = git("rev-parse", "--verify", "--quiet", "--short", "--end-of-options",
                f"{base}^{{commit}}")
    if found.returncode:
        raise LauncherError(f"git knows no revision '{base}' here; see 'git log --oneline', and in "
                            "a shallow clone run 'git fetch --unshallow' first")
    commit = found.stdout.decode().strip()
    archive = git("archive", "--format=tar", commit, *COMPARED)
    if archive.returncode:
        raise LauncherError(f"revision '{base}' lacks {' or '.join(COMPARED)}; choose one that has "
                            "a ledger")
    shutil.rmtree(FOLDER, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as content:
        for member in filter(tarfile.TarInfo.isfile, content):
            (FOLDER / member.name).parent.mkdir(parents=True, exist_ok=True)
            (FOLDER / member.name).write_bytes(content.extractfile(member).read())
    return base if base.startswith(commit) else f"{base} ({commit})"


def main() -> int:
    """Entry point: 0 where nothing moved too far, 1 where something did, 2 for bad input."""
    parser = Parser(prog="make compare", description=__doc__)
    parser.add_argument("base", nargs="?", default="", metavar="BASE",
                        help="a revision that git knows, such as HEAD~1 or origin/main")
    name = take_out(parser.parse_args().base)
    command = [sys.executable, str(ROOT / "containers" / "run"), "reporting", "--", "python", "-m",
               "stages.reporting.compare", "--base", str(FOLDER.relative_to(ROOT)), "--name", name]
    return subprocess.run(command, cwd=ROOT).returncode


if __name__ == "__main__":
    entry(main)
