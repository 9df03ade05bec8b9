"""The fast path against PyRadiomics called directly."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from radiomics import cShape, generalinfo, imageoperations
from radiomics.featureextractor import RadiomicsFeatureExtractor

from stages.radiomics import plain
from stages.radiomics.fast import diagnostics as fast_diagnostics
from stages.radiomics.fast import features as fast
from stages.radiomics.fast import grid as fast_grid
from stages.radiomics.fast import shape as fast_shape
from tests.radiomics.conftest import phantom, volume

ROUNDED = {"original_shape_SurfaceArea", "original_shape_SurfaceVolumeRatio",
           "original_shape_Sphericity"}
OBLIQUE = (0.96, -0.28, 0.0, 0.28, 0.96, 0.0, 0.0, 0.0, 1.0)
SAGITTAL = (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
FLIPPED = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0)

CASES = {
    "int16": {},
    "already 1 mm": {"spacing": (1.0, 1.0, 1.0)},
    "on the voxels": {"spacing": (1.0, 1.0, 5.0), "shape": (12, 40, 40)},
    "between the voxels": {"spacing": (0.5, 0.5, 1.25)},
    "float32, flipped": {"kind": np.float32, "direction": FLIPPED},
    "float64": {"kind": np.float64, "spacing": (0.75, 0.75, 5.0), "shape": (12, 40, 40)},
    "uint16": {"kind": np.uint16},
    "oblique": {"direction": OBLIQUE},
    "sagittal": {"direction": SAGITTAL, "spacing": (0.7, 1.3, 0.9)},
    "few slices": {"spacing": (0.8, 0.8, 4.0), "shape": (3, 60, 60)},
}


def direct(image, mask):
    """Call PyRadiomics as its documentation shows."""
    tool = RadiomicsFeatureExtractor(resampledPixelSpacing=[1, 1, 1], interpolator="sitkBSpline",
                                     padDistance=5, minimumROIDimensions=2, normalize=False,
                                     distances=[1], force2D=False, label=1)
    return dict(tool.execute(image, mask))


def assert_same(ours, theirs):
    assert list(ours) == list(theirs)
    assert sum(name.startswith("original_") for name in ours) == 107
    for name, value in theirs.items():
        if name in ROUNDED:
            assert ours[name] == pytest.approx(float(value), rel=1e-10), name
        else:
            assert str(ours[name]) == str(value), name
            if name.startswith("original_"):
                assert float(ours[name]).hex() == float(value).hex(), name


@pytest.mark.parametrize("name", CASES)
def test_fast_equals_pyradiomics(name):
    options = dict(CASES[name])
    image, mask = phantom(sum(map(ord, name)), **options)
    assert_same(fast.extract([image, mask], (1, 1, 1)), direct(image, mask))


def test_plain_is_pyradiomics_bit_for_bit():
    image, mask = phantom(5)
    theirs, ours = direct(image, mask), plain.extract([image, mask], (1, 1, 1))
    assert {name: str(value) for name, value in ours.items()} == {
        name: str(value) for name, value in theirs.items()}


def test_one_slice_lesion_in_a_thick_series():
    image, mask = phantom(8, shape=(10, 40, 40), spacing=(0.8, 0.8, 5.0))
    array = np.zeros((10, 40, 40), np.uint8)
    array[4, 10:25, 12:22] = 1
    single = sitk.GetImageFromArray(array)
    single.CopyInformation(image)
    assert_same(fast.extract([image, single], (1, 1, 1)), direct(image, single))


def test_padding_and_plateaus_are_resampled_to_the_bit():
    # Integers are truncated: on a plateau the last bit of the spline decides.
    image, mask = phantom(11, spacing=(1.0, 1.0, 2.5))
    array = sitk.GetArrayFromImage(image)
    array[:, :, :20] = -3024
    array[:, 30:, :] = 7
    padded = sitk.GetImageFromArray(array)
    padded.CopyInformation(image)
    theirs, _ = imageoperations.resampleImage(padded, mask, resampledPixelSpacing=[1, 1, 1],
                                              interpolator="sitkBSpline", padDistance=5, label=1)
    ours, _ = fast._resample([padded, mask], (1, 1, 1))
    assert ours.GetOrigin() == theirs.GetOrigin()
    assert ours.GetPixelID() == theirs.GetPixelID()
    np.testing.assert_array_equal(sitk.GetArrayFromImage(ours), sitk.GetArrayFromImage(theirs))


def test_interpolation_repeats_itk_operation_by_operation():
    image, mask = phantom(3, kind=np.float64, direction=OBLIQUE)
    grid = fast_grid.resampling_grid(
        mask, fast_diagnostics.bounding_box(sitk.GetArrayFromImage(mask)), (1, 1, 1))
    theirs = fast_grid.resample(image, grid, sitk.sitkBSpline, sitk.sitkFloat64)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(fast_grid.resampled_image(image, grid)),
                                  sitk.GetArrayFromImage(theirs))


def masks():
    random = np.random.default_rng(2024)
    for size in range(1, 13):
        for share in (0.05, 0.5, 0.95):
            shape = random.integers(1, size + 1, 3)
            array = random.random(shape) < share
            array.flat[0] = True
            yield np.pad(array, 1)
    _, mask = phantom(17, shape=(40, 60, 60), share=0.2)
    yield np.pad(sitk.GetArrayFromImage(mask) == 1, 1)
    # Confluent: a shell around a core, and two bodies that touch at a corner.
    z, y, x = np.indices((30, 34, 38)) - np.array([15, 17, 19]).reshape(3, 1, 1, 1)
    radius = np.sqrt(x ** 2 + y ** 2 + z ** 2)
    yield (radius < 5) | ((radius > 8) & (radius < 13))
    corner = np.zeros((8, 8, 8), bool)
    corner[1:4, 1:4, 1:4] = corner[4:7, 4:7, 4:7] = True
    yield corner


@pytest.mark.parametrize("number, mask", list(enumerate(masks())))
def test_mesh_and_diameters_equal_pyradiomics(number, mask):
    area, volume_, diameters = cShape.calculate_coefficients(mask, np.ones(3))
    ours = fast_shape.calculate_coefficients(mask, np.ones(3))
    assert ours[0] == pytest.approx(area, rel=1e-10)
    assert ours[1] == volume_
    assert ours[2] == diameters


def test_other_spacings_go_to_pyradiomics():
    mask = np.pad(np.ones((2, 3, 4), bool), 1)
    spacing = np.array([1.0, 0.7, 0.7])
    assert fast_shape.calculate_coefficients(mask, spacing) == (
        cShape.calculate_coefficients(mask, spacing))


@pytest.mark.parametrize("kind", [np.int16, np.float32, np.float64])
def test_diagnostics_equal_pyradiomics(kind):
    # More voxels than one buffer holds, so that the order of addition matters.
    image, mask = phantom(23, kind=kind, shape=(30, 70, 61))
    info = generalinfo.GeneralInfo()
    info.addImageElements(image)
    info.addMaskElements(image, sitk.Cast(mask, sitk.sitkUInt32), 1)
    theirs = {name: value for name, value in info.getGeneralInfo().items()
              if "Versions" not in name}
    ours = (fast_diagnostics.image_elements(image, "original")
            | fast_diagnostics.mask_elements(image, mask, "original"))
    assert {name: str(value) for name, value in ours.items()} == {
        name: str(value) for name, value in theirs.items()}


def test_components_are_26_connected():
    array = np.zeros((5, 5, 5), np.uint8)
    array[1, 1, 1] = array[2, 2, 2] = array[4, 4, 4] = 1
    assert fast_diagnostics.components(array) == 2
    assert fast_diagnostics.components(np.zeros((3, 3, 3), np.uint8)) == 0


def test_pyradiomics_keeps_its_own_mesh_code():
    import radiomics.shape

    before = radiomics.shape.cShape
    image = volume(np.zeros((4, 4, 4), np.int16))
    with pytest.raises(ValueError):
        fast.extract([image, _one_voxel(image)], (1, 1, 1))
    assert radiomics.shape.cShape is before


def _one_voxel(image):
    array = np.zeros((4, 4, 4), np.uint8)
    array[2, 2, 2] = 1
    mask = sitk.GetImageFromArray(array)
    mask.CopyInformation(image)
    return mask
