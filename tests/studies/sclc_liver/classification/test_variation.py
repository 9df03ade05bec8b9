"""Variations change what they say and nothing else; the sweep gives the same bytes twice."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.classification import data, weights
from stages.classification.scores import METRICS
from stages.classification.train import summary, train
from stages.classification.train import test_of_folds as scores_of_folds
from stages.common import canonical
from stages.common.done import Record
from stages.common.errors import InputError
from studies.sclc_liver import design, forest, kernels, sensitivity
from studies.sclc_liver.parameters import read_sensitivity
from studies.sclc_liver.variation import Settings, Variation, flatten, jitter, measure, reorder
from tests.parameters import whole

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def small(tmp_path, table):
    """Quick parameters, a table and selected features in files."""
    content = whole()
    content["classification"]["search"]["count"] = 2
    content["classification"]["configurations"] = {name: {"model": name}
                                                   for name in ("LR", "RF", "XGB")}
    content["classification"]["protocols"]["as-released"]["models"]["RF"]["n_estimators"] = 5
    content["classification"]["bootstrap"]["samples"] = 50
    content["sensitivity"] |= {
        "kernels": ["Haswell"], "machine_kernels": [], "threads": [1, 2], "permutations": 0,
        "noises": 1, "booster": {"permutations": 1},
        "forest": {"permutations": 0, "noises": 1, "witnesses": 2},
        "search": {"releases": ["r"], "noises": 0, "permutations": 0, "witnesses": 1}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    canonical.write_csv(tmp_path / "table.csv", table)
    canonical.write_csv(tmp_path / "selected.csv", pd.DataFrame({"feature": table.columns[:4]}))
    return tmp_path


def test_noise_moves_by_one_unit_in_the_last_place_at_most():
    values = np.array([[1.0, -3e9], [0.1, 1e-300]] * 50)
    moved = jitter(values, 1, 7)
    lower, upper = np.nextafter(values, -np.inf), np.nextafter(values, np.inf)
    assert np.isin((moved == lower) | (moved == upper) | (moved == values), True).all()
    assert 0.5 < (moved != values).mean() < 0.8
    assert (moved != jitter(values, 2, 7)).any() and (moved == jitter(values, 1, 7)).all()
    assert jitter(values, 0, 7) is values


def test_orders_hold_the_same_features():
    names = [f"f{number}" for number in range(30)]
    found = [reorder(names, order, 5)
             for order in ("released", "reversed", "sorted", "permuted-1", "permuted-2")]
    assert all(sorted(order) == sorted(names) for order in found)
    assert len({tuple(order) for order in found}) == 5


def test_design_has_enough_variations_of_every_kind():
    settings = read_sensitivity(ROOT / "studies/sclc_liver/params")
    searches = Counter()
    # What the OpenBLAS of each environment was built with.
    for available in (list(settings.kernels), ["Haswell", "Sandybridge", "Nehalem", "Prescott"]):
        variations = design.variations(settings, available, ["2025-06", "2025-08"])
        assert len(set(variations)) == len(variations)
        for release in ("2025-06", "2025-08"):
            count = Counter(item.task for item in variations if item.release == release)
            assert min(count["linear"], count["booster"] + count["shotgun"], count["forest"]) >= 60
            assert (count["search-LR"] > 0) == (release in settings.search.releases)
            searches += count
        for task in ("linear", "forest"):
            assert {item.kernel for item in variations if item.task == task} == set(available)
            assert {i.threads for i in variations if i.task == task} == set(settings.threads)
        together = [item for group in design.jobs(variations) for item in group]
        assert sorted(together, key=str) == sorted(variations, key=str)
        first, confirmed = design.phases(variations)
        assert sorted(first + confirmed, key=str) == sorted(variations, key=str)
        whole = Counter(item.task for item in first)
        assert whole["forest"] == 2 * (3 + settings.forest.permutations + settings.forest.noises)
        assert whole["search-RF"] == 3
        assert {item.task for item in confirmed} == {"forest", "search-RF"}
    # The search takes long: both environments together have enough.
    assert min(searches[f"search-{model}"] for model in ("LR", "RF", "XGB")) >= 60


def outcome(small, table, variation, known=None):
    return measure(table, list(table.columns[:4]), variation, Settings.read(small / "params.yaml"),
                   known)


@pytest.mark.parametrize("task, name", [("linear", "LR"), ("shotgun", "XGB"), ("forest", "RF")])
def test_an_unchanged_variation_is_the_released_analysis(small, table, task, name):
    settings = Settings.read(small / "params.yaml")
    rows, _ = outcome(small, table, Variation(task, "r", "Haswell", 1, "released", 0))
    sets = data.train_and_test(table, list(table.columns[:4]))
    trained = train(*sets, settings.released, settings.configurations[name])
    expected = summary(trained, sets[1])
    found = {path: value for source, path, value in rows if source == "models"}
    for part in ("test", "cross_validation"):
        for path, value in flatten(expected[part], f"configurations/{name}/{part}"):
            assert found[path] == value
    folds = {path.removeprefix("configurations/LR/test_of_folds/"): value
             for path, value in found.items() if "test_of_folds" in path}
    assert folds.keys() == ({f"{metric}/{part}" for metric in METRICS for part in ("mean", "sd")}
                            if name == "LR" else set())
    for path, value in folds.items():
        metric, part = path.split("/")
        np.testing.assert_equal(value, scores_of_folds(trained, sets[1])[metric][part])
    sources = {"models", "bootstrap"} | ({"selection", "failure"} if task == "linear" else set())
    assert {source for source, _, _ in rows} == sources


@pytest.mark.parametrize("model", ["LR", "RF", "XGB"])
def test_an_unchanged_search_is_the_released_one(small, table, model):
    search = Settings.read(small / "params.yaml").search
    rows, _ = outcome(small, table, Variation(f"search-{model}", "r", "Haswell", 1, "released", 0))
    sets = [data.split(table, table["Group"] == group, list(table.columns[:4]))
            for group in ("train", "val")]
    found = weights.winners(weights.evaluate(*sets, model, search.models[model],
                                             weights.grid(search)))
    assert rows == [["weights", f"winners/{model}/{score}/weight", found[score]["weight"]]
                    for score in ("F1", "Accuracy", "AUC")]


def test_deterministic_booster_repeats_exactly(small, table):
    one, four, again = (outcome(small, table, Variation("booster", "r", "Haswell", threads,
                                                        "released", 0))[0]
                        for threads in (1, 4, 4))
    assert four == again and len(one) == len(four)


@pytest.mark.parametrize("task", ["forest", "search-RF"])
def test_a_forest_that_is_confirmed_is_the_one_grown_whole(small, table, task):
    first = Variation(task, "r", "Haswell", 1, "released", 0)
    rows, grown = outcome(small, table, first)
    assert grown is not None
    # Through JSON, as between processes; noise in the last of 53 bits is none in 24.
    known = forest.Grown(**json.loads(json.dumps(asdict(grown))))
    for variation in (replace(first, threads=2), replace(first, noise=1)):
        confirmed, none = outcome(small, table, variation, known)
        assert none is None and confirmed == rows
        assert outcome(small, table, variation)[0] == rows


def test_a_forest_that_differs_is_grown_whole(small, table):
    first = Variation("forest", "r", "Haswell", 1, "released", 0)
    _, known = outcome(small, table, first)
    other_order = replace(first, order="reversed")
    rows, grown = outcome(small, table, other_order, known)
    assert grown is not None and grown.inputs != known.inputs
    assert rows == outcome(small, table, other_order)[0]
    # The same bits and yet another split: the witnesses tell.
    assert outcome(small, table, first, replace(known, witnesses="other"))[1] == known
    moved = table.copy()
    moved.iloc[0, 0] += 1e-3
    assert outcome(small, moved, first, known)[1] is not None


def test_a_few_trees_are_the_first_of_many(small, table):
    settings = Settings.read(small / "params.yaml")
    train_set, test_set = data.train_and_test(table, list(table.columns[:4]))
    asked = test_set.features
    arguments = (train_set, [forest.Fit(None, np.arange(len(train_set.label)), asked)],
                 settings.released.models["RF"])
    whole, few, other = (forest.grow(*arguments, 1, witnesses, whole=whole)
                         for witnesses, whole in ((2, True), (2, False), (3, False)))
    assert whole[0] == few[0] != other[0]
    assert few[1] == [] and np.shape(whole[1]) == (1, len(asked), 2)
    # Five folds and the refit.
    configurations = {"RF": settings.configurations["RF"]}
    assert len(forest.fits(train_set, test_set, settings.released, configurations)) == 6


def test_kernels_that_do_not_run_are_listed():
    run, not_run = kernels.probe(("Haswell", "NoSuchKernel"))
    assert run == ["Haswell"] and list(not_run) == ["NoSuchKernel"]


def test_a_worker_refuses_another_kernel(small):
    group = [Variation("linear", "r", "NoSuchKernel", 1, "released", 0)]
    inputs = {"r": {"table": "t", "selected": "s"}}
    job = sensitivity.describe(group, sensitivity.Sweep(inputs, small / "params.yaml", 1), {})
    with pytest.raises(InputError, match="not NoSuchKernel"):
        sensitivity.carry_out(job, "NoSuchKernel", 1)


def test_sweep_twice_gives_the_same_bytes(small):
    for out in ("first", "second"):
        command = [sys.executable, "-m", "studies.sclc_liver.sensitivity", "--environment", "e",
                   "--release", f"r={small / 'table.csv'}={small / 'selected.csv'}",
                   "--task", "booster", "--task", "forest", "--params", str(small / "params.yaml"),
                   "--out", str(small / out / "s.csv"), "--summary", str(small / out / "s.json"),
                   "--record", str(small / out / "record")]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True,
                                env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert result.returncode == 0, result.stderr
        # The next sweep computes everything again.
        assert not (small / out / "record").exists()
    for name in ("s.csv", "s.json"):
        assert (small / "first" / name).read_bytes() == (small / "second" / name).read_bytes()
    found = json.loads((small / "first" / "s.json").read_text())
    spread = found["releases"]["r"]["models"]["configurations/XGB/test/AUC"]
    assert spread["min"] <= spread["median"] <= spread["max"]
    assert spread["variations"] == 6  # four orders, one noise, two threads
    # Three orders and the noisy table grown whole; a second thread confirms each.
    assert found["forests"] == {"r": {"forest": {"whole": 4, "confirmed": 4, "trees": 2}}}
    assert found["releases"]["r"]["models"]["configurations/RF/test/AUC"]["variations"] == 8


def test_an_interrupted_sweep_goes_on(small, monkeypatch):
    paths = {"table": str(small / "table.csv"), "selected": str(small / "selected.csv")}
    item = Variation("booster", "r", "Haswell", 1, "released", 0)

    def answer():
        sweep = sensitivity.Sweep({"r": paths}, small / "params.yaml", 1,
                                  Record(small / "record", sensitivity.about()))
        return list(sensitivity.answers([[item]], sweep, {}))

    first = answer()
    monkeypatch.setattr(sensitivity.sys, "executable", "/nonexistent")
    again = answer()
    assert again == first and len((small / "record").read_text().splitlines()) == 1
    # Another byte in a file that the job reads: computed anew.
    with open(small / "params.yaml", "a") as stream:
        stream.write("# other\n")
    with pytest.raises(FileNotFoundError):
        answer()


def test_a_release_needs_its_table_and_its_features():
    with pytest.raises(InputError, match="r=t is not NAME=TABLE=SELECTED"):
        sensitivity.read_releases(["r=t"])


def test_what_only_this_machine_shows(small):
    content = yaml.safe_load((small / "params.yaml").read_text())
    content["sensitivity"] |= {"machine_kernels": ["Haswell", "NoSuchKernel"], "threads": [1],
                               "racing": {"threads": [1, 2], "repeats": 2}}
    (small / "params.yaml").write_text(yaml.safe_dump(content))
    result = subprocess.run(
        [sys.executable, "-m", "studies.sclc_liver.machine", "--environment", "e",
         "--release", f"r={small / 'table.csv'}={small / 'selected.csv'}",
         "--params", str(small / "params.yaml"), "--out", str(small / "m.json")],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert result.returncode == 0, result.stderr
    found = json.loads((small / "m.json").read_text())
    assert found["kernels"] == ["Haswell"] and list(found["not_run"]) == ["NoSuchKernel"]
    raced = found["racing"]["r"]["threads 2"]["bootstrap/XGB/AUC/mean"]
    assert raced["repeats"] == 2 and sum(raced["counts"].values()) == 2
    # One thread cannot race.
    assert found["racing"]["r"]["threads 1"]["bootstrap/XGB/AUC/mean"]["distinct"] == 1
    assert found["variations"] == {"r": {"linear": 4}}
