"""CT and masks are paired by name, and taken in as a table of them would be."""

import numpy as np
import pandas as pd
import pytest

from stages.cohort import masked, paired
from stages.common import cli, nifti
from tests.cohort.conftest import ROOT
from tests.cohort.own_files import AFFINE, lesions, write_nrrd
from tests.cohort.slices import PATIENT, series, values


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Pair, then take in; return exit code, standard error, and the manifest's names."""
    def call(module, *arguments):
        monkeypatch.setattr("sys.argv", ["stage", *map(str, arguments)])
        try:
            cli.main(module.stage)
        except SystemExit as stop:
            return stop.code
        return 0

    def both(*given):
        code = call(paired, *given, "--out", tmp_path / "work" / "cohort.csv")
        if code == 0:
            code = call(masked, "--table", tmp_path / "work" / "cohort.csv", "--out", tmp_path / "work",
                        "--params", ROOT / "studies/sclc_liver/params")
        manifest = tmp_path / "work" / "manifest.csv"
        return code, capsys.readouterr().err, (
            pd.read_csv(manifest)["File"].tolist() if manifest.exists() else [])
    return both


def save(path, data, affine=AFFINE):
    nifti.write(path, nifti.Volume(data, affine))


def test_names_pair_files_of_any_kind(tmp_path, run):
    image, mask = np.abs(values()), lesions()
    save(tmp_path / "ct" / "a_0000.nii.gz", image)
    write_nrrd(tmp_path / "ct" / "b.nrrd", image)
    save(tmp_path / "masks" / "b.nii.gz", mask)
    write_nrrd(tmp_path / "masks" / "a.nrrd", np.where(mask == 2, np.uint8(2), np.uint8(0)))
    save(tmp_path / "livers" / "a.nii.gz", np.ones_like(mask))
    save(tmp_path / "livers" / "b.nii.gz", np.zeros_like(mask))
    save(tmp_path / "masks" / "unused.nii.gz", mask)
    code, error, names = run("--ct", tmp_path / "ct", "--masks", tmp_path / "masks",
                             "--liver-mask", tmp_path / "livers")
    assert code == 0, error
    # The name of a file, but for its ending.
    assert names == ["a_0000", "b"]
    first = nifti.read(tmp_path / "work" / "masks" / "a_0000.nii.gz").data
    np.testing.assert_array_equal(first == 2, mask == 2)
    assert (first == 1).sum() == (mask != 2).sum()  # the liver is that of the other file
    second = nifti.read(tmp_path / "work" / "masks" / "b.nii.gz").data
    np.testing.assert_array_equal(second == 2, mask == 2)
    manifest = pd.read_csv(tmp_path / "work" / "manifest.csv", keep_default_na=False)
    assert manifest["Segmentation"].tolist() == ["", ""]


def test_one_ct_and_one_mask_need_no_common_name(tmp_path, run):
    save(tmp_path / "scan.nii.gz", np.abs(values()))
    save(tmp_path / "drawn.nii.gz", (lesions() == 2).astype(np.uint8) * 7)
    code, error, names = run("--ct", tmp_path / "scan.nii.gz", "--masks", tmp_path / "drawn.nii.gz",
                             "--lesion", "7")
    assert (code, names) == (0, ["scan"]), error
    assert (nifti.read(tmp_path / "work" / "masks" / "scan.nii.gz").data == 2).sum() == 3


def test_every_ct_without_a_mask_is_named(tmp_path, run):
    for name in "abc":
        save(tmp_path / "ct" / f"{name}.nii.gz", np.abs(values()))
    save(tmp_path / "masks" / "b.nii.gz", lesions())
    write_nrrd(tmp_path / "masks" / "c.nrrd", lesions())
    save(tmp_path / "masks" / "c.nii.gz", lesions())
    code, error, names = run("--ct", tmp_path / "ct", "--masks", tmp_path / "masks")
    assert code == 2 and names == [] and not (tmp_path / "work").exists()
    assert all(part in error for part in (
        "2 faults", "holds no mask called a", "holds 2 masks called c"))


def test_a_mask_on_another_grid_is_one_line(tmp_path, run):
    save(tmp_path / "scan.nii.gz", np.abs(values()))
    save(tmp_path / "mask.nii.gz", lesions(), AFFINE + np.diag([0, 0, 0.5, 0]))
    code, error, _ = run("--ct", tmp_path / "scan.nii.gz", "--masks", tmp_path / "mask.nii.gz")
    last = error.strip().splitlines()[-1]
    assert code == 2 and "lies on another grid" in last and "mask.nii.gz" in last
    assert not (tmp_path / "work" / "manifest.csv").exists()
    assert run("--ct", tmp_path / "scan.nii.gz", "--masks", tmp_path / "none")[0] == 2


def test_a_patient_is_not_called_by_name(tmp_path, run):
    name_of_patient = PATIENT["PatientID"]
    for name in (name_of_patient, "other"):
        series(tmp_path / "ct" / name, np.abs(values()))
        mask = nifti.Volume(lesions(), np.diag([-0.8, -0.7, 2.5, 1]))
        mask.affine[:3, 3] = 10, -20, -300
        nifti.write(tmp_path / "masks" / f"{name}.nii.gz", mask)
    code, error, names = run("--ct", tmp_path / "ct", "--masks", tmp_path / "masks")
    assert code == 0, error
    assert len(names) == 2 and name_of_patient not in names and "called case-" in error
    assert name_of_patient not in (tmp_path / "work" / "manifest.csv").read_text()
