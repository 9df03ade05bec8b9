"""A small house with one study, a small own cohort, and a small release: what faults are tried on.

Each is a folder that is made once and copied for each trial: the repository's own code, with the
study that new studies start from as the only one, and the environments of here behind links.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from containers.launcher import ROOT

NAME = "stranger"
# The house's stages that judge; the report needs more than a small house has.
STAGES = ("consistency", "mutation", "ledger")
FOLDERS = ("containers", "stages", "studies/template")
FILES = (".dvcignore", ".gitignore", "params.yaml", "pyproject.toml", "LICENSE", "CITATION.cff",
         "codecheck.yml", "README.md", "containers/images.lock", "studies/__init__.py")
GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "gc.auto=0")
# What no run has to leave as another one does: records of runs, git's and DVC's own books.
APART = ("logs", ".git", ".dvc", ".venv", ".envs", ".cache", "__pycache__", "node_modules")
DATE = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class Scenario:
    """Something that is run, and may be killed at any moment.

    Attributes
    ----------
    name : str
    make : callable
        Writes everything that a run needs into an empty folder.
    command : callable
        Takes the folder; returns the command line.
    apart : tuple of str
        Files that say where or when the run was: the next run sees whether they are right.
    """

    name: str
    make: Callable[[Path], None]
    command: Callable[[Path], list[str]]
    apart: tuple[str, ...] = ()

    def left(self, folder: Path) -> dict[str, str]:
        """Return the SHA-256 of every file that a run has left, by its path."""
        return {name: found for name, found in snapshot(folder).items() if name not in self.apart}

    def start(self, folder: Path, wrap: list[str] | None = None, **variables: str) -> subprocess.Popen:
        """Start a run in a folder; ``wrap`` stands before its command line."""
        environment = {**os.environ, "MSCLC_ENGINE": "venv", "PYTHONDONTWRITEBYTECODE": "1",
                       "PYTHONPATH": str(folder), **variables}
        return subprocess.Popen([*(wrap or []), *self.command(folder)], cwd=folder, env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                errors="replace", start_new_session=True)

    def run(self, folder: Path, wrap: list[str] | None = None, **variables: str) -> tuple[int, str]:
        """Run to the end; return exit status and what was said."""
        process = self.start(folder, wrap, **variables)
        said, _ = process.communicate()
        return process.returncode, said


def house(folder: Path) -> None:
    """Write the small house."""
    for name in _tracked():
        if name in FILES or name.startswith(tuple(f"{one}/" for one in FOLDERS)):
            target = folder / name.replace("studies/template", f"studies/{NAME}")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    for path in (folder / "studies" / NAME).rglob("*"):
        if path.is_file():
            path.write_text(path.read_text().replace("studies.template", f"studies.{NAME}")
                            .replace("studies/template", f"studies/{NAME}")
                            .replace("metrics/template", f"metrics/{NAME}")
                            .replace("reports/template", f"reports/{NAME}"))
    content = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    stages = {name: content["stages"][name] | {"matrix": {"study": [NAME]}} for name in STAGES}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    for name in (".venv", ".envs"):
        (folder / name).symlink_to(ROOT / name)
    call(folder, *GIT, "init", "-q")
    (folder / ".git" / "info" / "exclude").write_text(".venv\n.envs\n")
    call(folder, str(ROOT / ".venv" / "bin" / "dvc"), "init", "-q")
    commit(folder)


def own(folder: Path) -> None:
    """Write a small own cohort in three formats, and the repository's code around it."""
    run = [sys.executable, str(ROOT / "containers" / "run"), "--write", str(folder), "--tests",
           "cohort"]
    script = "import sys; from pathlib import Path; from tests.fuzz import cohort; " \
             "cohort.cases(Path(sys.argv[1]))"
    call(ROOT, *run, "--", "python", "-c", script, str(folder), MSCLC_ENGINE="venv")
    for name in ("listed", "out", "record.jsonl"):
        path = folder / name
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def take_in(folder: Path) -> list[str]:
    """Return the command that takes in the own cohort."""
    return [sys.executable, str(ROOT / "containers" / "run"), "--write", str(folder), "cohort", "--",
            "python", "-m", "stages.cohort.own", "--table", f"{folder}/home/cohort.csv",
            "--params", f"{folder}/params.yaml", "--out", f"{folder}/out",
            "--record", f"{folder}/record.jsonl"]


def measure(folder: Path) -> list[str]:
    """Return the command that computes the own cohort's features in three parts."""
    return ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "containers.commands.features",
            f"--table={folder}/home/cohort.csv", f"--out={folder}/out", "--shards=3"]


def released(folder: Path) -> None:
    """Write the small house with its results and a tag."""
    house(folder)
    status, said = HOUSE.run(folder)
    if status:
        raise RuntimeError(said)
    commit(folder)
    version = yaml.safe_load((folder / "CITATION.cff").read_text())["version"]
    call(folder, *GIT, "tag", "-a", f"v{version}", "-m", "x", GIT_COMMITTER_DATE=DATE)


def release(folder: Path) -> list[str]:
    """Return the command that makes the release."""
    version = yaml.safe_load((folder / "CITATION.cff").read_text())["version"]
    return [str(ROOT / ".venv" / "bin" / "python"), "-m", "containers.commands.release.main",
            f"--tag=v{version}", "--without=images,wheels"]


HOUSE = Scenario("make reproduce, one study", house, lambda folder: [
    str(ROOT / ".venv" / "bin" / "python"), "-m", "containers.commands.reproduce"])
# It keeps when files changed.
OWN = Scenario("intake of an own cohort", own, take_in, ("record.jsonl",))
PARTS = Scenario("make features, in three parts", own, measure)
RELEASE = Scenario("make release", released, release)


def commit(folder: Path) -> None:
    """Commit everything, always with the same date."""
    call(folder, *GIT, "add", "-A")
    call(folder, *GIT, "commit", "-q", "--allow-empty", "-m", "state",
          GIT_AUTHOR_DATE=DATE, GIT_COMMITTER_DATE=DATE)


def copy(made: Path, folder: Path) -> Path:
    """Copy what `Scenario.make` wrote; return the copy."""
    return Path(shutil.copytree(made, folder, symlinks=True))


def snapshot(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that a run leaves, by its path."""
    found = {}
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in APART]
        for name in names:
            file = Path(path, name)
            key = file.relative_to(folder).as_posix()
            if not file.is_symlink():
                found[key] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def _tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True).stdout.decode()
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def call(folder: Path, *command: str, **variables: str) -> None:
    """Run a command in a folder.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    done = subprocess.run(command, cwd=folder, env={**os.environ, **variables}, capture_output=True,
                          text=True, errors="replace")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)[:200]}: {done.stderr.strip()[-1000:]}")
