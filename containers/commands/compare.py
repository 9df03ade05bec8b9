"""``make compare BASE=REVISION``: do verdicts change, do metrics leave their envelopes?

Takes each study's folder, ledger and metrics of a revision out of git; the judgement is the verdicts
room's.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile

from containers.launcher import ROOT, LauncherError, Parser, entry

FOLDER = ROOT / "logs" / "compare"
COMPARED = ("metrics", "reports", "studies")


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
    """Write the studies of a revision and their results to `FOLDER`; return its short name.

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
                            "studies and their ledgers")
    shutil.rmtree(FOLDER, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as content:
        for member in filter(tarfile.TarInfo.isfile, content):
            (FOLDER / member.name).parent.mkdir(parents=True, exist_ok=True)
            (FOLDER / member.name).write_bytes(content.extractfile(member).read())
    return base if base.startswith(commit) else f"{base} ({commit})"


def both(name: str) -> list[str]:
    """Return the studies that have a ledger in the revision and here; say which have only one.

    Raises
    ------
    LauncherError
        If there is none.
    """
    base, now = ({path.parent.name for path in root.glob("reports/*/ledger.csv")
                  if (root / "studies" / path.parent.name / "study.yaml").is_file()}
                 for root in (FOLDER, ROOT))
    for study in sorted(base ^ now):
        print(f"{study}: has a ledger {f'in {name}' if study in base else 'here'} only; not compared",
              file=sys.stderr)
    if not base & now:
        raise LauncherError(f"no study has a ledger both here and in {name}; choose a revision that "
                            "has one, or run 'make reproduce'")
    return sorted(base & now)


def main() -> int:
    """Entry point: 0 where nothing moved too far, 1 where something did, 2 for bad input."""
    parser = Parser(prog="make compare", description=__doc__)
    parser.add_argument("base", nargs="?", default="", metavar="BASE",
                        help="a revision that git knows, such as HEAD~1 or origin/main")
    name = take_out(parser.parse_args().base)
    worst = 0
    for study in both(name):
        command = [sys.executable, str(ROOT / "containers" / "run"), "reporting", "--", "python",
                   "-m", "stages.verdicts.compare", "--study", study, "--base",
                   str(FOLDER.relative_to(ROOT)), "--name", name]
        worst = max(worst, subprocess.run(command, cwd=ROOT).returncode)
    return worst


if __name__ == "__main__":
    entry(main)
