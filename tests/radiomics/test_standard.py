"""The digital phantom of the Image Biomarker Standardisation Initiative (IBSI 1).

Its grey levels are used as they are, nothing is resampled; texture matrices are 3-D, features are
averaged over directions (``3D_avg``), as PyRadiomics does.
"""

from __future__ import annotations

import csv

import pytest
import SimpleITK as sitk
from radiomics.featureextractor import RadiomicsFeatureExtractor

from stages.radiomics.fast import features as fast
from tests.radiomics.conftest import mirror
from tests.radiomics.standard_tags import TAGS
from tests.radiomics.test_fast import assert_same, direct

FOLDER = "ibsi_digital_phantom"
VOXELS = 74
SAMPLE = (VOXELS / (VOXELS - 1)) ** 0.5
# What PyRadiomics defines otherwise, and how the standard's value follows from its own.
OTHERWISE = {
    # Not the excess over a normal distribution's.
    "original_firstorder_Kurtosis": lambda value: value - 3,
    # The covariance of the voxels' places divided by their number, not by one less.
    "original_shape_MajorAxisLength": lambda value: value * SAMPLE,
    "original_shape_MinorAxisLength": lambda value: value * SAMPLE,
    "original_shape_LeastAxisLength": lambda value: value * SAMPLE,
}


@pytest.fixture(scope="module")
def pair():
    image = mirror(FOLDER, "nifti", "image", "phantom.nii.gz")
    mask = mirror(FOLDER, "nifti", "mask", "mask.nii.gz")
    return sitk.ReadImage(str(image)), sitk.ReadImage(str(mask), sitk.sitkUInt8)


@pytest.fixture(scope="module")
def values(pair):
    return RadiomicsFeatureExtractor(binWidth=1).execute(*pair)


@pytest.fixture(scope="module")
def reference():
    """Reference value and tolerance by tag; half a unit of the last printed digit at least."""
    with open(mirror(FOLDER, "ibsi_1_dig_phantom.csv"), encoding="utf-8-sig") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter=";") if row["reference value"]]
    found = {}
    for row in rows:
        digits = row["reference value"].lower().partition("e")
        decimals = len(digits[0].partition(".")[2])
        unit = 10.0 ** (int(digits[2] or 0) - decimals)
        half = _last_digit(row["reference value"], unit)
        found[row["tag"]] = float(row["reference value"]), max(float(row["tolerance"]), half)
    return found


def _last_digit(text, unit):
    # Three significant digits are printed: 1200 may be 1195 to 1205.
    value = abs(float(text))
    return max(unit, 10.0 ** (len(str(int(value))) - 3) if value >= 1000 else 0.0) / 2


@pytest.mark.parametrize("feature", sorted(set(TAGS) - set(OTHERWISE)))
def test_feature_is_the_standard_s(feature, values, reference):
    expected, tolerance = reference[TAGS[feature]]
    assert float(values[feature]) == pytest.approx(expected, abs=tolerance * (1 + 1e-9))


@pytest.mark.parametrize("feature", sorted(OTHERWISE))
def test_feature_follows_from_another_definition(feature, values, reference):
    assert float(values["original_shape_VoxelVolume"]) == VOXELS * 8
    expected, tolerance = reference[TAGS[feature]]
    assert OTHERWISE[feature](float(values[feature])) == pytest.approx(
        expected, abs=tolerance * (1 + 1e-9))


def test_features_without_a_counterpart(values):
    others = {name for name in values if name.startswith("original_")} - set(TAGS)
    assert {name.removeprefix("original_") for name in others} == {
        # Diameters in planes, energy times volume and maximal correlation are PyRadiomics' own.
        "shape_Maximum2DDiameterColumn", "shape_Maximum2DDiameterRow",
        "shape_Maximum2DDiameterSlice", "firstorder_TotalEnergy", "glcm_MCC"}


def test_fast_equals_pyradiomics_on_the_phantom(pair):
    assert_same(fast.extract(list(pair), (1, 1, 1)), direct(*pair))
