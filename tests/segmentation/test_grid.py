"""Resampling against SciPy; coordinates must survive every step."""

import numpy as np
import pytest
from scipy import ndimage

from stages.common import nifti
from stages.common.nifti import Volume
from stages.segmentation import arrays, cases, crops, grid, prepare, settings
from tests.segmentation.volumes import AFFINE, box

RANDOM = np.random.default_rng(11)


def test_linear_sampling_equals_scipy():
    data = RANDOM.normal(size=(7, 9, 5))
    places = [RANDOM.uniform(-1, n, 6) for n in data.shape]
    expected = ndimage.map_coordinates(data, np.meshgrid(*places, indexing="ij"), order=1,
                                       mode="nearest")
    np.testing.assert_allclose(grid.resample(data, places), expected, atol=1e-5)


def test_nearest_sampling_keeps_labels_and_type():
    labels = RANDOM.integers(0, 3, (6, 5, 4)).astype(np.uint8)
    got = grid.resample(labels, [np.array([0.4, 0.5, 5.2])] + [np.arange(n) for n in (5, 4)], True)
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got, labels[[0, 1, 5]])


@pytest.mark.parametrize("nearest", [False, True])
def test_a_part_of_the_planes_gives_the_same_bits(nearest, monkeypatch):
    data = RANDOM.normal(size=(7, 9, 23)).astype(np.float32)
    places = [RANDOM.uniform(-1, n, 6) for n in data.shape[:2]] + [np.linspace(-1, 23, 50)]
    with monkeypatch.context() as patch:
        patch.setattr(grid, "PLANES", 1000)
        whole = grid.resample(data, places, nearest)
    np.testing.assert_array_equal(grid.resample(data, places, nearest), whole)
    for start, stop in ((0, 1), (0, 9), (20, 37), (48, 50)):
        part = [*places[:2], places[2][start:stop]]
        first, last = grid.planes(part[2], 23, nearest)
        assert last - first < 23
        got = grid.resample(data[..., first:last], part, nearest, first, 23)
        np.testing.assert_array_equal(got, whole[..., start:stop])
        with pytest.raises(IndexError):
            grid.resample(data[..., first:last - 1], part, nearest, first, 23)


@pytest.mark.parametrize("spacing", [(2, 2, 5), (1, 3, 2.5), (4.1, 0.7, 9)])
def test_a_linear_field_stays_where_it_is(spacing):
    """Sampled at another voxel size, a field linear in mm keeps its value at each place."""
    volume = Volume(np.zeros((20, 18, 10)), AFFINE)

    def field(affine, shape):
        points = np.indices(shape).reshape(3, -1)
        return (np.array([1, -2, 0.5]) @ (affine[:3, :3] @ points + affine[:3, 3:])).reshape(shape)

    volume = Volume(field(AFFINE, volume.data.shape), AFFINE)
    places, affine = grid.at_spacing(volume, spacing)
    got = grid.resample(volume.data, places)
    inside = np.ix_(*[(p >= 0) & (p <= n - 1) for p, n in zip(places, volume.data.shape)])
    np.testing.assert_allclose(got[inside], field(affine, got.shape)[inside], atol=1e-3)
    part = grid.cut(Volume(got, affine), (slice(1, None), slice(2, 9), slice(1, 7)))
    back = grid.onto(part.data[None], part.affine, volume, np.array([77.0]))[0]
    step = np.linalg.solve(part.affine, AFFINE)
    index = [step[axis, axis] * np.arange(n) + step[axis, 3]
             for axis, n in enumerate(volume.data.shape)]
    limits = list(zip(index, part.data.shape, places, volume.data.shape, (1, 2, 1)))
    far = np.ix_(*[(i < -0.5) | (i > n - 0.5) for i, n, *_ in limits])
    assert (back[far] == 77).all()
    # Between the centres of voxels that were themselves interpolated, not taken from the border.
    sure = np.ix_(*[(i >= 0) & (i <= n - 1) & (i + first >= np.argmax(p >= 0))
                    & (i + first <= len(p) - 1 - np.argmax(p[::-1] <= m - 1))
                    for i, n, p, m, first in limits])
    assert back[sure].size > 20
    np.testing.assert_allclose(back[sure], volume.data[sure], atol=1e-3)


def test_foreground_box():
    data = np.full((9, 9, 9), -1000.0)
    data[3:5, 2, 8] = 0
    assert grid.foreground(data, -300, 1) == (slice(2, 6), slice(1, 4), slice(7, 9))
    assert grid.foreground(data - 900, -300, 1) == (slice(None),) * 3


def test_image_and_mask_stay_together(tmp_path):
    mask = box((20, 18, 10), ((6, 6, 3), (12, 12, 7)))
    image = Volume(np.where(mask == 2, 50.0, -1000.0).astype(np.float32), AFFINE)
    case = cases.Case("a", tmp_path / "image.nii.gz", tmp_path / "mask.nii.gz")
    for path, volume in ((case.image, image), (case.mask, Volume(mask, AFFINE))):
        nifti.write(path, volume)
    how = settings.Prepare((1.0, 1.0, 2.5), -500, 1)
    counts = prepare.write(case, how, tmp_path)
    small, labels, _ = map(arrays.read, prepare.files(tmp_path, "a"))
    found = prepare.layout(image, how)
    assert small.shape == labels.shape == found.shape
    np.testing.assert_allclose(Volume(small, found.affine).spacing, how.spacing_mm)
    # Each lesion voxel becomes 2 x 2 x 2 voxels, and they lie where it is bright.
    assert (labels == 2).sum() == counts[2] == 8 * (mask == 2).sum()
    assert (small[labels == 2] > -600).all()


def test_planes_at_a_time_write_the_bytes_of_the_whole(tmp_path):
    """More planes than are made at a time, values that two bytes cannot hold, and halves."""
    mask = box((20, 18, 2 * grid.PLANES + 5), ((6, 6, 3), (12, 12, 17)))
    hu = (RANDOM.integers(-4000, 4000, mask.shape) / 2).astype(np.float32)
    hu[3:5, 3:5], hu[9, 9] = 70000, -900.5
    case = cases.Case("a", tmp_path / "image.nii.gz", tmp_path / "mask.nii.gz")
    for path, voxels in ((case.image, hu), (case.mask, mask)):
        nifti.write(path, Volume(voxels, AFFINE))
    how = settings.Prepare((1.7, 2.0, 4.1), -300, 1)
    counts = prepare.write(case, how, tmp_path)

    image, labels = cases.pair(case)
    found = prepare.layout(image, how)
    assert found.shape[2] > 2 * grid.PLANES
    whole = np.rint(grid.resample(image.data, found.coordinates))
    assert whole.max() > 32767 and np.array_equal(whole, prepare.prepare(image, how).data.round())
    labels = grid.resample(labels.data, found.coordinates, True)
    wanted = (np.asfortranarray(whole.clip(-32768, 32767), np.int16), np.asfortranarray(labels),
              crops.places(labels))
    assert counts == [int((labels == label).sum()) for label in range(3)] and counts[2]
    for path, array in zip(prepare.files(tmp_path, "a"), wanted):
        np.save(tmp_path / "wanted.npy", array)
        assert path.read_bytes() == (tmp_path / "wanted.npy").read_bytes()
