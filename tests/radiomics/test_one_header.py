"""A file that one room refuses is refused by the others, in the same words; as is what they accept."""

import gzip
import struct

import numpy as np
import pytest

from stages.common import nifti
from stages.common.errors import InputError
from stages.radiomics import volumes

AFFINE = np.array([[-0.8, 0, 0, 12.3], [0, -0.8, 0, 45.6], [0, 0, 2.5, -700.3], [0, 0, 0, 1]])
SHAPE = (5, 4, 3)
VOXELS = np.arange(60, dtype=np.int16).reshape(SHAPE, order="F")
NAN = float("nan")


def place(turn=0.0, shift=0.0):
    """qform and sform, the qform turned (radians) about the third axis and moved (mm)."""
    # A half turn about the third axis, as AFFINE has it: b = c = 0, d = 1.
    half = np.pi / 2 + turn / 2
    return ((252, "<2h", 1, 1), (256, "<6f", 0, 0, np.sin(half), 12.3 + shift, 45.6, -700.3))


def changed(*fields):
    content = bytearray(gzip.decompress(nifti.encode(nifti.Volume(VOXELS, AFFINE))))
    for where, layout, *values in fields:
        struct.pack_into(layout, content, where, *values)
    return bytes(content)


def judged(reader, path):
    try:
        reader(path)
    except InputError as error:
        return str(error)
    return None


@pytest.mark.parametrize("content, words", [
    (changed((70, "<h", 128)), "NIfTI type 128"),
    (changed((40, "<8h", 4, 5, 4, 1, 3, 1, 1, 1)), "not three axes"),
    (changed((40, "<8h", 2, 5, 12, 1, 1, 1, 1, 1)), "not three axes"),
    (changed((252, "<2h", 0, 0)), "no qform, no sform"),
    (changed((112, "<2f", 0.0, 5.0)), "an intercept (5) without a slope"),
    (changed((112, "<2f", 2.0, NAN)), "a slope without an intercept"),
    (changed((108, "<f", NAN)), "where its voxels begin"), (changed((108, "<f", -400.0)), "begin"),
    (changed((108, "<f", 1e12)), "is cut short"), (changed()[:-9], "is cut short"),
    (changed((123, "<B", 1)), "in metres"), (changed((123, "<B", 11)), "in micrometres"),
    (changed((84, "<f", 0.7)), "is not that of its axes"), (changed((280, "<f", NAN)), "unusable"),
    (changed((284, "<f", 0.0004)), "right angles"),
    (changed(*place(shift=0.2)), "disagree by 0.2 mm"), (changed(*place(turn=0.1)), "disagree by"),
    (changed((344, "<4s", b"ni1\0")), "is not a NIfTI file"), (b"x" * 400, "is not a NIfTI file"),
    (changed((0, "<i", 540)), "is a NIfTI-2 file"), (changed((0, ">i", 540)), "is a NIfTI-2 file")])
def test_what_one_room_refuses_the_others_refuse_in_the_same_words(tmp_path, content, words):
    path = tmp_path / "a.nii"
    path.write_bytes(content)
    said = judged(nifti.read, path)
    assert said and words in said and said.startswith(f"{path}: ")
    assert judged(volumes.read_series, path) == said


@pytest.mark.parametrize("content", [
    changed(), changed(*place()), changed(*place(shift=0.05)), changed(*place(), (252, "<2h", 1, 0)),
    changed((40, "<8h", 4, 5, 4, 3, 1, 1, 1, 1)), changed((112, "<2f", NAN, NAN)),
    changed((123, "<B", 0))])
@pytest.mark.parametrize("packed", [False, True])
def test_what_one_room_accepts_the_others_place_alike(tmp_path, content, packed):
    path = tmp_path / ("a.nii.gz" if packed else "a.nii")
    path.write_bytes(gzip.compress(content) if packed else content)
    ours, theirs = nifti.read(path), volumes.read_series(path)
    np.testing.assert_array_equal(ours.data, VOXELS)
    ijk = np.array(list(np.ndindex(2, 2, 2))) * (np.array(SHAPE) - 1)
    for corner in ijk:
        here = (ours.affine @ [*corner, 1])[:3] * [-1, -1, 1]
        there = theirs.TransformIndexToPhysicalPoint([int(i) for i in corner])
        np.testing.assert_allclose(here, there, atol=1e-4)
