"""Images and masks that the room cannot use: one line, exit code 2; or what they stand for."""

import gzip
import json
import struct

import numpy as np
import pandas as pd
import pytest

from stages.common import nifti
from stages.segmentation import baseline, cases, detect, prepare
from tests.segmentation.volumes import AFFINE, PARAMS, box, draw

SHAPE = (20, 18, 10)


def rewrite(path, offset, layout, *values):
    """Change a field of a compressed NIfTI header."""
    raw = bytearray(gzip.decompress(path.read_bytes()))
    struct.pack_into(layout, raw, offset, *values)
    path.write_bytes(gzip.compress(bytes(raw)))


def spoil(path, fault):
    if fault == "cut":
        path.write_bytes(path.read_bytes()[:-30])
    elif fault == "forms":
        rewrite(path, 252, "<2h", 1, 1)
        rewrite(path, 268, "<f", 40.0)
    elif fault == "sheared":
        rewrite(path, 280, "<4f", 2.0, 1.0, 0, 0)
    elif fault == "two volumes":
        volume = nifti.read(path)
        double = np.concatenate([volume.data, volume.data], axis=2)
        nifti.write(path, nifti.Volume(double, volume.affine))
        rewrite(path, 40, "<8h", 4, *volume.data.shape, 2, 1, 1, 1)
    elif fault == "slice":
        nifti.write(path, nifti.Volume(nifti.read(path).data[:, :, :1], AFFINE))
    else:
        path.write_bytes(b"not an image")


@pytest.mark.parametrize("stage", [prepare, baseline])
@pytest.mark.parametrize("fault, words", [
    ("cut", "damaged gzip"), ("forms", "qform and sform disagree"),
    ("sheared", "not at right angles"), ("two volumes", "not three axes"),
    ("slice", "a single slice"), ("no image", "is not a NIfTI file")])
def test_bad_images_are_one_line(cohort, tmp_path, call, stage, fault, words):
    path = tmp_path / "b.nii.gz"
    spoil(path, fault)
    code, error = call(stage.stage, "--manifest", cohort, "--part", "test", "--params", PARAMS,
                       "--out", tmp_path / "out")
    last = error.strip().splitlines()[-1]
    assert code == 2 and last.startswith("error: ") and words in last and str(path) in last
    assert not (tmp_path / "out" / "cases.csv").exists()


@pytest.mark.parametrize("fault, words", [
    ("cut", "damaged gzip"), ("forms", "qform and sform disagree"),
    ("sheared", "not at right angles"), ("two volumes", "not three axes"),
    ("no image", "is not a NIfTI file"), ("fraction", "holds the label 0.5"),
    ("nan", "holds the label nan")])
def test_bad_masks_are_one_line(cohort, tmp_path, call, fault, words):
    path = tmp_path / "b_mask.nii.gz"
    if fault in ("fraction", "nan"):
        mask = nifti.read(path).data.astype(np.float32)
        mask[3, 3, 3] = 0.5 if fault == "fraction" else np.nan
        nifti.write(path, nifti.Volume(mask, AFFINE))
    else:
        spoil(path, fault)
    code, error = call(prepare.stage, "--manifest", cohort, "--part", "test", "--params", PARAMS,
                       "--out", tmp_path / "out")
    last = error.strip().splitlines()[-1]
    assert code == 2 and last.startswith("error: ") and words in last and str(path) in last


def test_a_series_named_twice(cohort, tmp_path, call):
    cohort.write_text(cohort.read_text() + cohort.read_text().splitlines()[1] + "\n")
    code, error = call(prepare.stage, "--manifest", cohort, "--part", "test", "--params", PARAMS,
                       "--out", tmp_path / "out")
    assert code == 2 and "has 'a' twice in the column" in error and str(cohort) in error


def test_a_trailing_axis_of_one(cohort, tmp_path):
    before = cases.pair(cases.select(cohort)[1])
    for name in ("b.nii.gz", "b_mask.nii.gz"):
        rewrite(tmp_path / name, 40, "<8h", 4, *SHAPE, 1, 1, 1, 1)
    after = cases.pair(cases.select(cohort)[1])
    for first, second in zip(before, after):
        np.testing.assert_array_equal(first.data, second.data)
        np.testing.assert_array_equal(first.affine, second.affine)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -3024])
def test_what_is_no_tissue_becomes_air(tmp_path, value):
    data = draw(np.random.default_rng(1), box(SHAPE)).astype(np.float32)
    data[0] = value
    nifti.write(tmp_path / "x.nii.gz", nifti.Volume(data, AFFINE))
    read = cases.read_image(tmp_path / "x.nii.gz")
    assert (read.data[0] == -1024).all()
    np.testing.assert_array_equal(read.data[1:], data[1:])


def test_masks_without_and_with_the_smallest_lesion(cohort, tmp_path, call):
    single = box(SHAPE)
    single[9, 9, 5] = 2
    nifti.write(tmp_path / "b_mask.nii.gz", nifti.Volume(single, AFFINE))
    nifti.write(tmp_path / "c_mask.nii.gz", nifti.Volume(np.zeros(SHAPE, np.uint8), AFFINE))
    code, error = call(prepare.stage, "--manifest", cohort, "--part", "test", "--params", PARAMS,
                       "--out", tmp_path / "out")
    assert code == 0, error
    counts = pd.read_csv(tmp_path / "out" / "cases.csv").set_index("File")
    assert counts.loc["c", ["liver", "lesion"]].tolist() == [0, 0]
    for name in "abc":
        mask = nifti.read(tmp_path / f"{name}_mask.nii.gz")
        nifti.write(tmp_path / "masks" / f"{name}.nii.gz", mask)
    code, error = call(
        detect.stage, "--manifest", cohort, "--predictions", tmp_path / "masks", "--params", PARAMS,
        "--lesions", tmp_path / "lesions.csv", "--scans", tmp_path / "scans.csv", "--metrics",
        tmp_path / "metrics.json")
    assert code == 0, error
    scans = pd.read_csv(tmp_path / "scans.csv").set_index("File")
    assert scans["lesions"].tolist() == [2, 1, 0] and scans["found"].tolist() == [2, 1, 0]
    assert scans.loc["b", "lesion_ml"] == pytest.approx(0.02) and np.isnan(scans.loc["c", "dice"])
    assert json.loads((tmp_path / "metrics.json").read_text())["lesion_free"]["scans"] == 1
