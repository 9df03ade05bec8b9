"""Bad input: one line that names the file, exit code 2; or a row that says what there is."""

from __future__ import annotations

import dataclasses
import gzip
import json
import struct
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from stages.common import nifti, nifti_header
from stages.common.errors import InputError
from stages.radiomics import headers, rows, series, volumes
from tests.radiomics.conftest import ROOT, phantom, write

SHEARED = (1.0, 0.3, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@pytest.fixture(scope="module")
def pair():
    return phantom(1, shape=(8, 24, 26), origin=(0.0, 0.0, 0.0))


def rejected(match, image, mask, settings, culprit):
    with pytest.raises(InputError, match=match) as caught:
        volumes.read_pair(image, mask, settings)
    text = str(caught.value)
    assert "\n" not in text and culprit.name in text


def replaced(image: sitk.Image, change) -> sitk.Image:
    array = sitk.GetArrayFromImage(image)
    changed = sitk.GetImageFromArray(change(array))
    changed.CopyInformation(image)
    return changed


def patched(path, place, kind, *values):
    """Change a field of a compressed NIfTI header."""
    raw = bytearray(gzip.decompress(path.read_bytes()))
    struct.pack_into(f"<{kind}", raw, place, *values)
    path.write_bytes(gzip.compress(bytes(raw)))


def test_mask_of_another_size(pair, tmp_path, settings):
    image, mask = write(tmp_path, (pair[0], pair[1][:, :, 1:]))
    rejected("is not that of the series", image, mask, settings, mask)


def test_mask_that_lies_elsewhere(pair, tmp_path, settings):
    shifted = pair[1] + 0
    shifted.SetOrigin((0.0, 0.0, 2.5))
    image, mask = write(tmp_path, (pair[0], shifted))
    rejected("lies elsewhere than the series .*2.5 mm apart", image, mask, settings, mask)


def test_empty_mask_is_listed(pair, tmp_path, settings):
    image, mask = write(tmp_path, (pair[0], pair[1] * 0))
    row = rows.compute(image, mask, settings)
    assert row == {"status": "no-lesion", "reason": "the mask holds no lesion", "voxels": 0,
                   "components": 0}


def test_unknown_label(pair, tmp_path, settings):
    image, mask = write(tmp_path, (pair[0], pair[1] * 3))
    rejected(r"unknown label 3 \(known: 0, 1\)", image, mask, settings, mask)
    known = dataclasses.replace(settings, other_labels=(3,))
    assert volumes.read_pair(image, mask, known)[1].GetPixelID() == sitk.sitkUInt8


def test_the_hint_does_not_make_the_liver_the_lesion(pair, tmp_path, settings):
    # A mask of this package (liver 1, lesions 2), while the parameters' lesions have the label 1.
    both = replaced(pair[1], lambda array: array + np.uint8(1))
    image, mask = write(tmp_path, (pair[0], both))
    with pytest.raises(InputError) as caught:
        volumes.read_pair(image, mask, settings)
    fix = str(caught.value).split("; ", 1)[1]
    assert "say which label is the lesion (--label)" in fix and "2 is the lesion and 1 the" in fix
    assert "radiomics.other_labels" not in fix


def test_voxels_in_another_file(pair, tmp_path, settings):
    image, mask = write(tmp_path, pair, "image.nrrd", "mask.nrrd")
    for path in (image, mask):
        whole = path.read_bytes()
        header = sitk.GetArrayFromImage(sitk.ReadImage(str(path))).tofile(tmp_path / "v.raw") or (
            whole.split(b"\n\n", 1)[0].replace(b"encoding: gzip", b"encoding: raw"))
        path.write_bytes(header + f"\ndata file: {tmp_path / 'v.raw'}\n".encode())
        assert sitk.ReadImage(str(path)).GetSize() == pair[0].GetSize()  # ITK follows it.
        rejected("keeps its voxels in another file", image, mask, settings, path)
        path.write_bytes(whole)


@pytest.mark.parametrize("place, kind, value, words", [
    (123, "B", 1, "has its lengths in metres"), (123, "B", 3, "has its lengths in micrometres"),
    (84, "f", 0.7, "is not that of its axes")])
def test_a_place_that_programs_read_in_two_ways(pair, tmp_path, settings, place, kind, value, words):
    image, mask = write(tmp_path, pair)
    patched(image, 252, "2h", 0, 1)
    patched(image, place, kind, value)
    rejected(words, image, mask, settings, image)


def test_a_place_in_double_precision_is_taken(pair, tmp_path, settings):
    # As the intake writes it for DICOM: 0.8 mm is no number of single precision.
    affine = np.diag([-0.8, -0.8, 2.5, 1.0])
    affine[:3, 3] = 12.3, 45.6, -700.3
    data = sitk.GetArrayFromImage(pair[0]).transpose(2, 1, 0)
    nifti.write(tmp_path / "image.nii.gz", nifti.Volume(data, affine), as_stored=True)
    assert sitk.ReadImage(str(tmp_path / "image.nii.gz")).GetSpacing()[0] != 0.8
    series = volumes.read_series(tmp_path / "image.nii.gz")
    assert series.GetSpacing() == (0.8, 0.8, 2.5) and series.GetOrigin() == (-12.3, -45.6, -700.3)
    assert series.GetDirection() == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def test_fractional_label(pair, tmp_path, settings):
    image, mask = write(tmp_path, (pair[0], sitk.Cast(pair[1], sitk.sitkFloat32) * 0.5))
    rejected("unknown label 0.5", image, mask, settings, mask)


def test_lesions_next_to_an_organ(pair, tmp_path, settings):
    both = replaced(pair[1], lambda array: np.where(array == 1, 2, 1).astype(np.uint8))
    image, mask = write(tmp_path, (pair[0], both))
    options = dataclasses.replace(settings, label=2, other_labels=(1,))
    lesions = volumes.read_pair(image, mask, options)[1]
    np.testing.assert_array_equal(sitk.GetArrayFromImage(lesions), sitk.GetArrayFromImage(pair[1]))
    # No byte is 256, and the background is not either.
    options = dataclasses.replace(settings, label=256, other_labels=(1, 2))
    assert not sitk.GetArrayFromImage(volumes.read_pair(image, mask, options)[1]).any()


def test_one_slice_series(pair, tmp_path, settings):
    image, mask = write(tmp_path, (pair[0][:, :, :1], pair[1][:, :, :1]))
    rejected("has one slice only", image, mask, settings, image)


@pytest.mark.parametrize("name", ["image.nii.gz", "image.nii", "image.nrrd"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_voxels(pair, tmp_path, settings, value, kind, name):
    def spoil(array):
        array = array.astype(kind)
        array[3, 2, 1] = value
        return array

    image, mask = write(tmp_path, (replaced(pair[0], spoil), pair[1]), name)
    rejected(r"NaN or infinite voxels \(first in slice 3\)", image, mask, settings, image)


def test_lesion_in_padding(pair, tmp_path, settings):
    lesions = sitk.GetArrayFromImage(pair[1]) == 1

    def pad(array):
        array[np.nonzero(lesions)[0][0]] = -3024
        return array

    image, mask = write(tmp_path, (replaced(pair[0], pad), pair[1]))
    rejected(r"lesion voxels lie in padding \(below -1024 HU\)", image, mask, settings, image)


def test_padding_beside_the_lesions_is_kept(pair, tmp_path, settings):
    lesions = sitk.GetArrayFromImage(pair[1]) == 1
    image, mask = write(tmp_path, (replaced(
        pair[0], lambda array: np.where(lesions, array, -3024).astype(np.int16)), pair[1]))
    values = rows.compute(image, mask, settings)["values"]
    assert values["diagnostics_Image-original_Minimum"] == -3024


def test_sheared_nrrd(tmp_path, settings):
    image, mask = write(tmp_path, phantom(1, shape=(8, 24, 26), direction=SHEARED),
                        "image.nrrd", "mask.nrrd")
    rejected("not at right angles", image, mask, settings, image)


def test_sheared_nifti(pair, tmp_path, settings):
    image, mask = write(tmp_path, pair)
    patched(image, 252, "2h", 0, 1)
    patched(image, 284, "f", 0.5)
    rejected("(right angles|orthonormal)", image, mask, settings, image)


def test_qform_and_sform_disagree(pair, tmp_path, settings):
    image, mask = write(tmp_path, pair)
    x, = struct.unpack_from("<f", gzip.decompress(image.read_bytes()), 292)
    patched(image, 292, "f", x + 40)
    rejected("qform and sform disagree by 40.0 mm", image, mask, settings, image)


@pytest.mark.parametrize("place, words", [
    (108, "where its voxels begin"), (280, "unusable coordinate system")])
def test_header_with_nan(pair, tmp_path, settings, place, words):
    image, mask = write(tmp_path, pair)
    patched(image, place, "f", float("nan"))
    rejected(words, image, mask, settings, image)


@pytest.mark.parametrize("direction", [
    (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0),
    (0.96, -0.28, 0.0, 0.28, 0.96, 0.0, 0.0, 0.0, 1.0),
    (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0)])
def test_quaternions_are_read_as_the_standard_says(tmp_path, direction):
    path, _ = write(tmp_path, phantom(1, shape=(8, 24, 26), direction=direction))
    header = nifti_header.read(path).geometry
    np.testing.assert_allclose(header.affine((26, 24, 8), path), header._replace(codes=(1, 0)).affine(
        (26, 24, 8), path), atol=1e-3)


def test_trailing_axis_of_one(pair, tmp_path, settings):
    flat = write(tmp_path, pair)
    deep = write(tmp_path, [sitk.JoinSeries([item]) for item in pair], "i4.nii.gz", "m4.nii.gz")
    assert nifti_header.read(deep[0]).shape == (26, 24, 8)
    assert rows.compute(*deep, settings) == rows.compute(*flat, settings)
    flat = write(tmp_path, pair, "i3.nrrd", "m3.nrrd")
    deep = write(tmp_path, [sitk.JoinSeries([item]) for item in pair], "i4.nrrd", "m4.nrrd")
    assert rows.compute(*deep, settings) == rows.compute(*flat, settings)


def test_two_volumes_in_one_file(pair, tmp_path, settings):
    image, mask = write(tmp_path, (sitk.JoinSeries([pair[0], pair[0]]), pair[1]))
    rejected("not three axes", image, mask, settings, image)


@pytest.mark.parametrize("name", ["image.nii.gz", "image.nii", "image.nrrd"])
def test_cut_short(pair, tmp_path, settings, name):
    image, mask = write(tmp_path, pair, name)
    content = image.read_bytes()
    image.write_bytes(content[: len(content) * 2 // 3])
    rejected("(cut short|damaged gzip|cannot be read)", image, mask, settings, image)


def test_gzip_of_several_parts_is_whole(pair, tmp_path, settings):
    image, mask = write(tmp_path, pair)
    raw = gzip.decompress(image.read_bytes())
    image.write_bytes(gzip.compress(raw[:5000]) + gzip.compress(raw[5000:]))
    assert volumes.read_pair(image, mask, settings)[0].GetSize() == (26, 24, 8)


def test_no_image_at_all(tmp_path, pair, settings):
    image, mask = write(tmp_path, pair)
    image.write_bytes(b"not an image")
    rejected("is not a NIfTI file", image, mask, settings, image)


def test_unknown_file_type(tmp_path, pair, settings):
    image, mask = write(tmp_path, pair)
    rejected("not a file type that is read", image.rename(tmp_path / "image.img"), mask, settings,
             tmp_path / "image.img")


def test_lesion_of_one_voxel_is_listed(pair, tmp_path, settings):
    single = np.zeros((8, 24, 26), np.uint8)
    single[4, 12, 13] = 1
    image, mask = write(tmp_path, (pair[0], replaced(pair[1], lambda _: single)))
    for method in ("fast", "plain"):
        row = rows.compute(image, mask, dataclasses.replace(settings, method=method))
        assert row["status"] == "too-small" and row["components"] == row["voxels"] == 1
        assert row["reason"].startswith("PyRadiomics: mask only contains 1 segmented voxel")


def test_lesion_of_one_voxel_beside_another(pair, tmp_path, settings):
    array = np.zeros((8, 24, 26), np.uint8)
    array[1, 2, 2] = array[3:6, 8:15, 8:15] = 1
    row = rows.compute(*write(tmp_path, (pair[0], replaced(pair[1], lambda _: array))), settings)
    assert (row["status"], row["components"]) == ("features", 2)


@pytest.mark.parametrize("names, match", [
    (["a", "b", "a"], "has .a. twice in the column"),
    (["a", "../b"], "is no usable name"),
    (["a", None], "is no usable name")])
def test_series_names(tmp_path, names, match):
    path = tmp_path / "manifest.csv"
    pd.DataFrame({"File": names, "NE_Score": 0.1}).to_csv(path, index=False)
    with pytest.raises(InputError, match=match):
        series.read(path)


def test_one_line_for_each_fault_and_exit_code_2(pair, tmp_path):
    write(tmp_path, pair, "a.nii.gz", "a_mask.nii.gz")
    path = tmp_path / "manifest.csv"
    pd.DataFrame({"File": ["a", "b", "c"], "image": ["a.nii.gz", "b.nii.gz", "c.nii.gz"],
                  "mask": "a_mask.nii.gz"}).to_csv(path, index=False)
    command = [sys.executable, "-m", "stages.radiomics.extract", "--params",
               ROOT / "studies/sclc_liver/params", "--manifest", str(path),
               "--out", str(tmp_path / "rows"), "--record", str(tmp_path / "record.jsonl")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2
    *_, head, second, third = result.stderr.strip().splitlines()
    # Both are named, a line each (series may end in any order).
    assert head == "error: 2 faults:" and "Traceback" not in result.stderr
    assert {"b.nii.gz: no such file", "c.nii.gz: no such file"} == {
        line.partition(";")[0].rpartition("/")[2] for line in (second, third)}
    # The series that could be computed is kept.
    kept = [json.loads(line) for line in (tmp_path / "record.jsonl").read_text().splitlines()]
    assert [(name, entry["value"]["status"]) for name, entry in kept] == [("a", "features")]


def test_nrrd_in_another_unit_is_refused(tmp_path):
    """ITK reads centimetres as millimetres."""
    path = tmp_path / "a.nrrd"
    path.write_bytes(b'NRRD0004\ntype: short\nspace units: "cm" "cm" "cm"\n\n')
    with pytest.raises(InputError, match="a.nrrd: has its coordinates in 'cm', not in millimetres"):
        headers.check(path)
