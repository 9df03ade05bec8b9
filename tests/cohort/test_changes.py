"""A cohort that grows by one series: that series is read or drawn, and no other."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.cohort import dicom_files, lits, own_volumes, source
from stages.cohort.phantom import stage as phantom
from stages.common import canonical, cli, nifti
from tests.cohort.own_files import COLUMNS
from tests.cohort.slices import series, table, values
from tests.cohort.test_phantom import preset
from tests.parameters import whole


@pytest.fixture
def make(tmp_path, monkeypatch, capsys):
    """Run the stage source with a record; return exit code and last line of standard error."""
    def run(name="own", inputs="home", **changes):
        params = whole()
        params["cohort"]["source"] = name
        for section, changed in changes.items():
            params[section] |= changed
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
        monkeypatch.setattr("sys.argv", [
            "source", "--source", name, "--params", str(tmp_path / "params.yaml"),
            "--inputs", str(tmp_path / inputs),
            "--checksums", str(tmp_path / "sums.csv"), "--record", str(tmp_path / "record.jsonl"),
            "--out", str(tmp_path / "out")])
        try:
            cli.main(source.stage)
            code = 0
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().err.strip().splitlines()[-1]
    return run


@pytest.fixture
def reads(monkeypatch):
    """Names of the series whose voxels are read."""
    seen, read = [], own_volumes.read_series

    def watched(path, *arguments):
        seen.append(path.name)
        return read(path, *arguments)
    monkeypatch.setattr(own_volumes, "read_series", watched)
    return seen


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file()}


def add(home, name="d1", patient="p4"):
    """Add a DICOM series without mask to the table."""
    series(home / name, values(seed=9), series="1.2.826.0.1.42.99", PatientID="MRN0815")
    rows = pd.read_csv(home / "cohort.csv", dtype=str, keep_default_na=False)
    rows.loc[len(rows)] = [name, f"s-{name}", patient, name, "", ""]
    canonical.write_csv(home / "cohort.csv", rows[list(COLUMNS)])


def test_of_an_own_cohort_only_the_new_series_is_read(make, reads, home, take, tmp_path):
    assert make()[0] == 0 and len(reads) == 3
    assert make()[0] == 0 and len(reads) == 3
    add(home)
    assert make()[0] == 0 and reads[3:] == ["d1"]
    # As in one run without a record.
    assert take(home, out="whole")[0] == 0
    made = files(tmp_path / "out")
    assert b"own" in made.pop("source.json")
    assert made == files(tmp_path / "whole")


def test_a_changed_slice_makes_its_series_again(make, reads, home, tmp_path):
    make()
    folder = home / "slices"
    series(folder, values() + 1)
    assert make()[0] == 0 and reads[3:] == ["slices"]
    assert nifti.read(tmp_path / "out" / "images" / "a1.nii.gz").data.max() == values().max() + 1


def test_a_series_that_left_the_table_leaves_the_cohort(make, reads, home, tmp_path):
    add(home)
    make()
    rows = pd.read_csv(home / "cohort.csv", dtype=str, keep_default_na=False)
    canonical.write_csv(home / "cohort.csv", rows[rows["series"] != "d1"])
    assert make()[0] == 0 and len(reads) == 4
    assert sorted(path.name for path in (tmp_path / "out" / "images").iterdir()) == [
        "a1.nii.gz", "b1.nii.gz", "c1.nii.gz"]


def test_a_new_name_is_compared_with_the_headers_of_all_series(make, reads, home):
    make()
    # The identity of a1's header; a1 itself did not change.
    add(home, patient="MRN4711")
    code, error = make()
    assert code == 2 and "'MRN4711' holds PatientID of an image header" in error
    add(home, name="d2", patient="p5")
    assert make()[0] == 2


def test_headers_are_not_read_where_no_name_is_new(make, home, monkeypatch):
    make()

    def never(folder):
        raise AssertionError(f"{folder} was read")
    monkeypatch.setattr(dicom_files, "listed", never)
    assert make()[0] == 0


def test_of_lits_only_the_new_pair_is_checked(make, tmp_path, monkeypatch):
    seen, check = [], lits.check
    monkeypatch.setattr(lits, "check", lambda *pair: (seen.append(pair[0].name), check(*pair)))

    def pair(number):
        for kind, kind_of in (("volume", np.int16), ("segmentation", np.uint8)):
            nifti.write(tmp_path / "in" / f"{kind}-{number}.nii.gz",
                        nifti.Volume(np.ones((3, 4, 5), kind_of), np.diag([1.0, 1, 2, 1])))
    pair(0), pair(1)
    assert make("lits", "in", lits={"cases": 2, "test": 1})[0] == 0 and len(seen) == 2
    assert make("lits", "in", lits={"cases": 2, "test": 1})[0] == 0 and len(seen) == 2
    pair(2)
    (tmp_path / "sums.csv").unlink()
    assert make("lits", "in", lits={"cases": 3, "test": 1})[0] == 0
    assert seen[2:] == ["volume-2.nii.gz"]


def test_another_source_leaves_nothing_of_the_first_one(make, home, tmp_path):
    assert make()[0] == 0
    nifti.write(tmp_path / "in" / "a.nii.gz",
                nifti.Volume(np.full((3, 4, 5), 40, np.int16), np.diag([1.0, 1, 2, 1])))
    table(tmp_path / "in" / "cohort.csv", [["z", "s", "p", "a.nii.gz"]],
          ("series", "study", "patient", "path"))
    assert make("own", "in")[0] == 0
    assert [path.name for path in (tmp_path / "out").rglob("*.nii.gz")] == ["z.nii.gz"]


def test_a_longer_phantom_draws_the_new_series_only(tmp_path, monkeypatch):
    small = preset(lits_scans=3, lits_test=1, patients=3, studies=3, series=3, lesion_free_series=0,
                   test_patients=1, val_patients=1, annotated_train=1, annotated_test=1)
    small = dataclasses.replace(small, acquisition=dataclasses.replace(small.acquisition, size=16))
    drawn, render = [], phantom.render
    monkeypatch.setattr(phantom, "render",
                        lambda how, one: (drawn.append(one.file), render(how, one))[1])
    listed = phantom.plan.plan(small)
    for count in (2, 2, 3):
        record = phantom.Record(tmp_path / "record.jsonl", "about")
        for one in listed[:count]:
            phantom.write(small, one, tmp_path / "out", record)
        record.close(tmp_path / "out")
    assert drawn == [one.file for one in listed[:3]]
    moved = dataclasses.replace(listed[0], segmentation="test", group="test")
    phantom.write(small, moved, tmp_path / "out", record)
    assert len(drawn) == 3
