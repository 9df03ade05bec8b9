"""An own cohort: from the user's table to the cohort folder that the other rooms read."""

import gzip
import struct

import nrrd
import numpy as np
import pandas as pd
import pytest

from stages.cohort import masks
from stages.common import canonical, manifest, nifti
from tests.cohort.conftest import mirror
from tests.cohort.own_files import AFFINE, COLUMNS, lesions, write_nrrd
from tests.cohort.slices import PATIENT, series, table, values


def test_the_three_formats_give_the_same_voxels(home, take, tmp_path):
    assert take(home)[0] == 0
    for name in ("a1", "b1", "c1"):
        image = nifti.read(tmp_path / "out" / "images" / f"{name}.nii.gz")
        mask = nifti.read(tmp_path / "out" / "masks" / f"{name}.nii.gz")
        # As stored: first columns to the left, rows to the back.
        np.testing.assert_array_equal(image.data, values())
        np.testing.assert_array_equal(mask.data, lesions())
        assert (image.data.dtype, mask.data.dtype) == (np.int16, np.uint8)
        np.testing.assert_array_equal(image.affine, mask.affine)
    slices = np.diag([-0.8, -0.7, 2.5, 1])
    slices[:3, 3] = 10, -20, -300
    for name, expected in (("a1", slices), ("b1", nifti.read(home / "b.nii.gz").affine),
                           ("c1", AFFINE)):
        np.testing.assert_array_equal(
            nifti.read(tmp_path / "out" / "images" / f"{name}.nii.gz").affine, expected)


def test_the_manifest_is_that_of_the_other_cohorts(home, take, tmp_path):
    from stages.cohort.phantom import stage as phantom

    take(home)
    found = pd.read_csv(tmp_path / "out" / "manifest.csv", keep_default_na=False)
    assert tuple(found.columns) == manifest.COLUMNS == phantom.COLUMNS[:len(manifest.COLUMNS)]
    assert found["File"].tolist() == ["a1", "b1", "c1"]
    assert found["NE_Class"].tolist() == ["1", "", "0"]
    assert found["NE_Status"].tolist() == ["positive", "", "negative"]
    assert (found["Cohort"] == "own").all() and set(found["Segmentation"]) <= {"train", "test"}
    assert found["Group"][1] == "" and set(found["Group"][[0, 2]]) <= {"train", "val", "test"}
    for name in [*found["image"], *found["mask"]]:
        assert (tmp_path / "out" / name).is_file()
    listed = pd.read_csv(tmp_path / "out" / "series.csv")
    assert listed["format"].tolist() == ["dicom", "nifti", "nrrd"]
    assert listed["z_mm"].tolist() == [2.5, 5.0, 5.0]
    assert (listed["lesion_voxels"] == 3).all() and (listed["not_finite"] == 0).all()


def test_the_same_bytes_again(home, take, tmp_path):
    take(home)
    take(home, out="again")
    first, second = ({str(path.relative_to(tmp_path / name)): path.read_bytes()
                      for path in sorted((tmp_path / name).rglob("*")) if path.is_file()}
                     for name in ("out", "again"))
    assert first == second and len(first) == 8


def everything(folder):
    """All bytes below a folder, decompressed, and the names of the files."""
    found = []
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        found += [path.name.encode(), content]
        if content[:2] == b"\x1f\x8b":
            found.append(gzip.decompress(content))
    return b"\n".join(found).lower()


def plant(path):
    """Write an identity into every free field of a NIfTI header, and into an extension."""
    raw = bytearray(gzip.decompress(path.read_bytes()))
    for offset, length, text in ((4, 10, b"Musterda"), (14, 18, b"Erika Musterdb"),
                                 (148, 80, b"Muster Erika 19640812 MRN4711"),
                                 (228, 24, b"MusterAux"), (328, 16, b"MusterIntent")):
        raw[offset:offset + len(text)] = text
        assert len(text) < length
    extension = struct.pack("<4B2i", 1, 0, 0, 0, 32, 4) + b"MusterExtension".ljust(24, b"\0")
    struct.pack_into("<f", raw, 108, 352 + 32)
    path.write_bytes(gzip.compress(bytes(raw[:348]) + extension + bytes(raw[352:])))


def test_no_header_reaches_an_output(home, take, tmp_path):
    for name in ("b.nii.gz", "b_mask.nii.gz"):
        plant(home / name)
    write_nrrd(home / "c.nrrd", values(), **{"PatientName": "Muster^Erika", "content": "MRN4711"})
    assert take(home)[0] == 0
    source, written = everything(home), everything(tmp_path / "out")
    planted = [*PATIENT.values(), "RP-55555", "Erika M. 1964", "1.2.826.0.1.42.8", "muster",
               "MusterAux", "MusterExtension", "MusterIntent", "Musterdb", "Erika"]
    for text in planted:
        assert text.lower().encode() in source, f"the test planted no {text}"
        assert text.lower().encode() not in written
    assert str(home).lower().encode() not in written


@pytest.mark.parametrize("column, value, attribute", [
    ("patient", "MRN4711", "PatientID"), ("patient", "Erika-01", "PatientName"),
    ("study", "20200131", "StudyDate"), ("series", "acc99123_1", "AccessionNumber"),
    ("study", "1.2.826.0.1.42.7", "StudyInstanceUID"),
    ("patient", "b.19640812", "PatientBirthDate"), ("patient", "P19640812", "PatientBirthDate"),
    ("patient", "ErikaMuster", "a private attribute"), ("series", "xMRN4711x", "PatientID"),
    ("series", "RP-55555", "RequestedProcedureID")])
def test_names_that_a_header_gives_away_are_refused(home, take, tmp_path, column, value, attribute):
    rows = pd.read_csv(home / "cohort.csv", dtype=str, keep_default_na=False)
    rows.loc[rows["series"] == "a1", column] = value
    canonical.write_csv(home / "cohort.csv", rows)
    code, error = take(home)
    assert code == 2 and f"'{value}' holds {attribute} of an image header" in error
    assert "pseudonyms" in error and not (tmp_path / "out" / "manifest.csv").exists()
    assert not list((tmp_path / "out").rglob("*.nii.gz"))


def test_free_text_of_nifti_and_nrrd_is_looked_at(home, take):
    plant(home / "b.nii.gz")
    rows = pd.read_csv(home / "cohort.csv", dtype=str, keep_default_na=False)
    canonical.write_csv(home / "x.csv", rows.replace({"patient": {"p2": "MusterExtension"}}))
    assert "holds the NIfTI header's free text" in take(home, "x.csv")[1]
    write_nrrd(home / "c.nrrd", values(), **{"Name": "Adelheid"})
    canonical.write_csv(home / "x.csv", rows.replace({"patient": {"p3": "adelheid"}}))
    assert "holds the NRRD header's free text" in take(home, "x.csv")[1]


def test_pseudonyms_of_a_header_whose_identity_was_removed_may_be_used(tmp_path, take):
    series(tmp_path / "s", PatientIdentityRemoved="YES", PatientID="CASE-7", PatientName="CASE-7")
    table(tmp_path / "cohort.csv", [["a", "a", "CASE-7", "s"]])
    assert take(tmp_path)[0] == 0
    table(tmp_path / "cohort.csv", [["ACC99123", "a", "CASE-7", "s"]])
    assert "AccessionNumber" in take(tmp_path)[1]


def test_nan_and_fractions(tmp_path, take):
    data = values().astype(np.float32) + 0.25
    data[0, 0, 0], data[1, 1, 1] = np.nan, np.inf
    nifti.write(tmp_path / "a.nii.gz", nifti.Volume(data, AFFINE))
    table(tmp_path / "cohort.csv", [["a", "a", "p", "a.nii.gz"]])
    assert take(tmp_path)[0] == 0
    written = nifti.like(nifti.read(tmp_path / "out" / "images" / "a.nii.gz"),
                         nifti.Volume(data, AFFINE)).data
    assert written.dtype == np.float32 and written[0, 0, 0] == written[1, 1, 1] == -2048
    np.testing.assert_array_equal(written[2:], data[2:])
    assert pd.read_csv(tmp_path / "out" / "series.csv")["not_finite"].tolist() == [2]


def test_masks_of_lesions_only(home, take, tmp_path):
    mask = (lesions() == 2).astype(np.uint8)
    nifti.write(home / "b_mask.nii.gz", nifti.Volume(mask, AFFINE))
    table(home / "cohort.csv", [["b1", "b", "p2", "b.nii.gz", "b_mask.nii.gz"]], COLUMNS[:5])
    assert take(home, liver_labels=[], lesion_labels=[1])[0] == 0
    written = nifti.read(tmp_path / "out" / "masks" / "b1.nii.gz").data
    assert set(np.unique(written)) == {0, 2} and (written == 2).sum() == 3


def test_lesions_are_not_taken_for_liver(home, take, tmp_path, monkeypatch):
    only = (lesions() == 2).astype(np.uint8)
    nifti.write(home / "b_mask.nii.gz", nifti.Volume(only, AFFINE))
    write_nrrd(home / "c_mask.nrrd", only)
    # Beside masks with lesions, one without is a series without lesions.
    assert take(home)[0] == 0
    assert pd.read_csv(tmp_path / "out" / "series.csv")["lesion_voxels"].tolist() == [3, 0, 0]
    rows = pd.read_csv(home / "cohort.csv", dtype=str, keep_default_na=False)
    canonical.write_csv(home / "x.csv", rows[rows["series"] != "a1"])
    # What is as large as a liver may be one.
    monkeypatch.setattr(masks, "SMALLEST_LIVER_ML", 0.0)
    code, error = take(home, "x.csv", out="other")
    assert code == 2 and "x.csv: no mask holds a lesion" in error and "only label 1" in error
    assert "own.lesion_labels: [1] and own.liver_labels: []" in error
    assert not (tmp_path / "other").exists()
    assert take(home, "x.csv", out="other", liver_labels=[], lesion_labels=[1])[0] == 0
    written = nifti.read(tmp_path / "other" / "masks" / "b1.nii.gz").data
    assert set(np.unique(written)) == {0, 2} and (written == 2).sum() == 3
    # Smaller, it is understood.
    monkeypatch.undo()
    assert take(home, "x.csv", out="third")[0] == 0
    np.testing.assert_array_equal(
        nifti.read(tmp_path / "third" / "masks" / "b1.nii.gz").data, written)


def test_an_empty_mask_is_a_scan_without_lesions(home, take, tmp_path):
    nifti.write(home / "b_mask.nii.gz", nifti.Volume(lesions() * 0, AFFINE))
    table(home / "cohort.csv", [["b1", "b", "p2", "b.nii.gz", "b_mask.nii.gz"]], COLUMNS[:5])
    assert take(home)[0] == 0
    assert pd.read_csv(tmp_path / "out" / "series.csv")["lesion_voxels"].tolist() == [0]


def test_a_trailing_axis_of_one(home, take, tmp_path):
    write_nrrd(home / "c.nrrd", values())
    raw = bytearray(gzip.decompress((home / "b.nii.gz").read_bytes()))
    struct.pack_into("<8h", raw, 40, 4, 6, 5, 4, 1, 1, 1, 1)
    (home / "b.nii.gz").write_bytes(gzip.compress(bytes(raw)))
    lps = np.diag([-1.0, -1, 1, 1]) @ AFFINE
    nan = [np.nan] * 3
    nrrd.write(str(home / "c.nrrd"), values()[..., None], {
        "space": "left-posterior-superior", "space origin": lps[:3, 3],
        "space directions": np.vstack([lps[:3, :3].T, nan])})
    assert take(home)[0] == 0
    for name in ("b1", "c1"):
        written = nifti.read(tmp_path / "out" / "images" / f"{name}.nii.gz")
        np.testing.assert_array_equal(written.data, values())


def test_scores_by_sample(home, take, tmp_path):
    table(home / "cohort.csv", [["b1", "b", "p2", "b.nii.gz", "S7"],
                                ["c1", "c", "p3", "c.nrrd", ""]], (*COLUMNS[:4], "sample"))
    table(home / "scores.csv", [["S7", -0.25], ["S8", 0.5]], ("sample", "NE_Score"))
    scores = "--scores", str(home / "scores.csv")
    assert take(home, "cohort.csv", *scores)[0] == 0
    found = pd.read_csv(tmp_path / "out" / "manifest.csv")
    assert found["NE_Score"].tolist()[0] == -0.25 and found["NE_Class"].tolist()[0] == 0
    assert np.isnan(found["NE_Score"][1])
    table(home / "scores.csv", [["S8", 0.5]], ("sample", "NE_Score"))
    assert "has no sample 'S7'" in take(home, "cohort.csv", *scores)[1]


def test_a_real_series_as_dicom_and_as_nifti(tmp_path, take):
    home = tmp_path / "home"
    (home / "slices").mkdir(parents=True)
    for number in (1, 2, 3):
        source = mirror("dcmqi_ct3slice_liver", f"0{number}.dcm")
        (home / "slices" / source.name).write_bytes(source.read_bytes())
    for source in (mirror("dcmqi_ct3slice_liver", "liver_seg.nrrd"),
                   mirror("crlm_ct_nomask", "CRLM-CT-1004.nii.gz")):
        (home / source.name).write_bytes(source.read_bytes())
    table(home / "cohort.csv", [["a", "a", "pa", "slices", "liver_seg.nrrd"],
                                ["b", "b", "pb", "CRLM-CT-1004.nii.gz", ""]], COLUMNS[:5])
    # Its mask marks a liver, which here stands for the lesion.
    code, error = take(home, liver_labels=[], lesion_labels=[1])
    assert code == 0, error
    found = pd.read_csv(tmp_path / "out" / "series.csv").set_index("File")
    assert found.loc["a", "z_mm"] == 1 and found.loc["a", "lesion_voxels"] > 1000
    assert (found["minimum_hu"] == -3024).all() and found.loc["b", "slices"] == 41
    assert found.loc["b", "z_mm"] == 5
