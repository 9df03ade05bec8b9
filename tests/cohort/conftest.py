"""Small series in every format, made here, and where real data are."""

import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages.cohort import own
from stages.common import cli, nifti
from tests.cohort.own_files import AFFINE, COLUMNS, lesions, write_nrrd
from tests.cohort.slices import series, table, values
from tests.parameters import whole

ROOT = Path(__file__).resolve().parents[2]


def mirror(*parts):
    """Return a file of the mirror of real data, or skip."""
    path = Path(os.environ.get("DATA_MIRROR", ROOT.parent / "shared" / "data"), *parts)
    if not path.exists():
        pytest.skip(f"no {'/'.join(parts)} in the mirror of real data (DATA_MIRROR)")
    return path


@pytest.fixture
def home(tmp_path):
    """The same voxels as DICOM, NIfTI and NRRD, with a mask each; returns the table's folder."""
    folder = tmp_path / "home"
    series(folder / "slices")
    mask = nifti.Volume(lesions(), np.diag([-0.8, -0.7, 2.5, 1]))
    mask.affine[:3, 3] = 10, -20, -300
    nifti.write(folder / "slices_mask.nii.gz", mask)
    nifti.write(folder / "b.nii.gz", nifti.Volume(values(), AFFINE))
    # A mask whose axes run another way than its image's.
    nifti.write(folder / "b_mask.nii.gz", nifti.to_ras(nifti.Volume(lesions(), AFFINE)))
    write_nrrd(folder / "c.nrrd", values())
    write_nrrd(folder / "c_mask.nrrd", lesions())
    table(folder / "cohort.csv", [
        ["c1", "c", "p3", "c.nrrd", "c_mask.nrrd", -0.5], ["a1", "a", "p1", "slices",
                                                          "slices_mask.nii.gz", 0.2],
        ["b1", "b", "p2", "b.nii.gz", "b_mask.nii.gz", None]], COLUMNS)
    return folder


@pytest.fixture
def take(tmp_path, monkeypatch, capsys):
    def run(folder, name="cohort.csv", *more, out="out", **changed):
        params = whole()
        params["own"] |= changed
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
        monkeypatch.setattr("sys.argv", [
            "own", "--table", str(folder / name), "--params", str(tmp_path / "params.yaml"),
            "--out", str(tmp_path / out), *more])
        try:
            cli.main(own.stage)
            code = 0
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().err.strip().splitlines()[-1]
    return run
