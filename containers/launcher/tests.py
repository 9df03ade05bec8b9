"""``make test``: every room's tests, in that room's image."""

from __future__ import annotations

import os
import subprocess
import sys

from containers.launcher import ROOT, entry, venv

# Where tests run: image (or orchestrator) and what pytest collects there.
SUITES = (
    ("orchestrator", ["tests/containers", "tests/pipeline"]),
    ("cohort", ["tests/common", "tests/cohort", "stages/common"]),
    ("classification-paper", ["tests/classification", "stages/classification"]),
    ("classification-notebook", ["tests/classification", "stages/classification"]),
    ("radiomics", ["tests/radiomics", "stages/radiomics"]),
    ("segmentation", ["tests/segmentation", "stages/segmentation", "tests/common/test_nifti.py"]),
    ("statistics", ["tests/statistics"]),
    ("reporting", ["tests/reporting", "stages/reporting"]),
)


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


def main() -> int:
    """Run all suites; return 1 if one fails."""
    wanted = sys.argv[1:]
    failed = []
    for image, arguments in SUITES:
        if wanted and image not in wanted:
            continue
        print(f"== {image}: {' '.join(arguments)}", flush=True)
        line, variables = command(image, arguments)
        if subprocess.run(line, cwd=ROOT, env=variables).returncode:
            failed.append(image)
    if failed:
        print(f"error: tests failed in: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    entry(main)
