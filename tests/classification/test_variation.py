"""Variations change what they say and nothing else; the sweep gives the same bytes twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.classification import kernels, sensitivity
from stages.classification.train import summary, train
from stages.classification.variation import Variation, flatten, jitter, measure, reorder
from stages.common import canonical
from stages.common.errors import InputError
from stages.common.parameters import load, protocol

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def small(tmp_path, table):
    """Quick parameters, a table and selected features in files."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["classification"]["search"]["count"] = 2
    content["classification"]["configurations"] = {name: {"model": name}
                                                   for name in ("LR", "RF", "XGB")}
    content["classification"]["protocols"]["as-released"]["models"]["RF"]["n_estimators"] = 5
    content["classification"]["bootstrap"]["samples"] = 50
    content["sensitivity"] |= {"kernels": ["Haswell"], "machine_kernels": [], "threads": [1, 2],
                               "permutations": 0, "noises": 1}
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
    settings = load(ROOT / "params.yaml").sensitivity
    for available in (list(settings.kernels), ["Haswell", "Sandybridge", "Nehalem", "Prescott"]):
        variations = sensitivity.design(settings, available, ["a", "b"])
        assert len(set(variations)) == len(variations)
        linear = [item for item in variations if item.task == "linear"]
        for release in "ab":
            assert sum(item.release == release for item in linear) >= 60
        assert {item.kernel for item in linear} == set(available)
        assert {item.threads for item in linear} == set(settings.threads)
        together = [item for group in sensitivity.jobs(variations) for item in group]
        assert sorted(together, key=str) == sorted(variations, key=str)


def test_an_unchanged_variation_is_the_released_analysis(small, table):
    parameters = load(small / "params.yaml")
    names = list(table.columns[:4])
    rows = measure(table, names, Variation("linear", "r", "Haswell", 1, "released", 0),
                   parameters.classification, 1)
    from stages.classification import data
    sets = data.train_and_test(table, names)
    expected = summary(train(*sets, protocol(parameters.classification, "as-released"),
                             parameters.classification.configurations["LR"]), sets[1])
    found = {path: value for source, path, value in rows if source == "models"}
    for path, value in flatten(expected["test"], "configurations/LR/test"):
        assert found[path] == value
    assert {source for source, _, _ in rows} == {"selection", "models", "bootstrap", "failure"}


def test_the_search_and_the_forest_are_varied_too(small, table):
    parameters, found = load(small / "params.yaml").classification, {}
    for task in ("search", "forest"):
        variation = Variation(task, "r", "Haswell", 1, "reversed", 0)
        rows = measure(table, list(table.columns[:4]), variation, parameters, 1)
        found[task] = {path for _, path, _ in rows}
    assert "winners/LR/F1/weight" in found["search"] and "winners/XGB/AUC/weight" in found["search"]
    assert "configurations/RF/AUC/mean" in found["forest"]


def test_deterministic_booster_repeats_exactly(small, table):
    parameters = load(small / "params.yaml").classification
    runs = [measure(table, list(table.columns[:4]),
                    Variation("booster", "r", "Haswell", threads, "released", 0), parameters, 1)
            for threads in (1, 4, 4)]
    assert runs[1] == runs[2] and len(runs[0]) == len(runs[1])


def test_kernels_that_do_not_run_are_listed():
    run, not_run = kernels.probe(("Haswell", "NoSuchKernel"))
    assert run == ["Haswell"] and list(not_run) == ["NoSuchKernel"]


def test_a_worker_refuses_another_kernel(small):
    group = [Variation("linear", "r", "NoSuchKernel", 1, "released", 0)]
    inputs = {"r": {"table": "t", "selected": "s"}}
    with pytest.raises(InputError, match="not NoSuchKernel"):
        sensitivity.carry_out(group, inputs, small / "params.yaml")


def test_sweep_twice_gives_the_same_bytes(small):
    for out in ("first", "second"):
        command = [sys.executable, "-m", "stages.classification.sensitivity", "--environment", "e",
                   "--release", f"r={small / 'table.csv'}={small / 'selected.csv'}",
                   "--task", "booster", "--params", str(small / "params.yaml"),
                   "--out", str(small / out / "s.csv"), "--summary", str(small / out / "s.json")]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True,
                                env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert result.returncode == 0, result.stderr
    for name in ("s.csv", "s.json"):
        assert (small / "first" / name).read_bytes() == (small / "second" / name).read_bytes()
    spreads = json.loads((small / "first" / "s.json").read_text())["releases"]["r"]
    spread = spreads["models"]["configurations/XGB/test/AUC"]
    assert spread["min"] <= spread["median"] <= spread["max"]
    assert spread["variations"] == 5  # three orders, one noise, two threads
