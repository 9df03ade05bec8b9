"""The vectorised bootstrap is the released loop: same draws, same scores."""

import numpy as np
import pandas as pd
import pytest

from stages.classification import scores
from stages.classification.bootstrap import bootstrap, draw, intervals, summarise
from stages.classification.parameters import Bootstrap
from stages.common.errors import InputError


def released_draws(studies, samples, seed):
    """Draw as the released procedure does: one call of the legacy generator per study."""
    np.random.seed(seed)
    rows = {study: list(np.flatnonzero(studies == study)) for study in np.unique(studies)}
    return np.array([[np.random.choice(rows[study], size=1, replace=False)[0] for study in rows]
                     for _ in range(samples)])


@pytest.mark.parametrize("sizes", [(2,) * 24 + (1, 1), (1, 3, 2, 5, 1), (1,)])
def test_same_draws_as_the_released_procedure(sizes):
    studies = np.repeat([f"s{i}" for i in range(len(sizes))], sizes)
    studies = np.random.default_rng(3).permutation(studies)
    np.testing.assert_array_equal(draw(studies, 200, 822), released_draws(studies, 200, 822))


@pytest.mark.parametrize("called", ["mixed", "all", "none"])
def test_same_scores_as_a_plain_loop(called):
    generator = np.random.default_rng(5)
    studies = np.repeat(np.arange(26), 2)[:-2].astype(str)
    label = np.repeat(generator.integers(0, 2, 26), 2)[:-2]
    probability = generator.uniform(size=len(label)).round(2)  # with ties
    predicted = {"mixed": (probability > 0.4).astype(int), "all": np.ones_like(label),
                 "none": np.zeros_like(label)}[called]
    drawn = draw(studies, 300, 822)
    found = bootstrap(drawn, label, predicted, probability)
    loop = [scores.score(label[rows], predicted[rows], probability[rows]) for rows in drawn]
    for name in scores.METRICS:
        np.testing.assert_allclose(found[name], [row[name] for row in loop], rtol=0, atol=1e-12)
    assert np.isnan(found["NPV"]).all() == (called == "all")
    assert (found["PPV"] == 0).all() == (called == "none")


def test_intervals_ignore_undefined_samples():
    found = intervals({"NPV": np.array([np.nan, 0.0, 0.5, 1.0])}, 0.95)["NPV"]
    assert found["mean"] == 0.5 and found["defined"] == 3
    assert found["low"] == pytest.approx(0.025) and found["high"] == pytest.approx(0.975)


def frame(names):
    return pd.DataFrame([{"configuration": name, "series": f"x{i}", "study": f"s{i // 2}",
                          "NE_Class": i % 3 > 0, "predicted": i % 2, "probability": i / 10}
                         for name in names for i in range(10)]).astype({"NE_Class": int})


def test_every_configuration_sees_the_same_samples():
    found = summarise(frame(["a", "b"]), Bootstrap(50, 1, 0.9))
    assert found["a"] == found["b"] and set(found["a"]) == set(scores.METRICS)


def test_configurations_must_list_the_same_series():
    mixed = frame(["a", "b"])
    mixed.loc[12, "series"] = "other"
    with pytest.raises(InputError, match="configuration b lists other series"):
        summarise(mixed, Bootstrap(50, 1, 0.9))
