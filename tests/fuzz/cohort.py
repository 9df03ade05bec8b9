"""What the intake reads: an own cohort's table, its series in three formats, LiTS, its checksums."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from stages.cohort import lits, own
from stages.common import canonical, nifti
from tests.cohort.own_files import AFFINE, COLUMNS, lesions, write_nrrd
from tests.cohort.slices import series, table, values
from tests.fuzz.cases import Case, run
from tests.parameters import whole


def cases(root: Path) -> list[Case]:
    """Write a small cohort in every format below ``root`` and return its inputs."""
    os.chdir(root)
    home = root / "home"
    series(home / "slices")
    mask = nifti.Volume(lesions(), np.diag([-0.8, -0.7, 2.5, 1]))
    mask.affine[:3, 3] = 10, -20, -300
    nifti.write(home / "slices_mask.nii.gz", mask)
    nifti.write(home / "b.nii.gz", nifti.Volume(values(), AFFINE))
    nifti.write(home / "b_mask.nii.gz", nifti.to_ras(nifti.Volume(lesions(), AFFINE)))
    write_nrrd(home / "c.nrrd", values(), encoding="raw")
    write_nrrd(home / "c_mask.nrrd", lesions())
    rows = {"b1": ["b1", "b", "p2", "b.nii.gz", "b_mask.nii.gz", 0.1],
            "c1": ["c1", "c", "p3", "c.nrrd", "c_mask.nrrd", -0.5],
            "a1": ["a1", "a", "p1", "slices", "slices_mask.nii.gz", 0.2]}
    table(home / "cohort.csv", rows.values(), COLUMNS)
    for name, row in rows.items():
        table(home / f"{name}.csv", [row], COLUMNS)
    table(home / "scored.csv", [[*rows["b1"][:5], "S1"]], (*COLUMNS[:5], "sample"))
    canonical.write_bytes(home / "scores.csv", b"sample,NE_Score,NE_Class\nS1,0.3,1\nS2,-0.2,0\n")
    (root / "params.yaml").write_text(yaml.safe_dump({key: whole()[key] for key in
                                                      ("own", "lits", "classification")}))
    generator = np.random.default_rng(0)
    for number in range(2):
        for name, data in (("segmentation", generator.integers(0, 3, (5, 4, 3)).astype(np.uint8)),
                           ("volume", generator.integers(-1000, 300, (5, 4, 3)).astype(np.int16))):
            nifti.write(root / f"lits/{name}-{number}.nii.gz", nifti.Volume(data, AFFINE))
    folder = ["--folder", "lits", "--params", "params.yaml", "--checksums", "sums.csv",
              "--out", "listed/manifest.csv", "--cases", "2", "--test", "1"]
    run(lits.stage, folder)

    def taken(name, *more):
        return Case("", "", "csv", own.stage, ["--table", f"home/{name}.csv", "--params", "params.yaml",
                                               "--out", "out", *more], ["out"])

    checked = Case("", "", "gzip", lits.stage, folder, ["listed"], guarded=True)
    run(own.stage, [*taken("b1").arguments, "--record", "record.jsonl"])
    slice_ = sorted((home / "slices").iterdir())[1].relative_to(root).as_posix()
    return [
        replace(taken("cohort"), format="cohort's table", path="home/cohort.csv", pipe=True),
        replace(taken("scored", "--scores", "home/scores.csv"), format="NE scores",
                path="home/scores.csv"),
        replace(taken("b1"), format="parameters (YAML)", path="params.yaml", kind="yaml"),
        replace(taken("b1"), format="NIfTI", path="home/b.nii.gz", kind="gzip"),
        replace(taken("b1"), format="NIfTI", path="home/b_mask.nii.gz", kind="gzip"),
        replace(taken("c1"), format="NRRD", path="home/c.nrrd", kind="nrrd"),
        replace(taken("c1"), format="NRRD", path="home/c_mask.nrrd", kind="nrrd"),
        replace(taken("a1"), format="DICOM", path=slice_, kind="binary"),
        replace(taken("a1"), format="DICOM", path=slice_, kind="binary"),
        replace(taken("b1", "--record", "record.jsonl"), format="record of what was made",
                path="record.jsonl", kind="jsonl"),
        replace(checked, format="LiTS under checksums", path="lits/volume-1.nii.gz"),
        replace(checked, format="checksums", path="sums.csv", kind="sums"),
    ]
