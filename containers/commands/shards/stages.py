"""The stages of a part, as arguments of ``containers/run``: each is started once for all its series."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from containers.commands.shards.job import FEATURES, PLAN, Job, Parts
from containers.launcher import ROOT

# Where a stage lists the series that it cannot use, below the part's folder.
INTAKE, SEGMENTED, MEASURED = "intake.json", "segmented.json", "measured.json"
# What stages did before, below the part's folder.
RECORDS = ("cohort.jsonl", "masks.jsonl", "features.jsonl")
# Where the series of a part lie until it is done, and the manifest of those that have masks.
COHORT, MANIFEST, KEPT = "cohort", "manifest.csv", "segmented.csv"


def line(module: str, image: str, arguments: list, options: list = (),
         parameters: str | Path | None = None) -> list[str]:
    """Return a stage's arguments of ``containers/run``."""
    given = ["--params", parameters] if parameters else []
    return [*map(str, options), image, "--", "python", "-m", module,
            *map(str, (*given, *arguments))]


def place(path: str | Path) -> str:
    """Return a path as containers know it: in the repository relative to it, elsewhere absolute."""
    found = (ROOT / path).resolve()
    return str(found.relative_to(ROOT.resolve()) if found.is_relative_to(ROOT.resolve()) else found)


def reading(path: str | Path, mounted: Path | None = None) -> list[str]:
    """Return what lets a container read a file or folder that lies outside of the repository.

    Parameters
    ----------
    path : path
        Relative to the repository, if not absolute.
    mounted : Path
        A folder that it reads anyway.
    """
    folder = (ROOT / path).resolve()
    if not folder.is_dir():
        folder = folder.parent
    known = [ROOT.resolve(), *([mounted.resolve()] if mounted else [])]
    return [] if any(folder.is_relative_to(path) for path in known) else ["--read", str(folder)]


def launch(arguments: list[str]) -> int:
    """Run a stage; return its exit status."""
    return subprocess.run([sys.executable, str(ROOT / "containers" / "run"), *arguments],
                          cwd=ROOT).returncode


def alone(job: Job) -> list[str]:
    """Return what tells the intake that series come without masks."""
    return ["--images"] if job.given.get("network") else []


def plan(job: Job, work: Path, count: int) -> list[str]:
    """Return the stage that cuts a table into parts."""
    return line("stages.cohort.parts", "cohort", [
        "--table", job.table, "--count", count, *alone(job), "--out", work / PLAN],
        [*_files(job, without=work), "--write", work], job.parameters)


def intake(parts: Parts, number: int, *more: str) -> list[str]:
    """Return the stage that reads a part's series."""
    folder = parts.folder(number)
    return line("stages.cohort.masked", "cohort", [
        "--table", parts.job.table, "--plan", parts.work / PLAN, "--part", number,
        "--failed", folder / INTAKE, "--record", folder / RECORDS[0], *alone(parts.job),
        "--out", folder / COHORT, *more],
        [*_files(parts.job, parts.work), "--write", folder], parts.job.parameters)


def others(parts: Parts, number: int) -> list[list[str]]:
    """Return the stages that follow the intake."""
    if parts.job.kind == FEATURES:
        return [measure(parts, number)]
    given, folder = parts.job.given, parts.folder(number)
    manifest = folder / COHORT / (KEPT if given["network"] else MANIFEST)
    return [*([segment(parts, number)] if given["network"] else []),
            line("stages.radiomics.unlabelled", "radiomics", [
                "--manifest", manifest, *_processes(parts), *(["--drawn"] if given["network"] else []),
                "--failed", folder / MEASURED, "--record", folder / RECORDS[2], "--out", folder],
                ["--write", folder], parts.job.parameters),
            line("stages.segmentation.preview", "segmentation", [
                "--manifest", manifest, "--out", folder / "overlays"], ["--write", folder])]


def settings(job: Job) -> tuple[list[str], list]:
    """Return what names the settings of features, and what lets a container read them."""
    file = Path(job.given["settings"])
    method = ["--method", job.given["method"]] if job.given["method"] else []
    return (["--settings", file, "--regions", job.given["regions"], *method],
            ["--read", file.parent] if file.is_absolute() else [])


def measure(parts: Parts, number: int) -> list[str]:
    """Return the stage that computes a part's features."""
    folder = parts.folder(number)
    given, read = settings(parts.job)
    return line("stages.radiomics.measure", "radiomics", [
        "--manifest", folder / COHORT / MANIFEST, *given, *_processes(parts),
        "--failed", folder / MEASURED, "--record", folder / RECORDS[2], "--out", folder],
        [*read, "--write", folder], parts.job.parameters)


def segment(parts: Parts, number: int) -> list[str]:
    """Return the stage that finds lesions in a part's series."""
    folder, given = parts.folder(number), parts.job.given
    labels = [item for name in ("lesion", "liver") if given[name]
              for item in (f"--{name}", given[name])]
    return line("stages.segmentation.predict", "segmentation", [
        "--manifest", folder / COHORT / MANIFEST, f"--{given['network']}", given["model"], *labels,
        "--device", given["device"], "--failed", folder / SEGMENTED, "--record", folder / RECORDS[1],
        "--kept", folder / COHORT / KEPT],
        [*(["--gpu"] if given["device"] == "cuda" else []), *reading(given["model"]),
         "--write", folder])


def _files(job: Job, *more: Path, without: Path | None = None) -> list[str]:
    """Return what lets a container read the table, what it names, and more folders, each once."""
    folders = dict.fromkeys([str(Path(job.table).parent), *job.reads, *map(str, more)])
    return [item for folder in folders if folder != str(without) for item in ("--read", folder)]


def _processes(parts: Parts) -> list:
    """Several parts share the cores; one part has them all."""
    return ["--jobs", 1] if len(parts) > 1 else []
