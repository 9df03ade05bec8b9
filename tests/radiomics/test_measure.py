"""Features of own masks: regions, settings by name, rows without features."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from radiomics.featureextractor import RadiomicsFeatureExtractor

from stages.common import cli
from stages.common.columns import FEATURES
from stages.radiomics import measure, regions, rows
from tests.radiomics.conftest import ROOT, phantom, volume, write

YAML = """
imageType: {Original: {}, LoG: {sigma: [2.0]}}
featureClass: {firstorder: [Mean, Entropy], glcm: [Contrast]}
setting: {binWidth: 10, resampledPixelSpacing: [2, 2, 2], label: 7}
"""


@pytest.fixture
def cohort(tmp_path):
    """Two series: one with liver and two lesions, one with a single voxel of lesion and no liver."""
    image, _ = phantom(3, shape=(10, 26, 24))
    labels = np.zeros((10, 26, 24), np.uint8)
    labels[2:9, 3:22, 3:22] = 1
    labels[3:6, 5:10, 5:11] = 2
    labels[6:8, 14:18, 12:16] = 2
    single = np.zeros_like(labels)
    single[4, 4, 4] = 2
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for name, array in (("a", labels), ("b", single)):
        write(tmp_path, (image, volume(array)), f"images/{name}.nii.gz", f"masks/{name}.nii.gz")
    pd.DataFrame({"File": ["a", "b"], "study": ["x", "y"], "patient": ["p", "q"],
                  "image": ["images/a.nii.gz", "images/b.nii.gz"],
                  "mask": ["masks/a.nii.gz", "masks/b.nii.gz"]}).to_csv(
                      tmp_path / "manifest.csv", index=False)
    return tmp_path


@pytest.fixture
def run(cohort, monkeypatch, capsys):
    def stage(*options):
        monkeypatch.setattr(sys, "argv", [
            "measure", "--params", str(ROOT / "studies/sclc_liver/params"), "--manifest",
            str(cohort / "manifest.csv"), "--out", str(cohort / "out"), "--jobs", "1",
            *map(str, options)])
        try:
            cli.main(measure.stage)
            code = 0
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().err
    return stage


def tables(cohort):
    return (pd.read_csv(cohort / "out" / f"{name}.csv", float_precision="round_trip")
            for name in ("features", "excluded"))


def theirs(cohort, labels, number=None, *arguments, **settings):
    """PyRadiomics alone on some labels of the first series, or on the lesion of a number of voxels."""
    image, mask = (sitk.ReadImage(str(cohort / folder / "a.nii.gz")) for folder in ("images", "masks"))
    kept = np.isin(sitk.GetArrayFromImage(mask), labels)
    if number:
        parts = sitk.GetArrayFromImage(sitk.ConnectedComponent(mask == 2, True))
        kept = next(parts == part for part in (1, 2) if (parts == part).sum() == number)
    made = sitk.GetImageFromArray(kept.astype(np.uint8))
    made.CopyInformation(mask)
    found = RadiomicsFeatureExtractor(*arguments, **settings).execute(image, made, label=1)
    return {name: float(value) for name, value in found.items() if not name.startswith("diag")}


def require_equal(row, expected):
    assert len(expected) > 0
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, rel=1e-10), name


def test_regions_are_what_pyradiomics_gives_on_each(cohort, run):
    assert run("--regions", "lesions,each,largest,liver,parenchyma", "--method", "plain")[0] == 0
    features, excluded = tables(cohort)
    assert features[["File", "study", "patient"]].drop_duplicates().values.tolist() == [["a", "x", "p"]]
    assert features["region"].tolist() == ["lesions", "each", "each", "largest", "liver", "parenchyma"]
    assert features["lesion"].fillna(0).tolist() == [0, 1, 2, 0, 0, 0]
    assert features["Num_Lesions"].tolist() == [2, 1, 1, 1, 1, 1]
    assert set(FEATURES) <= set(features.columns)
    one = {"resampledPixelSpacing": [1, 1, 1]}
    for index, labels, number in ((0, 2, None), (1, 2, 90), (2, 2, 32), (3, 2, 90), (4, (1, 2), None),
                                  (5, 1, None)):
        require_equal(features.iloc[index], theirs(cohort, labels, number, **one))
    # A lesion alone is no liver.
    assert excluded[["region", "status"]].values.tolist() == [
        ["lesions", "too-small"], ["each", "too-small"], ["largest", "too-small"],
        ["liver", "no-lesion"], ["parenchyma", "no-lesion"]]
    assert excluded["reason"][3] == "the mask holds no liver"


def test_lesions_are_what_the_pipeline_extracts(cohort, run, settings):
    from dataclasses import replace

    assert run()[0] == 0
    features, _ = tables(cohort)
    pipeline = rows.compute(cohort / "images/a.nii.gz", cohort / "masks/a.nii.gz",
                            replace(settings, label=2, other_labels=(1,)))
    assert len(features) == 1
    for name, value in pipeline["values"].items():
        assert features[name][0] == value or name.endswith("Python"), name


def test_default_settings_and_a_parameter_file(cohort, run):
    assert run("--settings", "default")[0] == 0
    features, _ = tables(cohort)
    require_equal(features.iloc[0], theirs(cohort, 2))
    path = cohort / "settings.yaml"
    path.write_text(YAML)
    assert run("--settings", path, "--regions", "largest")[0] == 0
    features, _ = tables(cohort)
    require_equal(features.iloc[0], theirs(cohort, 2, 90, str(path)))
    names = [name for name in features if name.startswith(("original_", "log-"))]
    assert len(names) == 6 and names[:2] == ["original_firstorder_Entropy", "original_firstorder_Mean"]


def test_the_standard_s_way_is_a_setting_too(cohort, run):
    assert run("--settings", "ibsi", "--regions", "each,liver")[0] == 0
    features, excluded = tables(cohort)
    assert features["region"].tolist() == ["each", "each", "liver"] and set(FEATURES) <= set(features)
    assert features["diagnostics_Mask-interpolated_Spacing"].tolist() == ["(1.0, 1.0, 1.0)"] * 3
    assert "'resegmentRange': [-1000.0, 400.0]" in features["diagnostics_Configuration_Settings"][0]
    # A voxel of 0.8 x 0.8 x 2.5 mm is two on the new grid, or none.
    assert excluded["status"].tolist() == ["too-small", "no-lesion"]


@pytest.mark.parametrize("options, words", [
    (("--settings", "ibs"), "there are no settings 'ibs'; valid: released, default, ibsi"),
    (("--settings", "gone.yaml"), "gone.yaml: no such file"),
    (("--settings", "bad.yaml"), "bad.yaml: is no parameter file of PyRadiomics"),
    (("--regions", "lesions,spleen"), "--regions is 'lesions,spleen'; give some of lesions, each,"),
    (("--regions", "each,each"), "each once"), (("--jobs", "0"), "--jobs is 0")])
def test_settings_that_are_none(cohort, run, monkeypatch, options, words):
    monkeypatch.chdir(cohort)
    (cohort / "bad.yaml").write_text("setting: {binWidth: wide}\n")
    code, error = run(*options)
    assert code == 2 and words in error and error.startswith("error: ") and error.count("\n") == 1
    assert not (cohort / "out").exists()


@pytest.mark.parametrize("text", [
    "setting: [", "setting: {binWidth: 25}\nsetting: {binWidth: 26}\n", "setting: !!int ''\n",
    "setting: !!timestamp x\n", "\0", "---\nsetting: {}\n---\nsetting: {}\n",
    "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n"
                                 for n in range(1, 21))])
def test_settings_that_are_no_yaml(cohort, run, text):
    """PyRadiomics' reader of YAML has errors of its own, and no end where parts are named twice."""
    path = cohort / "bad.yaml"
    path.write_text(text)
    code, error = run("--settings", path)
    assert code == 2 and error.count("\n") == 1
    assert error.startswith(f"error: {path}: is no parameter file of PyRadiomics (")
    assert ("written out" in error) == (len(text) > 500)


def test_every_bad_series_is_named_and_the_others_are_kept(cohort, run):
    for name in ("b", "c", "d"):
        (cohort / f"images/{name}.nii.gz").write_bytes(b"none")
    listed = pd.DataFrame([[name, f"images/{name}.nii.gz", "masks/a.nii.gz"] for name in "abcd"],
                          columns=["File", "image", "mask"])
    listed.to_csv(cohort / "manifest.csv", index=False)
    record = cohort / "record.jsonl"
    code, error = run("--record", record)
    lines = error[error.index("error: "):].splitlines()
    assert code == 2 and lines[0] == "error: 3 faults:" and len(lines) == 4
    assert all(f"images/{name}.nii.gz" in line for name, line in zip("bcd", sorted(lines[1:])))
    assert not (cohort / "out").exists() and '["a"' in record.read_text()


def test_bad_series_are_listed_and_left_out(cohort, run, monkeypatch):
    for name in ("c", "d"):
        (cohort / f"images/{name}.nii.gz").write_bytes(b"none")
    listed = pd.DataFrame([[name, f"images/{name}.nii.gz", "masks/a.nii.gz"] for name in "acd"],
                          columns=["File", "image", "mask"])
    listed.to_csv(cohort / "manifest.csv", index=False)
    failed = cohort / "failed.json"
    assert run("--failed", failed)[0] == 2
    options = "--record", cohort / "record.jsonl", "--failed", failed
    assert run(*options)[0] == 0
    reasons = json.loads(failed.read_text())
    assert list(reasons) == ["c", "d"] and "images/d.nii.gz: " in reasons["d"]
    assert next(iter(tables(cohort)))["File"].tolist() == ["a"]
    listed[1:].to_csv(cohort / "manifest.csv", index=False)
    assert run(*options)[0] == 0 and not len(next(iter(tables(cohort))))
    # Nothing of a series: all of them would fail alike.
    monkeypatch.setattr(measure, "compute", out_of_memory)
    assert run(*options)[0] == 2


def out_of_memory(image, mask, work):
    raise measure.InputError("the system ended a process that computed features")


def test_settings_that_pyradiomics_cannot_follow(cohort, run):
    (cohort / "strange.yaml").write_text(
        "imageType: {Original: {}}\nsetting: {resegmentRange: [5000, 6000]}\n")
    code, error = run("--settings", cohort / "strange.yaml")
    assert code == 2 and "a.nii.gz: PyRadiomics cannot compute the region 'lesions' (Reseg" in error


def test_lesions_touch_at_corners_and_are_ordered_by_size():
    mask = np.zeros((3, 6, 6), bool)
    mask[0, 0, 0] = mask[1, 1, 1] = True
    mask[0, 4:, 0:3] = True
    mask[2, 5, 5] = True
    assert [int(one.sum()) for one in regions.lesions(mask)] == [6, 2, 1]
