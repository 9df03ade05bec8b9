"""Selection at one scale and forests of other seeds, on made-up data whose answer is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.classification import data
from stages.classification.parameters import Bootstrap, Configuration, Seeds, Selection, read_protocol
from stages.classification.select import select
from stages.classification.train import summary, train
from studies.sclc_liver.scaling import standardised
from studies.sclc_liver.seeds import forests

PARAMS = Path(__file__).resolve().parents[4] / "studies/sclc_liver/params"


def test_units_alone_let_a_feature_pass_the_penalty(table):
    """Times a thousand, a feature that follows the score is selected; at one scale none is."""
    large = table.assign(**{table.columns[0]: 1000 * table[table.columns[0]]})
    parameters = Selection(alpha=5.0, target="NE_Score")
    train_set, test_set = data.train_and_test(large)
    assert list(select(train_set, test_set, parameters).coefficients) == [table.columns[0]]
    found = standardised(train_set, test_set, parameters)
    assert (found["released"], found["at_the_same_alpha"]) == (1, 0)
    assert found["largest_useful_alpha"] < 5
    assert found["as_many"]["selected"] >= 1


@pytest.mark.parametrize("share, some", [(0.9, True), (1.1, False)])
def test_the_bound_is_the_penalty_from_which_nothing_is_selected(table, share, some):
    train_set, test_set = data.train_and_test(table)
    x = train_set.features.to_numpy()
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    largest = np.abs(z.T @ (train_set.score - train_set.score.mean())).max() / len(z)
    found = standardised(train_set, test_set, Selection(share * largest, "NE_Score"))
    assert found["largest_useful_alpha"] == pytest.approx(largest, abs=1e-6)
    assert (found["at_the_same_alpha"] > 0) == some


def test_the_order_of_the_units_does_not_matter_at_one_scale(table):
    parameters = Selection(0.01, "NE_Score")
    other = table.assign(**{name: 7 * table[name] + 3 for name in table.columns[:50]})
    one, two = (standardised(*data.train_and_test(t), parameters) for t in (table, other))
    for key in ("at_the_same_alpha", "largest_useful_alpha"):
        assert one[key] == pytest.approx(two[key])


def test_each_seed_is_the_released_forest_with_that_seed(sets):
    settings = read_protocol(PARAMS, "as-released")
    settings = replace(settings, models={"RF": settings.models["RF"] | {"n_estimators": 15}})
    bootstrap = Bootstrap(samples=30, seed=1, level=0.95)
    found = forests(*sets, settings, bootstrap, Seeds(200, 3))
    areas = found["cross_validation"]["AUC"]
    assert len(areas["values"]) == 3 and len(set(areas["values"])) > 1
    assert areas["min"] <= areas["median"] <= areas["max"]
    # The released seed is 200.
    own = summary(train(*sets, settings, Configuration("RF")), sets[1])
    assert areas["values"][0] == own["cross_validation"]["AUC"]["mean"]
