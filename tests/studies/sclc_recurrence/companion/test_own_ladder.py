"""The ladder on a group's own tables: as on the synthetic ones, and beside outcomes dealt anew."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.common import cli
from stages.survival.events import CENSORED, RELAPSE, Events
from studies.sclc_recurrence.synthetic import cohort, ladder, own_ladder, settings

PARAMS = Path(__file__).resolve().parents[4] / "studies/sclc_recurrence/params"
TINY = {"elimination_trees": 2, "trees": [3], "depths": [2], "folds": 2, "grid_folds": 2,
        "outer_folds": 2, "seeds": 2, "nested_seeds": 1}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Return a folder with tables of 60 patients and parameters of a small size."""
    folder = tmp_path_factory.mktemp("own")
    config = own_ladder.section(PARAMS, "synthetic.cohort", settings.Cohort)
    people = cohort.patients(config, True, 60, np.random.default_rng(0))
    time, kind, _ = cohort.outcome(config, config.arms["planted"], people, np.random.default_rng(1))
    names = people.table["patient"]
    people.table.assign(time=time, event=(kind == 1).astype(int), death=(kind == 2).astype(int)).to_csv(
        folder / "events.csv", index=False)
    # Another order than that of the events.
    pd.DataFrame(people.parameters, columns=own_ladder.partition.NAMES).assign(
        ctv_ml=people.ml[:, 0], gtvnd_ml=people.ml[:, 1], patient=names).iloc[::-1].to_csv(
        folder / "parameters.csv", index=False)
    content = yaml.safe_load((PARAMS / "synthetic.yaml").read_text())
    content["synthetic"]["presets"]["demo"] |= TINY
    (folder / "params").mkdir()
    (folder / "params/synthetic.yaml").write_text(yaml.safe_dump(content))
    (folder / "params/survival.yaml").write_text((PARAMS / "survival.yaml").read_text())
    return folder


def called(monkeypatch, folder, out):
    monkeypatch.setattr("sys.argv", ["own_ladder", "--params", str(folder / "params"), "--parameters",
                                     str(folder / "parameters.csv"), "--events",
                                     str(folder / "events.csv"), "--out", str(out)])
    cli.main(own_ladder.stage)


def test_the_rungs_are_those_of_the_synthetic_ladder(own, monkeypatch, tmp_path):
    for name in ("one.json", "two.json"):
        called(monkeypatch, own, tmp_path / name)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    found = json.loads((tmp_path / "one.json").read_text())
    assert [rung["name"] for rung in found["rungs"]] == list(ladder.RUNGS)
    assert [rung["given"]["seeds"] for rung in found["rungs"]] == [2, 2, 1, 1, 1, 2]
    table = pd.read_csv(own / "events.csv")
    survival = own_ladder.section(PARAMS, "survival", own_ladder.Settings)
    parameters = pd.read_csv(own / "parameters.csv").set_index("patient").loc[table["patient"]]
    seen = ladder.features(parameters[list(own_ladder.partition.NAMES)].to_numpy(float),
                           parameters[["ctv_ml", "gtvnd_ml"]].to_numpy(float),
                           table[list(survival.covariates)].to_numpy(float))
    kind = np.where(table["event"] == 1, 1, np.where(table["death"] == 1, 2, 0))
    direct = ladder.climb(seen, table["time"].to_numpy(), kind, settings.preset(own / "params"),
                          survival, 0)
    for rung in found["rungs"][2:5]:
        auc = direct[rung["name"]]["auc"]
        assert rung["given"]["auc"]["mean"] == auc != rung["dealt"]["auc"]["mean"]


def test_what_the_features_tell_is_in_the_given_outcomes_alone():
    random = np.random.default_rng(3)
    n = 120
    names = own_ladder.partition.NAMES
    x = random.standard_normal((n, len(names)))
    tells = x[:, 4] > 0
    events = Events(np.arange(n).astype(str), np.where(tells, 5.0, 60.0) + random.random(n),
                    np.where(tells, RELAPSE, CENSORED))
    preset = settings.preset(PARAMS)
    preset = own_ladder.settings.Preset(**{**vars(preset), **{
        key: tuple(value) if isinstance(value, list) else value for key, value in TINY.items()},
        "elimination_trees": 10, "trees": (20,), "seeds": 1})
    survival = own_ladder.section(PARAMS, "survival", own_ladder.Settings)
    seen = ladder.features(x, random.random((n, 2)), x[:, 3:6])
    for rung in own_ladder.derive(seen, events, preset, survival)["rungs"]:
        assert rung["given"]["auc"]["mean"] > 0.9
        # Selection on all rows raises the paper's rung even here.
        assert rung["name"] == "all_rows" or rung["dealt"]["auc"]["mean"] < 0.75


def changed(name, change):
    def write(folder):
        table = pd.read_csv(folder / f"{name}.csv", dtype={"patient": str})
        change(table).to_csv(folder / f"{name}.csv", index=False)
    return write


@pytest.mark.parametrize("write, words", [
    (changed("parameters", lambda table: table.iloc[1:]), "has events and no parameters"),
    (changed("events", lambda table: table.iloc[1:]), "has parameters and no events"),
    (changed("parameters", lambda table: pd.concat([table, table.iloc[:1]])), "stands twice"),
    (changed("parameters", lambda table: table.assign(RctvLN3=[*table["RctvLN3"][1:], None])),
     "'RctvLN3' is no number"),
    (changed("events", lambda table: table.assign(event=[1] * 59 + [0])), "without a relapse"),
    (changed("events", lambda table: table.assign(time=5.0)), "to 36 months"),
    (changed("events", lambda table: table.drop(columns="smoker")), "lacks the column smoker"),
    (changed("events", lambda table: table.assign(time=[0.0, *table["time"][1:]])), "above zero"),
    (changed("events", lambda table: table.assign(time=[None, *table["time"][1:]],
                                                  event=[1, *table["event"][1:]])),
     "an event without a time")])
def test_tables_that_cannot_be_used_are_one_line(own, tmp_path, monkeypatch, capsys, write, words):
    for path in own.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "params").symlink_to(own / "params")
    write(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        called(monkeypatch, tmp_path, tmp_path / "out.json")
    said = capsys.readouterr().err
    assert stopped.value.code == 2 and words in said and said.count("\n") == 1
    assert not (tmp_path / "out.json").exists()
