"""Real series: predicted organs at 3 mm, and three DICOM slices with a liver."""

from __future__ import annotations

import dataclasses

import numpy as np
import SimpleITK as sitk

from stages.radiomics import rows, volumes
from stages.radiomics.fast import features as fast
from tests.radiomics.conftest import mirror
from tests.radiomics.test_fast import assert_same, direct

ORGANS = "totalsegmentator_examples"
SLICES = "dcmqi_ct3slice_liver"
LIVER = 5


def test_liver_among_organs_stored_in_another_order(settings):
    # Not in LPS order; HU as low as -1100 outside the liver.
    paths = mirror(ORGANS, "example_ct_sm.nii.gz"), mirror(ORGANS, "example_seg.nii.gz")
    options = dataclasses.replace(
        settings, label=LIVER, other_labels=tuple(set(range(1, 118)) - {LIVER}))
    row = rows.compute(*paths, options)
    assert row["voxels"] == 38634 and row["components"] >= 1
    assert row["values"]["diagnostics_Mask-original_VoxelNum"] == 38634
    assert 20 < row["values"]["original_firstorder_Median"] < 200
    # A part of it, for PyRadiomics compares all pairs of vertices.
    image, mask = (sitk.RegionOfInterest(item, (50, 40, 14), (55, 30, 9))
                   for item in volumes.read_pair(*paths, options))
    assert np.count_nonzero(sitk.GetArrayViewFromImage(mask)) > 1000
    assert_same(fast.extract([image, mask], (1, 1, 1)), direct(image, mask))


def test_three_dicom_slices(settings, tmp_path):
    # Slice positions are 1 mm apart; padding of -3024 HU outside the field of view.
    paths = sorted((mirror(SLICES, f"0{number}.dcm") for number in (1, 2, 3)),
                   key=lambda path: sitk.ReadImage(str(path)).GetOrigin()[2])
    image = sitk.ReadImage([str(path) for path in paths])
    mask = mirror(SLICES, "liver_seg.nrrd")
    sitk.WriteImage(sitk.Cast(image, sitk.sitkInt16), str(tmp_path / "image.nrrd"))
    series, lesions = volumes.read_pair(tmp_path / "image.nrrd", mask, settings)
    assert sitk.GetArrayViewFromImage(series).min() == -3024
    assert_same(fast.extract([series, lesions], (1, 1, 1)), direct(series, lesions))
