"""The demo's summary says what the metrics say, and nothing is lost where there is none."""

import copy
import json
from pathlib import Path

import pandas as pd
import pytest

from stages.common import canonical
from stages.common.errors import InputError
from studies.sclc_liver import demo
from studies.sclc_liver.parameters import Shown

PARAMS = ("--params", Path(__file__).resolve().parents[4] / "studies/sclc_liver/params")
IMAGING = Shown(("baseline", "unet"), ("reference", "predicted"))


def detected(sensitivity, dice):
    return {"scans": 3, "lesions": 8, "sensitivity": sensitivity, "ppv": 0.5,
            "false_positives_per_scan": {"mean": 1.5}, "lesion_dice": {"mean": dice},
            "scan_dice": {"mean": 0.625}, "lesion_free": {"scans": 1, "false_ml": {"n": 1}}}


@pytest.fixture
def metrics(tmp_path):
    """A folder of metrics as the pipeline leaves it."""
    write = canonical.write_json
    write(tmp_path / "detection" / "baseline.json", detected(0.25, 0.125))
    write(tmp_path / "detection" / "unet.json", detected(0.75, None))
    write(tmp_path / "choice.json", {"chosen": "unet"})
    write(tmp_path / "planted.json", {
        "designed": {"burden_spearman": 0.683}, "test_series": 22, "drawn": {"burden_spearman": 0.75},
        "test_auc": {"burden": 0.8, "texture": 0.7, "both": None}})
    for name, rho in (("reference", 0.7), ("predicted", 0.6)):
        write(tmp_path / "statistics" / f"{name}.json", {"n": 50, "spearman": {"rho": rho,
                                                                               "p": 1e-9}})
        auc = {model: {"AUC": {"mean": rho + 0.1, "low": 0.5, "high": 0.875, "sd": 0.1}}
               for model in ("LR", "RF", "XGB", "RF_F1")}
        write(tmp_path / "bootstrap" / f"{name}.json", {"configurations": auc})
    return tmp_path


def test_every_number_reaches_the_tables(metrics):
    summary = demo.summarise(metrics, IMAGING, excluded=4)
    assert demo.detection_table(summary)[1:] == [
        ["baseline", "3", "8", "0.25", "0.50", "1.50", "0.12", "0.62"],
        ["unet", "3", "8", "0.75", "0.50", "1.50", "-", "0.62"]]
    head, planted, reference, predicted = demo.effect_table(summary)
    assert planted[1:] == ["0.75 (designed 0.68)", "", "burden 0.80", "texture 0.70", "both -"]
    assert reference[:4] == ["reference masks", "0.70", "1e-09", "0.80 [0.50, 0.88]"]
    assert predicted[0] == "predicted masks" and len(head) == len(planted) == len(predicted)
    text = demo.shown(summary)
    assert "(scans without lesions: up to 1)" in text and "4 series" in text


def test_page_shows_every_picture_and_the_order_of_its_panels(metrics):
    page = demo.page(demo.summarise(metrics, IMAGING, 0), IMAGING, ["demo/a.png", "demo/b.png"],
                     Path("metrics/sclc_liver/imaging"), ["the table"])
    assert "![a](demo/a.png)" in page and "![b](demo/b.png)" in page
    assert "CT, reference, baseline, unet" in page and "the table" in page and "right answer" in page
    assert "The test part has 22 series" in page


def test_a_cohort_without_planted_effect_claims_none(metrics):
    canonical.write_json(metrics / "planted.json", {})
    summary = demo.summarise(metrics, IMAGING, 0)
    assert [line[0] for line in demo.effect_table(summary)] == ["effect", "reference masks",
                                                                "predicted masks"]
    assert "right answer" not in demo.page(summary, IMAGING, [], Path("data/own/metrics"), [])


def test_the_protocol_without_leakage_is_read_and_named(metrics):
    for name, mean in (("reference", 0.75), ("predicted", 0.5)):
        auc = {"AUC": {"mean": mean, "patients_and_seeds": {"low": 0.25, "high": 0.875},
                       "patients": {"low": 0.4, "high": 0.6}}}
        canonical.write_json(metrics / "corrected" / f"{name}.json",
                             {"test": {"scores": dict.fromkeys(("LR", "RF", "XGB", "volume"), auc)}})
    summary = demo.summarise(metrics, IMAGING, 0, "corrected")
    assert demo.effect_table(summary)[2][3] == "0.75 [0.25, 0.88]"
    assert "by the protocol corrected, without leakage" in demo.shown(summary)
    assert "by the protocol as-released" in demo.shown(demo.summarise(metrics, IMAGING, 0))


def test_a_missing_result_is_named(metrics):
    (metrics / "detection" / "unet.json").unlink()
    with pytest.raises(InputError, match="detection/unet.json: no such file"):
        demo.summarise(metrics, IMAGING, 0)


def test_the_summary_survives_its_file(metrics):
    summary = demo.summarise(metrics, IMAGING, 0)
    canonical.write_json(metrics / "summary.json", summary)
    assert demo.shown(canonical.read_json(metrics / "summary.json")) == demo.shown(
        copy.deepcopy(summary))


def without(content, keys):
    """Remove a nested key."""
    *outer, last = keys
    node = content
    for key in outer:
        node = node[key]
    del node[last]
    return content


@pytest.mark.parametrize("name, keys", [
    ("detection/unet", ["sensitivity"]), ("detection/unet", ["lesion_dice"]),
    ("choice", ["chosen"]), ("statistics/predicted", ["n"]),
    ("statistics/predicted", ["spearman", "p"]), ("bootstrap/reference", ["configurations", "RF"]),
    ("bootstrap/reference", ["configurations", "RF", "AUC", "low"]),
    ("planted", ["test_auc", "both"]), ("planted", ["drawn"])])
@pytest.mark.parametrize("fault", ["lacks", "cut", "gone", "list"])
def test_metrics_of_the_imaging_pipeline(metrics, name, keys, fault):
    path = metrics / f"{name}.json"
    text = path.read_text()
    if fault == "lacks":
        path.write_text(json.dumps(without(json.loads(text), keys)))
    elif fault == "cut":
        path.write_text(text[:len(text) // 2])
    elif fault == "list":
        path.write_text("[1]")
    else:
        path.unlink()
    with pytest.raises(InputError) as raised:
        demo.summarise(metrics, IMAGING, 0)
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.parametrize("content", ["{}", "[]", '{"methods": ["unet"]}', "{"])
def test_a_summary_that_is_none(tmp_path, call, content):
    (tmp_path / "summary.json").write_text(content)
    code, _, error = call(demo.stage, *PARAMS, "--show", "--out", tmp_path / "summary.json")
    assert code == 2 and "summary.json: is" in error and len(error.splitlines()) == 1


def test_series_without_features_in_a_table_without_names(metrics, tmp_path, call):
    pd.DataFrame({"status": ["empty"]}).to_csv(tmp_path / "excluded.csv", index=False)
    code, _, error = call(demo.stage, *PARAMS, "--metrics", metrics, "--excluded",
                          tmp_path / "excluded.csv", "--page", tmp_path / "p.md",
                          "--out", tmp_path / "s.json")
    assert code == 2 and "excluded.csv: lacks the column(s) File" in error
