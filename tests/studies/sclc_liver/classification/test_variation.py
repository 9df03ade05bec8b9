"""Variations change what they say and nothing else; the sweep gives the same bytes twice."""

import hashlib
import json
import os
import re
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
from studies.sclc_liver import design, forest, kernels, perturb, sensitivity
from studies.sclc_liver import variation as worker
from studies.sclc_liver.parameters import read_sensitivity
from studies.sclc_liver.perturb import Variation
from studies.sclc_liver.variation import Settings, flatten, measure
from tests.parameters import PARAMS

ROOT = Path(__file__).resolve().parents[4]


def test_design_has_enough_variations_of_every_kind():
    settings = read_sensitivity(PARAMS)
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
        grown = Counter(item.task for item in first)
        assert grown["forest"] == 2 * (3 + settings.forest.permutations + settings.forest.noises)
        assert grown["search-RF"] == 3
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
                                             np.array(search.values())))
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


def test_the_selection_is_carried_on_to_the_fits(small, table):
    """Under a variation that selects other features, these are fitted too, and nothing else."""
    settings = Settings.read(small / "params.yaml")
    released = data.read_selected(small / "selected.csv")
    gone = released[:-1]
    canonical.write_csv(small / "selected.csv", pd.DataFrame({"feature": gone}))
    item = Variation("booster", "r", "Haswell", 1, "reversed", 0)
    paths = {"table": str(small / "table.csv"), "selected": str(small / "selected.csv")}
    sweep = sensitivity.Sweep({"r": paths}, small / "params.yaml", 1)
    found = sensitivity.selections(sweep, [item, replace(item, task="forest")])
    assert found == [f"+{released[-1]}"] * 2
    one, other = design.propagate([item], found[:1])
    assert one == item and perturb.apply(gone, other.selection) == released
    carried, plain = (measure(table, features, variation, settings)[0] for features, variation in
                      ((gone, other), (released, item)))
    assert carried == plain != measure(table, gone, item, settings)[0]
    assert other.forests != one.forests
    # The LASSO's own numbers stand once, with the released selection.
    linear = [measure(table, gone, replace(each, task="linear"), settings)[0]
              for each in (one, other)]
    assert [any(source == "selection" for source, _, _ in rows) for rows in linear] == [True, False]


def test_a_variation_that_selects_nothing(small):
    content = yaml.safe_load((small / "params.yaml").read_text())
    content["classification"]["protocols"]["as-released"]["selection"]["alpha"] = 1000.0
    (small / "params.yaml").write_text(yaml.safe_dump(content))
    paths = {"table": str(small / "table.csv"), "selected": str(small / "selected.csv")}
    job = {"inputs": {"r": paths},
           "variations": [asdict(Variation("", "r", "Haswell", 1, "released", 0))]}
    with pytest.raises(InputError, match="table.csv: the LASSO selects no feature in the order"):
        worker.selections(job, Settings.read(small / "params.yaml"))


def test_a_sweep_says_what_it_was_made_from(small):
    paths = {"table": str(small / "table.csv"), "selected": str(small / "selected.csv")}
    sweep = sensitivity.Sweep({"r": paths}, small / "params.yaml", 1)

    def made():
        return sensitivity.made_from(sweep, [small / "selected.csv"], sensitivity.SECTIONS["analysis"])

    first = made()
    assert first["inputs"][paths["table"]] == canonical.sha256(paths["table"])
    content = yaml.safe_load((small / "params.yaml").read_text())
    expected = canonical.json_bytes(content["sensitivity"]["rows"])
    sections = first["parameters"]
    assert sections["sensitivity.rows"] == hashlib.sha256(expected).hexdigest()
    # How many workers make it changes no number.
    content["sensitivity"]["workers"] += 1
    (small / "params.yaml").write_text(yaml.safe_dump(content))
    assert made() == first
    content["sensitivity"]["rows"] += 1
    (small / "params.yaml").write_text(yaml.safe_dump(content))
    changed = made()["parameters"]
    assert {name for name in sections if sections[name] != changed[name]} == {"sensitivity.rows"}
    # A folder of parameters is the same parameters, each part in a file; an interrupted sweep's
    # record reads every file.
    (small / "params").mkdir()
    for key, part in content.items():
        (small / "params" / f"{key}.yaml").write_text(yaml.safe_dump({key: part}))
    folder = replace(sweep, params=small / "params")
    assert sensitivity.made_from(folder, [], sections)["parameters"] == changed
    assert all(Path(path).is_file() for path in folder.files) and len(folder.files) > 3
    with pytest.raises(InputError, match="absent.lock: cannot be read"):
        sensitivity.made_from(sweep, [small / "absent.lock"], ())


@pytest.mark.parametrize("name", ["sensitivity", "sensitivity_search"])
def test_what_a_sweep_says_is_what_dvc_tracks(name):
    """Files and sections in the summary are the dependencies that data and parameters are."""
    stages = yaml.safe_load((ROOT / "studies/sclc_liver/sweeps/dvc.yaml").read_text())["stages"]
    block = stages[name]["do"]
    tracked = [name for file in block["params"] for names in file.values() for name in names]
    part = "search" if name.endswith("search") else "analysis"
    assert sorted(tracked) == sorted(sensitivity.SECTIONS[part])
    # Of an image's folder DVC sees the pins alone.
    given = {re.sub(r"^(containers/[^/]+)/(image\.json|requirements\.lock)$", r"\1", path)
             for path in re.findall(r"--made-from (\S+)", block["cmd"])} | {
        path for release in re.findall(r"--release (\S+)", block["cmd"])
        for path in release.split("=")[1:]}
    code = {path for path in block["deps"] if path.startswith(("stages/", "studies/"))}
    assert given == set(block["deps"]) - code


def test_sweep_twice_gives_the_same_bytes(small):
    for out in ("first", "second"):
        command = [sys.executable, "-m", "studies.sclc_liver.sensitivity", "--environment", "e",
                   "--release", f"r={small / 'table.csv'}={small / 'selected.csv'}",
                   "--task", "booster", "--task", "forest", "--task", "linear",
                   "--made-from", str(small / "table.csv"), "--params", str(small / "params.yaml"),
                   "--out", str(small / out / "s.csv"), "--summary", str(small / out / "s.json"),
                   "--runs", str(small / out / "runs.csv"),
                   "--record", str(small / out / "record")]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True,
                                env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert result.returncode == 0, result.stderr
        # The next sweep computes everything again.
        assert not (small / out / "record").exists()
    for name in ("s.csv", "s.json", "runs.csv"):
        assert (small / "first" / name).read_bytes() == (small / "second" / name).read_bytes()
    found = json.loads((small / "first" / "s.json").read_text())
    spread = found["releases"]["r"]["models"]["configurations/XGB/test/AUC"]
    assert spread["min"] <= spread["median"] <= spread["max"]
    # Four orders, one noise, two threads; in `linear` three orders, one noise, two threads, one order
    # of the rows. The orders that are not released (three and two) are other seeds of the booster.
    assert spread["variations"] == 12 and spread["seed_variations"] == 5
    assert sum(spread["counts"].values()) == 7 and sum(spread["seed_counts"].values()) == 5
    assert "seed_counts" not in found["releases"]["r"]["models"]["configurations/LR/test/AUC"]
    # Three orders and the noisy table grown whole; a second thread confirms each.
    assert found["forests"] == {"r": {"forest": {"whole": 4, "confirmed": 4, "trees": 2}}}
    assert found["releases"]["r"]["models"]["configurations/RF/test/AUC"]["variations"] == 8


def test_an_interrupted_sweep_goes_on(small, monkeypatch):
    paths = {"table": str(small / "table.csv"), "selected": str(small / "selected.csv")}
    item = Variation("booster", "r", "Haswell", 1, "released", 0)

    def answer():
        sweep = sensitivity.Sweep({"r": paths}, small / "params.yaml", 1,
                                  Record(small / "record", sensitivity.about()))
        return [found for _, found in sensitivity.answers([[item]], sweep, {})]

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
