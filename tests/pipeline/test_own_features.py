"""Features of an own cohort are those of its files: intake and radiomics against PyRadiomics alone."""

import os
from pathlib import Path

import pytest

from containers.launcher import ROOT
from tests.own_features import ROUNDED, differences

REAL = Path(os.environ.get("DATA_MIRROR", ROOT.parent / "shared" / "data"),
            "crlm_ct_nomask", "CRLM-CT-1004.nii.gz")


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
