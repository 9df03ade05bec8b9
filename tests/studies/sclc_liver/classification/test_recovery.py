"""Both protocols on cohorts with known answers: effects found, none invented, a scanner betrayed."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.common import canonical
from studies.sclc_liver.recovery import examined, stage, summary, trial
from studies.sclc_liver.recovery.parameters import FEATURES, TWINS, read_recovery
from tests.studies.sclc_liver.recovery_cohorts import PARAMS, run, short

SETTINGS = read_recovery(PARAMS)


def cohort(twin, seed=1, patients=60):
    """Return 2 series of 2 studies of each patient; three scanners with features of their own."""
    generator = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), 2)
    scanner, study = patient % 3, np.repeat(np.arange(2 * patients), 2)
    latent, seen = generator.normal(size=(2, 2 * patients))
    if twin == "shortcut":
        latent = 0.9 * (scanner - 1) + 0.8 * latent
    elif twin == "planted":
        latent = seen + 0.5 * latent
    features = np.column_stack([1000 * seen, 50 * scanner + generator.normal(size=2 * patients),
                                generator.normal(size=(2 * patients, len(FEATURES) - 2))])
    oracle = {"planted": seen, "shortcut": 1.0 * scanner}.get(twin, np.zeros(2 * patients))
    return examined.Examined(study, patient, scanner, patient % 4 == 0, 0.2 * latent, oracle,
                             features[study] + 0.1 * generator.normal(size=(4 * patients,
                                                                            len(FEATURES))))


@pytest.fixture(scope="module")
def rules():
    return stage.rules_of(PARAMS, SETTINGS)


def test_protocols_find_what_is_planted_and_a_scanner_betrays_itself(rules):
    planted, null, tied = (trial.trial(cohort(name), rules) for name in TWINS)
    assert planted["corrected_P"] == 0.01 and planted["apart_AUC"] > 0.7
    assert planted["released_AUC"] > 0.7 and planted["released_low"] > 0.5
    assert planted["test_oracle_AUC"] > 0.8 and planted["ladder_patient"] > 0.7
    assert 0.35 < null["corrected_AUC"] < 0.65 and null["oracle_AUC"] == 0.5
    assert tied["corrected_P"] <= 0.05 and tied["corrected_AUC"] - tied["apart_AUC"] > 0.2


def test_a_cohort_of_one_class_is_not_tried(rules):
    one = cohort("planted")
    assert trial.trial(examined.Examined(**vars(one) | {"score": np.abs(one.score) + 0.1}),
                       rules) is None


def rows(**columns):
    count = len(next(iter(columns.values())))
    base = {name: np.full(count, 0.6) for name in stage.RESULTS}
    return pd.DataFrame({"kind": "labels", **base, **columns})


def test_the_summary_counts_power_luck_and_shortcuts():
    found = summary.summarise(rows(
        twin=["planted"] * 4 + ["shortcut"] * 4, effect=[0.7] * 4 + [0.0] * 4,
        corrected_AUC=[0.8, 0.8, 0.8, 0.6] + [0.8] * 4, apart_AUC=[0.8, 0.8, 0.8, 0.5] + [0.5] * 4,
        corrected_P=[0.01, 0.01, 0.05, 0.06] + [0.01] * 4,
        released_AUC=[0.7, np.nan, 0.5, 0.5] + [0.5] * 4, released_low=[0.6, np.nan, 0.4, 0.4]
        + [0.4] * 4, oracle_AUC=[0.7] * 8), SETTINGS)
    planted = found["groups"][0]
    assert planted["corrected"]["share"] == 0.75 and planted["luck"]["corrected"]["share"] == 0.75
    assert planted["released"]["found"] == 1 and planted["released"]["undefined"] == 1
    assert planted["luck"]["released"]["share"] == pytest.approx(1 / 3)
    assert found["shortcut"]["limit"] == pytest.approx(0.085)
    assert found["shortcut"]["found"]["share"] == 1 and found["shortcut"]["believed"]["share"] == 1


def test_the_stage_gives_the_same_bytes_again(tmp_path, monkeypatch):
    monkeypatch.setattr("stages.classification.workers.available", lambda: 1)
    params, kinds = short(tmp_path), [("labels", name) for name in TWINS]
    examined.write(tmp_path / "all.npz", [cohort(name, patients=60) for _, name in kinds])
    canonical.write_csv(tmp_path / "list.csv", pd.DataFrame(
        [(*kind, 0.7 if kind[1] == "planted" else 0.0, 0) for kind in kinds],
        columns=["kind", "twin", "effect", "set"]))
    canonical.write_json(tmp_path / "learnt.json", {"cohorts": 2})
    given = ["--params", params, "--cohorts", tmp_path / "all.npz", "--learnt",
             tmp_path / "learnt.json"]
    made = []
    for name in ("a", "b"):
        out = tmp_path / name
        run(monkeypatch, stage.stage, *given, "--list", tmp_path / "list.csv", "--sets",
            out / "sets.csv", "--summary", out / "all.json")
        made.append([(out / file).read_bytes() for file in ("sets.csv", "all.json")])
    assert made[0] == made[1]
    found = json.loads(made[0][1])
    assert len(found["groups"]) == 3 and found["drawn"] == {"cohorts": 2}
    assert not pd.read_csv(tmp_path / "a/sets.csv")["corrected_AUC"].isna().any()


def test_a_list_of_other_cohorts_is_one_line(tmp_path, monkeypatch, capsys):
    examined.write(tmp_path / "all.npz", [cohort("planted", patients=6)])
    canonical.write_csv(tmp_path / "list.csv", pd.DataFrame(
        {"kind": ["labels"] * 2, "twin": "planted", "effect": 0.7, "set": [0, 1]}))
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, stage.stage, "--params", PARAMS, "--cohorts", tmp_path / "all.npz", "--list",
            tmp_path / "list.csv", "--learnt", tmp_path / "x.json", "--sets", tmp_path / "s.csv",
            "--summary", tmp_path / "s.json")
    error = capsys.readouterr().err.strip()
    assert stop.value.code == 2 and "holds 1 cohorts" in error and "\n" not in error
    assert not (tmp_path / "s.csv").exists()
