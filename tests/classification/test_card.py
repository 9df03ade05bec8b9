"""The model card: what it says follows from the models, and a series outside of it is named."""

import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from stages.classification import applicability, apply, card, card_page, data
from stages.classification.corrected.scores import draw_patients
from stages.classification.parameters import Bootstrap
from stages.common import canonical
from stages.common.columns import FEATURES, SPACING
from tests.trained import NETWORK, arguments, make_card


def values(low, high, n=101):
    return pd.DataFrame({"a": np.linspace(low, high, n), "b": np.zeros(n)})


def test_ranges_are_those_of_the_training_series():
    assert applicability.ranges(values(0, 100)) == {
        "a": {"min": 0, "q05": 5, "q95": 95, "max": 100},
        "b": {"min": 0, "q05": 0, "q95": 0, "max": 0}}


def test_what_leaves_the_ranges_is_counted_and_named():
    trained = applicability.ranges(values(0, 100))
    cases = pd.DataFrame({"a": [50, 100, 100.1, -3, 96], "b": [0, 0, 0, 0.1, 0]})
    found = applicability.outside(cases, trained, ["a", "b"])
    assert found["outside_training"].tolist() == [0, 0, 1, 2, 0]
    assert found["beyond_5_95"].tolist() == [0, 1, 1, 2, 1]
    assert found["values_outside"].tolist() == ["", "", "a", "a; b", ""]
    # A configuration that does not use a feature does not mind it.
    assert applicability.outside(cases, trained, ["b"])["outside_training"].tolist() == [0, 0, 0, 1, 0]


def test_performance_has_intervals_over_patients():
    generator = np.random.default_rng(3)
    patients = np.repeat([f"p{i}" for i in range(12)], 3)
    label = np.repeat(np.arange(12) % 2, 3)
    probability = np.clip(0.3 * label + generator.normal(0.4, 0.2, 36), 0, 1)
    frame = pd.DataFrame({"configuration": "LR", "series": range(36), "study": patients,
                          "patient": patients, "NE_Class": label,
                          "predicted": (probability > 0.5).astype(int), "probability": probability})
    settings = Bootstrap(200, 5, 0.9)
    found = card.performance(frame, settings)["LR"]["AUC"]
    assert found["value"] == pytest.approx(roc_auc_score(label, probability))
    each = [roc_auc_score(label, probability, sample_weight=weight)
            for weight in draw_patients(patients, 200, 5) if len(set(label[weight > 0])) == 2]
    assert found["defined"] == len(each)
    assert [found["low"], found["high"]] == pytest.approx(np.quantile(each, [0.05, 0.95]).tolist())


def test_what_is_not_defined_is_said_so():
    """Nothing is called negative: NPV has no denominator."""
    frame = pd.DataFrame({"configuration": "LR", "patient": list("aabb"), "NE_Class": [0, 1, 0, 1],
                          "predicted": 1, "probability": [0.6, 0.7, 0.8, 0.9]})
    found = canonical.plain(card.performance(frame, Bootstrap(50, 1, 0.95))["LR"]["NPV"])
    assert found == {"value": None, "low": None, "high": None, "defined": 0}
    assert card_page.interval(found, 50) == "undefined (no interval; 0 of 50 samples)"


def test_the_card_says_what_models_and_table_say(trained, table):
    found = canonical.read_json(trained / "card.json")
    inside, held_out = data.train_and_test(table)
    said = found["training_data"]["classifiers"]
    assert said == {
        "source": "phantom", "series": 66, "studies": 33, "patients": len(set(inside.patients)),
        "positive_series": int(inside.label.sum()), "negative_series": int((inside.label == 0).sum()),
        "patients_with_positives": len(set(inside.patients[inside.label == 1])),
        "patients_with_negatives": len(set(inside.patients[inside.label == 0]))}
    assert found["evaluation_data"]["classifiers"]["series"] == len(held_out.series) == 24
    assert found["evaluation_data"]["classifiers"]["patients_also_in_training"] == len(
        set(inside.patients) & set(held_out.patients))
    used = found["model_details"]["classifiers"]
    assert sorted(used["configurations"]) == ["LR", "LR_BAL", "RF", "XGB"]
    assert used["configurations"]["LR_BAL"]["weight"] == "balanced"
    assert used["features"] == list(FEATURES[:8])
    for name in FEATURES[:8]:
        assert found["ranges"][name]["min"] == inside.features[name].min()
        assert found["ranges"][name]["max"] == inside.features[name].max()
    assert found["ranges"]["spacing_z_mm"] == {"min": 1.0, "q05": 1.0, "q95": 5.0, "max": 5.0}
    assert any("trained on 2 of the series" in text for text in found["caveats_and_recommendations"])
    assert found["quantitative_analyses"]["network"]["sensitivity"] == 0.75
    predicted = pd.read_csv(trained / "out/predictions.csv")
    one = predicted[predicted["configuration"] == "RF"]
    assert found["quantitative_analyses"]["test"]["RF"]["AUC"]["value"] == pytest.approx(
        roc_auc_score(one["NE_Class"], one["probability"]))


def test_the_page_has_the_sections_and_the_numbers_of_the_card(trained, run):
    assert run(card_page.stage, *page_arguments(trained))[0] == 0
    text = (trained / "shown" / card_page.PAGE).read_text()
    for title in ("Model details", "Intended use", "Factors", "Metrics", "Evaluation data",
                  "Training data", "Quantitative analyses", "Ethical considerations",
                  "Caveats and recommendations", "Ranges of the training series"):
        assert f"\n## {title}\n" in text
    found = canonical.read_json(trained / "shown" / card_page.JSON)
    assert found == canonical.read_json(trained / "card.json")
    patients = found["training_data"]["classifiers"]["patients"]
    assert f"66 series of 33 CT examinations of {patients} patients" in text
    auc = found["quantitative_analyses"]["test"]["LR"]["AUC"]
    assert f"| LR | {auc['value']:.2f} ({auc['low']:.2f} to {auc['high']:.2f}" in text
    assert "CT of patients: what the models say of them means nothing." in text


def test_a_cohort_of_patients_is_not_called_synthetic():
    test = {"patients": 3, "patients_with_negatives": 1}
    own, mixed = card.texts("own", "lits", 0, test), card.texts("own", "phantom", 0, test)
    assert "Patients' data" in own["ethical_considerations"]["data"]
    assert not any("CT of patients" in text for text in own["intended_use"]["out_of_scope_use_cases"])
    assert any("CT of patients" in text for text in mixed["intended_use"]["out_of_scope_use_cases"])


def page_arguments(folder):
    return ["--card", folder / "card.json", "--models", folder / "models", "--network",
            folder / "network", "--out", folder / "shown"]


def test_another_network_is_said_and_other_classifiers_are_refused(trained, run):
    code, error = run(card_page.stage, *page_arguments(trained))
    assert code == 0 and error == ""
    canonical.write_json(trained / "network/model.json", NETWORK | {"source": "lits"})
    code, error = run(card_page.stage, *page_arguments(trained))
    assert code == 0 and error.count("\n") == 1 and "not the network of the model card" in error
    shutil.rmtree(trained / "models/RF")
    for stage, given in ((card_page.stage, page_arguments(trained)), (apply.stage, arguments(trained))):
        code, error = run(stage, *given)
        assert code == 2 and "is the card of other classifiers" in error.strip().splitlines()[-1]


def test_a_case_outside_of_the_ranges_is_named(trained, run):
    table = pd.read_csv(trained / "features.csv")
    highest = canonical.read_json(trained / "card.json")["ranges"][FEATURES[1]]["max"]
    low = canonical.read_json(trained / "card.json")["ranges"]
    for name in FEATURES[:8]:  # in the middle of the training series
        table[name] = table[name].clip(low[name]["q05"], low[name]["q95"])
    table.loc[0, FEATURES[1]] = highest + 1
    table.loc[1, SPACING] = "(0.8, 0.8, 7.5)"
    canonical.write_csv(trained / "features.csv", table)
    assert run(apply.stage, *arguments(trained))[0] == 0
    found = pd.read_csv(trained / "predictions.csv").set_index(["File", "configuration"])
    named = found["values_outside"].dropna().unstack()
    assert named.index.tolist() == table["File"][:2].tolist() and named.shape == (2, 4)
    assert (named.loc[table["File"][0]] == FEATURES[1]).all()
    assert (named.loc[table["File"][1]] == "spacing_z_mm").all()
    assert found["outside_training"].sum() == 8
    assert found.loc["z"]["outside_training"].isna().all()


@pytest.mark.parametrize("fault, words", [
    ("missing", "card.json: no such file"), ("ranges", "gives no 'ranges'"),
    ("feature", f"gives no '{FEATURES[3]}'"), ("bound", "gives no 'q95'"),
    ("order", f"the range of {FEATURES[3]} is"), ("text", "is no model card"),
    ("list", "is no model card"), ("digest", "gives no 'digests'")])
def test_a_damaged_card_is_one_line(trained, run, fault, words):
    path = trained / "card.json"
    content = canonical.read_json(path)
    if fault == "ranges":
        del content["ranges"]
    elif fault == "feature":
        del content["ranges"][FEATURES[3]]
    elif fault == "bound":
        del content["ranges"][FEATURES[3]]["q95"]
    elif fault in ("order", "text"):
        content["ranges"][FEATURES[3]]["min"] = 1e9 if fault == "order" else "low"
    elif fault == "list":
        content = []
    elif fault == "digest":
        del content["model_details"]["digests"]
    path.unlink()
    if fault != "missing":
        canonical.write_json(path, content)
    for stage, given in ((card_page.stage, page_arguments(trained)), (apply.stage, arguments(trained))):
        code, error = run(stage, *given)
        assert code == 2 and words in error and error.count("\n") == 1, error
    assert not (trained / "shown").exists() and not (trained / "predictions.csv").exists()


def test_a_card_without_a_section_is_one_line(trained, run):
    content = canonical.read_json(trained / "card.json")
    del content["intended_use"]
    canonical.write_json(trained / "card.json", content)
    code, error = run(card_page.stage, *page_arguments(trained))
    assert code == 2 and "is not whole (KeyError: 'intended_use')" in error and error.count("\n") == 1


def test_a_case_table_without_a_spacing_is_one_line(trained, run):
    table = pd.read_csv(trained / "features.csv").drop(columns=SPACING)
    canonical.write_csv(trained / "features.csv", table)
    code, error = run(apply.stage, *arguments(trained))
    assert code == 2 and f"lacks the column(s) {SPACING}" in error and error.count("\n") == 1


@pytest.mark.parametrize("fault, words", [
    ("table", f"lacks the column(s) {SPACING}"), ("predictions", "has no prediction of RF"),
    ("whole", "line 3 is no whole prediction"), ("summary", "says nothing of RF"),
    ("run", "says nothing of its run"), ("network", "says too little of its training"),
    ("choice", "choice.json: no such file"), ("chosen", "is not whole ('chosen')"),
    ("detection", "segresnet.json: is not whole ('lesion_dice')"),
    ("configuration", "'SVM' is no configuration of the parameters")])
def test_a_card_that_cannot_be_made_is_one_line(trained, run, fault, words):
    (trained / "card.json").unlink()
    files = {"summary": "summary.json", "run": "summary.json", "network": "network/model.json",
             "chosen": "choice.json", "detection": "detection/segresnet.json"}
    if fault == "table":
        table = pd.read_csv(trained / "table.csv").drop(columns=SPACING)
        canonical.write_csv(trained / "table.csv", table)
    elif fault in ("predictions", "whole"):
        table = pd.read_csv(trained / "out/predictions.csv")
        table.loc[1, "probability"] = 2 if fault == "whole" else 0.5
        canonical.write_csv(trained / "out/predictions.csv", table if fault == "whole" else
                            table[table["configuration"] != "RF"])
    elif fault == "choice":
        (trained / "choice.json").unlink()
    elif fault == "configuration":
        (trained / "models/RF").rename(trained / "models/SVM")
    else:
        content = canonical.read_json(trained / files[fault])
        del {"summary": content.get("configurations")}.get(fault, content)[
            {"summary": "RF", "network": "result", "detection": "lesion_dice"}.get(fault, fault)]
        canonical.write_json(trained / files[fault], content)
    code, error = make_card(trained, run)
    assert code == 2 and words in error and error.count("\n") == 1, error
    assert not (trained / "card.json").exists()
