"""The stages extract and table: a cohort, one more series, and the released table's columns."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from stages.common import canonical, done
from stages.common.done import Record
from stages.common.errors import InputError
from stages.radiomics import extract, parameters, rows, series, table, unlabelled
from tests.radiomics.conftest import ROOT, SERIES, mirror


def test_from_series_to_table(extracted, joined):
    assert list(extracted()) == [f"{name}.json" for name in SERIES]
    released, excluded = joined("as-released")
    assert released["File"].tolist() == list(SERIES[:2])
    assert excluded[["File", "status", "voxels"]].values.tolist() == [
        [SERIES[2], "no-lesion", 0], [SERIES[3], "too-small", 1]]
    components = released["diagnostics_Mask-original_VolumeNum"]
    assert (released["Num_Lesions"] == components + 1).all()
    corrected, _ = joined("corrected")
    assert (corrected["Num_Lesions"] == components).all()
    assert corrected.drop(columns="Num_Lesions").equals(released.drop(columns="Num_Lesions"))
    labels = released[["NE_Status", "NE_Class", "patient"]]
    assert labels.values.tolist() == [["positive", 1, 1]] * 2


def test_features_of_series_without_scores_are_the_same(run, extracted, joined, cohort):
    """What is predicted from is what was trained on; labels are neither needed nor written."""
    for path in (cohort / "masks").iterdir():
        # As predicted masks, and own ones that were taken in.
        image = sitk.ReadImage(str(path))
        sitk.WriteImage(sitk.Cast(image * 2, sitk.sitkUInt8), str(path))
    extracted("--label", "2", "--other-labels", "1")
    expected, _ = joined("as-released")
    listed = pd.read_csv("manifest.csv")[["File"]]
    listed["image"], listed["mask"] = "images/" + listed["File"], "masks/" + listed["File"]
    listed.to_csv("manifest.csv", index=False)
    options = ("--record", "record.jsonl", "--failed", "failed.json", "--out", "plain")

    def made():
        run(unlabelled, *options)
        return [(cohort / "plain" / name).read_bytes() for name in ("features.csv", "excluded.csv")]
    first = made()
    got, left = pd.read_csv("plain/features.csv"), pd.read_csv("plain/excluded.csv")
    assert not {*table.TRAILING, "patient"} & set(got.columns)
    pd.testing.assert_frame_equal(got, expected[list(got.columns)])
    assert left["File"].tolist() == list(SERIES[2:]) and canonical.read_json("failed.json") == {}
    # From the record, the same bytes; a file that cannot be used fails alone.
    assert made() == first
    image = cohort / "images" / SERIES[1]
    image.write_bytes(image.read_bytes()[:100])
    made()
    assert list(canonical.read_json("failed.json")) == [SERIES[1]]
    assert pd.read_csv("plain/features.csv")["File"].tolist() == [SERIES[0]]


def test_columns_and_settings_are_those_of_the_released_table(extracted, joined):
    extracted()
    ours, _ = joined("as-released")
    theirs = pd.read_csv(mirror("released", "features_2025-06.csv"))
    assert [name for name in ours.columns if name != "patient"] == list(theirs.columns)
    for name in theirs.columns:
        if name.startswith(("diagnostics_Versions_", "diagnostics_Configuration_")):
            expected = theirs[name].iloc[0]
            if name.endswith("_Python"):
                assert str(expected).startswith(str(ours[name].iloc[0]))
            else:
                assert ours[name].iloc[0] == expected, name
    assert (theirs["Num_Lesions"] == theirs["diagnostics_Mask-original_VolumeNum"] + 1).all()


def test_rows_do_not_depend_on_record_jobs_or_order(cohort, extracted):
    alone = extracted()
    assert extracted("--record", "record.jsonl", "--jobs", "2", out="two") == alone
    assert extracted("--record", "record.jsonl", out="again") == alone
    listed = pd.read_csv(cohort / "manifest.csv")
    listed[::-1].to_csv(cohort / "manifest.csv", index=False)
    assert extracted(out="reverse") == alone


def test_plain_and_fast_rows_agree(extracted, joined):
    extracted()
    fast, _ = joined("corrected")
    extracted("--method", "plain")
    plain, _ = joined("corrected")
    rounded = [f"original_shape_{name}" for name in
               ("SurfaceArea", "SurfaceVolumeRatio", "Sphericity")]
    pd.testing.assert_frame_equal(fast.drop(columns=rounded), plain.drop(columns=rounded),
                                  check_exact=True)
    np.testing.assert_allclose(fast[rounded], plain[rounded], rtol=1e-10)


def known(path, settings):
    return Record(path, extract.about(settings))


def count(monkeypatch):
    """Count the series that are computed."""
    computed = []
    original = extract.rows.compute

    def compute(image, mask, settings):
        computed.append(image.name)
        return original(image, mask, settings)

    monkeypatch.setattr(extract.rows, "compute", compute)
    return computed


def test_only_what_changed_is_computed(cohort, settings, monkeypatch):
    computed = count(monkeypatch)

    def again(names, options=settings):
        computed.clear()
        listed = [series.Series(name, cohort / "images" / name, cohort / "masks" / name)
                  for name in names]
        return extract.extract(listed, options, known(cohort / "record.jsonl", options))

    first = again(SERIES[:3])
    assert computed == list(SERIES[:3])
    again(SERIES[:3])
    assert computed == []
    assert {name: again(SERIES)[name] for name in SERIES[:3]} == first
    again(SERIES)
    assert computed == []
    # A touched file is read, not computed; a changed one is computed.
    os.utime(cohort / "images" / SERIES[0], (1, 1))
    again(SERIES)
    assert computed == []
    (cohort / "images" / SERIES[0]).write_bytes((cohort / "images" / SERIES[1]).read_bytes())
    again(SERIES)
    assert computed == [SERIES[0]]
    again(SERIES[:2], dataclasses.replace(settings, spacing=(2, 2, 2)))
    assert computed == list(SERIES[:2])
    again(SERIES[:2], dataclasses.replace(settings, spacing=(2, 2, 2), lesion_count={}))
    assert computed == []


def test_a_bad_series_does_not_cost_the_others(cohort, settings, monkeypatch):
    computed = count(monkeypatch)
    (cohort / "masks" / SERIES[0]).write_bytes(b"broken")
    listed = [series.Series(name, cohort / "images" / name, cohort / "masks" / name)
              for name in SERIES]
    for expected in (list(SERIES), [SERIES[0]]):
        computed.clear()
        with pytest.raises(InputError, match=f"{SERIES[0]}: is not a NIfTI file"):
            extract.extract(listed, settings, known(cohort / "record.jsonl", settings))
        assert computed == expected


def test_stale_rows_are_removed(tmp_path):
    extract.write({"a": {"status": "no-lesion"}, "b": {"status": "no-lesion"}}, tmp_path)
    extract.write({"b": {"status": "no-lesion"}}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["b.json"]


@pytest.mark.parametrize("score, group, match", [
    ("", "train", "series b has no number as NE_Score"),
    ("high", "train", "series b has no number as NE_Score"),
    (".inf", "train", "series b has no number as NE_Score"),
    ("inf", "train", "series b has an infinite NE_Score"),
    ("0.1", "training", "series b has a Group other than train, val, test"),
    ("0.1", "", "series b has no Group")])
def test_every_series_needs_a_score_and_a_group(tmp_path, score, group, match):
    path = tmp_path / "manifest.csv"
    path.write_text(f"File,NE_Score,Group\na,0.5,test\nb,{score},{group}\n")
    with pytest.raises(InputError, match=match):
        table.read_labels(path)


def test_every_series_needs_its_files(tmp_path):
    path = tmp_path / "manifest.csv"
    path.write_text("File,image,mask\na,a.nii,a_mask.nii\nb,b.nii,\n")
    with pytest.raises(InputError, match="series b has no mask"):
        series.read(path)


def test_table_needs_every_row(tmp_path):
    with pytest.raises(InputError, match="a.json: no such file"):
        table.read_rows(tmp_path, ["a"])
    canonical.write_json(tmp_path / "a.json", {"File": "a"})
    with pytest.raises(InputError, match="is no row of features"):
        table.read_rows(tmp_path, ["a"])


@pytest.mark.parametrize("value", ["NaN", "Infinity", '"nan"', "[1]", "{}"])
def test_a_row_with_what_is_no_number_is_damaged(tmp_path, value):
    """What cannot be computed is null: NaN would pass into the table as an empty cell."""
    (tmp_path / "a.json").write_text(
        '{"File": "a", "status": "features", "reason": "", "components": 2, "voxels": 9,'
        f' "values": {{"original_shape_Elongation": {value}}}}}')
    with pytest.raises(InputError, match="a.json: is no whole row of series a"):
        table.read_rows(tmp_path, ["a"])


@pytest.mark.parametrize("change", [
    {"values": None}, {"values": {}}, {"components": None}, {"components": "2"}, {"File": "b"}])
def test_table_needs_whole_rows(tmp_path, change):
    row = {"File": "a", "status": "features", "reason": "", "components": 2, "voxels": 9,
           "values": {"original_shape_Elongation": 1.0}}
    canonical.write_json(tmp_path / "a.json", row)
    assert table.read_rows(tmp_path, ["a"]) == [row]
    canonical.write_json(tmp_path / "a.json", row | change)
    with pytest.raises(InputError, match="a.json: is no whole row of series a"):
        table.read_rows(tmp_path, ["a"])


def test_a_process_that_is_killed_is_one_line(cohort, settings, monkeypatch):
    listed = [series.Series(name, cohort / "images" / name, cohort / "masks" / name)
              for name in SERIES[:2]]
    monkeypatch.setattr(rows, "compute", killed)
    with pytest.raises(InputError, match="give fewer --jobs"):
        extract.extract(listed, settings, known(None, settings), 2)


def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_cohort_without_lesions_gives_one_line(cohort, extracted, joined):
    listed = pd.read_csv(cohort / "manifest.csv")
    listed[2:].to_csv(cohort / "manifest.csv", index=False)
    extracted()
    with pytest.raises(InputError, match="^rows: no series has features; check the masks$"):
        joined("as-released")


@pytest.mark.parametrize("change, match", [
    ("  method: quick", "parameter 'radiomics.method' is 'quick'"),
    ("  spacing: [1, 1000000, 1]", "must be three numbers above 0"),
    ("  spacing: [1, 1, .nan]", "must be a finite number"),
    ("  spacing: [1, 1]", "must be three numbers above 0"),
    ("  spacing: [1, 0, 1]", "must be three numbers above 0"),
    ("  lesion_count: {corrected: all}", "parameter 'radiomics.lesion_count.corrected' is 'all'")])
def test_parameters_are_checked(tmp_path, change, match):
    lines = (ROOT / "studies/sclc_liver/params/radiomics.yaml").read_text().splitlines()
    key = change.split(":")[0] + ":"
    start = next(number for number, line in enumerate(lines)
                 if line.startswith(key) and "radiomics:" in lines[:number])
    end = start + 1
    while end < len(lines) and lines[end].startswith("    "):
        end += 1
    path = tmp_path / "params.yaml"
    path.write_text("\n".join([*lines[:start], change, *lines[end:]]))
    with pytest.raises(InputError, match=match):
        parameters.read(path)


def test_rows_depend_on_the_code_of_every_folder_that_makes_them(settings, monkeypatch, tmp_path):
    for name in ("common", "radiomics"):
        shutil.copytree(ROOT / "stages" / name, tmp_path / name)
    monkeypatch.setattr(done, "__file__", str(tmp_path / "common/done.py"))
    monkeypatch.setattr(extract, "__file__", str(tmp_path / "radiomics/extract.py"))
    seen = {extract.about(settings)}
    for name in ("radiomics/fast/grid.py", "radiomics/rows.py", "common/nifti_header.py"):
        with open(tmp_path / name, "a") as stream:
            stream.write("# changed\n")
        seen.add(extract.about(settings))
    assert len(seen) == 4
