"""The eight classifiers, the samplers, the filter."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from stages.common.errors import InputError
from stages.prediction import classifiers
from stages.prediction.areas import area, areas
from stages.prediction.preparation import prepare, uncorrelated


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(1)
    label = (random.random(60) < 0.3).astype(int)
    return random.normal(size=(60, 3)) + label[:, None], label


@pytest.mark.parametrize("name", classifiers.CLASSIFIERS)
def test_every_classifier_calls_rows_as_the_library_does(name, rows):
    fitted = classifiers.fit(classifiers.make(name, {}, 3), *rows)
    score, threshold = classifiers.score(fitted, rows[0])
    assert score.shape == (60,) and area(rows[1], score) > 0.7
    apart = np.abs(score - threshold) > 1e-6
    assert ((score > threshold) == fitted.predict(rows[0]))[apart].all()
    again = classifiers.fit(classifiers.make(name, {}, 3), *rows)
    assert (classifiers.score(again, rows[0])[0] == score).all()


def test_weights_are_taken_by_all_but_the_neighbours(rows):
    weight = np.where(rows[1] == 1, 50.0, 1.0)
    for name in classifiers.CLASSIFIERS:
        estimator = classifiers.make(name, {}, 3)
        if not classifiers.weighs(name):
            assert name == "KNN"
            continue
        light, heavy = (classifiers.score(classifiers.fit(estimator, *rows, one), rows[0])[0].copy()
                        for one in (None, weight))
        # The leaves of a tree hold one class each, whatever it weighs.
        assert name == "Tree" or (heavy != light).any(), name
        assert name in ("Tree", "RF") or heavy.mean() > light.mean(), name


@pytest.mark.parametrize("name", classifiers.SAMPLERS)
def test_classes_are_as_large_as_each_other(name, rows):
    _, label = classifiers.sample(name, {}, *rows, 1)
    counts = np.bincount(rows[1])
    assert np.bincount(label).tolist() == [
        {"SMOTE": counts.max(), "undersampling": counts.min()}[name]] * 2


def test_new_rows_lie_between_two_neighbours_of_the_rare_class(rows):
    features, label = classifiers.sample("SMOTE", {"k_neighbors": 2}, *rows, 1)
    rare, new = rows[0][rows[1] == 1], features[len(rows[0]):]
    assert (label[len(rows[0]):] == 1).all() and len(new) > 5
    for row in new:
        gaps = np.linalg.norm(rare - row, axis=1)
        between = np.linalg.norm(rare[:, None] - rare, axis=2)
        assert (np.abs(gaps[:, None] + gaps - between) < 1e-9).any()


@pytest.mark.parametrize("call, said", [
    (lambda: classifiers.make("LDA", {}, 1), "there is no classifier 'LDA'; valid: XGB"),
    (lambda: classifiers.make("RF", {"trees": 3}, 1), "RF has no argument 'trees'"),
    (lambda: classifiers.sample("ADASYN", {}, np.zeros((4, 1)), np.zeros(4, int), 1), "no sampler"),
    (lambda: classifiers.sample("SMOTE", {}, np.arange(8.0)[:, None], np.arange(8) // 6, 1),
     r"SMOTE cannot work on classes of \[6, 2\] rows")])
def test_what_cannot_be_made_is_one_line(call, said):
    with pytest.raises(InputError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_of_two_columns_that_correlate_the_later_one_goes():
    random = np.random.default_rng(2)
    one, other = random.normal(size=(2, 200))
    columns = np.column_stack([one, -one + 0.3 * random.normal(size=200), np.full(200, 7.1), other,
                               one + other])
    left = uncorrelated(columns, 0.6)
    assert left.tolist() == [0, 3]
    # At the limit of 0.8 the sum, at 0.7 with each, stays; only the mirror image goes.
    assert uncorrelated(columns, 0.8).tolist() == [0, 3, 4]
    for place in left:
        assert all(abs(np.corrcoef(columns[:, place], columns[:, before])[0, 1]) <= 0.6
                   for before in left if before < place)


def test_scaling_is_that_of_the_rows_it_learnt_from():
    rows = np.random.default_rng(3).normal(5, 3, (40, 2))
    learnt = prepare(rows[:20], 0.9)
    inside, outside = learnt.apply(rows[:20]), learnt.apply(rows[20:])
    assert np.allclose(inside.mean(axis=0), 0) and np.allclose(inside.std(axis=0), 1)
    assert np.allclose(outside * rows[:20].std(axis=0) + rows[:20].mean(axis=0), rows[20:])


def test_areas_are_those_of_the_library():
    random = np.random.default_rng(4)
    label, score = random.integers(0, 2, 50), np.round(random.random(50), 1)
    assert area(label, score) == pytest.approx(roc_auc_score(label, score))
    weight = random.integers(0, 3, (5, 50)).astype(float)
    for one, found in zip(weight, areas(weight, label, score)):
        assert found == pytest.approx(roc_auc_score(label, score, sample_weight=one))


def test_only_pairs_of_a_stratum_are_compared():
    label, score = np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    assert area(label, score) == 0.75
    assert area(label, score, np.array([0, 0, 1, 1])) == 1.0
    assert np.isnan(area(label, score, np.array([0, 1, 0, 1])))
