"""What every classifier of the room does; a new one is one file and its parameters."""

import ast
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.classification import applicability, models
from stages.common import canonical
from stages.common.columns import SPACING
from stages.common.errors import InputError
from tests.parameters import PARAMS, whole

ROOT = Path(__file__).resolve().parents[2]
PROTOCOLS = whole()["classification"]["protocols"]


def parameters(model, protocol):
    given = PROTOCOLS[protocol]["models"].get(model, {})
    return given | ({"n_estimators": 20} if "n_estimators" in models.find(model).known
                    and given.get("booster") != "gblinear" else {})


@pytest.fixture(params=[(model, protocol) for model in models.names() for protocol in PROTOCOLS],
                ids="-".join)
def fitted(request, sets):
    model, protocol = request.param
    estimator = models.make(model, parameters(model, protocol))
    messages = models.fit(estimator, sets[0].features, sets[0].label)
    assert messages == sorted(set(messages))
    return model, protocol, estimator


def test_every_file_is_a_classifier():
    assert {"LR", "RF", "XGB"} <= set(models.names())
    for model in models.names():
        assert isinstance(models.make(model, {}), models.find(model).kind)


def test_stored_data_tell_which_classifier_made_them():
    kinds = [(contract.arrays, contract.fields) for contract in map(models.find, models.names())]
    assert len(set(kinds)) == len(kinds)


def test_the_same_fit_is_stored_as_the_same_bytes(fitted, sets, tmp_path):
    model, protocol, estimator = fitted
    again = models.make(model, parameters(model, protocol))
    models.fit(again, sets[0].features, sets[0].label)
    names = list(sets[0].features.columns)
    for folder, made in (("first", estimator), ("second", again)):
        models.store(tmp_path / folder, {"refit": made}, names)
    path, = models.stored(tmp_path / "first")
    assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()
    assert canonical.read_json(tmp_path / "first" / models.FEATURES) == names


def test_a_stored_model_predicts_what_the_fitted_one_does(fitted, sets, tmp_path):
    features = sets[1].features
    models.store(tmp_path, {"refit": fitted[2]}, list(features.columns))
    found = models.stored_probability(models.stored(tmp_path)[0], features)
    expected = models.probability(fitted[2], features)[:, 1]
    # 32-bit answers are exact to seven digits.
    exact = 1e-12 if expected.dtype == np.float64 else 1e-6
    np.testing.assert_allclose(found, expected, rtol=0, atol=exact)
    assert np.ptp(found) > 0


def test_a_damaged_model_is_one_line(fitted, sets, tmp_path):
    models.store(tmp_path, {"refit": fitted[2]}, list(sets[0].features.columns))
    path, = models.stored(tmp_path)
    path.write_bytes(b"{}" if path.suffix == models.JSON else path.read_bytes()[:100])
    with pytest.raises(InputError, match="is no stored model for these features"):
        models.stored_probability(path, sets[1].features)


@pytest.mark.parametrize("model", models.names())
def test_a_bad_parameter_is_one_line(model):
    with pytest.raises(InputError) as caught:
        models.check(model, {"colour": 1}, "here", "params.yaml")
    assert str(caught.value).startswith(f"params.yaml: here: unknown parameter 'colour' of {model};")
    # A mapping is no value that every parameter takes, of any classifier.
    values = dict.fromkeys(models.find(model).kind().get_params(), {"a": []})
    with pytest.raises(InputError, match=f"here: {model} cannot be fitted with these values") as caught:
        models.check(model, values, "here", "params.yaml")
    assert "\n" not in str(caught.value)


def test_the_parameters_of_the_study_pass():
    for protocol, content in PROTOCOLS.items():
        for model, values in content["models"].items():
            for weight in (None, 0.3):
                models.check(model, values, protocol, PARAMS, weight)


def test_unknown_classifier_lists_the_valid_ones():
    with pytest.raises(InputError, match="there is no classifier 'SVM'; valid: LR, RF, XGB"):
        models.make("SVM", {})


def test_files_of_classifiers_import_the_contract_alone():
    # Stages depend on the folder, and not on what its files import.
    for path in sorted(models.ESTIMATORS.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                allowed = r"(?!stages|studies)|stages\.classification\.estimator$"
                assert not node.level and re.match(allowed, node.module), f"{path}: {node.module}"


NEIGHBOURS = '''
"""Nearest neighbours, as a stranger adds them."""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from stages.classification.estimator import Estimator


class Classifier(Estimator):
    kind = KNeighborsClassifier
    fields = frozenset(("points", "labels", "neighbours"))

    def store(self, fitted, features):
        return {"points": fitted._fit_X, "labels": fitted._y, "neighbours": fitted.n_neighbors}

    def probability(self, content, features):
        apart = ((features.to_numpy()[:, None] - np.array(content["points"])) ** 2).sum(axis=2)
        nearest = np.argsort(apart, axis=1, kind="stable")[:, :content["neighbours"]]
        return np.array(content["labels"])[nearest].mean(axis=1)
'''


@pytest.fixture
def stranger(tmp_path, table):
    """A copy of the code with one more classifier: its file, and its parameters."""
    shutil.copytree(ROOT / "stages", tmp_path / "stages",
                    ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "stages/classification/estimators/KNN.py").write_text(textwrap.dedent(NEIGHBOURS))
    content = whole()["classification"]
    content["configurations"] = {"LR": {"model": "LR"}, "NEAR": {"model": "KNN"}}
    content["protocols"]["as-released"]["models"]["KNN"] = {"n_neighbors": 7}
    content["bootstrap"]["samples"] = 50
    canonical.write_csv(tmp_path / "table.csv", table)
    canonical.write_csv(tmp_path / "selected.csv", pd.DataFrame({"feature": table.columns[:6]}))
    test = table[table["Group"] == "test"]
    canonical.write_csv(tmp_path / "features.csv", test[["File", *table.columns[:6]]].assign(
        **{SPACING: "(0.8, 0.8, 1.0)"}))
    (tmp_path / "excluded.csv").write_text("File,reason\n")

    def run(stage, *arguments, changed=None):
        (tmp_path / "params.yaml").write_text(yaml.safe_dump({"classification": changed or content}))
        return subprocess.run(
            [sys.executable, "-m", f"stages.classification.{stage}", *arguments], cwd=tmp_path,
            capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    return tmp_path, content, run


RUN = ("--params", "params.yaml", "--protocol", "as-released", "--release", "r", "--environment", "e")
TRAIN = ("train", *RUN, "--table", "table.csv", "--selected", "selected.csv", "--out", "out",
         "--models", "models", "--summary", "models.json")


def test_a_new_classifier_is_one_file_and_its_parameters(stranger):
    folder, _, run = stranger
    resampled = ("bootstrap", *RUN, "--predictions", "out/predictions.csv", "--out", "boot.json")
    for arguments in (TRAIN, resampled):
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
    described = pd.read_csv(folder / "features.csv")
    canonical.write_json(folder / "card.json", {
        "model_details": {"digests": {"classifiers": applicability.digest(folder / "models"),
                                      "network": ""}},
        "ranges": applicability.ranges(applicability.quantities(
            described, list(described.columns[1:7]), folder / "features.csv"))})
    done = run("apply", "--features", "features.csv", "--excluded", "excluded.csv",
               "--models", "models", "--card", "card.json", "--trained-on", "made up",
               "--out", "applied.csv")
    assert done.returncode == 0, done.stderr
    scored = canonical.read_json(folder / "models.json")["configurations"]["NEAR"]
    assert scored["test"]["AUC"] > 0.6 and scored["refit_iterations"] is None
    boot = canonical.read_json(folder / "boot.json")["configurations"]["NEAR"]
    assert boot["AUC"]["low"] < scored["test"]["AUC"] < boot["AUC"]["high"]
    applied = pd.read_csv(folder / "applied.csv").query("configuration == 'NEAR'")
    trained = pd.read_csv(folder / "out/predictions.csv").query("configuration == 'NEAR'")
    both = applied.merge(trained, left_on="File", right_on="series")
    assert len(both) == len(applied) == len(trained) > 10
    np.testing.assert_allclose(both["probability_x"], both["probability_y"], atol=1e-12)
    # It brings its own tests: those above take every file of the folder.
    assert (folder / "models/NEAR/refit.json").is_file()


@pytest.mark.parametrize("path, value, words", [
    ("configurations.NEAR.weight", 2.0, "takes no weight of the positive class"),
    ("configurations.NEAR.model", "SVM", "configurations.NEAR.model' is 'SVM'; valid: KNN, LR"),
    ("protocols.as-released.models.KNN.n_neighbors", "many", "KNN cannot be fitted"),
    ("protocols.as-released.models.KNN.neighbours", 3, "unknown parameter 'neighbours' of KNN")])
def test_what_it_cannot_take_is_one_line_and_nothing_is_written(stranger, path, value, words):
    folder, content, run = stranger
    *above, name = path.split(".")
    node = content
    for key in above:
        node = node[key]
    node[name] = value
    done = run(*TRAIN, changed=content)
    assert done.returncode == 2 and words in done.stderr and "params.yaml: " in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (folder / "models").exists() and not (folder / "out").exists()
