"""The ladder's rungs differ in what they say; the two stages as commands."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.classification import data
from stages.classification.leakage_ladder import RUNGS, climb, folds, kept, summarise
from stages.classification.parameters import Leakage, Seeds, Selection, read_corrected
from stages.common import canonical
from stages.common.columns import FEATURES, SPACING, VOXELS
from stages.common.errors import InputError
from tests.parameters import whole

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = Leakage(Seeds(1, 2), 5, 0.2, 10)
HYPER = {"RF": {"n_estimators": 25, "random_state": 1, "min_samples_leaf": 2}}


def noise(seed, patients=30, features=40):
    """Every series twice (two reconstructions of one study), two studies of each patient."""
    generator = np.random.default_rng(seed)
    label = generator.permutation(np.arange(patients * 2) % 2)
    values = np.repeat(generator.normal(size=(patients * 2, features)), 2, axis=0)
    study = np.repeat(np.arange(patients * 2), 2)
    names = np.array([f"s{number}" for number in study])
    return data.Split(np.array([f"x{i}" for i in range(len(study))]), names,
                      np.array([f"p{number // 2}" for number in study]),
                      pd.DataFrame(values, columns=list(FEATURES[:features])),
                      label[study] - 0.5, label[study])


@pytest.mark.parametrize("rung", RUNGS)
def test_what_may_not_stand_on_both_sides(rung):
    split = noise(0)
    shared = {"studies": 0, "patients": 0}
    for inside, outside in folds(rung, split, SETTINGS, 1):
        assert not set(inside) & set(outside)
        assert len(outside) / len(split.label) == pytest.approx(0.2, abs=0.05)
        for name in shared:
            values = getattr(split, name)
            shared[name] += len(set(values[inside]) & set(values[outside]))
    assert (shared["studies"] > 0) == (rung == "series")
    assert (shared["patients"] > 0) == (rung in ("series", "study"))


def test_selection_inside_sees_only_the_training_part(monkeypatch):
    split = noise(1)
    seen = []

    def spy(train, held_out, selection):
        seen.append((set(train.series), set(held_out.series)))
        return kept(train, held_out, selection)

    monkeypatch.setattr("stages.classification.leakage_ladder.kept", spy)
    climb(split, split, Selection(0.02, "NE_Score"), HYPER, SETTINGS, 1)
    (whole, _), *inside = seen
    assert whole == set(split.series) and len(inside) == 5
    for training, held_out in inside:
        assert not training & held_out and len(training | held_out) == len(split.series)


def test_planted_feature_is_not_selected_inside():
    split = noise(2)
    inside, outside = next(iter(folds(RUNGS[-1], split, SETTINGS, 1)))
    split.features["original_shape_Elongation"] = 0.0
    split.features.iloc[outside, 0] = 4 * (2 * split.label[outside] - 1.0)
    selection = Selection(0.05, "NE_Score")
    assert split.features.columns[0] in kept(split, split, selection)
    assert split.features.columns[0] not in kept(split.take(inside), split.take(outside), selection)


def test_noise_climbs_the_ladder():
    rows = pd.DataFrame([row for seed in range(6) for row in climb(
        noise(seed), noise(seed), Selection(0.05, "NE_Score"), HYPER, SETTINGS, seed)])
    area = rows.groupby("rung")["AUC"].mean()
    assert area["series"] > 0.85
    # The selection on all series still leaks into the rungs above the last one.
    assert area["patient"] > area["patient-selection-inside"] + 0.05
    assert abs(area["patient-selection-inside"] - 0.5) < 0.1
    found = summarise(rows)["RF"]
    assert found["rungs"]["series"]["AUC"]["mean"] == pytest.approx(area["series"])
    step = found["steps"]["patient to patient-selection-inside"]["AUC"]
    assert step["mean"] == pytest.approx(area["patient-selection-inside"] - area["patient"])


def test_fits_that_warn_are_counted():
    hyper = {"LR": {"max_iter": 1}}
    rows = pd.DataFrame(climb(noise(1), noise(1), Selection(0.05, "NE_Score"), hyper, SETTINGS, 1))
    assert (rows["warned"] == 5).all()
    assert summarise(rows)["LR"]["rungs"]["series"]["warned"] == 5


def test_nothing_selected():
    with pytest.raises(InputError, match="keeps no feature"):
        climb(noise(1), noise(1), Selection(9.0, "NE_Score"), HYPER, SETTINGS, 1)


def test_folds_without_negatives_are_counted_and_one_class_is_refused():
    split = noise(3)
    few = replace(split, label=(~np.isin(split.patients, ["p1", "p2"])).astype(int))
    selection = Selection(0.01, "NE_Score")
    rows = pd.DataFrame(climb(few, few, selection, HYPER, SETTINGS, 1))
    assert (rows["folds"] <= 5).all() and rows["folds"].min() < 5
    assert rows.loc[rows["folds"] > 0, "AUC"].notna().all()
    one = replace(split, label=np.ones_like(split.label))
    with pytest.raises(InputError, match="training part of a fold holds one class only"):
        climb(one, one, selection, HYPER, SETTINGS, 1)


@pytest.fixture(scope="module")
def work(table, tmp_path_factory):
    """A folder with a small table and quick parameters."""
    folder = tmp_path_factory.mktemp("work")
    canonical.write_csv(folder / "table.csv", table.assign(
        **{VOXELS: np.arange(len(table)) + 5, SPACING: "(1.0, 1.0, 2.0)"}))
    content = whole()
    classification = content["classification"]
    classification["protocols"]["as-released"]["selection"]["alpha"] = 0.03
    corrected, leakage = classification["corrected"], classification["leakage"]
    corrected |= {"folds": 3, "inner_folds": 2, "seeds": {"first": 1, "count": 2},
                  "permutations": {"first": 1, "count": 2}}
    corrected["bootstrap"]["samples"] = 40
    corrected["models"]["RF"]["fixed"]["n_estimators"] = 3
    corrected["models"]["XGB"]["fixed"]["n_estimators"] = 3
    leakage |= {"n_splits": 2, "seeds": {"first": 1, "count": 2}, "trees": 4}
    (folder / "params.yaml").write_text(yaml.safe_dump(content))
    return folder


def stage(name, work, out, summary, table="table.csv", cores=1):
    """Run a stage on so many of the cores that there are."""
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    command = [sys.executable, "-W", "error::RuntimeWarning", "-m", f"stages.classification.{name}",
               "--params", work / "params.yaml", "--release", "r", "--environment", "e",
               "--table", work / table, "--out", out, "--summary", summary]
    return subprocess.run([str(item) for item in command], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)},
                          preexec_fn=lambda: os.sched_setaffinity(0, allowed))


def test_stages_give_the_same_bytes_on_one_core_and_on_two(work):
    contents = []
    for cores in (1, 2):
        folder = work / str(cores)
        for result in (stage("corrected.stage", work, folder / "tables", folder / "corrected.json",
                             cores=cores),
                       stage("leakage", work, folder / "leakage.csv", folder / "leakage.json",
                             cores=cores)):
            assert result.returncode == 0, result.stderr
        contents.append({path.relative_to(folder): path.read_bytes()
                         for path in sorted(folder.rglob("*")) if path.is_file()})
    assert contents[0] == contents[1] and len(contents[0]) == 9
    summary = json.loads(contents[0][Path("corrected.json")])
    assert summary["run"]["protocol"] == "corrected" and summary["sampling_type_columns"] == []
    assert set(summary["test"]["scores"]) == {"LR", "RF", "XGB", "volume", "everyone-positive"}
    assert summary["test"]["scores"]["LR"]["AUC"]["n"] == 2
    ladder = canonical.read_csv(work / "1" / "leakage.csv")
    assert len(ladder) == 2 * 4 * 3 and ladder["AUC"].between(0, 1).all()


def test_bad_table_is_one_line(work):
    frame = canonical.read_csv(work / "table.csv")
    frame.loc[0, "Group"] = "test"
    canonical.write_csv(work / "shared.csv", frame)
    result = stage("corrected.stage", work, work / "o", work / "o.json", "shared.csv")
    assert result.returncode == 2 and "has training and test series" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_table_without_masks(work):
    canonical.write_csv(work / "bare.csv",
                        canonical.read_csv(work / "table.csv").drop(columns=VOXELS))
    with pytest.raises(InputError, match="lacks the column"):
        data.read_table(work / "bare.csv", (VOXELS, SPACING))


@pytest.mark.parametrize("change, said", [
    ({"thresholds": ["accuracy"]}, "valid: balanced-accuracy, F1"),
    ({"target": "Group"}, "valid: NE_Score, NE_Class"),
    ({"foldz": 3}, "did you mean 'folds'"),
])
def test_bad_parameters(work, change, said):
    content = yaml.safe_load((work / "params.yaml").read_text())
    content["classification"]["corrected"] |= change
    (work / "bad.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=said):
        read_corrected(work / "bad.yaml")
