"""The imaging pipeline's cohort comes from its source, and the phantom's place is the phantom's."""

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.cohort import scored, source
from stages.common import cli, manifest, nifti, origin
from tests.cohort.slices import table
from tests.parameters import whole

AFFINE = np.diag([0.8, 0.8, 2.0, 1])


@pytest.fixture
def make(tmp_path, monkeypatch, capsys):
    def run(name, named=None):
        params = whole()
        params["cohort"]["source"] = named or "phantom"
        params["lits"] |= {"cases": 2, "test": 1}
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
        monkeypatch.setattr("sys.argv", [
            "source", "--source", name, "--params", str(tmp_path / "params.yaml"),
            "--inputs", str(tmp_path / "in"), "--checksums", str(tmp_path / "sums.csv"),
            "--out", str(tmp_path / "out")])
        try:
            cli.main(source.stage)
        except SystemExit as stop:
            return stop.code, capsys.readouterr().err.strip().splitlines()[-1]
        return 0, pd.read_csv(tmp_path / "out" / "manifest.csv")
    return run


def write(path, data):
    nifti.write(path, nifti.Volume(data, AFFINE))


def test_a_folder_of_lits(make, tmp_path):
    for number in (0, 1):
        write(tmp_path / "in" / f"volume-{number}.nii.gz", np.full((3, 4, 5), 40, np.int16))
        write(tmp_path / "in" / f"segmentation-{number}.nii.gz", np.ones((3, 4, 5), np.uint8))
    code, found = make("lits")
    assert code == 0 and tuple(found.columns) == manifest.COLUMNS
    assert origin.read(tmp_path / "out") == "lits"
    assert (found["Cohort"] == "lits").all() and sorted(found["Segmentation"]) == ["test", "train"]


def test_an_own_cohort_with_scores_of_samples(make, tmp_path):
    write(tmp_path / "in" / "a.nii.gz", np.full((3, 4, 5), 40, np.int16))
    table(tmp_path / "in" / "cohort.csv", [["a", "s", "p", "a.nii.gz", "X"]],
          ("series", "study", "patient", "path", "sample"))
    assert "give their scores with --scores" in make("own")[1]
    table(tmp_path / "in" / "scores.csv", [["X", 0.5]], ("sample", "NE_Score"))
    code, found = make("own")
    assert code == 0 and tuple(found.columns) == manifest.COLUMNS
    assert found["NE_Score"].tolist() == [0.5] and found["Cohort"].tolist() == ["own"]
    # What the next stage of the pipeline does with it.
    listed = pd.read_csv(tmp_path / "out" / "manifest.csv", dtype=str, keep_default_na=False)
    assert scored.scored(listed, "manifest.csv")["File"].tolist() == ["a"]


def test_an_unknown_source_is_one_line(make):
    code, error = make("mine")
    assert code == 2 and "'mine'" in error and "phantom, lits, own" in error.replace("'", "", 8)
    code, error = make("own", "x; touch y")
    assert code == 2 and error.endswith("'x; touch y'; valid: phantom, lits, own")


def test_where_results_go_to_git_no_other_cohort_is_made(make, tmp_path):
    for named in ("own", "lits"):
        code, error = make("phantom", named)
        assert code == 2 and f"parameter 'cohort.source' is '{named}'" in error
        assert error.endswith("run 'make demo': it works in a folder that git ignores")
    assert not (tmp_path / "out").exists()
