"""The synthetic cohorts: the plan is in them, and the paper's protocol is what its text says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from stages.common.errors import InputError
from stages.prediction.lesions import Lesions
from stages.prediction.parameters import Model, read_corrected, read_models
from studies.gi_liver.synthetic import ladder, paper, plan
from studies.gi_liver.synthetic.parameters import (
    Paper,
    arms,
    read_paper,
    read_preset,
    read_samplers,
    read_synthetic,
)

PARAMETERS = Path(__file__).resolve().parents[4] / "studies" / "gi_liver" / "params"
QUICK = ("KNN", "LR", "NB", "SVM")


def cohort(arm, patients=400):
    found = read_synthetic(PARAMETERS, arm)
    return replace(found, preset=replace(found.preset, patients={"colorectal": patients,
                                                                 "pancreatic": patients}))


@pytest.fixture(scope="module")
def protocol():
    models = {name: model for name, model in read_models(PARAMETERS).items() if name in QUICK}
    models["RF"] = Model({"n_estimators": 10})
    return paper.Protocol(models, read_samplers(PARAMETERS),
                          replace(read_paper(PARAMETERS), importance_repeats=1))


def generating(drawn, shifts):
    """The plan's score as the features show it: the mean of each factor's features."""
    factors = np.array([name.rpartition("_")[0] for name in drawn.names])
    return sum(shifts.get(one.rpartition("_")[0], 0.0) * drawn.features[:, factors == one].mean(1)
               for one in sorted(set(factors)))


@pytest.mark.parametrize("arm", ["planted", "shortcut"])
def test_the_right_answer_is_what_the_plans_score_reaches(arm):
    """With features that show their factors whole: within what 800 patients can tell."""
    found = cohort(arm)
    found = replace(found, plan=replace(found.plan, loading=1.0))
    drawn = plan.draw(found, 1)
    score = generating(drawn, found.shifts)
    best = plan.best(found, drawn)
    assert roc_auc_score(drawn.label, score) == pytest.approx(best["lesion"], abs=0.025)
    assert roc_auc_score(drawn.outcome, drawn.by_patient(score)) == pytest.approx(best["patient"],
                                                                                 abs=0.025)
    assert best["patient"] > best["lesion"] > 0.6


def test_texture_tells_nothing_in_the_shortcut_and_nothing_tells_in_the_null_twin():
    shortcut, nothing = cohort("shortcut", 12), cohort("null-twin", 12)
    drawn = plan.draw(shortcut, 0)
    assert plan.best(shortcut, drawn, plan.texture(shortcut.plan)) == {"lesion": 0.5, "patient": 0.5}
    assert plan.best(nothing, drawn) == {"lesion": 0.5, "patient": 0.5}


def test_arms_of_a_number_differ_by_their_shifts_alone():
    one, other = (plan.draw(cohort(arm, 20), 3) for arm in ("null-twin", "planted"))
    assert (one.patient == other.patient).all()
    differs = np.abs(one.features - other.features).max(axis=0) > 0
    assert {one.names[place][:9] for place in np.flatnonzero(differs)} == {"amplitude"}
    moved = (other.features - one.features)[:, differs]
    assert moved[other.label == 1] == pytest.approx(0.45) and (moved[other.label == 0] == 0).all()


def test_lesions_of_a_patient_are_as_alike_as_the_plan_says():
    found = cohort("null-twin")
    drawn = plan.draw(found, 2)
    for name, share in (("other_15_1", 0.5), ("noise_14_1", 1.0)):
        value = drawn.features[:, drawn.names.index(name)]
        sizes, mean = drawn.counts, drawn.by_patient(value)
        within = (((value - mean[drawn.patient]) ** 2).sum() / (len(value) - len(sizes)))
        assert 1 - within / 1.0 == pytest.approx(share * 0.81, abs=0.04)


def test_numbers_of_lesions_have_the_printed_means():
    found = read_synthetic(PARAMETERS, "null-twin")
    free = replace(found.preset, patients={"colorectal": 4000, "pancreatic": 4000},
                   most_lesions={"colorectal": 1000, "pancreatic": 1000})
    low, high = plan.counts(found.plan, free, np.random.default_rng(1))
    assert low.mean() == pytest.approx(9.25, rel=0.06) and high.mean() == pytest.approx(27.77, rel=0.06)
    assert low.min() == 1
    capped = plan.counts(found.plan, found.preset, np.random.default_rng(1))
    assert [one.max() for one in capped] == [12, 20]


def test_the_filter_leaves_one_feature_of_each_factor():
    drawn = plan.draw(cohort("null-twin", 60), 0)
    left = paper.uncorrelated(drawn.features, 0.6)
    assert len(left) == 23 and all(drawn.names[place].endswith("_1") for place in left)


def test_the_test_set_has_whole_patients_four_of_each_class(protocol):
    drawn = plan.draw(cohort("null-twin", 20), 0)
    chosen = paper.held_out(drawn, protocol, np.random.default_rng(1))
    inside, outside = (set(drawn.patient[rows]) for rows in (~chosen, chosen))
    assert not inside & outside and np.bincount(drawn.outcome[sorted(outside)]).tolist() == [4, 4]
    lesions = paper.held_out(drawn, replace(protocol, by_patient=False), np.random.default_rng(1))
    assert lesions.sum() == chosen.sum()
    assert set(drawn.patient[lesions]) & set(drawn.patient[~lesions])


def test_what_is_fitted_inside_does_not_see_the_test_set(protocol):
    """The paper's filter may see it, that of the rung below may not."""
    drawn = plan.draw(cohort("null-twin", 20), 0)
    rungs = ladder.protocols(protocol)
    chosen = paper.held_out(drawn, protocol, np.random.default_rng(7))
    changed = drawn.features.copy()
    # All features of the test set become one: whoever looks at them keeps fewer.
    changed[chosen] = 50 * changed[chosen][:, :1]
    other = replace(drawn, features=changed)
    seen = {name: len(paper.importance(other, rungs[name], 7)) for name in ("patients", "inside")}
    assert seen["inside"] == 23 and seen["patients"] < 23


def test_lesions_on_both_sides_inflate_what_patients_do_not(protocol):
    corrected = read_corrected(PARAMETERS)
    found = [ladder.climb(plan.draw(cohort("null-twin", 20), number), protocol, corrected,
                          protocol.models, number) for number in range(3)]
    by = {(row["rung"], row["model"], row["unit"]): [] for row in found[0]}
    for rows in found:
        for row in rows:
            by[row["rung"], row["model"], row["unit"]].append(row["AUC"])
    mean = {key: np.mean(values) for key, values in by.items()}
    assert mean["lesions", ladder.BEST, "lesion"] > 0.85
    assert mean["patients", "KNN", "lesion"] < 0.75 < mean["lesions", "KNN", "lesion"]
    assert 0.3 < mean["folds", "LR", "patient"] < 0.7
    for rung in list(ladder.RUNGS)[:4]:
        assert mean[rung, ladder.BEST, "lesion"] >= max(
            value for key, value in mean.items() if key[0] == rung)
    assert mean["named", "LR", "lesion"] == mean["inside", "LR", "lesion"]


def test_tuning_searches_the_grid_on_training_lesions():
    random = np.random.default_rng(1)
    label = np.arange(80) % 2
    rows = random.normal(size=(80, 2)) + 0.8 * label[:, None]
    model = Model({}, {"n_neighbors": (1, 15)})
    assert paper.fitted("KNN", model, (rows, label), 5, 1).n_neighbors == 15
    assert paper.fitted("KNN", model, (rows, label), 0, 1).n_neighbors == 5


def test_each_part_may_be_scaled_by_itself():
    learn, answer = (np.arange(6.0)[:, None], None), (np.arange(10.0, 14.0)[:, None], None)
    apart = paper.scaled(learn, answer, True)[1][0]
    together = paper.scaled(learn, answer, False)[1][0]
    assert apart.mean() == pytest.approx(0)
    assert together.mean() == pytest.approx((11.5 - 2.5) / np.arange(6.0).std())


def test_every_preset_and_arm_can_be_read():
    assert list(arms(PARAMETERS)) == ["null-twin", "planted", "shortcut"]
    assert isinstance(read_paper(PARAMETERS), Paper) and read_preset(PARAMETERS).seed == 2023
    assert isinstance(plan.draw(read_synthetic(PARAMETERS, "planted"), 0), Lesions)


@pytest.mark.parametrize("old, new, said", [
    ("preset: demo", "preset: small", "synthetic.preset"),
    ("planted: {amplitude: 0.5}", "planted: {shape: 0.5}", "synthetic.arms.planted"),
    ("patients: {colorectal: 24, pancreatic: 16}", "patients: {colorectal: 24, pancreatic: 7}",
     "at least 8 of each class"),
    ("patients: {colorectal: 24, pancreatic: 16}", "patients: {colorectal: 24}", "patients"),
    ("filter_rows: all", "filter_rows: some", "synthetic.paper.filter_rows"),
    ("loading: 0.9", "loading: 0", "synthetic.loading|synthetic.plan.loading"),
    ("rejection_seeds: 1", "rejection_seeds: 0", "greatest_permutations"),
    ("ladder_cohorts: {null-twin: 16, planted: 8,", "ladder_cohorts: {planted: 8,", "ladder_cohorts")])
def test_bad_parameters_are_one_line(tmp_path, old, new, said):
    text = (PARAMETERS / "synthetic.yaml").read_text()
    assert old in text
    (tmp_path / "synthetic.yaml").write_text(text.replace(old, new))
    with pytest.raises(InputError, match=said) as caught:
        read_synthetic(tmp_path, "planted")
    assert "\n" not in str(caught.value)


def test_an_arm_that_is_not_there_is_one_line():
    with pytest.raises(InputError, match="--arm.*valid: null-twin, planted, shortcut"):
        read_synthetic(PARAMETERS, "none")
