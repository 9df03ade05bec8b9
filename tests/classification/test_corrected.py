"""The corrected procedure learns nothing from held-out patients."""

from dataclasses import replace

import numpy as np
import pytest

from stages.classification import data, models
from stages.classification.corrected import permutation as corrected_permutation
from stages.classification.corrected import stage as corrected
from stages.classification.corrected.fit import Problem, candidates, grouped_folds, prepare, run
from stages.classification.parameters import Bootstrap, Corrected, CorrectedModel, Seeds
from stages.classification.volume import volume_mm3
from stages.common.columns import SPACING, VOXELS
from stages.common.errors import InputError
from stages.common.parameters import Grid

LINEAR = CorrectedModel("radiomics", "LR", {"solver": "newton-cholesky", "tol": 1e-10}, (0.5,),
                        {"C": (0.1,)})
VOLUME = replace(LINEAR, inputs="volume", penalties=())
SETTINGS = Corrected(3, 2, Seeds(1, 2), "NE_Score", ("balanced-accuracy", "F1"), {"LR": LINEAR},
                     Bootstrap(50, 1, 0.95), Seeds(9, 3), 3, Grid(0.1, 0.1, 9))


def synthetic(seed, effect=0.0, patients=24, test_patients=12, features=12):
    """Two series per patient and half of the patients positive; feature 0 may carry the label."""
    generator = np.random.default_rng(seed)

    def part(count, start):
        names = np.repeat([f"P{start + i:03d}" for i in range(count)], 2)
        label = np.repeat(np.arange(count) % 2, 2)
        values = np.repeat(generator.normal(size=(count, features)), 2, axis=0)
        values += 0.1 * generator.normal(size=values.shape)
        values[:, 0] += effect * label
        return names, label, values

    names, label, values = part(patients, 0)
    test_names, test_label, test_values = part(test_patients, patients)
    inputs = {"radiomics": (values, test_values), "volume": (values[:, :1], test_values[:, :1])}
    return Problem(inputs, label, label - 0.5, names, names, test_label, test_names, test_names)


@pytest.fixture(autouse=True)
def one_core(monkeypatch):
    """Starting workers takes longer than these small tasks."""
    monkeypatch.setattr("stages.classification.workers.available", lambda: 1)


def statistics(problem, seed, settings=SETTINGS):
    return corrected_permutation.statistics(problem, run(problem, settings, seed)["LR"])


@pytest.mark.parametrize("seed", range(5))
def test_no_patient_stands_on_both_sides(seed):
    generator = np.random.default_rng(seed)
    patients = generator.integers(0, 20, 80).astype(str)
    held = np.zeros(80, dtype=int)
    for inside, outside in grouped_folds(np.arange(80) % 2, patients, 4, seed):
        assert not set(patients[inside]) & set(patients[outside])
        held[outside] += 1
    assert (held == 1).all()


@pytest.mark.parametrize("seed", range(5))
def test_folds_are_stratified_and_follow_the_seed(seed):
    label = np.repeat(np.arange(30) % 2, 2)
    patients = np.repeat([f"p{i:02d}" for i in range(30)], 2)
    folds = grouped_folds(label, patients, 5, seed)
    # Every patient has one label: equal shares can be reached, and are.
    assert all(label[outside].mean() == 0.5 for _, outside in folds)
    again, other = (grouped_folds(label, patients, 5, value) for value in (seed, seed + 1))
    assert all((a[1] == b[1]).all() for a, b in zip(folds, again))
    assert any(list(a[1]) != list(b[1]) for a, b in zip(folds, other))


def test_inner_folds_are_grouped_and_lie_inside_the_outer_fold(monkeypatch):
    problem, seen = synthetic(1), []

    def spy(label, patients, count, seed):
        seen.append((patients, grouped_folds(label, patients, count, seed)))
        return seen[-1][1]

    monkeypatch.setattr("stages.classification.corrected.fit.grouped_folds", spy)
    run(problem, SETTINGS, 1)
    (_, outer), *inner = seen
    assert len(inner) == len(outer) == 3
    for (inside, _), (patients, folds) in zip(outer, inner):
        np.testing.assert_array_equal(patients, problem.patients[inside])
        for training, held_out in folds:
            assert not set(patients[training]) & set(patients[held_out])


def test_impossible_folds():
    label, patients = np.array([0, 0, 1, 1]), np.array(["a", "a", "b", "b"])
    with pytest.raises(InputError, match="2 patients cannot make 3 folds"):
        grouped_folds(label, patients, 3, 1)
    with pytest.raises(InputError, match="one class only"):
        grouped_folds(label, patients, 2, 1)
    with pytest.raises(InputError, match="fewer series than 3 folds"):
        grouped_folds(np.array([0, 1, 1, 1]), np.array(list("abcd")), 3, 1)


def test_selection_sees_only_the_training_rows_of_the_fold():
    problem = synthetic(3)
    training, test = problem.inputs["radiomics"]
    folds = grouped_folds(problem.label, problem.patients, SETTINGS.folds, 1)
    for number, (_, outside) in enumerate(folds):
        planted = training.copy()
        planted[:, 5] = 0.0
        planted[outside, 5] = 2 * problem.label[outside] - 1
        # Whoever looks at every row takes the planted feature.
        assert 5 in prepare(planted, problem.target, 0.5).kept
        leaking = replace(problem, inputs={"radiomics": (planted, test)})
        assert 5 not in run(leaking, SETTINGS, 1)["LR"].kept[number]


def test_standardisation_sees_only_the_training_rows_of_the_fold():
    problem = synthetic(4)
    training, test = problem.inputs["radiomics"]
    inside, outside = grouped_folds(problem.label, problem.patients, SETTINGS.folds, 1)[0]
    moved = training.copy()
    moved[outside[0]] += 1e6
    first, second = (run(replace(problem, inputs={"radiomics": (values, test)}), SETTINGS, 1)["LR"]
                     for values in (training, moved))
    others = outside[1:]
    np.testing.assert_array_equal(first.held_out[others], second.held_out[others])
    assert first.held_out[outside[0]] != second.held_out[outside[0]]


def test_constant_features_are_never_selected():
    generator = np.random.default_rng(0)
    features = generator.normal(size=(40, 4))
    features[:, 2] = 0.1
    preparation = prepare(features, features[:, 0], 0.1)
    assert 0 in preparation.kept and 2 not in preparation.kept
    assert np.isfinite(preparation.apply(features)).all()


def test_ensemble_is_the_mean_of_the_fold_models():
    problem = synthetic(5, effect=2)
    training, test = problem.inputs["radiomics"]
    found = run(problem, SETTINGS, 1)["LR"]
    expected = np.zeros(len(test))
    for inside, outside in grouped_folds(problem.label, problem.patients, 3, 1):
        preparation = prepare(training[inside], problem.target[inside], 0.5)
        estimator = models.make("LR", {**LINEAR.fixed, "C": 0.1})
        assert models.fit(estimator, preparation.apply(training[inside]),
                          problem.label[inside]) == []
        expected += estimator.predict_proba(preparation.apply(test))[:, 1] / 3
        np.testing.assert_allclose(
            found.held_out[outside],
            estimator.predict_proba(preparation.apply(training[outside]))[:, 1], atol=1e-14)
    np.testing.assert_allclose(found.test, expected, rtol=0, atol=1e-14)


def test_penalised_regression_is_at_its_optimum():
    problem = synthetic(6, effect=1)
    features = prepare(problem.inputs["radiomics"][0], problem.target, None).apply(
        problem.inputs["radiomics"][0])
    estimator = models.make("LR", {**LINEAR.fixed, "C": 0.1})
    models.fit(estimator, features, problem.label)
    residual = estimator.predict_proba(features)[:, 1] - problem.label
    gradient = 0.1 * features.T @ residual + estimator.coef_[0]
    assert np.abs(gradient).max() < 1e-8 and abs(residual.sum()) < 1e-8


def test_candidates_cover_the_grid_in_order():
    model = replace(LINEAR, penalties=(0.5, 0.2), grid={"C": (1, 2), "tol": (3,)})
    assert candidates(model) == [(0.5, {"C": 1, "tol": 3}), (0.5, {"C": 2, "tol": 3}),
                                 (0.2, {"C": 1, "tol": 3}), (0.2, {"C": 2, "tol": 3})]
    assert candidates(VOLUME) == [(None, {"C": 0.1})]


def test_strong_effect_chooses_the_weak_penalty():
    model = replace(LINEAR, grid={"C": (1e-6, 1.0)})
    found = run(synthetic(7, effect=6), replace(SETTINGS, models={"LR": model}), 1)["LR"]
    assert {point["C"] for point in found.chosen} == {1.0}


def test_noise_gives_chance_and_signal_does_not():
    noise = [statistics(synthetic(seed), seed)["test_AUC"] for seed in range(12)]
    assert abs(np.mean(noise) - 0.5) < 0.12
    signal = statistics(synthetic(1, effect=4), 1)
    assert min(signal.values()) > 0.9


def test_dealing_keeps_patients_together_and_all_series_of_a_study_alike():
    patients = np.array(["a", "a", "a", "b", "b", "c", "d", "d"])
    studies = np.array(["a1", "a1", "a2", "b1", "b2", "c1", "d1", "d2"])
    seen = set()
    for seed in range(40):
        rows = corrected_permutation.deal(patients, studies, np.random.default_rng(seed))
        assert rows[0] == rows[1]
        dealt = studies[rows]
        assert sorted(set(dealt)) == sorted(set(studies))  # every outcome is used once
        seen.add(tuple(rows))
    assert len(seen) > 10


@pytest.mark.parametrize("sizes, most", [([4] * 8, 8), ([1, 2, 3, 4, 4, 5, 6, 7], 15)])
def test_dealt_outcomes_of_a_patient_stay_neighbours(sizes, most):
    """Equal patients swap all outcomes; else two rows of blocks meet at 2 x patients - 1 places."""
    patients = np.repeat(np.arange(len(sizes)), sizes)
    for seed in range(20):
        rows = corrected_permutation.deal(patients, np.arange(32), np.random.default_rng(seed))
        assert len(set(zip(patients, patients[rows]))) <= most


def test_permuted_labels_follow_the_target_and_stay_within_their_part():
    problem = synthetic(2)
    dealt = corrected_permutation.permuted(problem, np.random.default_rng(3))
    np.testing.assert_array_equal(dealt.target, dealt.label - 0.5)
    assert dealt.label.sum() == problem.label.sum()
    assert dealt.test_label.sum() == problem.test_label.sum()
    assert (dealt.label != problem.label).any()


def test_permutation_p_is_uniform_under_chance():
    generator = np.random.default_rng(0)
    values = np.array([corrected_permutation.p_value(draw[0], draw[1:])
                       for draw in generator.normal(size=(4000, 20))])
    assert values.min() == pytest.approx(1 / 20) and values.max() == 1
    for level in (0.05, 0.25, 0.5):
        assert (values <= level + 1e-9).mean() == pytest.approx(level, abs=0.03)


def test_permutation_test_of_the_procedure():
    def found(effect):
        problem = synthetic(8, effect)
        runs, permuted = corrected.carry_out(problem, replace(SETTINGS, permutations=Seeds(1, 9)))
        observed = np.array([corrected_permutation.statistics(problem, run_["LR"])["held_out_AUC"]
                             for run_ in runs])
        return corrected_permutation.summarise(
            observed, np.array([item["LR"]["held_out_AUC"] for item in permuted]))
    assert found(0)["P_min"] > 0.1
    assert found(5)["P_max"] == pytest.approx(0.1) == found(5)["P_least_possible"]


def test_workers_change_nothing(monkeypatch):
    problem, results = synthetic(9, 1), []
    settings = replace(SETTINGS, models={"RF": CorrectedModel(
        "radiomics", "RF", {"n_estimators": 5}, (0.3,), {"min_samples_leaf": (2,)})})
    for cores in (1, 2):
        monkeypatch.setattr("stages.classification.workers.available", lambda cores=cores: cores)
        results.append(corrected.carry_out(problem, settings))
    (first, first_dealt), (second, second_dealt) = results
    assert first_dealt == second_dealt
    for one, other in zip(first, second):
        np.testing.assert_array_equal(one["RF"].held_out, other["RF"].held_out)
        np.testing.assert_array_equal(one["RF"].test, other["RF"].test)


@pytest.fixture
def measured(table):
    """The small cohort with masks."""
    return table.assign(**{VOXELS: 10, SPACING: "(1.0, 2.0, 5.0)"})


def test_volume_is_voxels_times_voxel_size(measured):
    assert (volume_mm3(measured, "t.csv") == 100).all()
    measured.loc[3, VOXELS] = 0
    with pytest.raises(InputError, match="is not a positive number"):
        volume_mm3(measured, "t.csv")


def test_problem_refuses_a_patient_in_both_parts(measured):
    problem = corrected.make_problem(measured, "NE_Score", "t.csv")
    train, test = data.train_and_test(measured)
    assert problem.inputs["radiomics"][0].shape == (len(train.label), 108)
    assert len(problem.test_label) == len(test.label)
    measured.loc[0, "Group"] = "test"
    with pytest.raises(InputError, match="patient P-0 has training and test series"):
        corrected.make_problem(measured, "NE_Score", "t.csv")


def test_problem_refuses_one_class(measured):
    measured["NE_Class"] = 1
    with pytest.raises(InputError, match="training part holds fewer than two classes"):
        corrected.make_problem(measured, "NE_Score", "t.csv")
