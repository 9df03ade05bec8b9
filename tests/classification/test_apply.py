"""Stored ensembles give new series what the training run gave its test series."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from stages.classification import applicability, apply
from stages.common import canonical
from stages.common.columns import FEATURES, SPACING
from tests.trained import arguments


@pytest.mark.parametrize("protocol", ["as-released", "as-described"])
def test_new_series_get_what_the_training_run_predicts(train, tmp_path, run, protocol):
    trained = shutil.copytree(train(protocol), tmp_path / "trained")
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
        (*FEATURES, SPACING), [])}))
    assert run(apply.stage, *arguments(trained))[0] == 0
    assert len(pd.read_csv(trained / "predictions.csv")) == 4


@pytest.mark.parametrize("fault, words", [
    ("models", "holds no trained classifiers"), ("column", "lacks the column"),
    ("circle", "holds a tree whose nodes lead back"),
    ("linear", "is no stored model"), ("forest", "is no stored model"),
    ("booster", "is no stored model"), ("unnamed", "features.json: no such file"),
    ("names", "features.json: is no list of features"), ("fewer", "is no stored model"),
    ("nan", "gives no number"), ("twice", "is there twice")])
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
    elif fault == "circle":
        for path in (trained / "models" / "RF").glob("*.safetensors"):
            arrays = load_file(path)
            arrays["left"][np.flatnonzero(arrays["left"] > 0)[:1]] = 0
            save_file(arrays, path)
    elif fault == "twice":
        table = pd.read_csv(trained / "features.csv")
        canonical.write_csv(trained / "features.csv", pd.concat([table, table[:1]]))
    else:
        kind = {"linear": "LR", "forest": "RF", "booster": "XGB"}[fault]
        for path in (trained / "models" / kind).iterdir():
            if path.suffix == ".safetensors":
                path.write_bytes(path.read_bytes()[:100])
            elif path.name != "features.json":
                path.write_text("{}")
    if fault not in ("models", "unnamed", "names"):
        # As if the card had been made of the damaged models.
        described = canonical.read_json(trained / "card.json")
        described["model_details"]["digests"]["classifiers"] = applicability.digest(trained / "models")
        canonical.write_json(trained / "card.json", described)
    code, error = run(apply.stage, *arguments(trained))
    assert code == 2 and words in error.strip().splitlines()[-1], error


def test_a_changed_model_is_not_even_read(trained, run, monkeypatch):
    """XGBoost ends the process where a file of its own is damaged."""
    path = next((trained / "models" / "XGB").glob("*.json"))
    path.write_bytes(path.read_bytes() + b" ")
    monkeypatch.setattr(apply, "ensemble", lambda *_: pytest.fail("a model was read"))
    code, error = run(apply.stage, *arguments(trained))
    assert code == 2 and "is the card of other classifiers" in error


@pytest.mark.parametrize("value", [np.nan, "high"])
def test_a_series_that_lacks_a_number_does_not_keep_the_others_from_theirs(trained, run, value):
    assert run(apply.stage, *arguments(trained))[0] == 0
    whole = pd.read_csv(trained / "predictions.csv", keep_default_na=False)
    table = pd.read_csv(trained / "features.csv")
    table[FEATURES[2]] = table[FEATURES[2]].astype(object)
    table.loc[0, FEATURES[2]] = value
    canonical.write_csv(trained / "features.csv", table)
    assert run(apply.stage, *arguments(trained))[0] == 0
    found = pd.read_csv(trained / "predictions.csv", keep_default_na=False)
    lacking = found["File"] == table["File"][0]
    assert set(found["reason"][lacking]) == {f"no number as {FEATURES[2]}"}
    assert set(found["probability"][lacking]) == {""} and lacking.sum() == 4
    others = [frame[~lacking].replace("", np.nan) for frame in (found, whole)]
    # The last digit of a probability depends on how many rows are multiplied at once.
    np.testing.assert_allclose(*(frame["probability"].astype(float) for frame in others), rtol=1e-12)
    pd.testing.assert_frame_equal(*(frame.drop(columns="probability") for frame in others))


def test_a_ct_without_any_lesion_has_a_reason_and_no_probability(trained, run):
    (trained / "features.csv").write_text("File\n")
    assert run(apply.stage, *arguments(trained))[0] == 0
    found = pd.read_csv(trained / "predictions.csv", keep_default_na=False)
    assert list(found) == list(apply.COLUMNS)
    assert found["configuration"].tolist() == ["LR", "LR_BAL", "RF", "XGB"]
    assert set(found["File"]) == {"z"} and set(found["probability"]) == {""}
    assert set(found["reason"]) == {"the mask holds no lesion"}
