"""Small cohorts on disk."""

import numpy as np
import pytest

from stages.common import canonical, nifti
from tests.segmentation.volumes import AFFINE, box, draw


@pytest.fixture
def cohort(tmp_path):
    """Three scans: two lesions, one lesion, none. Returns the manifest's path."""
    random, rows = np.random.default_rng(3), []
    masks = {"a": box((20, 18, 10), ((4, 4, 2), (8, 8, 5)), ((12, 10, 4), (15, 14, 8))),
             "b": box((20, 18, 10), ((6, 6, 3), (12, 12, 7))), "c": box((20, 18, 10))}
    for name, mask in masks.items():
        nifti.write(tmp_path / f"{name}_mask.nii.gz", nifti.Volume(mask, AFFINE))
        nifti.write(tmp_path / f"{name}.nii.gz", nifti.Volume(draw(random, mask), AFFINE))
        rows.append([name, "lits" if name == "a" else "sclc", "test", f"{name}.nii.gz",
                     f"{name}_mask.nii.gz"])
    manifest = tmp_path / "manifest.csv"
    columns = ["File", "Cohort", "Segmentation", "image", "mask"]
    canonical.write_bytes(manifest, canonical.csv_bytes(columns, rows))
    return manifest


@pytest.fixture
def call(monkeypatch, capsys):
    """Run a stage as its command line does; return exit code and standard error."""
    from stages.common import cli

    def run(stage, *arguments):
        monkeypatch.setattr("sys.argv", ["stage", *(str(argument) for argument in arguments)])
        try:
            cli.main(stage)
            code = 0
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().err
    return run
