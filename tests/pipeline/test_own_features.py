"""Features of an own cohort are those of its files: intake and radiomics against PyRadiomics alone.

Crosses three images' borders as the pipeline does: the cohort's writes the files and takes them in,
the radiomics' extracts and compares.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from containers.launcher import ROOT

# The fast path adds the triangles of the surface in another order.
ROUNDED = {"original_shape_SurfaceArea", "original_shape_SurfaceVolumeRatio",
           "original_shape_Sphericity"}
PARAMS = ("--params", "studies/sclc_liver/params")
REAL = Path(os.environ.get("DATA_MIRROR", ROOT.parent / "shared" / "data"),
            "crlm_ct_nomask", "CRLM-CT-1004.nii.gz")


def launch(image, module, *arguments):
    done = subprocess.run(
        [sys.executable, ROOT / "containers" / "run", image, "--", "python", "-m", module,
         *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "MSCLC_ENGINE": "venv"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def differences(folder, *arguments):
    """Write a cohort, take it in, extract its features; return how they differ, by series."""
    home, cohort, rows = folder / "home", folder / "cohort", folder / "rows"
    launch("cohort", "tests.cohort.orientations", "--out", home, *arguments)
    launch("cohort", "stages.cohort.own", *PARAMS, "--table", home / "cohort.csv", "--out", cohort)
    launch("radiomics", "stages.radiomics.extract", *PARAMS, "--manifest", cohort / "manifest.csv",
           "--label", 2, "--other-labels", 1, "--out", rows)
    return json.loads(launch("radiomics", "tests.radiomics.as_stored",
                             "--table", home / "cohort.csv", "--rows", rows))


def require_equal(found):
    for name, series in found.items():
        assert (series["features"], series["voxels"] > 100) == (107, True), name
        assert set(series["other"]) <= ROUNDED and series["equal"] >= 104, (name, series["other"])
        assert series["largest"] < 1e-10, name


def test_eight_orientations_as_nifti_nrrd_and_dicom(tmp_path):
    found = differences(tmp_path)
    assert len(found) == 24
    # Voxels of every type that a program may hand to PyRadiomics.
    types = {series["type"] for series in found.values()}
    assert types == {"16-bit signed integer", "32-bit signed integer", "32-bit float",
                     "64-bit float"}
    require_equal(found)


@pytest.mark.skipif(not REAL.is_file(), reason="no real CT in the mirror of real data")
def test_a_real_ct_with_a_drawn_lesion(tmp_path):
    found = differences(tmp_path, "--ct", REAL)
    assert len(found) == 9
    require_equal(found)
