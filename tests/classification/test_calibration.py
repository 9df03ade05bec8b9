"""Calibration by hand, on predictions that are right and wrong on purpose; calls are counted."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from stages.classification.corrected import calibration
from stages.classification.corrected import summary as corrected_summary
from stages.classification.corrected.scores import Part
from stages.classification.parameters import Bootstrap
from stages.common import canonical, cli
from stages.common.errors import InputError
from tests.parameters import whole

SETTINGS = Bootstrap(200, 3, 0.95)


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def made(change=lambda odds: odds, count=2000, seed=1):
    """Two seeds that predict series, two of a patient, by odds that a change makes wrong."""
    generator = np.random.default_rng(seed)
    odds = generator.normal(1.0, 1.5, count)
    label = (generator.random(count) < sigmoid(odds)).astype(int)
    probability = np.tile(sigmoid(change(odds)), (2, 1))
    return Part(label, np.repeat(np.arange(count // 2), 2).astype(str), probability,
                np.zeros((2, count), dtype=int), {"F1": np.array([0.5, 0.0])})


def within(found):
    return found["low"] < found["value"] < found["high"] and found["defined"] == SETTINGS.samples


@pytest.mark.parametrize("change, intercept, slope, ratio", [
    (lambda odds: odds, 0, 1, 1), (lambda odds: 2 * odds, None, 0.5, None),
    (lambda odds: odds - 0.7, 0.7, 1, 1.2), (lambda odds: -odds + 2, None, -1, None)])
def test_predictions_that_are_wrong_on_purpose(change, intercept, slope, ratio):
    found = calibration.describe(made(change), SETTINGS)
    assert all(within(item) for item in found.values())
    assert found["slope"]["value"] == pytest.approx(slope, abs=0.12)
    assert found["slope"]["low"] < slope < found["slope"]["high"]
    if intercept is not None:
        assert found["intercept"]["value"] == pytest.approx(intercept, abs=0.15)
        assert found["observed_to_expected"]["value"] == pytest.approx(ratio, abs=0.06)


def test_the_fit_is_logistic_regression_with_weights():
    part = made(count=300)
    odds = np.log(part.probability[0] / (1 - part.probability[0])) * 0.6 + 0.3
    weight = np.random.default_rng(2).integers(0, 3, 300).astype(float)
    intercept, slope = calibration.logistic(odds, part.label, weight[None], free=True)
    model = LogisticRegression(penalty=None, tol=1e-10, max_iter=1000).fit(
        odds[:, None], part.label, sample_weight=weight)
    assert slope[0] == pytest.approx(model.coef_[0, 0], rel=1e-4)
    assert intercept[0] == pytest.approx(model.intercept_[0], rel=1e-3)
    alone, one = calibration.logistic(odds, part.label, weight[None], free=False)
    missed = weight @ (part.label - sigmoid(alone[0] + odds))
    assert one[0] == 1 and missed == pytest.approx(0, abs=1e-6)


def test_what_has_no_slope_is_undefined():
    label, patients = np.array([0, 0, 1, 1]), np.array(list("abcd"))

    def described(probability, label_=label):
        part = Part(label_, patients, np.array([probability]), np.zeros((1, 4), dtype=int), {})
        return calibration.describe(part, SETTINGS)

    divided = described([0.1, 0.2, 0.8, 0.9])
    assert divided["slope"]["value"] is None and divided["intercept"]["value"] is not None
    constant = described([0.5] * 4)
    assert constant["slope"] == {"value": None, "low": None, "high": None, "defined": 0}
    assert constant["observed_to_expected"]["value"] == 1
    nothing = described([0.0] * 4)
    assert nothing["observed_to_expected"]["value"] is None
    one = described([0.4, 0.6, 0.7, 0.9], np.ones(4, dtype=int))
    assert one["slope"]["value"] is None and one["intercept"]["value"] is None


def test_calls_are_counted_and_seeds_without_one_named():
    label = np.array([0, 0, 1, 1])
    part = Part(label, np.array(list("abcd")),
                np.array([[0.1, 0.6, 0.3, 0.9], [0.2, 0.6, 0.3, 0.9]]),
                np.zeros((2, 4), dtype=int), {"F1": np.array([0.5, 0.1]), "b": np.array([1.0, 1.0])})
    found = calibration.calls(part)
    assert found["F1"] == {"seeds": 2, "TP": 3, "FP": 3, "FN": 1, "TN": 1,
                           "seeds_without_negative_call": 1, "seeds_without_positive_call": 0}
    assert found["b"]["seeds_without_positive_call"] == 2 and found["b"]["TP"] == 0


def test_no_mean_over_the_seeds_that_have_a_ratio():
    models = {"m": made(count=40)}  # the second seed calls everyone positive
    found, _, by_seed = corrected_summary.scores(models, Bootstrap(20, 1, 0.95), True)
    assert found["m"]["F1/NPV"] == {"n": 1}
    assert {"mean", "patients"} <= set(found["m"]["F1/PPV"]) and found["m"]["F1/PPV"]["n"] == 2
    assert by_seed["F1/NPV"].isna().sum() == 1


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """The corrected protocol's tables, and the stage on them."""
    part = made(count=40)
    rows = [{"part": "test", "model": "m", "seed": seed + 1, "series": f"s{series:02d}",
             "patient": part.patients[series], "NE_Class": part.label[series],
             "probability": part.probability[seed, series]}
            for seed in range(2) for series in range(40)]
    canonical.write_csv(tmp_path / "predictions.csv", pd.DataFrame(rows))
    canonical.write_csv(tmp_path / "seeds.csv", pd.DataFrame(
        {"part": "test", "model": "m", "run": [0, 1], "F1/threshold": part.thresholds["F1"]}))
    content = whole()
    content["classification"]["corrected"]["bootstrap"]["samples"] = 50
    (tmp_path / "params.yaml").write_text(json.dumps(content))

    def run():
        monkeypatch.setattr("sys.argv", [
            "calibration", "--params", str(tmp_path / "params.yaml"), "--release", "r",
            "--environment", "e", "--tables", str(tmp_path), "--summary", str(tmp_path / "o.json")])
        cli.main(calibration.stage)
        return json.loads((tmp_path / "o.json").read_text())
    return tmp_path, run, part


def test_the_stage_reads_what_the_protocol_writes(tables):
    _, run, part = tables
    found = run()["test"]["m"]
    assert found["calls"] == calibration.calls(part)
    wanted = calibration.describe(part, Bootstrap(50, 822, 0.95))
    assert found["calibration"]["slope"]["value"] == pytest.approx(wanted["slope"]["value"])


def test_tables_that_cannot_be_used_are_refused(tables):
    folder, run, _ = tables
    frame = canonical.read_csv(folder / "predictions.csv")
    for change, said in ((frame.iloc[1:], "lacks a seed"),
                         (frame.assign(NE_Class=1), "hold one class only")):
        with pytest.raises(InputError, match=said):
            calibration.parts(change, canonical.read_csv(folder / "seeds.csv"), "x")
    canonical.write_csv(folder / "predictions.csv", frame.drop(columns="patient"))
    with pytest.raises(SystemExit) as stop:
        run()
    assert stop.value.code == 2 and not (folder / "o.json").exists()
