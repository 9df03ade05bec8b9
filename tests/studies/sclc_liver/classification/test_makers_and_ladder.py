"""ComBat as neuroCombat has it, learnt in the fold; makers held out; the ladder without effect."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.classification import data
from stages.classification.leakage_ladder import RUNGS
from stages.classification.parameters import Leakage, Seeds, Selection
from stages.common.columns import LABEL, PATIENT, SCORE, STUDY
from stages.common.errors import InputError
from studies.sclc_liver.nested import combat, ladder, linear, makers
from studies.sclc_liver.nested.inputs import examinations
from studies.sclc_liver.nested.outcomes import one_way
from studies.sclc_liver.nested.parameters import Ladder, Nested
from studies.sclc_liver.parameters import Repeats
from studies.sclc_liver.penalty import largest_penalty
from tests.studies.sclc_liver.classification.combat_reference import NEW

REFERENCE = Path(__file__).with_name("combat_reference.csv")
SETTINGS = Nested(5, 3, Repeats(1, 2), (0.01, 1.0, 100.0, 1e5), 19, 2, 1, 0.95)
LADDER = Ladder({"solver": "newton-cholesky", "C": 3, "max_iter": 1000, "tol": 1e-8}, 80,
                Repeats(1, 1), 0.05, 0.95, 1)
CLIMB = ladder.Settings(LADDER, Leakage(Seeds(1, 1), 5, 0.2, 10), Selection(0.02, SCORE))


@pytest.fixture(scope="module")
def cohort():
    """60 series of 30 examinations of 15 patients; a third of the series is of another batch."""
    generator = np.random.default_rng(4)
    study = np.repeat(np.arange(30), 2)
    batch = (study // 2 % 3 == 0).astype(int)
    features = generator.normal(size=(60, 8)) * np.where(batch, 3.0, 1.0)[:, None]
    return combat.Harmonised(features + 50 * batch[:, None], study, np.arange(30) // 2, batch)


def label_of(cohort, seed=1):
    return np.random.default_rng(seed).permutation(np.arange(len(cohort.patient)) % 2)[:, None] * 1.0


def test_combat_is_that_of_neurocombat_and_of_its_adjustment_of_new_rows():
    table = pd.read_csv(REFERENCE)
    raw, wanted = (table.filter(like=kind).to_numpy() for kind in ("raw", "adjusted"))
    batch = table["batch"].to_numpy()
    learnt = combat.learn(raw[:-NEW], batch[:-NEW])
    found = learnt.apply(raw, batch)
    # neuroCombat stops at a change of 1e-4.
    assert np.abs((found - wanted) / learnt.scale).max() < 2e-5
    assert np.abs((raw - wanted) / learnt.scale).max() > 1


def test_what_is_held_out_teaches_nothing(cohort):
    inside, outside = np.arange(24), np.arange(24, 30)
    penalties = np.array([1.0])
    changed = cohort.features.copy()
    changed[cohort.study >= 24] *= 7.0
    learn = np.isin(cohort.study, inside)
    for features in (cohort.features, changed):
        same = replace(cohort, features=features).prepared(learn, ~learn)[0]
        assert same == pytest.approx(cohort.prepared(learn, ~learn)[0])
    # The features of held-out series reach their own predictions alone.
    one = linear.hats(cohort, inside, outside, penalties)
    other = linear.hats(replace(cohort, features=changed), inside, outside, penalties)
    assert one.shape == other.shape and not np.allclose(one, other)


def test_harmonised_batches_have_one_location_and_scale(cohort):
    whole = np.ones(60, dtype=bool)
    found = cohort.prepared(whole, whole)[0]
    for one, other in ((np.mean, 0.6), (np.std, 0.3)):
        low, high = (one(found[cohort.batch == name], axis=0) for name in (0, 1))
        assert np.abs(low - high).max() < other * found.std()
    assert np.abs(np.mean(cohort.features[cohort.batch == 1]) - np.mean(
        cohort.features[cohort.batch == 0])) > 40


def test_a_constant_feature_and_a_batch_that_is_not_there_stay_as_they_are(cohort):
    features, batch = cohort.features.copy(), cohort.batch.copy()
    features[:, 2] = 7.0
    learnt = combat.learn(features, batch)
    assert (learnt.apply(features, batch)[:, 2] == 7.0).all()
    assert (learnt.apply(features, np.full(60, 9)) == features).all()
    lone = np.where(np.arange(60) == 0, 5, batch)
    assert combat.learn(features, lone).batches.tolist() == [0, 1]
    assert not len(combat.learn(features, np.zeros(60)).batches)
    with pytest.raises(InputError, match="fewer than two features vary"):
        combat.learn(features[:, 2:3], batch)


def test_a_batch_in_no_training_is_counted(cohort):
    rare = replace(cohort, batch=(cohort.study == 7).astype(int))
    assert makers.unlearnt(rare, SETTINGS) == SETTINGS.seeds.count
    assert makers.unlearnt(cohort, SETTINGS) == 0


def test_a_maker_is_held_out_with_all_its_patients(cohort):
    own = np.zeros(30, dtype=bool)
    own[[0, 5, 6, 7, 20]] = True
    fold = makers.apart(cohort, own, SETTINGS, 1)
    assert fold.outside.tolist() == np.flatnonzero(own).tolist()
    assert not set(cohort.patient[fold.inside]) & set(cohort.patient[own])
    for part in fold.inner:
        assert set(part.inside) | set(part.outside) == set(fold.inside)
    assert makers.apart(cohort, np.ones(30, dtype=bool), SETTINGS, 1) is None


def test_one_class_is_undefined_and_said_so(cohort):
    own = np.arange(30) < 6
    labels = np.column_stack([np.ones(30), own, ~own, label_of(cohort)[:, 0]]).astype(float)
    found = makers.transferred(cohort, own, labels, SETTINGS, [1])
    assert np.isnan(found[:3]).all() and 0 <= found[3] <= 1
    null, without = np.array([0.5, np.nan, 0.6]), np.array([0.5, 0.6])
    assert makers.tested(np.nan, without, null, 0.95)["AUC"] is None
    assert makers.tested(0.7, np.array([np.nan, 0.6]), null, 0.95)["P"] is None
    said = makers.tested(0.55, without, null, 0.95)
    assert said["deals"] == 2 and said["P"] == pytest.approx(2 / 3)


def test_a_shift_between_batches_that_hides_an_effect_is_taken_away():
    generator = np.random.default_rng(8)
    patient = np.arange(60)
    batch = patient % 2
    label = (generator.random(60) < 0.5).astype(float)[:, None]
    features = np.column_stack([label[:, 0] + 0.7 * generator.normal(size=60) + 40 * batch,
                                generator.normal(size=(60, 6))])
    plain = linear.Cohort(features, patient, patient)
    harmonised = combat.Harmonised(features, patient, patient, batch)
    before, after = (linear.statistic(one, label, SETTINGS, [1, 2])[0]
                     for one in (plain, harmonised))
    assert after > 0.7 > before + 0.1


def test_too_few_patients_or_one_class_stop_with_one_line(cohort, table):
    few = linear.Cohort(cohort.features[:8], cohort.study[:8], cohort.patient[:4])
    with pytest.raises(InputError, match="2 patients cannot make 5 folds"):
        next(linear.folds(few, SETTINGS, 1))
    three = linear.Cohort(cohort.features[:12], cohort.study[:12], cohort.patient[:6])
    with pytest.raises(InputError, match="3 patients cannot make 3 folds with 2 inner ones"):
        for seed in range(20):
            list(linear.folds(three, replace(SETTINGS, folds=3, inner_folds=2), seed))
    with pytest.raises(InputError, match="fewer than two classes"):
        examinations(table.assign(**{
            LABEL: 0, "diagnostics_Mask-original_VoxelNum": 9,
            "diagnostics_Mask-original_Spacing": "(1.0, 1.0, 1.0)",
            "diagnostics_Image-original_Minimum": -1024}), "table.csv", 0.75)


def made_up(seed, patients=40):
    """Every series twice, two examinations of each patient, features that cling to patients."""
    generator = np.random.default_rng(seed)
    study = np.repeat(np.arange(2 * patients), 2)
    of_patient = generator.normal(size=(patients, 30))
    values = of_patient[study // 2] + generator.normal(size=(2 * patients, 30))[study]
    score = generator.normal(size=2 * patients)[study]
    return data.Split(study.astype(str), np.array([f"s{one:03d}" for one in study]),
                      np.array([f"p{one // 2:02d}" for one in study]),
                      pd.DataFrame(values).rename(columns=str), score, (score > 0).astype(int))


def studies_of(split):
    first = np.unique(split.studies, return_index=True)[1]
    return pd.DataFrame({PATIENT: split.patients[first], STUDY: split.studies[first],
                         SCORE: split.score[first], "positive": split.label[first]})


def test_without_effect_leakage_is_told_apart_from_bias_and_the_last_rung_keeps_its_level():
    split = made_up(1)
    table = studies_of(split)
    sets = ladder.simulated(split, table, LADDER.null_sets, 0, LADDER)
    assert {int(one.label[::2].sum()) for one in sets} == {int(table["positive"].sum())}
    null = np.array([ladder.climb(one, CLIMB) for one in sets])
    found = ladder.summarise(null[0], null, LADDER)
    first, last = (found["rungs"][name] for name in (RUNGS[0], RUNGS[-1]))
    assert first["leakage"] > 0.1 and last["leakage"] == 0
    assert abs(last["bias"]) < 0.05
    assert first["found_without_effect"]["share"] > 0.5
    kept = last["found_without_effect"]
    # The limit is itself that of 40 data sets.
    assert kept["tried"] == 40 and abs(kept["share"] - LADDER.level) < 0.2


def test_what_cannot_be_climbed_is_counted():
    null = np.full((100, len(RUNGS)), 0.5) + np.random.default_rng(1).normal(size=(100, 4)) / 100
    null[3, 1] = np.nan
    found = ladder.summarise(np.full(4, 0.7), null, LADDER)
    assert found["undefined"] == 1 and found["null_sets"] == 100
    first = found["rungs"]["series"]
    assert first["P"] == pytest.approx(1 / 100)
    assert first["high"] - first["low"] == pytest.approx(2 * 1.96 * first["null"]["sd"], rel=1e-3)
    for real, sets in ((np.full(4, np.nan), null), (np.full(4, 0.7), null * np.nan)):
        with pytest.raises(InputError, match="without effect, or the real one, keep no feature"):
            ladder.summarise(real, sets, LADDER)
    split = made_up(2)
    none = ladder.climb(split, replace(CLIMB, selection=Selection(9.0, SCORE)))
    assert np.isnan(none).all()
    constant = replace(split, features=split.features * 0)
    assert np.isnan(ladder._area(constant, constant, ["0", "1"], LADDER.model))
    one = replace(split, label=np.ones_like(split.label))
    assert np.isnan(ladder._area(split, one, ["0", "1"], LADDER.model))


@pytest.mark.parametrize("groups", [[0, 0, 0], [0, 1, 2]])
def test_likeness_without_patients_of_two_is_refused(groups):
    with pytest.raises(InputError, match="likeness within patients cannot be told"):
        one_way(np.array([0.1, 0.2, 0.4]), np.array(groups))


def test_the_largest_penalty_is_the_first_that_keeps_nothing():
    from sklearn.linear_model import Lasso
    generator = np.random.default_rng(3)
    features, label = generator.normal(size=(40, 6)) + 5, generator.normal(size=40)
    largest = largest_penalty(features, label)
    assert not Lasso(alpha=largest * 1.0001).fit(features, label).coef_.any()
    assert Lasso(alpha=largest * 0.999).fit(features, label).coef_.any()
