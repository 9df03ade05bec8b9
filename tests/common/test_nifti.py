"""The NIfTI reader against nibabel where it is installed, and against damaged files."""

import gzip
import struct

import numpy as np
import pytest

from stages.common import nifti
from stages.common.errors import InputError
from stages.common.nifti import Volume

RANDOM = np.random.default_rng(5)
AFFINE = np.array([[0, -0.8, 0, 5], [0.7, 0, 0, -4], [0, 0, 2.5, 9], [0, 0, 0, 1.0]])


@pytest.fixture
def volume():
    return Volume(RANDOM.integers(-1000, 1000, (4, 5, 6)).astype(np.int16), AFFINE)


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "f4", "f8", "u2"])
def test_round_trip(tmp_path, kind):
    data = RANDOM.integers(0, 200, (3, 4, 5)).astype(kind)
    nifti.write(tmp_path / "a.nii.gz", Volume(data, AFFINE))
    back = nifti.read(tmp_path / "a.nii.gz")
    assert back.data.dtype == np.dtype(kind)
    np.testing.assert_array_equal(back.data, data)
    np.testing.assert_allclose(back.affine, AFFINE, atol=1e-6)
    np.testing.assert_allclose(back.spacing, [0.7, 0.8, 2.5], atol=1e-6)


def test_bytes_depend_on_the_content_only(volume):
    other_order = Volume(np.asfortranarray(volume.data), volume.affine.copy())
    assert nifti.encode(volume) == nifti.encode(other_order)
    assert gzip.decompress(nifti.encode(volume))[:4] == struct.pack("<i", 348)


def test_agrees_with_nibabel(tmp_path, volume):
    nibabel = pytest.importorskip("nibabel", reason="only the segmentation image has nibabel")
    nifti.write(tmp_path / "own.nii.gz", volume)
    theirs = nibabel.load(tmp_path / "own.nii.gz")
    np.testing.assert_array_equal(np.asarray(theirs.dataobj), volume.data)
    np.testing.assert_allclose(theirs.affine, volume.affine, atol=1e-6)
    # Theirs with quaternion and matrix, scaled, big-endian and with a trailing axis of one.
    image = nibabel.Nifti1Image(volume.data[..., None], volume.affine)
    image.header.set_slope_inter(0.5, -3)
    nibabel.save(image, tmp_path / "theirs.nii")
    back = nifti.read(tmp_path / "theirs.nii")
    np.testing.assert_allclose(back.data, nibabel.load(tmp_path / "theirs.nii").get_fdata()[..., 0])
    np.testing.assert_allclose(back.affine, volume.affine, atol=1e-5)
    assert nibabel.aff2axcodes(nifti.to_ras(volume).affine) == ("R", "A", "S")
    canonical = nibabel.as_closest_canonical(nibabel.Nifti1Image(volume.data, volume.affine))
    np.testing.assert_array_equal(nifti.to_ras(volume).data, np.asarray(canonical.dataobj))
    np.testing.assert_allclose(nifti.to_ras(volume).affine, canonical.affine, atol=1e-9)


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1), (-1, -1, -1)])
def test_ras_keeps_every_voxel_where_it_was(axes, signs):
    data = RANDOM.integers(0, 1000, (3, 4, 5)).astype(np.int16)
    affine = np.eye(4)
    affine[:3, :3] = np.diag([0.7, 0.9, 2.0])[:, axes] * np.array(signs)
    affine[:3, 3] = [3, -8, 1]
    turned = nifti.to_ras(Volume(data, affine))
    np.testing.assert_array_equal(nifti.like(turned, Volume(data, affine)).data, data)
    assert (np.diag(turned.affine)[:3] > 0).all()
    for index in np.ndindex(*data.shape):
        place = affine @ [*index, 1]
        there = np.rint(np.linalg.solve(turned.affine, place)[:3]).astype(int)
        assert turned.data[tuple(there)] == data[index]


def rewrite(path, volume, offset, layout, *values):
    content = bytearray(gzip.decompress(nifti.encode(volume)))
    struct.pack_into(layout, content, offset, *values)
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("offset, layout, values, message", [
    (70, "<h", (1792,), "NIfTI type 1792"),
    (40, "<8h", (4, 4, 5, 3, 2, 1, 1, 1), "three axes"),
    (252, "<2h", (0, 0), "where it lies"),
    (252, "<2h", (1, 1), "disagree"),
    (280, "<4f", (0.7, 0.7, 0, 0), "right angles"),
    (280, "<4f", (float("nan"), 0, 0, 0), "unusable"),
    (80, "<f", (0.75,), "is not that of its axes"),
    (123, "<B", (1,), "in metres"),
    (123, "<B", (11,), "in micrometres"),
    (112, "<2f", (0.0, 5.0), "intercept .5. without a slope"),
    (108, "<f", (float("nan"),), "where its voxels begin"),
    (108, "<f", (-400.0,), "where its voxels begin"),
    (344, "<4s", (b"abc\0",), "not a NIfTI file"),
])
def test_bad_headers_are_named(tmp_path, volume, offset, layout, values, message):
    path = tmp_path / "bad.nii"
    rewrite(path, volume, offset, layout, *values)
    with pytest.raises(InputError, match=message) as error:
        nifti.read(path)
    assert str(path) in str(error.value)


def test_damaged_files_are_named(tmp_path, volume):
    whole = nifti.encode(volume)
    for name, content, message in [
            ("cut.nii.gz", whole[:-40], "damaged gzip"), ("short.nii", b"x" * 20, "not a NIfTI file"),
            ("end.nii", gzip.decompress(whole)[:-9], "cut short")]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=message):
            nifti.read(tmp_path / name)
    with pytest.raises(InputError, match="no such file"):
        nifti.read(tmp_path / "none.nii")


def test_a_trailing_axis_of_one_is_dropped(tmp_path, volume):
    rewrite(tmp_path / "a.nii", volume, 40, "<8h", 4, 4, 5, 6, 1, 1, 1, 1)
    assert nifti.read(tmp_path / "a.nii").data.shape == (4, 5, 6)


def test_grids():
    first = Volume(np.zeros((2, 3, 4)), AFFINE)
    moved = AFFINE.copy()
    moved[0, 3] += 0.01
    assert nifti.same_grid(first, Volume(np.ones((2, 3, 4)), AFFINE))
    assert not nifti.same_grid(first, Volume(np.ones((2, 3, 4)), moved))
    assert not nifti.same_grid(first, Volume(np.ones((2, 3, 5)), AFFINE))


def test_a_volume_cannot_be_stored_like_another_one(volume):
    moved = volume.affine.copy()
    moved[2, 3] += 1
    for other in (Volume(volume.data, moved), Volume(volume.data[1:], volume.affine)):
        with pytest.raises(ValueError, match="same voxels"):
            nifti.like(volume, other)


@pytest.mark.parametrize("kind", ["u1", "i2", "f4"])
def test_scaled_values_are_what_itk_gives(tmp_path, kind):
    data = np.arange(60).reshape(3, 4, 5).astype(kind)
    rewrite(tmp_path / "a.nii", Volume(data, AFFINE), 112, "<2f", 0.1, 3.0)
    back = nifti.read(tmp_path / "a.nii").data
    assert back.dtype == np.float32
    expected = data.astype(np.float64) * float(np.float32(0.1)) + 3.0
    np.testing.assert_array_equal(back, expected.astype(np.float32))


def geometry(content):
    """The bytes of a header that say where the volume lies."""
    return content[76:92], content[252:328]


@pytest.mark.parametrize("codes", [(0, 1), (1, 0), (1, 2)])
def test_the_place_in_a_header_is_kept_byte_for_byte(tmp_path, codes):
    # An oblique grid: neither its voxel size nor its quaternion follows from its affine to the bit.
    turn = np.array([[0.96, 0.28, 0], [-0.28, 0.96, 0], [0, 0, 1.0]])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn * [0.8, 0.7, 2.3], [60.1, 70.3, -300.7]
    raw = bytearray(gzip.decompress(nifti.encode(Volume(np.zeros((3, 4, 5), np.int16), affine))))
    struct.pack_into("<8f", raw, 76, 1, 0.8, 0.7, 2.3, 0, 0, 0, 0)
    struct.pack_into("<2h", raw, 252, *codes)
    half = np.arctan2(-0.28, 0.96) / 2
    struct.pack_into("<6f", raw, 256, 0, 0, np.sin(half), *affine[:3, 3])
    (tmp_path / "a.nii").write_bytes(raw)
    volume = nifti.read(tmp_path / "a.nii")
    assert geometry(gzip.decompress(nifti.encode(volume, as_stored=True))) == geometry(bytes(raw))
    assert geometry(gzip.decompress(nifti.encode(volume))) != geometry(bytes(raw))


def test_a_place_in_double_precision_is_kept(tmp_path, volume):
    affine = AFFINE.copy()
    affine[2, 3] = -300.7
    nifti.write(tmp_path / "a.nii.gz", Volume(volume.data, affine), as_stored=True)
    back = nifti.read(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(back.affine, affine)
    np.testing.assert_array_equal(back.data, volume.data)
    assert nifti.encode(back, as_stored=True) == (tmp_path / "a.nii.gz").read_bytes()
    # Other programs skip the extension and read single precision.
    content = gzip.decompress(nifti.encode(back))
    assert content[348] == 0 and gzip.decompress(nifti.encode(back, as_stored=True))[348] == 1
