"""The detection stage on files: its numbers by hand, and its complaints."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.common import nifti
from stages.segmentation import detect
from tests.segmentation.volumes import AFFINE, PARAMS, box

SHAPE = (20, 18, 10)


def arguments(cohort, out, *more):
    return ["--manifest", cohort, "--params", PARAMS, "--predictions", out / "p",
            "--lesions", out / "lesions.csv", "--scans", out / "scans.csv",
            "--metrics", out / "metrics.json", *more]


@pytest.fixture
def predicted(cohort, tmp_path):
    """Scan a: one of two found, exactly; b: missed, one false positive; c: one of two voxels."""
    masks = {"a": box(SHAPE, ((4, 4, 2), (8, 8, 5))), "b": box(SHAPE, ((15, 14, 7), (17, 15, 8))),
             "c": box(SHAPE, ((9, 9, 4), (11, 10, 5)))}
    for name, mask in masks.items():
        nifti.write(tmp_path / "p" / f"{name}.nii.gz", nifti.Volume(mask, AFFINE))
    return tmp_path


def test_numbers_by_hand(cohort, predicted, call):
    assert call(detect.stage, *arguments(cohort, predicted))[0] == 0
    metrics = json.loads((predicted / "metrics.json").read_text())
    assert (metrics["lesions"], metrics["found"], metrics["false_positives"]) == (3, 1, 2)
    assert metrics["sensitivity"] == pytest.approx(1 / 3) and metrics["ppv"] == pytest.approx(1 / 3)
    assert metrics["false_positives_per_scan"]["mean"] == pytest.approx(2 / 3)
    # A voxel is 20 mm³; the false positive on the scan without lesions has two.
    assert metrics["lesion_free"] == {
        "scans": 1, "scans_with_false_positives": 1,
        "false_ml": {"n": 1, "mean": 0.04, "median": 0.04, "min": 0.04, "max": 0.04}}
    first, second = 4 * 4 * 3, 3 * 4 * 4
    scans = pd.read_csv(predicted / "scans.csv", index_col="File")
    assert scans.loc["a", "dice"] == pytest.approx(2 * first / (2 * first + second))
    assert scans.loc["b", "dice"] == 0 and scans.loc["c", "dice"] == 0
    lesions = pd.read_csv(predicted / "lesions.csv")
    assert lesions["result"].value_counts().to_dict() == {
        "missed": 2, "false-positive": 2, "found": 1, "true": 1}
    assert metrics["lesion_dice"]["median"] == 0 and metrics["lesion_dice"]["max"] == 1


def test_a_perfect_prediction(cohort, tmp_path, call):
    for name in "abc":
        nifti.write(tmp_path / "p" / f"{name}.nii.gz", nifti.read(tmp_path / f"{name}_mask.nii.gz"))
    call(detect.stage, *arguments(cohort, tmp_path))
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["sensitivity"] == metrics["ppv"] == metrics["scan_dice"]["min"] == 1
    assert metrics["lesion_free"]["false_ml"]["max"] == 0


def test_a_selection_and_a_repeat(cohort, predicted, call):
    selected = arguments(cohort, predicted, "--cohort", "lits")
    assert call(detect.stage, *selected)[0] == 0
    first = (predicted / "lesions.csv").read_bytes()
    assert json.loads((predicted / "metrics.json").read_text())["scans"] == 1
    call(detect.stage, *selected)
    assert (predicted / "lesions.csv").read_bytes() == first


def test_a_mask_stored_in_another_orientation_is_the_same(cohort, predicted, call):
    call(detect.stage, *arguments(cohort, predicted))
    before = (predicted / "scans.csv").read_bytes()
    volume = nifti.read(predicted / "p" / "a.nii.gz")
    affine = volume.affine.copy()
    affine[0, 3] += affine[0, 0] * (SHAPE[0] - 1)
    affine[:, 0] *= -1
    nifti.write(predicted / "p" / "a.nii.gz", nifti.Volume(volume.data[::-1], affine))
    call(detect.stage, *arguments(cohort, predicted))
    assert (predicted / "scans.csv").read_bytes() == before


def spoil(folder, fault):
    path = folder / "p" / "b.nii.gz"
    if fault == "missing":
        path.unlink()
    elif fault == "grid":
        nifti.write(path, nifti.Volume(box(SHAPE), AFFINE * [[1], [1], [1.1], [1]]))
    elif fault == "label":
        nifti.write(path, nifti.Volume(np.full(SHAPE, 7, np.uint8), AFFINE))
    else:
        path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize("fault, words", [
    ("missing", "no such file"), ("grid", "lies on another grid"), ("label", "holds the label 7"),
    ("cut", "damaged gzip")])
def test_bad_predictions_are_one_line(cohort, predicted, call, fault, words):
    spoil(predicted, fault)
    code, error = call(detect.stage, *arguments(cohort, predicted))
    last = error.strip().splitlines()[-1]
    assert code == 2 and words in last and "b.nii.gz" in last
    assert not (predicted / "metrics.json").exists()


@pytest.mark.parametrize("old, new, words", [
    ("rule: overlap", "rule: dice", "valid: overlap, iou"),
    ("connectivity: 26", "connectivity: 8", "valid: 6, 18, 26"),
    ("threshold: 0.0", "threshold: 1.0", "share from 0 to below 1")])
def test_bad_settings_are_one_line(cohort, predicted, call, tmp_path, old, new, words):
    changed = tmp_path / "params.yaml"
    changed.write_text((PARAMS / "detection.yaml").read_text().replace(old, new))
    code, error = call(detect.stage, *arguments(cohort, predicted), "--params", changed)
    assert code == 2 and words in error


@pytest.mark.parametrize("more, words", [
    (["--cohort", "mars"], "valid: lits, sclc"), (["--part", "train"], "valid: test")])
def test_an_empty_selection_is_one_line(cohort, predicted, call, more, words):
    code, error = call(detect.stage, *arguments(cohort, predicted), *more)
    assert code == 2 and words in error


def test_a_series_named_twice(cohort, predicted, call):
    cohort.write_text(cohort.read_text().replace("\nb,", "\na,"))
    code, error = call(detect.stage, *arguments(cohort, predicted))
    assert code == 2 and "has 'a' twice in the column" in error
