"""Selection, weight search, and the stages as commands."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.classification import data
from stages.classification.parameters import Search, Selection
from stages.classification.select import family, select, summary
from stages.classification.weights import evaluate, winners
from stages.common import canonical
from stages.common.columns import FEATURES
from stages.common.errors import InputError
from tests.parameters import whole

ROOT = Path(__file__).resolve().parents[2]


def test_selection_finds_the_planted_features(table):
    selected = select(*data.train_and_test(table), Selection(0.05, "NE_Score"))
    assert set(list(table.columns)[:3]) <= set(selected.coefficients)
    assert list(selected.coefficients) == [c for c in table.columns if c in selected.coefficients]
    found = summary(selected, 108)
    assert sum(part["percent"] for part in found["families"].values()) == pytest.approx(100)
    first = min(found["rank"], key=found["rank"].get)
    assert abs(selected.coefficients[first]) == max(map(abs, selected.coefficients.values()))


def test_selection_keeps_convergence_warnings(table):
    # Random walks and their squares: almost collinear and of unlike scale, so descent is slow.
    features = list(table.columns)[:108]
    walk = table[features].to_numpy().cumsum(axis=1)
    walk[:, 1::2] = walk[:, ::2] ** 2
    scaled = table.assign(**dict(zip(features, walk.T)))
    selected = select(*data.train_and_test(scaled), Selection(1e-3, "NE_Score"))
    assert any("ConvergenceWarning" in message for message in selected.messages)
    assert summary(selected, 108)["converged"] is False


def test_family():
    assert family("original_gldm_DependenceVariance") == "gldm"


def test_grid_is_decimal():
    weights = Search(0.05, 0.05, 200, {}).values()
    assert len(weights) == 200 and weights[5] == 0.3 and weights[97] == 4.9 and weights[-1] == 10


def test_first_maximum_wins_and_ties_are_counted():
    curve = pd.DataFrame({"weight": [0.1, 0.2, 0.3], "F1": [0.5, 0.7, 0.7],
                          "Accuracy": [0.9, 0.1, 0.9], "AUC": [0.1, 0.2, 0.3]})
    found = winners(curve)
    assert found["F1"] == {"weight": 0.2, "score": 0.7, "ties": 2, "last": 0.3}
    assert found["Accuracy"]["weight"] == 0.1 and found["AUC"]["ties"] == 1


def test_search_fits_on_train_and_scores_on_val(table):
    parts = [data.split(table, table["Group"] == name, list(table.columns)[:5])
             for name in ("train", "val")]
    curve = evaluate(*parts, "LR", {"random_state": 1}, np.array([1e-6, 1e6]))
    positive_share = parts[1].label.mean()
    assert curve["Accuracy"].iloc[1] == pytest.approx(positive_share)
    assert curve["F1"].iloc[0] == 0


@pytest.fixture
def work(table, tmp_path):
    """A folder with a small table and quick parameters."""
    canonical.write_csv(tmp_path / "table.csv", table)
    content = whole()
    classification = content["classification"]
    released = classification["protocols"]["as-released"]
    released["selection"]["alpha"] = 0.03
    released["models"]["RF"]["n_estimators"] = 10
    classification["search"]["count"] = 3
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    return tmp_path


def stage(name, work, *arguments, protocol=True):
    command = [sys.executable, "-m", f"stages.classification.{name}", "--params",
               str(work / "params.yaml"), "--release", "r", "--environment", "e",
               *(("--protocol", "as-released") if protocol else ()), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})


def chain(work, out):
    table = ("--table", work / "table.csv")
    selected = ("--selected", out / "selected.csv")
    for name, *arguments in (
            ("select", *table, *selected, "--summary", out / "selection.json"),
            ("train", *table, *selected, "--out", out, "--models", out / "models", "--summary",
             out / "models.json"),
            ("bootstrap", "--predictions", out / "predictions.csv", "--out", out / "bootstrap.json")):
        result = stage(name, work, *arguments)
        assert result.returncode == 0, result.stderr
    result = stage("weights", work, *table, *selected, "--model", "LR", "--out", out / "weights.csv",
                   "--summary", out / "weights.json", protocol=False)
    assert result.returncode == 0, result.stderr


def test_stages_twice_give_the_same_bytes(work):
    for out in ("first", "second"):
        chain(work, work / out)
    first = {path.relative_to(work / "first"): path.read_bytes()
             for path in sorted((work / "first").rglob("*")) if path.is_file()}
    second = {path.relative_to(work / "second"): path.read_bytes()
              for path in sorted((work / "second").rglob("*")) if path.is_file()}
    assert first == second and len(first) > 30
    run = json.loads(first[Path("models.json")])["run"]
    assert run["protocol"] == "as-released" and run["kernel"]


@pytest.mark.parametrize("arguments, said", [
    (("select", "--table", "absent.csv", "--selected", "s", "--summary", "t"), "no such file"),
    (("bootstrap", "--predictions", "studies/sclc_liver/rules.csv", "--out", "o"), "lacks the column"),
])
def test_bad_input_is_one_line(work, arguments, said):
    result = stage(*arguments[:1], work, *arguments[1:])
    assert result.returncode == 2 and said in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("column, value, words", [
    ("File", "P-0_0_1.nii.gz", "is there twice"), ("study", None, "lacks its name, study"),
    (FEATURES[3], np.inf, "lacks a number"), (FEATURES[3], "high", "lacks a number"),
    ("NE_Score", None, "lacks a number"), ("NE_Class", 2, "has an NE_Class other than 0 and 1"),
    ("Group", "training", "has a Group other than train, val, test")])
def test_bad_cells_name_the_series(tmp_path, table, column, value, words):
    bad = table.astype({column: object})
    bad.loc[0, column] = value
    bad.to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError, match=words) as error:
        data.read_table(tmp_path / "table.csv")
    assert "table.csv: series P-0_0_" in str(error.value)


@pytest.mark.parametrize("keep, words", [("train", "no series of the Group test"),
                                         ("none", "holds no series")])
def test_table_without_a_part(tmp_path, table, keep, words):
    table[table["Group"] == keep].to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError, match=words):
        data.read_table(tmp_path / "table.csv")


@pytest.mark.parametrize("names", [[], ["volume"], [FEATURES[0], FEATURES[0]]])
def test_bad_selections(tmp_path, names):
    (tmp_path / "selected.csv").write_text("\n".join(["feature", *names]) + "\n")
    with pytest.raises(InputError, match="selected.csv: "):
        data.read_selected(tmp_path / "selected.csv")


@pytest.mark.parametrize("cell", ["a,b,c,1,1,nan", "a,b,c,1,1,1.5", "a,b,,1,1,0.5", "a,b,c,2,1,0.5"])
def test_bad_predictions_name_the_line(work, cell):
    head = "configuration,series,study,NE_Class,predicted,probability"
    (work / "p.csv").write_text(f"{head}\nLR,s,t,1,1,0.7\n{cell}\n")
    result = stage("bootstrap", work, "--predictions", work / "p.csv", "--out", work / "o.json")
    assert result.returncode == 2 and "p.csv: line 3 is no whole prediction" in result.stderr
    assert not (work / "o.json").exists()


def test_unknown_protocol_lists_the_valid_ones(work):
    result = stage("select", work, "--table", work / "table.csv", "--selected", "s", "--summary",
                   "t", "--protocol", "as-imagined")
    assert result.returncode == 2 and "valid: as-described, as-released" in result.stderr


def test_unwritable_output(work):
    (work / "blocked").write_text("a file in the way")
    result = stage("select", work, "--table", work / "table.csv", "--selected",
                   work / "blocked" / "s.csv", "--summary", work / "t.json")
    assert result.returncode == 2 and "cannot write" in result.stderr


def test_empty_val_group(work, table):
    canonical.write_csv(work / "table.csv", table.assign(Group=table["Group"].replace("val", "train")))
    canonical.write_csv(work / "s.csv", pd.DataFrame({"feature": list(table.columns)[:3]}))
    result = stage("weights", work, "--table", work / "table.csv", "--selected", work / "s.csv",
                   "--model", "LR", "--out", work / "w.csv", "--summary", work / "w.json",
                   protocol=False)
    assert result.returncode == 2 and "the val group is empty" in result.stderr
