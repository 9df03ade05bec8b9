"""The last layer on fixed features."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from stages.patches import head, scores


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(4)
    labels = (random.random(90) < 0.4).astype(int)
    features = random.normal(size=(90, 100))
    features[:, 0] += 3 * labels
    return features, labels, np.arange(60)


def test_it_goes_where_logistic_regression_ends(data):
    """Without separation (few features), many steps end at the optimum with balanced classes."""
    features, labels, inside = data[0][:, :4] * [1, 5, 1, 1], data[1], data[2]
    said = head.curve(head.products(features, inside), labels, inside, head.Head(4, 500))
    scaled = (features - features[inside].mean(0)) / features[inside].std(0)
    right = LogisticRegression(C=1e6, class_weight="balanced", tol=1e-8).fit(scaled[inside],
                                                                             labels[inside])
    assert said[-1] == pytest.approx(right.predict_proba(scaled)[:, 1], abs=1e-3)


def test_it_learns_and_ends_by_fitting_what_it_has_seen(data):
    features, labels, inside = data
    said = head.curve(head.products(features, inside), labels, inside, head.Head(20, 10))
    outside = np.arange(60, 90)
    assert scores.accuracy(labels[inside], said[-1, inside]) == 1.0
    assert scores.auc(labels[outside], said[3, outside]) > 0.6
    assert abs(said[0] - 0.5).mean() < abs(said[-1] - 0.5).mean()


def test_rows_outside_do_not_change_what_is_learnt(data):
    features, labels, inside = data
    other = features.copy()
    other[60:] *= 100
    first, second = (head.curve(head.products(rows, inside), labels, inside, head.Head(5, 5))
                     for rows in (features, other))
    assert (first[:, inside] == second[:, inside]).all()


def test_label_vectors_beside_each_other_are_learnt_alone(data):
    features, labels, inside = data
    kernel = head.products(features, inside)
    both = head.curve(kernel, np.column_stack([labels, 1 - labels]), inside, head.Head(3, 5))
    assert both.shape == (3, 90, 2)
    assert both[..., 0] == pytest.approx(head.curve(kernel, labels, inside, head.Head(3, 5)))
    assert both.sum(axis=-1) == pytest.approx(1)


def test_sets_beside_each_other_are_learnt_alone(data):
    """Also where they differ in size: what a shorter one lacks weighs nothing."""
    features, labels, inside = data
    sets = [inside, np.arange(20, 60), np.arange(10, 90)]
    found = head.curves(features, labels, sets, head.Head(3, 5))
    assert found.shape == (3, 3, 90)
    for one, rows in zip(found, sets):
        alone = head.curve(head.products(features, rows), labels, rows, head.Head(3, 5))
        assert one == pytest.approx(alone, abs=1e-9)


def test_products_are_those_of_features_standardised_by_the_rows_inside(data):
    features, _, inside = data
    own = features[inside]
    scaled = (features - own.mean(axis=0)) / own.std(axis=0)
    right = scaled @ scaled[inside].T
    found = head.products(features, inside)
    assert found == pytest.approx(right / np.mean(np.diag(right[inside])), abs=1e-5)
    space = np.full((3, *features.shape), np.nan)
    assert (head.products(features, inside, space) == found).all()
