"""The optimum is scikit-learn's, where scikit-learn reaches it."""


import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from stages.classification import newton
from stages.common.errors import InputError


@pytest.mark.parametrize("weight", [None, "balanced", 0.25, 4.9])
def test_optimum_is_scikit_learns(sets, weight):
    features, label = sets[0].features.to_numpy(float), sets[0].label
    classes = {0: 1, 1: weight} if isinstance(weight, float) else weight
    model = LogisticRegression(C=3, class_weight=classes, solver="newton-cholesky", tol=1e-10)
    model.fit(features, label)
    found = newton.solve(features, label, newton.sample_weights(label, weight), 3, 1e-9, 100)
    np.testing.assert_allclose(found.coefficients, model.coef_[0], rtol=0, atol=1e-6)
    assert found.intercept == pytest.approx(model.intercept_[0], abs=1e-6)
    np.testing.assert_allclose(found.probability(features), model.predict_proba(features),
                               rtol=0, atol=1e-6)


def test_units_of_a_feature_do_not_matter_beyond_the_penalty(sets):
    """With hardly any penalty, scale and dependence change no probability."""
    features, label = sets[0].features.to_numpy(float), sets[0].label
    weights = np.ones(len(label))
    mixed = features * 10.0 ** np.arange(-3, 3) + features[:, :1] * 1e3
    first, second = (newton.solve(values, label, weights, 1e14, 1e-9, 100).probability(values)
                     for values in (features, mixed))
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_bad_input_is_named(sets):
    features, label = sets[0].features.to_numpy(float).copy(), sets[0].label
    with pytest.raises(InputError, match="did not converge in 1 steps"):
        newton.solve(features, label, np.ones(len(label)), 3, 1e-9, 1)
    features[:, 0] = 5
    with pytest.raises(InputError, match="constant"):
        newton.solve(features, label, np.ones(len(label)), 3, 1e-9, 100)
