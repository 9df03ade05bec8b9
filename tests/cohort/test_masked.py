"""Series and masks for features alone: all that is wrong with a table and its files, at once."""

import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest

from stages.cohort import masked, parts
from stages.common import cli, nifti
from tests.cohort.conftest import ROOT
from tests.cohort.mask_files import COMPLETE, outlines, structures
from tests.cohort.own_files import AFFINE, lesions
from tests.cohort.slices import series, table, values

COLUMNS = ("series", "path", "mask", "lesion")


@pytest.fixture
def take(tmp_path, monkeypatch, capsys):
    def run(name="cohort.csv", *more):
        monkeypatch.setattr("sys.argv", [
            "masked", "--table", str(tmp_path / name), "--out", str(tmp_path / "out"),
            "--params", str(ROOT / "studies/sclc_liver/params"), *more])
        try:
            cli.main(masked.stage)
            code = 0
        except SystemExit as stop:
            code = stop.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err
    return run


def many(folder, count):
    """Write a table of ``count`` good series: links to one small file and its mask."""
    image = np.abs(values())
    nifti.write(folder / "i.nii.gz", nifti.Volume(image, AFFINE))
    nifti.write(folder / "m.nii.gz", nifti.Volume(lesions(), AFFINE))
    (folder / "many").mkdir()
    rows = []
    for number in range(count):
        os.link(folder / "i.nii.gz", folder / "many" / f"{number}.nii.gz")
        rows.append([f"s{number:05d}", f"many/{number}.nii.gz", "m.nii.gz", ""])
    return rows


def spoil(folder, rows):
    """Make seven of the rows bad, each in another way; return what is to be said of each."""
    step = len(rows) // 8
    at = [step * (number + 1) for number in range(7)]
    nifti.write(folder / "nan.nii.gz", nifti.Volume(np.full((6, 5, 4), np.nan, np.float32), AFFINE))
    moved = AFFINE.copy()
    moved[0, 3] += 1
    nifti.write(folder / "elsewhere.nii.gz", nifti.Volume(lesions(), moved))
    padded = nifti.Volume(np.full((6, 5, 4), -2000, np.int16), AFFINE)
    nifti.write(folder / "padded.nii.gz", padded)
    (folder / "cut.nii.gz").write_bytes((folder / "i.nii.gz").read_bytes()[:-40])
    changes = [(1, "gone.nii.gz", "gone.nii.gz: no such file"),
               (1, "nan.nii.gz", "has no finite voxel"), (1, "cut.nii.gz", "cut.nii.gz: "),
               (1, "padded.nii.gz", "lie in padding"),
               (2, "elsewhere.nii.gz", "lies on another grid"),
               (2, "", f"series s{at[5]:05d} has no mask"),
               (1, "", f"series s{at[6]:05d} has no path")]
    for row, (column, value, _) in zip(at, changes):
        rows[row][column] = value
    return [words for _, _, words in changes]


@pytest.mark.parametrize("more", [("--check",), ()])
def test_every_bad_row_of_a_table_is_named(tmp_path, take, more):
    rows = many(tmp_path, 160)
    words = spoil(tmp_path, rows)
    table(tmp_path / "cohort.csv", rows, COLUMNS)
    code, _, error = take("cohort.csv", *more)
    lines = error[error.index("error: "):].splitlines()
    assert code == 2 and lines[0] == "error: 7 faults:" and len(lines) == 8
    for part in words:
        assert sum(part in line for line in lines) == 1, part
    assert not (tmp_path / "out" / "manifest.csv").exists()


def test_a_good_table_passes_the_check_and_nothing_is_written(tmp_path, take):
    table(tmp_path / "cohort.csv", many(tmp_path, 5), COLUMNS)
    assert take("cohort.csv", "--check")[:2] == (0, "5 series can be read, with their masks\n")
    assert not (tmp_path / "out").exists()


def test_what_was_read_is_not_read_again(tmp_path, take, monkeypatch):
    rows = many(tmp_path, 6)
    table(tmp_path / "cohort.csv", rows, COLUMNS)
    good = (tmp_path / "many" / "3.nii.gz").read_bytes()
    (tmp_path / "many" / "3.nii.gz").unlink()
    (tmp_path / "many" / "3.nii.gz").write_bytes(good[:-40])
    record = "--record", str(tmp_path / "record.jsonl")
    assert take("cohort.csv", *record)[0] == 2
    (tmp_path / "many" / "3.nii.gz").write_bytes(good)
    read, seen = masked.take_changed.__globals__["own_volumes"].read_series, []

    def watched(path, *rest):
        seen.append(path.name)
        return read(path, *rest)
    monkeypatch.setattr("stages.cohort.own_volumes.read_series", watched)
    assert take("cohort.csv", *record)[0] == 0 and seen == ["3.nii.gz"]
    found = pd.read_csv(tmp_path / "out" / "manifest.csv", dtype=str)
    assert found["File"].tolist() == found["patient"].tolist() == [row[0] for row in rows]
    # Another lesion of the same file is another mask.
    rows[2][3] = "1"
    table(tmp_path / "cohort.csv", rows, COLUMNS)
    assert take("cohort.csv", *record)[0] == 0 and seen == ["3.nii.gz", "2.nii.gz"]
    assert (nifti.read(tmp_path / "out" / "masks" / "s00002.nii.gz").data == 2).sum() > 4


def plan(folder, count, capsys, monkeypatch):
    """Cut the table; return the plan and the options that take in a part of it."""
    monkeypatch.setattr("sys.argv", [
        "parts", "--table", str(folder / "cohort.csv"), "--count", str(count),
        "--params", str(ROOT / "studies/sclc_liver/params"), "--out", str(folder / "plan.json")])
    cli.main(parts.stage)
    options = ["--plan", str(folder / "plan.json"), "--failed", str(folder / "failed.json"), "--part"]
    return json.loads((folder / "plan.json").read_text()), options


def test_parts_are_what_the_whole_is(tmp_path, take, capsys, monkeypatch):
    rows = many(tmp_path, 7)
    # The labels of a table are one decision: this mask alone would be one of lesions.
    nifti.write(tmp_path / "liver.nii.gz", nifti.Volume((lesions() == 1).astype(np.uint8), AFFINE))
    rows[6][2] = "liver.nii.gz"
    table(tmp_path / "cohort.csv", rows[::-1], COLUMNS)
    assert take()[0] == 0
    names = ("manifest.csv", "series.csv")
    whole = [(tmp_path / "out" / name).read_text() for name in names]
    found, options = plan(tmp_path, 3, capsys, monkeypatch)
    assert [len(part) for part in found["parts"]] == [3, 2, 2] and not found["faults"]
    joined = []
    for part in range(3):
        shutil.rmtree(tmp_path / "out")
        assert take("cohort.csv", *options, str(part))[0] == 0
        joined.append([(tmp_path / "out" / name).read_text() for name in names])
    for number, text in enumerate(whole):
        head = text[:text.index("\n") + 1]
        assert head + "".join(one[number].removeprefix(head) for one in joined) == text
    # Who comes or goes moves nobody.
    table(tmp_path / "cohort.csv", rows[1:], COLUMNS)
    again, _ = plan(tmp_path, 3, capsys, monkeypatch)
    assert again["parts"] == [found["parts"][0][1:], *found["parts"][1:]]


def test_a_bad_series_of_a_part_is_listed_and_left_out(tmp_path, take, capsys, monkeypatch):
    rows = many(tmp_path, 16)
    words = spoil(tmp_path, rows)
    table(tmp_path / "cohort.csv", rows, COLUMNS)
    found, options = plan(tmp_path, 1, capsys, monkeypatch)
    assert list(found["failed"]) == ["s00012", "s00014"]
    assert take("cohort.csv", *options, "0")[0] == 0
    failed = json.loads((tmp_path / "failed.json").read_text()) | found["failed"]
    assert sorted(failed) == [f"s{2 * number:05d}" for number in range(1, 8)]
    assert all(word in reason for word, reason in zip(words, (failed[name] for name in sorted(failed))))
    kept = pd.read_csv(tmp_path / "out" / "manifest.csv")["File"].tolist()
    assert kept == sorted({row[0] for row in rows} - {*failed})
    # A fault of the table is one of no series.
    table(tmp_path / "cohort.csv", [*rows, rows[0]], COLUMNS)
    assert "has 's00000' twice" in plan(tmp_path, 1, capsys, monkeypatch)[0]["faults"][0]


def test_a_name_that_another_part_s_header_holds_ends_the_part(tmp_path, take, capsys, monkeypatch):
    series(tmp_path / "ct", np.abs(values((6, 5, 4))), **COMPLETE, PatientID="Quokka77")
    affine = np.diag([-0.8, -0.7, 2.5, 1.0])
    affine[:3, 3] = 10, -20, -300
    nifti.write(tmp_path / "m.nii.gz", nifti.Volume(lesions(), affine))
    rows = [["a", "ct", "m.nii.gz", ""], ["b", "other.nii.gz", "m.nii.gz", ""]]
    table(tmp_path / "cohort.csv", rows, COLUMNS)
    _, options = plan(tmp_path, 2, capsys, monkeypatch)
    for more in ([], ["--headers"]):
        assert take("cohort.csv", *options, "0", *more)[0] == 0
    rows[1][0] = "quokka77"
    table(tmp_path / "cohort.csv", rows, COLUMNS)
    _, options = plan(tmp_path, 2, capsys, monkeypatch)
    for more in ([], ["--headers"]):
        code, _, error = take("cohort.csv", *options, "0", *more)
        assert code == 2 and "'quokka77' holds PatientID of an image header" in error
    # A check lists it, as anything else.
    assert take("cohort.csv", *options, "0", "--check")[0] == 0
    assert "'quokka77' holds PatientID" in json.loads((tmp_path / "failed.json").read_text())["a"]


def test_lesions_from_a_structure_set_and_the_liver_from_another_file(tmp_path, take):
    shape = (12, 10, 6)
    series(tmp_path / "study" / "ct", np.abs(values(shape)), **COMPLETE)
    lesion, liver = np.zeros(shape, bool), np.zeros(shape, np.uint8)
    lesion[3:6, 4:7, 2:4], liver[1:9, 2:9, 1:5] = True, 5
    affine = np.diag([-0.8, -0.7, 2.5, 1.0])
    affine[:3, 3] = 10, -20, -300
    nifti.write(tmp_path / "organs.nii.gz", nifti.Volume(liver, affine))
    structures(tmp_path / "study" / "rs.dcm", {"GTV 1": outlines(
        lesion, lambda index: np.array([-10.0, 20, -300]) + np.array(index) * (0.8, 0.7, 2.5))})
    table(tmp_path / "cohort.csv", [["a", "study", "study", "gtv*", "organs.nii.gz", "5"]],
          (*COLUMNS, "liver_mask", "liver"))
    code, _, error = take()
    assert code == 0, error
    found = nifti.read(tmp_path / "out" / "masks" / "a.nii.gz").data
    np.testing.assert_array_equal(found, np.where(lesion, 2, liver // 5))


def test_masks_of_lesions_only_are_understood_and_said(tmp_path, take):
    rows = many(tmp_path, 3)
    nifti.write(tmp_path / "m.nii.gz", nifti.Volume((lesions() == 2).astype(np.uint8), AFFINE))
    table(tmp_path / "cohort.csv", rows, COLUMNS)
    code, _, error = take()
    assert code == 0 and "what is marked with 1" in error
    assert "taken for lesions, not for liver" in error
    assert pd.read_csv(tmp_path / "out" / "series.csv")["lesion_voxels"].tolist() == [3, 3, 3]


def test_images_alone_in_parts_are_those_of_the_whole(tmp_path, take, monkeypatch):
    """Masks that a table names are not looked at, and the manifest names those that will be there."""
    many(tmp_path, 3)
    rows = [["b", "many/1.nii.gz", "none.nii.gz", ""], ["a", "many/0.nii.gz", "", ""],
            ["c", "", "", ""]]
    table(tmp_path / "cohort.csv", rows, COLUMNS)
    monkeypatch.setattr("sys.argv", [
        "parts", "--table", str(tmp_path / "cohort.csv"), "--count", "2", "--images",
        "--params", str(ROOT / "studies/sclc_liver/params"), "--out", str(tmp_path / "plan.json")])
    parts.stage()
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["parts"] == [["a"], ["b"]] and not plan["faults"]
    assert list(plan["failed"]) == ["c"] and "has no path" in plan["failed"]["c"]
    code, _, error = take("cohort.csv", "--images", "--plan", str(tmp_path / "plan.json"), "--part",
                          "1", "--failed", str(tmp_path / "failed.json"))
    assert code == 0, error
    manifest = pd.read_csv(tmp_path / "out" / "manifest.csv")
    assert manifest[["File", "mask"]].values.tolist() == [["b", "masks/b.nii.gz"]]
    assert not (tmp_path / "out" / "masks").exists()
    taken, given = (nifti.read(tmp_path / name) for name in ("out/images/b.nii.gz", "i.nii.gz"))
    assert nifti.same_grid(taken, given) and (taken.data == given.data).all()
    # A network drew the mask; the next run goes on from here. What stands among the images of nobody is
    # told as it is, not as a fault of a series.
    again = ("cohort.csv", "--images", "--plan", str(tmp_path / "plan.json"), "--part", "1", "--failed",
             str(tmp_path / "failed.json"), "--record", str(tmp_path / "record.jsonl"))
    mask = tmp_path / "out" / "masks" / "b.nii.gz"
    nifti.write(mask, nifti.Volume(lesions(), AFFINE))
    assert take(*again)[0] == take(*again)[0] == 0 and mask.exists()
    nifti.write(tmp_path / "out" / "images" / "x.nii.gz", nifti.Volume(lesions(), AFFINE))
    (tmp_path / "failed.json").unlink()
    code, _, error = take(*again)
    assert code == 2 and "images/x.nii.gz: belongs to no series of the cohort" in error
    assert not (tmp_path / "failed.json").exists()
