"""A small cohort with the released columns, made here, and where real data are."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.cohort import own
from stages.common import cli, nifti
from stages.common.columns import FEATURES
from tests.cohort.own_files import AFFINE, COLUMNS, lesions, write_nrrd
from tests.cohort.slices import series, table, values

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def raw():
    """Nine series of five studies of four patients, as a release would hold them."""
    generator = np.random.default_rng(7)
    rows = [("P-1", "20200101", "train", 0.2), ("P-1", "20200101", "train", 0.2),
            ("P-1", "20200301", "train", -0.1), ("P-2", "20200201", "val", 0.1),
            ("P-2", "20200201", "val", 0.1), ("P-3", "20200501", "test", -0.2),
            ("P-3", "20200501", "test", -0.2), ("P-4", "20200601", "test", 0.3),
            ("P-4", "20200601", "test", 0.3)]
    table = pd.DataFrame(generator.uniform(1, 2, (len(rows), len(FEATURES))), columns=FEATURES)
    table.insert(0, "File", [f"{p}_{d}_{i}_CAP.nii.gz" for i, (p, d, _, _) in enumerate(rows)])
    for name in ("PyRadiomics", "Numpy", "SimpleITK", "PyWavelet", "Python"):
        table[f"diagnostics_Versions_{name}"] = "v1.0"
    table["diagnostics_Mask-original_Spacing"] = "(0.8, 0.8, 5.0)"
    table["diagnostics_Mask-interpolated_Spacing"] = "(1.0, 1.0, 1.0)"
    table["diagnostics_Image-original_Minimum"] = -1024
    table["diagnostics_Mask-original_VoxelNum"] = 1000
    table["diagnostics_Mask-original_VolumeNum"] = np.arange(len(rows)) + 1
    table["Num_Lesions"] = np.arange(len(rows)) + 2
    table["NE_Score"] = [score for *_, score in rows]
    table["NE_Status"] = np.where(table["NE_Score"] > 0, "positive", "negative")
    table["NE_Class"] = (table["NE_Score"] > 0).astype(int)
    table["Group"] = [group for *_, group, _ in rows]
    return table


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
        params = yaml.safe_load((ROOT / "studies/sclc_liver/params.yaml").read_text())
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
