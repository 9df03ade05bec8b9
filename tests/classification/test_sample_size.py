"""Sample sizes: the published example, and R² from an AUC against a fitted model."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from stages.classification.sample_size import Wanted, largest_r2, r2_of_auc, smallest


def test_the_example_of_pmsampsize():
    # Source: documentation of the R package pmsampsize, type "b" (24 predictors, R2 0.288, 17.4 %).
    found = smallest(24, 0.174, 0.288)
    assert [found[name] for name in ("shrinkage", "optimism", "prevalence")] == [623, 662, 221]
    assert found["all"] == 662
    assert found["events_for_each_predictor"] == pytest.approx(4.8, abs=0.01)


@pytest.mark.parametrize(("area", "prevalence"), [(0.89, 0.174), (0.71, 0.754), (0.6, 0.5)])
def test_r2_of_an_auc_is_that_of_a_fitted_model(area, prevalence):
    generator = np.random.default_rng(1)
    label = (generator.random(200_000) < prevalence).astype(int)
    shift = r2_shift(area)
    predictor = generator.standard_normal(len(label)) + shift * label
    fitted = LogisticRegression(C=1e6).fit(predictor[:, None], label)
    chance = fitted.predict_proba(predictor[:, None])[np.arange(len(label)), label]
    share = label.mean()
    gain = np.log(chance).mean() - (share * np.log(share) + (1 - share) * np.log(1 - share))
    assert r2_of_auc(area, prevalence) == pytest.approx(1 - np.exp(-2 * gain), abs=0.005)


def r2_shift(area):
    from scipy.stats import norm
    return np.sqrt(2) * norm.ppf(area)


def test_less_to_be_found_or_more_to_look_at_takes_more_patients():
    sizes = [smallest(20, 0.75, r2_of_auc(area, 0.75))["all"] for area in (0.9, 0.8, 0.7, 0.6)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]
    assert smallest(108, 0.75, 0.1)["all"] > smallest(20, 0.75, 0.1)["all"]
    assert smallest(20, 0.75, 0.1, Wanted(shrinkage=0.8))["all"] < smallest(20, 0.75, 0.1)["all"]
    assert r2_of_auc(0.999, 0.5) < largest_r2(0.5)
