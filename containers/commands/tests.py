"""``make test``: every room's tests, in that room's image."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed

from containers.launcher import ROOT, entry, images, orchestrator, venv

# Where tests run: image (or orchestrator) and what pytest collects there (shell patterns). A study's
# tests stand in tests/studies/STUDY/IMAGE, those of both classification images in one folder.
SUITES = {
    "orchestrator": ("tests/containers", "tests/pipeline"),
    "cohort": ("tests/common", "tests/cohort", "tests/studies/*/cohort", "stages/common",
               "stages/cohort/contours.py", "stages/cohort/identity.py", "stages/cohort/named.py",
               "stages/cohort/own_table.py", "stages/cohort/real_case.py"),
    "expression": ("tests/expression",),
    "classification-paper": ("tests/classification", "tests/studies/*/classification",
                             "stages/classification"),
    "classification-notebook": ("tests/classification", "tests/studies/*/classification",
                                "stages/classification"),
    "classification-companion": ("tests/prediction", "tests/survival", "tests/studies/*/companion",
                                 "stages/prediction", "stages/survival",
                                 "studies/gi_liver/synthetic/rejections.py"),
    "radiomics": ("tests/radiomics", "tests/studies/*/radiomics", "stages/radiomics"),
    "segmentation": ("tests/segmentation", "stages/segmentation", "tests/common/test_nifti.py",
                     "tests/patches", "stages/patches", "tests/studies/*/segmentation"),
    "statistics": ("tests/statistics", "tests/studies/*/statistics"),
    "reporting": ("tests/verdicts", "tests/report", "tests/studies/*/reporting", "stages/verdicts",
                  "stages/report", "studies/template"),
}


def collected(patterns: tuple[str, ...]) -> list[str]:
    """Return what patterns name, relative to the repository."""
    return [path.relative_to(ROOT).as_posix() for pattern in patterns
            for path in sorted(ROOT.glob(pattern))]


def command(image: str, arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the command line that runs pytest in an image, and its environment."""
    pytest = ["python", "-m", "pytest", "--doctest-modules", *arguments]
    if image != "orchestrator":
        run = str(ROOT / "containers" / "run")
        # Tests look at the whole repository and at the data mirror, which containers do not mount.
        variables = {**os.environ, "MSCLC_ENGINE": "venv"}
        return [sys.executable, run, "--tests", image, "--", *pytest], variables
    path = os.pathsep.join([str(ROOT), str(venv.test_tools())])
    scripts = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    variables = {**os.environ, "PYTHONPATH": path, "PATH": scripts, "PYTHONDONTWRITEBYTECODE": "1"}
    return [sys.executable, *pytest[1:]], variables


def run(image: str, arguments: list[str]) -> subprocess.CompletedProcess:
    """Run one suite; its output is kept until it has ended, so that suites do not mix."""
    line, variables = command(image, arguments)
    return subprocess.run(line, cwd=ROOT, env=variables, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def main() -> int:
    """Run the suites, as many at a time as there are cores (two at most); 1 if one fails."""
    wanted = sys.argv[1:]
    suites = [(image, collected(patterns)) for image, patterns in SUITES.items()
              if not wanted or image in wanted]
    venv.test_tools()
    for image, _ in suites:
        if image != orchestrator.NAME and not venv.ready(images.load(image)):
            print(f"setting up the environment {image} …", flush=True)
            venv.setup(images.load(image))
    failed = []
    with ThreadPoolExecutor(min(2, len(os.sched_getaffinity(0)))) as pool:
        running = {pool.submit(run, *suite): suite for suite in suites}
        for done in as_completed(running):
            image, arguments = running[done]
            print(f"== {image}: {' '.join(arguments)}\n{done.result().stdout}", flush=True)
            if done.result().returncode:
                failed.append(image)
    if failed:
        print(f"error: tests failed in: {', '.join(sorted(failed))}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    entry(main)
