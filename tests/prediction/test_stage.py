"""The stage on a table: the same bytes again, and bad input in one line."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.prediction import lesions, stage
from stages.prediction.parameters import read_corrected, read_models
from tests.prediction.conftest import made

PARAMETERS = """\
corrected:
  preset: small
  presets:
    small: {named: LR, correlation: 0.6, folds: 3, inner_folds: 2, tuned: true, seeds: 1,
            permutations: 3, samples: 20, level: 0.95, seed: 1}
models:
  classifiers:
    LR: {arguments: {solver: newton-cholesky}, grid: {C: [0.1, 1.0]}}
    NB: {arguments: {}}
"""
SHAPES = [
    (lambda rows: rows.drop(columns="patient"), r"lacks the column\(s\) patient"),
    (lambda rows: rows.assign(patient=rows.patient.where(rows.index != 2)),
     "the lesion on line 4 has no patient"),
    (lambda rows: rows.assign(label=rows.label.where(rows.index != 1)), "line 3 has no label"),
    (lambda rows: rows.assign(label=rows.label.where(rows.index != 0, 1)), "P00. has two labels"),
    (lambda rows: rows.assign(label=rows.label.replace(1, 2)), "has the label '2'; write 0 or 1"),
    (lambda rows: rows[(rows.label == 0) | (rows.patient == "P002")], r"1 patient\(s\) with the"),
    (lambda rows: rows[rows.label == 0], r"0 patient\(s\) with the label 1"),
    (lambda rows: rows.assign(b=3.0), "the feature b is the same in all lesions"),
    (lambda rows: rows.assign(c="x"), "the feature c has no number on line 2"),
    (lambda rows: rows.assign(c=rows.c.where(rows.index != 5)), "feature c has no number on line 7"),
    (lambda rows: pd.concat([rows, rows.head(1)]), "has lesion 1 of patient P001 twice"),
    (lambda rows: rows[["patient", "lesion", "label"]], "has no feature"),
    (lambda rows: rows.head(0), r"0 patient\(s\) with the label 0")]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "params.yaml").write_text(PARAMETERS)
    held = made(1.0, 12)
    names = [f"P{number:03d}" for number in range(1, 13)]
    canonical.write_csv(tmp_path / "lesions.csv", lesions.table(held, names))
    return tmp_path, held


def run(monkeypatch, folder, *more):
    monkeypatch.setattr(sys, "argv", [
        "stage", "--params", str(folder / "params.yaml"), "--table", str(folder / "lesions.csv"),
        "--out", str(folder / "out.json"), *more])
    cli.main(stage.stage)


def test_a_table_is_read_as_it_was_written(files):
    folder, held = files
    found = lesions.read(folder / "lesions.csv")
    assert (found.features == held.features).all() and found.names == held.names
    assert (found.patient == held.patient).all() and (found.outcome == held.outcome).all()


def test_the_same_table_gives_the_same_bytes_and_order_plays_no_part(files, monkeypatch):
    folder, _ = files
    run(monkeypatch, folder, "--size", "a")
    first = (folder / "out.json").read_bytes()
    run(monkeypatch, folder, "--size", "a")
    assert (folder / "out.json").read_bytes() == first
    found = canonical.read_json(folder / "out.json")
    assert set(found["trivial"]) == {"number of lesions", "size of the lesion"}
    assert 0.25 <= found["test"]["P"] <= 1


@pytest.mark.parametrize("change, said", SHAPES)
def test_bad_tables_are_one_line(files, change, said):
    path = files[0] / "lesions.csv"
    rows = canonical.read_csv(path)
    canonical.write_csv(path, change(rows))
    with pytest.raises(InputError, match=said) as caught:
        lesions.read(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize("old, new, said", [
    ("named: LR", "named: LDA", "corrected.presets.small.named"),
    ("folds: 3", "folds: 1", "corrected.presets.small.folds"),
    ("preset: small", "preset: large", "corrected.preset"),
    ("C: [0.1, 1.0]", "C: []", "models.classifiers.LR.grid.C"),
    ("permutations: 3", "permutations: 0", "corrected.presets.small.seeds")])
def test_bad_parameters_are_one_line(files, old, new, said):
    path = files[0] / "params.yaml"
    path.write_text(PARAMETERS.replace(old, new))
    with pytest.raises(InputError, match=said):
        read_models(path)
        read_corrected(path)


def test_what_a_user_can_mend_ends_with_2_and_writes_nothing(files):
    folder, _ = files
    for more, said in ((["--size", "none"], "has no feature none"), (["--folds"], "--folds")):
        done = subprocess.run(
            [sys.executable, "-m", "stages.prediction.stage", "--params", str(folder / "params.yaml"),
             "--table", str(folder / "lesions.csv"), "--out", str(folder / "out.json"), *more],
            capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2])
        assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1
        assert not (folder / "out.json").exists()
