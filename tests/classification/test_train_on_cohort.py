"""The weights of the classes are those of the cohort at hand, not of the released one."""

import numpy as np
import pytest
import yaml

from stages.classification import data, models, train_on_cohort, weights
from stages.classification.parameters import Configuration, read_search
from stages.common import canonical
from tests.parameters import whole
from tests.trained import NETWORK, make_card


def arguments(folder):
    return ("--cohort", folder / "cohort", "--table", folder / "table.csv", "--params",
            folder / "params.yaml", "--protocol", "as-released", "--release", "r", "--environment", "e",
            "--selected", folder / "selected.csv", "--out", folder / "new", "--models",
            folder / "new-models", "--summary", folder / "new.json")


@pytest.fixture
def searched(trained):
    """A cohort with a group ``val`` and configurations of every kind."""
    content = yaml.safe_load((trained / "params.yaml").read_text())
    given = whole()["classification"]["configurations"]
    content["classification"]["configurations"] = {
        name: given[name] for name in ("LR", "LR_AUC", "LR_F1", "LR_BAL", "XGB_BAL", "XGB_F1")}
    content["imaging"]["weights"] = {"start": 0.5, "step": 0.5, "count": 4}
    (trained / "params.yaml").write_text(yaml.safe_dump(content))
    table = canonical.read_csv(trained / "table.csv", ("Group", "NE_Class"))
    training = table.index[table["Group"] == "train"]
    by_class = table.loc[training].groupby("NE_Class").head(4).index
    table.loc[by_class, "Group"] = "val"
    canonical.write_csv(trained / "table.csv", table)
    return trained


def test_weights_are_computed_and_searched_in_the_cohort(searched, run):
    code, said = run(train_on_cohort.stage, *arguments(searched))[:2]
    assert code == 0, said
    found = canonical.read_json(searched / "new-models" / "configurations.json")
    features = data.read_selected(searched / "selected.csv")
    table = data.read_table(searched / "table.csv", features)
    label = table.loc[table["Group"] != "test", "NE_Class"].to_numpy()
    assert found["XGB_BAL"]["weight"] == pytest.approx((label == 0).sum() / (label == 1).sum())
    assert found["LR_BAL"]["weight"] == "balanced" and found["LR"]["weight"] is None
    # The search again, weight by weight.
    inside, held = (data.split(table, table["Group"] == group, features) for group in ("train", "val"))
    best = {}
    for weight in (0.5, 1.0, 1.5, 2.0):
        fitted = models.make("LR", read_search(searched / "params.yaml").models["LR"], weight)
        models.fit(fitted, inside.features, inside.label)
        scored = weights.scored(weight, held.label, models.probability(fitted, held.features))
        for name in ("AUC", "F1"):
            best.setdefault(name, []).append((-scored[name], weight))
    for name, tried in best.items():
        assert found[f"LR_{name}"]["weight"] == min(tried)[1]
    # What was trained has these weights.
    assert sorted(path.name for path in (searched / "new-models").iterdir() if path.is_dir()) == sorted(
        found)


def test_without_both_classes_to_search_on_nothing_of_the_released_cohort_is_taken(searched, run):
    table = canonical.read_csv(searched / "table.csv", ("Group", "NE_Class"))
    canonical.write_csv(searched / "table.csv", table.assign(
        Group=table["Group"].replace("val", "train")))
    code, said = run(train_on_cohort.stage, *arguments(searched))[:2]
    assert code == 0, said
    found = canonical.read_json(searched / "new-models" / "configurations.json")
    assert sorted(found) == ["LR", "LR_BAL", "XGB_BAL"]


def test_one_class_is_refused_in_one_line(searched, run):
    table = canonical.read_csv(searched / "table.csv", ("Group", "NE_Class"))
    keep = (table["Group"] == "test") | (table["NE_Class"] == 1)
    canonical.write_csv(searched / "table.csv", table[keep])
    code, said = run(train_on_cohort.stage, *arguments(searched))[:2]
    assert code == 2 and not (searched / "new-models").exists()


def test_only_numbers_of_the_released_cohort_are_replaced():
    given = {"LR": Configuration("LR"), "LR_BAL": Configuration("LR", "balanced"),
             "XGB_BAL": Configuration("XGB", 0.32), "XGB_F1": Configuration("XGB", 0.8)}
    found = train_on_cohort.own(given, np.array([0, 1, 1, 1, 1]), {"XGB": {"F1": {"weight": 2.0}}})
    assert [found[name].weight for name in given] == [None, "balanced", 0.25, 2.0]
    assert "XGB_F1" not in train_on_cohort.own(given, np.array([0, 1]), {})


def test_the_card_says_the_weights_that_were_trained_with(trained, run):
    canonical.write_json(trained / "models" / "configurations.json",
                         {"LR_BAL": {"model": "LR", "weight": 0.5}})
    assert make_card(trained, run)[0] == 0
    said = canonical.read_json(trained / "card.json")["model_details"]["classifiers"]["configurations"]
    assert said["LR_BAL"]["weight"] == 0.5 and said["LR"]["weight"] is None


def test_the_card_of_an_nnunet(trained, run):
    canonical.write_json(trained / "network" / "model.json", {
        "kind": "nnunet", "source": "phantom", "result": NETWORK["result"], "settings": {
            "training": {"epochs": 16}, "plan": {"spacing_mm": [3.0, 3.0, 4.0]}}})
    assert make_card(trained, run)[0] == 0
    said = canonical.read_json(trained / "card.json")["model_details"]["network"]
    assert said == {"kind": "nnunet", "epochs": 16, "spacing_mm": [3.0, 3.0, 4.0]}
