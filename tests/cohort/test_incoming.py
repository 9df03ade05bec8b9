"""Series to predict: what counts as one, how it is called, and what it must not give away."""

import numpy as np
import pandas as pd
import pytest

from stages.cohort import masked, paired
from stages.common import cli, nifti
from tests.cohort.conftest import ROOT
from tests.cohort.slices import PATIENT, series, values
from tests.cohort.test_own import AFFINE, write_nrrd


@pytest.fixture
def take(tmp_path, monkeypatch, capsys):
    """Name CT, take it in; return exit code, standard error and the names in the manifest."""
    def call(module, *arguments):
        monkeypatch.setattr("sys.argv", ["stage", *map(str, arguments)])
        try:
            cli.main(module.stage)
        except SystemExit as stop:
            return stop.code
        return 0

    def run(path):
        table = tmp_path / "out" / "cohort.csv"
        code = call(paired, "--ct", path, "--out", table) or call(
            masked, "--table", table, "--images", "--out", tmp_path / "out", "--params",
            ROOT / "studies/sclc_liver/params")
        manifest = tmp_path / "out" / "manifest.csv"
        names = pd.read_csv(manifest)["File"].tolist() if manifest.exists() else []
        return code, capsys.readouterr().err, names
    return run


def read(folder, name):
    return nifti.read(folder / "out" / "images" / f"{name}.nii.gz")


def test_one_file_of_each_kind_gives_the_same_voxels(tmp_path, take):
    nifti.write(tmp_path / "scan.nii.gz", nifti.Volume(values(), AFFINE))
    write_nrrd(tmp_path / "other.nrrd", values())
    series(tmp_path / "slices")
    found = {}
    for name, called in (("scan.nii.gz", "scan"), ("other.nrrd", "other"), ("slices", "slices")):
        assert take(tmp_path / name)[::2] == (0, [called])
        found[called] = read(tmp_path, called)
    assert nifti.same_grid(found["scan"], found["other"])
    np.testing.assert_array_equal(found["scan"].data, found["other"].data)
    assert sorted(found["slices"].data.ravel()) == sorted(values().ravel())
    assert found["scan"].data.dtype == np.int16


def test_a_folder_of_series(tmp_path, take):
    home = tmp_path / "home"
    nifti.write(home / "b.nii.gz", nifti.Volume(values(), AFFINE))
    write_nrrd(home / "b.nrrd", values())
    series(home / "a")
    (home / "notes.txt").write_text("not a series")
    (home / ".hidden.nii.gz").write_text("nor this")
    code, error, names = take(home)
    assert code == 0 and names == ["a", "b", "case-3"]
    assert "b.nrrd: called case-3" in error


@pytest.mark.parametrize("name", [PATIENT["PatientID"], "Muster", "a b", "Erika_scan"])
def test_names_that_cannot_be_used_are_replaced(tmp_path, take, name):
    series(tmp_path / name)
    code, _, names = take(tmp_path / name)
    assert code == 0 and names == ["case-1"]
    # The table names the user's files: it stays in the work folder.
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*")
                       if path.suffix == ".csv" and path.name != "cohort.csv")
    assert not any(value.encode() in written for value in PATIENT.values())


def test_bad_input_is_one_line(tmp_path, take):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.nii.gz").write_text("no image")
    nifti.write(tmp_path / "flat.nii.gz", nifti.Volume(values((6, 5, 1)), AFFINE))
    for name, words in (("missing", "no such file"), ("empty", "is an empty folder"),
                        ("text.nii.gz", "is not a NIfTI file"), ("flat.nii.gz", "single slice")):
        code, error, names = take(tmp_path / name)
        assert code == 2 and words in error.strip().splitlines()[-1] and not names
        assert name in error
