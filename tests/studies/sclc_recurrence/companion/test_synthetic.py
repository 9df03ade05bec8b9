"""The synthetic cohort holds what is planted in it, and the protocols are what they are said to be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section
from stages.survival import compare, events, regions
from stages.survival.analyse import Settings
from studies.sclc_recurrence import partition
from studies.sclc_recurrence.synthetic import (
    cohort,
    inflation,
    ladder,
    planted,
    protocols,
    rejections,
    settings,
    truth,
)

PARAMS = Path(__file__).resolve().parents[4] / "studies/sclc_recurrence/params"


@pytest.fixture(scope="module")
def config():
    return section(PARAMS, "synthetic.cohort", settings.Cohort)


@pytest.fixture(scope="module")
def small():
    found = settings.preset(PARAMS)
    return replace(found, elimination_trees=2, trees=(3,), depths=(2,), folds=2, grid_folds=2,
                   outer_folds=2, seeds=3, nested_seeds=2, replicates=3, permutations=5)


@pytest.fixture(scope="module")
def survival():
    return section(PARAMS, "survival", Settings)


@pytest.fixture(scope="module")
def many(config):
    arm = config.arms["planted"]
    people = cohort.patients(config, True, 6000, np.random.default_rng(1))
    return people, *cohort.outcome(config, arm, people, np.random.default_rng(2))


def test_the_planted_hazard_ratios_are_found(config, many):
    people, time, kind, _ = many
    planted = config.arms["planted"].hazard_ratios
    found = compare.cox(time, kind == events.RELAPSE, people.table[[*planted]])["hazard_ratio"]
    for name, ratio in planted.items():
        assert found[name]["low"] < ratio < found[name]["high"] < 1.25 * ratio


def test_the_planted_ratio_by_station_is_found(config, many):
    people, _, kind, back = many
    relapsed = kind == events.RELAPSE
    there, came = people.affected[relapsed], back[relapsed]
    counts = np.stack([there.sum(0), (there & came).sum(0), (~there).sum(0), (~there & came).sum(0)], 1)
    assert regions.risk_ratio(counts) == pytest.approx(4, rel=0.08)
    assert not back[~relapsed].any()


def test_the_cohort_is_like_the_papers(config):
    relapses, follow_up = [], []
    for seed in range(20):
        arm, people = cohort.drawn(config, "planted")
        time, kind, _ = cohort.outcome(config, arm, people, np.random.default_rng(seed))
        relapses.append((kind == events.RELAPSE).sum())
        follow_up.append(np.median(np.minimum(people.seen, np.random.default_rng(seed).exponential(
            1 / config.lost_monthly, len(time)))))
    # 94 relapses of 180, 36 months. Source: paper, Results.
    assert 84 < np.mean(relapses) < 104 and 28 < np.mean(follow_up) < 44


def test_the_parameters_are_redundant_as_by_definition(config):
    _, people = cohort.drawn(config, "null")
    x = people.parameters
    assert x.shape == (180, 110) and np.isfinite(x).all()
    first, rest = x[:, :32], x[:, 32:64] + x[:, 64:96]
    np.testing.assert_allclose(first, rest, atol=1e-12)
    assert np.linalg.matrix_rank(x) <= 78
    low, high = config.pixel.low, config.pixel.high
    pixel = x[:, ladder.PIXEL]
    assert low <= pixel.min() < pixel.max() <= high
    # Voxels times their volume are the ml that the corrected protocol takes.
    np.testing.assert_allclose(x[:, 96] * pixel**2 * config.slice_mm / 1000, people.ml[:, 0])
    seen = ladder.features(x, people.ml, x[:, :2])
    assert seen.clean.shape == (180, 109) and (seen.clean[:, -2:] == people.ml).all()
    assert not any((seen.clean == pixel[:, None]).all(axis=0))


def test_only_the_shortcut_lets_the_pixel_tell_who_was_seen_long(config):
    for name, linked in (("null", False), ("shortcut", True)):
        arm, people = cohort.drawn(config, name)
        tied = np.corrcoef(people.parameters[:, ladder.PIXEL], people.seen)[0, 1]
        assert (tied > 0.9) if linked else (abs(tied) < 0.2)
        found = truth.answers(config, arm, name, 36)
        assert found["auc"] == 0.5 and found["seen"] > 0.6


def test_right_answers_by_another_way(config, many):
    people, *_ = many
    arm = config.arms["planted"]
    hazard = cohort.hazard(config, arm, people.table)
    random = np.random.default_rng(3)
    relapse = random.exponential(1 / hazard)
    case = (relapse <= 36) & (relapse < random.exponential(1 / config.death_monthly, len(hazard)))
    better = hazard[case][:, None] > hazard[~case]
    drawn = (better + 0.5 * (hazard[case][:, None] == hazard[~case])).mean()
    assert truth.answers(config, arm, "planted", 36)["auc"] == pytest.approx(drawn, abs=0.02)


def test_selection_on_all_rows_sees_the_held_out_ones(small, monkeypatch):
    random = np.random.default_rng(0)
    x, y = random.standard_normal((40, 30)), np.arange(40) % 2 == 1
    seen = []
    choose = protocols.select
    monkeypatch.setattr(protocols, "select", lambda x, *rest: seen.append(len(x)) or choose(x, *rest))
    for everywhere in (True, False):
        assert protocols.one_split(x, y, small, 0, everywhere).kept.sum() == 27
    protocols.nested(x, y, np.where(np.arange(40) < 4, 0, 1.0), small, 0)
    assert seen[:2] == [40, 32] and sum(seen[2:]) == 36


def test_nothing_is_kept_that_goes_with_an_earlier_feature(small):
    random = np.random.default_rng(1)
    x = random.standard_normal((60, 35))
    x[:, 34], x[:, 33] = x[:, 0] * 2, 1.0
    y = random.random(60) < 0.5
    found = protocols.select(x, y, small, 0)
    assert len(found) == 27 and 34 not in found and 33 not in found


def test_a_feature_that_decides_is_kept_and_found(small):
    random = np.random.default_rng(2)
    x = random.standard_normal((80, 40))
    y = x[:, 17] > 0
    one = protocols.nested(x, y, np.ones(80), replace(small, trees=(25,), elimination_trees=10), 0)
    assert one.kept[17] == 1 and one.auc > 0.8


def test_a_ladder_and_rejections_have_every_rung(config, small, survival, capsys):
    found = ladder.derive(config, "shortcut", small, survival, 0.77)
    assert [rung["name"] for rung in found["rungs"]] == list(ladder.RUNGS)
    assert [rung["seeds"] for rung in found["rungs"]] == [3, 3, 2, 2, 2, 3]
    assert all(0 <= value <= 1 for rung in found["rungs"] for value in rung["auc"]["values"])
    assert "pixel" in found["rungs"][0] and "pixel" not in found["rungs"][3]
    done = rejections.derive(config, "null", small, survival)
    assert len(done["P"]) == 3 and all(p >= 1 / 6 for p in done["P"]) and done["rejected"]["of"] == 3


def test_what_is_added_is_the_difference_of_each_split(config, small):
    found = inflation.derive(config, small, inflation.Inflation(3, 2, (3,)), 0.77)
    both = [found[name]["values"] for name in ("all_rows", "training_rows", "added")]
    np.testing.assert_allclose(np.subtract(both[0], both[1]), both[2])
    assert len(both[2]) == found["draws"] == 3 and found["arm"] == "null"


def test_planted_curves_start_at_one_and_part_where_a_ratio_is_planted(config, survival):
    null, real = (planted.derive(config, name, survival) for name in ("null", "planted"))
    for found in (null, real):
        assert found["control"]["0"][0] == found["control"]["1"][0] == 1
    place = list(real["months"]).index(survival.months)
    assert null["control"]["0"][place] == pytest.approx(null["control"]["1"][place])
    assert real["control"]["0"][place] > real["control"]["1"][place] + 0.1


def test_tables_of_an_arm_are_the_same_twice_and_can_be_analysed(tmp_path, monkeypatch):
    for folder in ("one", "two"):
        monkeypatch.setattr("sys.argv", ["cohort", "--params", str(PARAMS), "--arm", "planted", "--out",
                                         str(tmp_path / folder)])
        cli.main(cohort.stage)
    for name in ("events.csv", "regions.csv", "parameters.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    found, _ = events.read(tmp_path / "one" / "events.csv")
    assert len(regions.read(tmp_path / "one" / "regions.csv", found.patient)) == 180 * 16
    table = canonical.read_csv(tmp_path / "one" / "parameters.csv", (*partition.NAMES, "ctv_ml"))
    assert len(table) == 180


def test_an_unknown_arm_or_preset_is_refused(config, tmp_path):
    with pytest.raises(InputError, match="unknown arm 'none'; .*null, planted, shortcut"):
        cohort.drawn(config, "none")
    text = (PARAMS / "synthetic.yaml").read_text().replace("preset: demo", "preset: huge")
    (tmp_path / "synthetic.yaml").write_text(text)
    with pytest.raises(InputError, match="unknown preset 'huge'"):
        settings.preset(tmp_path)
