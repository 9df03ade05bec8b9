"""The CT phantom of the standard (IBSI 1), configurations C, D and E: image processing and features."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import SimpleITK as sitk
import yaml

from stages.common.errors import InputError
from stages.radiomics import standard
from tests.radiomics import standard_ct
from tests.radiomics.conftest import mirror, phantom
from tests.radiomics.standard_tags import TAGS

CONFIGURATION = standard_ct.C


@pytest.mark.parametrize("name", standard_ct.CONFIGURATIONS)
def test_the_processed_image_and_every_feature_of_equal_definition_are_the_standard_s(name):
    folder = mirror("ibsi_ct_phantom")
    values = standard.extract(standard_ct.read(folder), standard_ct.CONFIGURATIONS[name])
    found = standard_ct.compared(values, standard_ct.reference(folder, name))
    assert (len(found["processed"]), len(found["features"]), len(TAGS)) == (4, 102, 102)
    far = {key: share for part in found.values() for key, share in part.items() if share > 1}
    assert not far


def test_outliers_are_those_of_what_is_within_the_bounds():
    image = sitk.GetImageFromArray(np.array([[[0, 1, 2, 3, 4, 30, 900, 2]]], np.int32))
    mask = sitk.GetImageFromArray(np.array([[[1, 1, 1, 1, 1, 1, 1, 0]]], np.uint8))
    how = dataclasses.replace(CONFIGURATION, bounds=(0.0, 400.0), outliers=2.0)

    def kept(**changed):
        found = standard.without_outliers(image, mask, dataclasses.replace(how, **changed))
        return sitk.GetArrayFromImage(found).ravel().tolist()

    # Mean 6.7 and deviation 10.5 without the 900, 134 and 313 with it.
    assert kept() == [1, 1, 1, 1, 1, 0, 0, 0]
    assert kept(bounds=()) == [1, 1, 1, 1, 1, 1, 0, 0]
    assert kept(outliers=0.0) == [1, 1, 1, 1, 1, 1, 1, 0]
    # Nothing is within: PyRadiomics says so.
    assert kept(bounds=(5000.0, 6000.0)) == [1, 1, 1, 1, 1, 1, 1, 0]


@pytest.mark.parametrize("change, words", [
    ({"interpolation": "cubic"}, "standard.interpolation"), ({"bins": 1}, "standard.bins"),
    ({"outliers": -3.0}, "standard.outliers"), ({"bounds": []}, "standard.bounds"),
    ({"bounds": [400, -1000]}, "standard.bounds")])
def test_parameters_that_cannot_be_used(tmp_path, change, words):
    path = tmp_path / "standard.yaml"
    given = {"spacing": [1, 1, 1], "bounds": [-1000, 400], "bin_width": 25}
    path.write_text(yaml.safe_dump({"standard": given | change}))
    with pytest.raises(InputError, match=words):
        standard.read(path)
    path.write_text(yaml.safe_dump({"standard": given | {"bins": 32, "bounds": []}}))
    assert standard.read(path).bins == 32


def test_the_grid_does_not_depend_on_where_the_axes_begin():
    image, mask = phantom(5, shape=(12, 30, 28), direction=(1.0, 0, 0, 0, 1, 0, 0, 0, 1))
    once = standard.extract([image, mask], CONFIGURATION)
    flipped = [sitk.Flip(volume, (True, False, True)) for volume in (image, mask)]
    again = standard.extract(flipped, CONFIGURATION)
    # Halves of a HU may be rounded the other way.
    for name in ("original_shape_VoxelVolume", "original_firstorder_Mean", "original_glcm_Contrast",
                 "original_gldm_DependenceVariance"):
        assert float(again[name]) == pytest.approx(float(once[name]), rel=1e-3), name


@pytest.mark.parametrize("interpolation", standard.INTERPOLATIONS)
def test_only_the_part_around_the_region_is_resampled_and_it_is_the_same(interpolation):
    image, mask = phantom(6, shape=(12, 60, 58))
    array = np.zeros((12, 60, 58), np.uint8)
    array[4:7, 10:15, 8:12] = 1
    small = sitk.GetImageFromArray(array)
    small.CopyInformation(mask)
    whole = sitk.GetImageFromArray(np.ones_like(array))
    whole.CopyInformation(mask)
    part, inside = standard.resample(image, small, (1, 1, 1), interpolation)
    everything, _ = standard.resample(image, whole, (1, 1, 1), interpolation)
    assert part.GetNumberOfPixels() < everything.GetNumberOfPixels() / 10
    places = np.argwhere(sitk.GetArrayFromImage(inside))
    assert len(places) > 50
    for z, y, x in places:
        index = (int(x), int(y), int(z))
        point = part.TransformIndexToPhysicalPoint(index)
        assert part[index] == everything[everything.TransformPhysicalPointToIndex(point)]
