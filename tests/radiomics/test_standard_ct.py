"""The CT phantom of the standard (IBSI 1), configuration C: image processing and features."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import SimpleITK as sitk

from stages.radiomics import standard
from stages.radiomics.standard import Standard
from tests.radiomics.conftest import mirror, phantom
from tests.radiomics.test_standard import TAGS

FOLDER, CONFIGURATION = "ibsi_ct_phantom", Standard((2.0, 2.0, 2.0), (-1000.0, 400.0), 25.0)
# By the standard's image processing: voxels, their box, mean and extremes.
PROCESSED = {"int_mask_vox_count_interp_roi": "VoxelNum", "int_mask_mean_int_interp_roi": "Mean",
             "int_mask_min_int_interp_roi": "Minimum", "int_mask_max_int_interp_roi": "Maximum"}


@pytest.fixture(scope="module")
def reference():
    """Reference value and tolerance by tag."""
    with open(mirror(FOLDER, "ibsi_1_ct_config_c.csv"), encoding="utf-8-sig") as stream:
        return {row["tag"]: (float(row["reference value"]), float(row["tolerance"]))
                for row in csv.DictReader(stream, delimiter=";") if row["reference value"]}


@pytest.fixture(scope="module")
def values():
    pair = [sitk.ReadImage(str(mirror(FOLDER, f"{name}.nii.gz"))) for name in ("image", "mask")]
    return standard.extract(pair, CONFIGURATION)


def test_the_processed_image_is_the_standard_s(values, reference):
    for tag, name in PROCESSED.items():
        expected, tolerance = reference[tag]
        assert values[f"diagnostics_Mask-interpolated_{name}"] == pytest.approx(expected, abs=tolerance)


def test_every_feature_of_equal_definition_is_the_standard_s(values, reference):
    voxels = values["diagnostics_Mask-interpolated_VoxelNum"]
    sample = (voxels / (voxels - 1)) ** 0.5
    assert len(TAGS) == 102
    far = {}
    for name, tag in TAGS.items():
        # As in the digital phantom's test: the excess kurtosis, axes by the voxels' number.
        value = float(values[name]) - 3 * name.endswith("Kurtosis")
        value *= sample if name.endswith("AxisLength") else 1
        expected, tolerance = reference[tag]
        if abs(value - expected) > tolerance:
            far[name] = (value, expected, tolerance)
    assert not far


def test_the_grid_does_not_depend_on_where_the_axes_begin():
    image, mask = phantom(5, shape=(12, 30, 28), direction=(1.0, 0, 0, 0, 1, 0, 0, 0, 1))
    once = standard.extract([image, mask], CONFIGURATION)
    flipped = [sitk.Flip(volume, (True, False, True)) for volume in (image, mask)]
    again = standard.extract(flipped, CONFIGURATION)
    # Halves of a HU may be rounded the other way.
    for name in ("original_shape_VoxelVolume", "original_firstorder_Mean", "original_glcm_Contrast",
                 "original_gldm_DependenceVariance"):
        assert float(again[name]) == pytest.approx(float(once[name]), rel=1e-3), name


def test_only_the_part_around_the_region_is_resampled_and_it_is_the_same():
    image, mask = phantom(6, shape=(12, 30, 28))
    array = np.zeros((12, 30, 28), np.uint8)
    array[4:7, 10:15, 8:12] = 1
    small = sitk.GetImageFromArray(array)
    small.CopyInformation(mask)
    whole = sitk.GetImageFromArray(np.ones_like(array))
    whole.CopyInformation(mask)
    part, inside = standard.resample(image, small, (1, 1, 1))
    everything, _ = standard.resample(image, whole, (1, 1, 1))
    assert part.GetNumberOfPixels() < everything.GetNumberOfPixels() / 10
    places = np.argwhere(sitk.GetArrayFromImage(inside))
    assert len(places) > 50
    for z, y, x in places:
        index = (int(x), int(y), int(z))
        point = part.TransformIndexToPhysicalPoint(index)
        assert part[index] == everything[everything.TransformPhysicalPointToIndex(point)]
