"""The control on public patients: its procedure against scikit-learn, its P, its tables."""

import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import roc_auc_score

from stages.common import cli
from stages.common.errors import InputError
from studies.brain_metastases.control import patients, procedure, spreadsheet
from studies.brain_metastases.control import stage as control
from studies.brain_metastases.control.parameters import Control, read_control

ROOT = Path(__file__).resolve().parents[4]
SETTINGS = Control("SCLC", "NSCLC", 4, 3, 3, 1, (0.01, 1.0, 100.0), 99, 1, 0.95, 0.8, 0.05)


def made(effect, count=40, seed=3):
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(count, 12)) * 10 ** generator.normal(size=12)
    label = (effect * features[:, 0] / features[:, 0].std() + generator.normal(size=count) > 0.5)
    return patients.Patients(features, label.astype(int))


def test_predictions_are_kernel_ridge_regression():
    held = made(1.0)
    inside, outside = np.arange(25), np.arange(25, 40)
    labels = np.column_stack([held.label, 1 - held.label]).astype(float)
    own, other = procedure.standardised(held.features, inside, outside)
    assert np.trace(own) == pytest.approx(25)
    found = procedure.predicted(held.features, labels, inside, outside, (0.1, 10.0))
    mean = labels[inside].mean(axis=0)
    for values, penalty in zip(found, (0.1, 10.0)):
        model = KernelRidge(alpha=penalty, kernel="precomputed").fit(own, labels[inside] - mean)
        assert values == pytest.approx(mean + model.predict(other))


def test_the_area_is_that_of_pairs_of_a_fold():
    held = made(1.0)
    labels = held.label[:, None].astype(float)
    folds = procedure.held_out(held.features, labels, SETTINGS, 0, np.full(40, True))
    assert sorted(np.concatenate([rows for rows, _ in folds])) == list(range(40))
    areas, pairs = [], []
    for rows, values in folds:
        positive = held.label[rows].sum()
        pairs.append(positive * (len(rows) - positive))
        areas.append(roc_auc_score(held.label[rows], values[:, 0]) if pairs[-1] else 0.0)
    assert procedure.area(held.features, labels, SETTINGS, range(1))[0] == pytest.approx(
        np.average(areas, weights=pairs))


def test_a_patient_who_is_left_out_teaches_nothing():
    held = made(1.0)
    labels = held.label[:, None].astype(float)
    found = procedure.area(held.features, labels, SETTINGS, range(2), 7)
    changed = held.features.copy()
    changed[7] *= -50
    again = procedure.area(changed, 1 - (1 - labels), SETTINGS, range(2), 7)
    assert found == pytest.approx(again)
    assert found != pytest.approx(procedure.area(held.features, labels, SETTINGS, range(2)))


def test_a_planted_effect_is_found_and_none_is_not():
    strong, none = (control.measure(made(effect), SETTINGS) for effect in (6.0, 0.0))
    assert strong["AUC"] > 0.8 and strong["P"] == 0.01 and strong["low"] > 0.5
    assert none["P"] > 0.05 and none["low"] < 0.5 < none["high"]
    assert 0.5 < none["smallest_detectable"] < 1


def test_p_is_uniform_without_an_effect():
    """Of 100 made-up null sets about one in twenty is found at 5 %: at most ten (P 0.01 of more)."""
    few = replace(SETTINGS, seeds=1)
    generator, found = np.random.default_rng(11), 0
    for _ in range(100):
        features = generator.normal(size=(30, 5))
        labels = np.zeros((30, 40))
        labels[:6] = 1
        for column in range(40):
            labels[:, column] = generator.permutation(labels[:, column])
        areas = procedure.area(features, labels, few, range(1))
        found += (1 + np.sum(areas[1:] >= areas[0])) / 40 <= 0.05
    assert 1 <= found <= 10


def book(path, rows):
    """Write a workbook with shared strings for text and plain numbers."""
    strings, lines = [], []
    for number, row in enumerate(rows, 1):
        cells = ""
        for column, value in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", row):
            if isinstance(value, str):
                strings.append(value)
                cells += f'<c r="{column}{number}" t="s"><v>{len(strings) - 1}</v></c>'
            elif value is not None:
                cells += f'<c r="{column}{number}"><v>{value}</v></c>'
        lines.append(f'<row r="{number}">{cells}</row>')
    space = spreadsheet.NAMES["s"]
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(spreadsheet.STRINGS, f'<sst xmlns="{space}">' + "".join(
            f"<si><t>{text}</t></si>" for text in strings) + "</sst>")
        file.writestr(spreadsheet.SHEET, f'<worksheet xmlns="{space}"><sheetData>{"".join(lines)}'
                                         "</sheetData></worksheet>")
    return path


def test_a_sheet_is_read_with_its_empty_cells(tmp_path):
    found = spreadsheet.read(book(tmp_path / "a.xlsx", [["a", "b"], [1.5, "x"], [None, "y"]]))
    assert found["b"].tolist() == ["x", "y"] and found["a"].isna().tolist() == [False, True]


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_workbook(tmp_path, content):
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(InputError, match="is no readable workbook"):
        spreadsheet.read(tmp_path / "a.xlsx")


def measured(**change):
    rows = [{patients.PATIENT: name, patients.PRIMARY: primary, patients.MAKER: "A",
             patients.TIME: time, **dict.fromkeys(patients.SHAPE, size),
             **dict.fromkeys(patients.SCANNER, "1")}
            for name, primary, time, size in (
                ("1", "SCLC", "19000101", "8"), ("1", "SCLC", "19000101", "27"),
                ("1", "SCLC", "19000202", "64"), ("2", "SCLC", "19000101", "8"),
                ("3", "NSCLC", "19000101", "8"), ("4", "NSCLC", "19000101", "1"),
                ("5", "Breast", "19000101", "8"))]
    rows[3] |= change
    return pd.DataFrame(rows)


CLASSES = ("SCLC", "NSCLC")


def test_the_largest_lesion_at_the_first_time_point():
    found = patients.lesions(measured(), CLASSES, "x")
    assert found.index.tolist() == ["1", "2", "3", "4"] and found.loc["1", "TOTALVOLUME"] == 27
    radiomics = pd.DataFrame({"ID": ["2", "3", "5"], "Target": [1, 0, 1], "f": [0.1, 0.2, 0.3]})
    sets = patients.sets(radiomics, found, "SCLC", "x")
    assert sets["radiomics"].label.tolist() == [1, 0] and sets["shape"].label.tolist() == [1, 1, 0, 0]
    assert sets["shape"].features[0, 0] == pytest.approx(3)  # cube root of 27
    assert sets["radiomics"].features.ravel().tolist() == [0.1, 0.2], "not the other's target"


@pytest.mark.parametrize("table, said", [
    (measured(**{patients.PATIENT: "3"}), "patient 3 has two primary tumours"),
    (measured(**{patients.PRIMARY: "NSCLC"}), "has 1 patients with SCLC"),
    (measured(TOTALVOLUME="large"), "something else than a number in TOTALVOLUME"),
    (measured().drop(columns=patients.MAKER), "lacks the column STATION NAME")])
def test_measurements_that_are_not_right(table, said):
    with pytest.raises(InputError, match=said):
        patients.lesions(table, CLASSES, "x")


def test_radiomics_that_are_not_right():
    found = patients.lesions(measured(), CLASSES, "x")
    for names, said in ((["2", "2"], "is there twice"), (["8", "9"], "has no patient")):
        table = pd.DataFrame({"ID": names, "Target": [0, 1], "f": [1.0, 2.0]})
        with pytest.raises(InputError, match=said):
            patients.sets(table, found, "SCLC", "x")


@pytest.mark.parametrize("change, said", [
    ("folds: 1", "control.folds"), ("penalties: [1, 0.1]", "control.penalties"),
    ("negative: SCLC", "control.positive"), ("power: 1.0", "control.level")])
def test_parameters_out_of_range(tmp_path, change, said):
    text = (ROOT / "studies/brain_metastases/params/control.yaml").read_text()
    name = change.split(":")[0]
    lines = [f"  {change}" if line.strip().startswith(f"{name}:") else line for line in
             text.splitlines()]
    (tmp_path / "control.yaml").write_text("\n".join(lines))
    with pytest.raises(InputError, match=said):
        read_control(tmp_path)


def test_another_content_is_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "a.gz").write_bytes(b"x")
    (tmp_path / "f.csv").write_text("name,file,sha256\nradiomics,a.gz,00\nmeasurements,b.xlsx,00\n")
    monkeypatch.setattr(sys, "argv", [
        "stage", "--params", str(ROOT / "studies/brain_metastases/params"), "--files",
        str(tmp_path / "f.csv"), "--folder", str(tmp_path), "--out", str(tmp_path / "out.json")])
    with pytest.raises(SystemExit) as stopped:
        cli.main(control.stage)
    error = capsys.readouterr().err
    assert stopped.value.code == 2 and error.count("\n") == 1
    assert "another SHA-256" in error and not (tmp_path / "out.json").exists()
