"""Files, tables and parameters that an own cohort cannot use: one line, exit code 2."""

import bz2
import gzip
import os
import struct
import tracemalloc

import nrrd
import numpy as np
import pytest

from stages.cohort.own_table import read
from stages.common import nifti
from stages.common.errors import InputError
from tests.cohort.own_files import AFFINE, COLUMNS, lesions, write_nrrd
from tests.cohort.slices import series, table, values


def damage(home, fault):
    image, mask = nifti.Volume(values(), AFFINE), nifti.Volume(lesions(), AFFINE)
    if fault == "grid":
        nifti.write(home / "b_mask.nii.gz", nifti.Volume(lesions(), AFFINE + _shift(0, 1.0)))
    elif fault == "shape":
        nifti.write(home / "b_mask.nii.gz", nifti.Volume(mask.data[1:], AFFINE))
    elif fault == "label":
        nifti.write(home / "b_mask.nii.gz", nifti.Volume(mask.data + 1, AFFINE))
    elif fault == "slice":
        nifti.write(home / "b.nii.gz", nifti.Volume(image.data[:, :, :1], AFFINE))
    elif fault == "cut":
        (home / "b.nii.gz").write_bytes((home / "b.nii.gz").read_bytes()[:-30])
    elif fault == "bomb":
        raw = gzip.decompress((home / "b.nii.gz").read_bytes())
        (home / "b.nii.gz").write_bytes(gzip.compress(raw + bytes(1 << 25)))
    elif fault == "sheared":
        write_nrrd(home / "c.nrrd", values(), AFFINE + _shift(1, 0.5, column=2))
    elif fault == "short":
        (home / "c.nrrd").write_bytes((home / "c.nrrd").read_bytes()[:-40])
    elif fault == "nowhere":
        nrrd.write(str(home / "c.nrrd"), values())
    elif fault == "four":
        nrrd.write(str(home / "c.nrrd"), np.stack([values(), values()], axis=-1))
    elif fault == "empty":
        nifti.write(home / "b.nii.gz", nifti.Volume(np.full((6, 5, 4), np.nan, np.float32), AFFINE))
    elif fault == "forms":
        raw = bytearray(gzip.decompress((home / "b.nii.gz").read_bytes()))
        struct.pack_into("<2h", raw, 252, 1, 1)
        (home / "b.nii.gz").write_bytes(gzip.compress(bytes(raw)))
    elif fault == "size":
        raw = bytearray(gzip.decompress((home / "b.nii.gz").read_bytes()))
        struct.pack_into("<f", raw, 84, 0.75)
        (home / "b.nii.gz").write_bytes(gzip.compress(bytes(raw)))
    elif fault in ("metres", "micrometres"):
        raw = bytearray(gzip.decompress((home / "b.nii.gz").read_bytes()))
        raw[123] = 1 if fault == "metres" else 3
        (home / "b.nii.gz").write_bytes(gzip.compress(bytes(raw)))
    elif fault == "intercept":
        raw = bytearray(gzip.decompress((home / "b.nii.gz").read_bytes()))
        struct.pack_into("<2f", raw, 112, 0.0, -1024.0)
        (home / "b.nii.gz").write_bytes(gzip.compress(bytes(raw)))
    elif fault in ("detached", "detached mask"):
        name = "c_mask" if "mask" in fault else "c"
        (home / "elsewhere").mkdir()
        lines = (home / f"{name}.nrrd").read_bytes().split(b"\n\n", 1)[0]
        lines = lines.replace(b"encoding: gzip", b"encoding: raw")
        (home / f"{name}.nrrd").write_bytes(lines + b"\nData File: elsewhere/v.raw\n")
        data = lesions() if "mask" in fault else values()
        (home / "elsewhere" / "v.raw").write_bytes(data.tobytes(order="F"))
    elif fault == "gone":
        (home / "b.nii.gz").unlink()
    elif fault == "tilt":
        def tilt(index, dataset):
            dataset.ImagePositionPatient[1] += index
        series(home / "slices", change=tilt)


def _shift(row, by, column=3):
    change = np.zeros((4, 4))
    change[row, column] = by
    return change


@pytest.mark.parametrize("fault, name, words", [
    ("grid", "b_mask.nii.gz", "lies on another grid than"),
    ("shape", "b_mask.nii.gz", "lies on another grid than"),
    ("label", "b_mask.nii.gz", r"holds the label 3 (known: 0, 1, 2)"),
    ("size", "b.nii.gz", "its voxel size (pixdim 0.8 x 0.75 x 5 mm) is not that of its axes"),
    ("metres", "b.nii.gz", "has its lengths in metres"),
    ("micrometres", "b.nii.gz", "has its lengths in micrometres"),
    ("intercept", "b.nii.gz", "has an intercept (-1024) without a slope"),
    ("detached", "c.nrrd", "keeps its voxels in another file"),
    ("detached mask", "c_mask.nrrd", "keeps its voxels in another file"),
    ("slice", "b.nii.gz", "a single slice"), ("cut", "b.nii.gz", "damaged gzip"),
    ("bomb", "b.nii.gz", "unpacks to more than 16 MiB beyond"),
    ("sheared", "c.nrrd", "not at right angles"),
    ("short", "c.nrrd", "cannot be read as NRRD"),
    ("nowhere", "c.nrrd", "does not say where it lies"), ("four", "c.nrrd", "not three axes"),
    ("empty", "b.nii.gz", "has no finite voxel"), ("forms", "b.nii.gz", "qform and sform disagree"),
    ("gone", "b.nii.gz", "no such file"), ("tilt", "slices", "gantry")])
def test_bad_files_are_one_line(home, take, tmp_path, fault, name, words):
    damage(home, fault)
    code, error = take(home)
    assert code == 2 and words in error and str(home / name) in error
    assert error.startswith("error: ") and not (tmp_path / "out" / "manifest.csv").exists()


@pytest.mark.parametrize("rows, columns, words", [
    ([["a", "s", "p", "x"], ["a", "s", "p", "y"]], 4, "has 'a' twice in the column 'series'"),
    ([["a", "s", "p", "x"], ["A", "s", "p", "y"]], 4, "but for capital letters"),
    ([["a", "s", "p", "x"], ["b", "s", "p", "x"]], 4, "has 'x' twice in the column 'path'"),
    ([["../a", "s", "p", "x"]], 4, "'../a' in the column 'series' is no usable name"),
    ([["a", "s", "", "x"]], 4, "'' in the column 'patient' is no usable name"),
    ([["a", "s", "p", ""]], 4, "series a has no path"), ([], 4, "names no series"),
    ([["a", "s", "p"]], 3, "lacks the column 'path'"),
    ([["a", "s", "p", "x", "", "1.5"]], 6, "series a has the NE_Score '1.5'"),
    ([["a", "s", "p", "x", "", "high"]], 6, "series a has the NE_Score 'high'"),
    ([["a", "s", "p", "x"], ["b", "s", "q", "y"]], 4, "study s has more than one patient"),
    ([["a", "s", "p", "x", "", 0.1], ["b", "s", "p", "y", "", 0.2]], 6,
     "study s has more than one NE_Score")])
def test_bad_tables_are_one_line(tmp_path, take, rows, columns, words):
    table(tmp_path / "cohort.csv", rows, COLUMNS[:columns])
    code, error = take(tmp_path)
    assert code == 2 and words in error and "cohort.csv" in error


@pytest.mark.parametrize("column, values_, words", [
    ("Group", ["train", "test"], "patient p has more than one Group"),
    ("Group", ["train", ""], "has a Group for some of the scored series only"),
    ("Group", ["training", "training"], "valid: train, val, test"),
    ("Segmentation", ["train", "test"], "patient p has more than one Segmentation"),
    ("scanner", ["x", "y"], "has the column 'scanner'"),
    ("sample", ["x", "y"], "give their scores with --scores")])
def test_bad_parts_are_one_line(tmp_path, take, column, values_, words):
    table(tmp_path / "cohort.csv", [[f"a{n}", f"s{n}", "p", f"x{n}", 0.1, value]
                                    for n, value in enumerate(values_)],
          (*COLUMNS[:4], "NE_Score", column))
    code, error = take(tmp_path)
    assert code == 2 and words in error


@pytest.mark.parametrize("changed, words", [
    ({"test_share": 0.9, "val_share": 0.2}, "sum is below 1"), ({"lesion_labels": []}, "labels"),
    ({"seed": -1}, "parameter 'own.seed' is -1; give 0 or a larger whole number"),
    ({"spacing_tolerance": 0.7}, "between 0 and 0.5"), ({"padding_hu": 0}, "own.padding_hu")])
def test_bad_parameters_are_one_line(home, take, changed, words):
    code, error = take(home, **changed)
    assert code == 2 and words in error


@pytest.mark.parametrize("score", ["high", "inf", "1.5"])
def test_bad_scores_are_one_line(tmp_path, score):
    path = tmp_path / "cohort.csv"
    table(path, [["a", "s", "p", "x", "one"]], (*COLUMNS[:4], "sample"))
    (tmp_path / "scores.csv").write_text(f"sample,NE_Score\none,{score}\n")
    with pytest.raises(InputError, match="scores.csv: sample one has no NE_Score from -1 to 1"):
        read(path, tmp_path / "scores.csv")


def test_a_pipe_is_refused_and_not_waited_for(home, take):
    for name in ("b.nii.gz", "cohort.csv"):
        (home / name).unlink()
        os.mkfifo(home / name)
        code, error = take(home)
        assert code == 2 and f"{name}: is a pipe, a socket or a device" in error


def test_an_nrrd_origin_of_two_numbers_is_one_line(home, take):
    write_nrrd(home / "c.nrrd", values(), **{"space origin": [0.0, 0.0]})
    code, error = take(home)
    assert code == 2 and "c.nrrd: has an unusable coordinate system" in error


@pytest.mark.filterwarnings("error::RuntimeWarning")  # a warning would be a second line
def test_an_nrrd_size_that_is_no_number_is_one_line(home, take):
    path = write_nrrd(home / "c.nrrd", values())
    before, rest = path.read_bytes().split(b"\nsizes: ")
    path.write_bytes(before + b"\nsizes: nan" + rest[rest.index(b"\n"):])
    code, error = take(home)
    assert code == 2 and "c.nrrd: cannot be read as NRRD" in error


def test_an_empty_nrrd_file_is_one_line(home, take):
    (home / "c.nrrd").write_bytes(b"")
    code, error = take(home)
    assert code == 2 and "c.nrrd: cannot be read as NRRD (StopIteration)" in error


@pytest.mark.parametrize("encoding, pack", [("gzip", gzip.compress), ("bzip2", bz2.compress)])
@pytest.mark.parametrize("more", [0, 2, 300_000_000])
def test_an_nrrd_file_that_unpacks_to_more_than_it_says(home, take, encoding, pack, more):
    """Refused at the first byte too many: what it unpacks to would not fit the memory."""
    path = write_nrrd(home / "c.nrrd", values(), encoding="raw")
    header, _, voxels = path.read_bytes().partition(b"\n\n")
    path.write_bytes(header.replace(b"raw", encoding.encode()) + b"\n\n" + pack(voxels + bytes(more)))
    tracemalloc.start()
    code, error = take(home)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (code == 2 and "c.nrrd: unpacks to more than its header says" in error) == bool(more), error
    assert code in (0, 2) and peak < 50_000_000


def test_a_damaged_record_is_one_line(home, take, tmp_path):
    (tmp_path / "record").write_bytes(b"\xe5\n")
    code, error = take(home, "cohort.csv", "--record", str(tmp_path / "record"))
    assert code == 2 and "record: is a damaged record; remove it" in error


def test_a_record_that_is_a_folder_is_refused_before_anything_is_written(home, take, tmp_path):
    (tmp_path / "record").mkdir()
    code, error = take(home, "cohort.csv", "--record", str(tmp_path / "record"))
    assert code == 2 and "record: is no file" in error and not (tmp_path / "out").exists()


@pytest.mark.parametrize("unit, refused", [("cm", True), ("mm", False), ("", False)])
def test_nrrd_in_another_unit_is_refused(home, take, unit, refused):
    write_nrrd(home / "c.nrrd", values(), **{"space units": [unit] * 3})
    code, error = take(home)
    assert (code == 2 and "c.nrrd: has its coordinates in 'cm', not in millimetres" in error) == refused
    assert code in (0, 2)
