"""Features of an own cohort and of its files: intake and radiomics, then PyRadiomics alone.

Crosses two images' borders as the pipeline does: the cohort's writes the files and takes them in, the
radiomics' extracts and compares.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from containers.launcher import ROOT

PARAMS = ("--params", "studies/sclc_liver/params")
# The fast path adds the triangles of the surface in another order.
ROUNDED = {"original_shape_SurfaceArea", "original_shape_SurfaceVolumeRatio",
           "original_shape_Sphericity"}


def launch(image: str, module: str, *arguments) -> str:
    """Run a module in an image's environment; return what it printed.

    Raises
    ------
    AssertionError
        If it fails, with what it said.
    """
    done = subprocess.run(
        [sys.executable, ROOT / "containers" / "run", image, "--", "python", "-m", module,
         *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "MSCLC_ENGINE": "venv"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def differences(folder: Path, *arguments) -> dict[str, dict]:
    """Write a cohort, take it in, extract its features; return how they differ, by series."""
    home, cohort, rows = folder / "home", folder / "cohort", folder / "rows"
    launch("cohort", "tests.cohort.orientations", "--out", home, *arguments)
    launch("cohort", "stages.cohort.own", *PARAMS, "--table", home / "cohort.csv", "--out", cohort)
    launch("radiomics", "stages.radiomics.extract", *PARAMS, "--manifest", cohort / "manifest.csv",
           "--label", 2, "--other-labels", 1, "--out", rows)
    return json.loads(launch("radiomics", "tests.radiomics.as_stored",
                             "--table", home / "cohort.csv", "--rows", rows))
