"""Stored ensembles give new series what the training run gave its test series."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.classification import apply, train_on_cohort
from stages.common import canonical, cli, origin
from stages.common.columns import FEATURES
from tests.parameters import whole

PARAMS = Path(__file__).resolve().parents[2] / "studies/sclc_liver/params"


@pytest.fixture
def run(monkeypatch, capsys):
    def call(stage, *arguments):
        monkeypatch.setattr("sys.argv", ["stage", *map(str, arguments)])
        code = 0
        try:
            cli.main(stage)
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().err
    return call


@pytest.fixture(params=["as-released", "as-described"])
def trained(request, table, run, tmp_path):
    """Models of every kind, trained by the stage; the table's test series without their labels."""
    content = whole()
    chosen = ("LR", "RF", "XGB", "LR_BAL")
    content["classification"]["configurations"] = {
        name: content["classification"]["configurations"][name] for name in chosen}
    for protocol in content["classification"]["protocols"].values():
        protocol["models"]["RF"]["n_estimators"] = 20
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    canonical.write_csv(tmp_path / "table.csv", table)
    origin.write(tmp_path / "cohort", "phantom")
    canonical.write_csv(tmp_path / "selected.csv", pd.DataFrame({"feature": FEATURES[:8]}))
    code, error = run(
        train_on_cohort.stage, "--cohort", tmp_path / "cohort",
        "--table", tmp_path / "table.csv", "--params", tmp_path / "params.yaml",
        "--protocol", request.param, "--release", "r", "--environment", "e",
        "--selected", tmp_path / "selected.csv", "--out", tmp_path / "out",
        "--models", tmp_path / "models", "--summary", tmp_path / "summary.json")
    assert code == 0, error
    assert origin.read(tmp_path / "models") == "phantom"
    test = table[table["Group"] == "test"]
    canonical.write_csv(tmp_path / "features.csv", test[["File", *FEATURES]])
    (tmp_path / "excluded.csv").write_text("File,reason\nz,the mask holds no lesion\n")
    return tmp_path


def arguments(folder):
    return ["--features", folder / "features.csv", "--excluded", folder / "excluded.csv",
            "--models", folder / "models", "--trained-on", "network: LiTS; classifiers: LiTS",
            "--out", folder / "predictions.csv"]


def test_new_series_get_what_the_training_run_predicts(trained, run):
    code, error = run(apply.stage, *arguments(trained))
    assert code == 0, error
    got = pd.read_csv(trained / "predictions.csv")
    assert set(got["trained_on"]) == {"network: LiTS; classifiers: LiTS"}
    left_out = got[got["File"] == "z"]
    assert len(left_out) == 4 and left_out["probability"].isna().all()
    assert set(left_out["reason"]) == {"the mask holds no lesion"}
    expected = pd.read_csv(trained / "out" / "predictions.csv")
    both = got[got["File"] != "z"].merge(expected, left_on=["File", "configuration"],
                                         right_on=["series", "configuration"])
    assert len(both) == len(expected) == len(got) - 4
    np.testing.assert_allclose(both["probability_x"], both["probability_y"], atol=1e-6)
    assert ((both["NE_Status"] == "positive") == (both["predicted"] == 1)).all()
    assert 0.2 < both["predicted"].mean() < 0.95


def test_no_series_with_features_is_no_error(trained, run):
    canonical.write_csv(trained / "features.csv", pd.DataFrame({"File": [], **dict.fromkeys(
        FEATURES, [])}))
    assert run(apply.stage, *arguments(trained))[0] == 0
    assert len(pd.read_csv(trained / "predictions.csv")) == 4


@pytest.mark.parametrize("fault, words", [
    ("models", "holds no trained classifiers"), ("column", "lacks the column"),
    ("linear", "is no stored model"), ("forest", "is no stored model"),
    ("booster", "is no stored model"), ("unnamed", "features.json: no such file"),
    ("names", "features.json: is no list of features"), ("fewer", "is no stored model"),
    ("nan", "gives no number"), ("hole", "lacks a number among its features"),
    ("twice", "is there twice")])
def test_bad_input_is_one_line(trained, run, fault, words):
    if fault == "models":
        (trained / "models").rename(trained / "elsewhere")
    elif fault == "column":
        table = pd.read_csv(trained / "features.csv").drop(columns=FEATURES[2])
        canonical.write_csv(trained / "features.csv", table)
    elif fault in ("unnamed", "names", "fewer"):
        path = trained / "models" / "LR" / "features.json"
        names = canonical.read_json(path)
        path.unlink()
        if fault != "unnamed":
            canonical.write_json(path, names[1:] if fault == "fewer" else {})
    elif fault == "nan":
        for path in (trained / "models" / "LR").iterdir():
            if path.name != "features.json":
                path.write_text(re.sub('"intercept": .*', '"intercept": NaN', path.read_text()))
    elif fault in ("hole", "twice"):
        table = pd.read_csv(trained / "features.csv")
        table.loc[0, FEATURES[2]] = np.nan if fault == "hole" else 1.0
        canonical.write_csv(trained / "features.csv", table if fault == "hole" else
                            pd.concat([table, table[:1]]))
    else:
        kind = {"linear": "LR", "forest": "RF", "booster": "XGB"}[fault]
        for path in (trained / "models" / kind).iterdir():
            if path.suffix == ".safetensors":
                path.write_bytes(path.read_bytes()[:100])
            elif path.name != "features.json":
                path.write_text("{}")
    code, error = run(apply.stage, *arguments(trained))
    assert code == 2 and words in error.strip().splitlines()[-1], error
