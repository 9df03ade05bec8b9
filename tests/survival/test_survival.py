"""Time to relapse: against R, lifelines and values by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import AalenJohansenFitter, CoxPHFitter
from lifelines.utils import concordance_index

from stages.survival import compare, curves, events, predict, regions, ridge, scores

HERE = Path(__file__).parent
MODEL = predict.Model(penalty=0.1, folds=4, groups=3, draws=20, permutations=19, seed=1)


@pytest.fixture(scope="module")
def cohort():
    return events.read(HERE / "events.csv")


@pytest.fixture(scope="module")
def reference():
    table = pd.read_csv(HERE / "reference.csv")
    return {(row.what, row.name_): row.value for row in table.rename(columns={"name": "name_"})
            .itertuples()}


@pytest.fixture(scope="module")
def untied():
    random = np.random.default_rng(4)
    x = random.standard_normal((90, 3))
    time = random.exponential(30 / np.exp(0.7 * x[:, 0]))
    return x, time, random.choice(3, 90, p=[0.3, 0.5, 0.2])


@pytest.mark.parametrize("name", ["large", "stage"])
def test_log_rank_is_that_of_r(cohort, reference, name):
    found, table = cohort
    result = compare.log_rank(found.time, found.relapsed, table[name].to_numpy())
    assert result["chi_squared"] == pytest.approx(reference["log_rank", name], rel=1e-9)
    assert result["df"] == table[name].nunique() - 1


def test_cox_with_ties_is_that_of_r(cohort, reference):
    found, table = cohort
    fit = compare.cox(found.time, found.relapsed, table[["large", "dose", "stage"]])
    for name, row in fit["hazard_ratio"].items():
        for key, what in (("estimate", "hazard_ratio"), ("low", "low"), ("high", "high")):
            assert row[key] == pytest.approx(reference[what, name], rel=1e-7)
    assert fit["concordance"] == pytest.approx(reference["concordance", "all"], abs=1e-9)


def test_local_control_is_that_of_r(cohort, reference):
    found, _ = cohort
    value = curves.at(curves.kaplan_meier(found.time, found.relapsed), 24, 1.0)
    for key, name in (("estimate", "surv"), ("low", "lower"), ("high", "upper")):
        assert value[key] == pytest.approx(reference["control_24", name], rel=1e-9)


def test_incidence_beside_death_is_that_of_r(cohort, reference):
    found, _ = cohort
    value = curves.at(curves.incidence(found.time, found.kind, events.RELAPSE), 24, 0.0)
    assert value["estimate"] == pytest.approx(reference["incidence_24", "estimate"], rel=1e-9)
    # R has the infinitesimal jackknife's error; that of the delta method is near it.
    width = (value["high"] - value["low"]) / 2 / 1.96
    assert width == pytest.approx(reference["incidence_24", "error"], rel=0.1)
    apart = 1 - curves.at(curves.kaplan_meier(found.time, found.relapsed), 24, 1.0)["estimate"]
    assert value["estimate"] < apart  # who died cannot relapse


def test_incidence_without_ties_is_that_of_lifelines(untied):
    _, time, kind = untied
    fitted = AalenJohansenFitter().fit(time, kind, event_of_interest=1)
    ours = curves.incidence(time, kind, 1)
    theirs = fitted.cumulative_density_.reindex(ours["time"]).iloc[:, 0].to_numpy()
    np.testing.assert_allclose(ours["estimate"], theirs, rtol=1e-9)
    bounds = fitted.confidence_interval_.reindex(ours["time"]).to_numpy()
    inside = (ours["time"] < np.quantile(time, 0.9)) & (ours["estimate"] > 0)
    np.testing.assert_allclose(np.sort(bounds[inside], axis=1),
                               np.stack([ours["low"], ours["high"]], axis=1)[inside], rtol=1e-6)


def test_the_ridge_is_that_of_lifelines(untied):
    x, time, kind = untied
    z = predict.standardised(x, np.ones(len(x), bool))
    frame = pd.DataFrame(z).assign(time=time, event=kind == 1)
    theirs = CoxPHFitter(penalizer=0.1).fit(
        frame, "time", "event", fit_options=compare.EXACT).params_.to_numpy()
    shuffled = np.random.default_rng(1).permutation(len(x))
    # The standard deviation of lifelines has n - 1 below.
    both = ridge.fit(np.stack([z, z]), np.stack([time, time[shuffled]]),
                     np.stack([kind, kind[shuffled]]) == 1, 0.1 * 90 / 89)
    np.testing.assert_allclose(both[0], theirs, atol=1e-6)
    assert abs(both[1] - theirs).max() > 0.05


def test_concordance_is_that_of_lifelines(cohort, untied):
    x, time, kind = untied
    assert scores.concordance(time, kind, x[:, 0]) == pytest.approx(
        concordance_index(time, -x[:, 0], kind == 1))
    found, table = cohort
    risk = table["dose"].to_numpy()
    assert scores.concordance(found.time, found.kind, risk) == pytest.approx(
        concordance_index(found.time, -risk, found.relapsed))


def test_patients_who_left_are_stood_for():
    # Of four, one leaves at 10: the two who stay beyond 36 stand for three.
    time, kind = np.array([5.0, 10, 40, 50]), np.array([1, 0, 0, 1])
    case, weight = scores.weights(time, kind, 36)
    assert case.tolist() == [True, False, False, False]
    np.testing.assert_allclose(weight, [1, 0, 1.5, 1.5])
    # Without censoring before the time it is the plain AUC, whatever comes later; a death is a control.
    case, weight = scores.weights(np.array([5.0, 10, 40, 50]), np.array([1, 2, 0, 1]), 36)
    assert weight.tolist() == [1, 1, 1, 1]
    assert scores.area(case, weight, np.array([2.0, 1, 3, 0])) == pytest.approx(2 / 3)
    assert scores.brier(case, weight, np.full(4, 0.5)) == 0.25


def test_weights_mend_what_censoring_does():
    random = np.random.default_rng(2)
    risk = random.standard_normal(4000)
    relapse, leaves = random.exponential(40 / np.exp(risk)), random.uniform(0, 60, 4000)
    case, weight = scores.weights(np.minimum(relapse, leaves), (relapse <= leaves).astype(int), 36)
    truth = scores.area(relapse <= 36, np.ones(4000), risk)
    assert scores.area(case, weight, risk) == pytest.approx(truth, abs=0.02)
    assert weight.mean() == pytest.approx(1, abs=0.03)


def test_a_model_foretells_what_there_is_and_nothing_else(untied):
    x, time, _ = untied
    kind = (time < np.quantile(time, 0.8)).astype(int)
    value, p = predict.permutation(x, time, kind, MODEL, 3)
    assert value > 0.6 and p == 1 / 20
    order = np.random.default_rng(0).permutation(len(x))
    assert predict.permutation(x[order], time, kind, MODEL, 3)[1] > 0.05
    found = predict.assess(x, time, kind, MODEL, 24.0)
    assert found["brier"]["estimate"] < found["brier_constant"]["estimate"]
    rising = [group["observed"] for group in found["calibration"]]
    assert rising == sorted(rising)
    for name in ("concordance", "auc"):
        assert found[name]["low"] < found[name]["estimate"] < found[name]["high"]


def test_no_model_sees_the_patients_it_is_scored_on(untied):
    x, time, kind = untied
    part = predict.folds(len(x), 4, 0)
    before = predict.out_of_fold(x, time[None], kind[None], part, 0.1)[0]
    changed = np.where(part == 0, time[::-1], time), np.where(part == 0, kind[::-1], kind)
    after = predict.out_of_fold(x, changed[0][None], changed[1][None], part, 0.1)[0]
    np.testing.assert_array_equal(after[part == 0], before[part == 0])
    assert (after[part == 1] != before[part == 1]).all()


def test_regions_count_patients():
    rows = [(p, r, a, b, 0.5 * b) for p, r, a, b in (
        ("1", "7", 1, 1), ("2", "7", 1, 0), ("3", "7", 0, 1), ("4", "7", 0, 0), ("1", "5", 0, 0),
        ("2", "5", 0, 0), ("3", "5", 0, 0), ("4", "5", 0, 0))]
    table = pd.DataFrame(rows, columns=regions.COLUMNS)
    first, second = regions.by_region(table)
    assert (first["risk_affected"]["count"], first["risk_affected"]["of"]) == (1, 2)
    assert (first["risk_free"]["of"], first["reversed"]["of"], first["relapses"]) == (2, 2, 2)
    assert first["share"] == {"mean": 0.5, "min": 0.5, "max": 0.5}
    assert second["risk_affected"]["share"] is None and second["share"]["mean"] is None
    assert regions.pooled(table, 10, 0)["estimate"] == 1
