"""The paper's protocol on public tables: optimism where labels are noise, none where it is nested."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.common import canonical
from stages.common.errors import InputError
from studies.sclc_liver.control import claimed, summary, tables
from studies.sclc_liver.control import stage as control

ROOT = Path(__file__).resolve().parents[4]
LIST = ROOT / "studies/sclc_liver/control/tables.csv"


@pytest.fixture(scope="module")
def settings():
    found = control.Settings.read(ROOT / "studies/sclc_liver/params")
    small = replace(found.control, trees=5, search_trees=3, search=replace(found.control.search,
                                                                         count=2))
    models = {"LR": found.corrected.models["LR"]}
    return replace(found, control=small, corrected=replace(found.corrected, models=models))


def noise(seed, patients=60, features=80):
    generator = np.random.default_rng(seed)
    return tables.Table(generator.normal(size=(patients, features)),
                        generator.permutation(np.arange(patients) % 2), np.arange(patients).astype(str))


def test_the_list_names_enough_tables_each_pinned():
    pinned = tables.read_pinned(LIST)
    assert len(pinned) >= 25 and len({item.sha256 for item in pinned}) == len(pinned)
    assert all(len(item.sha256) == 64 and item.bytes > 0 for item in pinned)


def test_selection_outside_the_folds_makes_optimism_from_noise(settings):
    found = [claimed.run(noise(seed), settings.released, settings.control, seed)
             for seed in range(8)]
    outside, inside = (np.array([[run[side][name] for name in claimed.BASIC] for run in found])
                       for side in ("outside", "inside"))
    assert np.nanmean(outside) > 0.65 and abs(np.nanmean(inside) - 0.5) < 0.12
    test = np.array([[run["test"][name] for name in claimed.BASIC] for run in found])
    assert test.max(axis=1).mean() > test.mean()
    assert set(found[0]["test"]) == set(settings.released.configurations)
    nested = [control.held_out(noise(seed), settings.corrected, seed)["LR"] for seed in range(8)]
    assert abs(np.mean(nested) - 0.5) < 0.12


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_class_of_too_few_patients_stops_with_one_line(settings, count):
    table = noise(1)
    table = replace(table, label=(np.arange(60) >= count).astype(int))
    with pytest.raises(InputError, match=rf"class of {count} patient\(s\) cannot be divided"):
        claimed.run(table, settings.released, settings.control, 1)


def test_as_many_features_are_kept_as_are_asked_for():
    table = noise(1)
    for count in (1, 5, 12):
        assert count <= len(claimed.select(table.features, table.label, count)) <= count + 4
    copies = np.repeat(table.features[:, :3], 4, axis=1)
    assert 1 <= len(claimed.select(copies, table.label, 9)) <= 12


def test_a_selection_that_does_not_converge_is_refused(monkeypatch):
    monkeypatch.setattr(claimed, "lasso_path", partial(claimed.lasso_path, max_iter=1))
    random = np.random.default_rng(1)
    alike = random.normal(size=(60, 1)) + 0.1 * random.normal(size=(60, 30))
    with pytest.raises(InputError, match="does not converge"):
        claimed.select(alike, random.permutation(np.arange(60) % 2), 8)


def test_optimism_stands_beside_an_interval_and_what_could_be_found(settings):
    found = summary.over_tables(np.array([0.1, 0.2, 0.15, np.nan]), settings.control)
    assert found["tables"] == 3 and found["low"] <= found["mean"] <= found["high"]
    assert found["mean"] == pytest.approx(0.15)
    assert found["smallest_detectable"] == pytest.approx(2.4865 * 0.05 / np.sqrt(3), rel=1e-3)
    assert summary.over_tables(np.array([0.1]), settings.control)["low"] is None


@pytest.fixture()
def stored(tmp_path):
    """A table as it is stored, and what it is pinned by."""
    def make(**columns):
        frame = pd.DataFrame({"f1": [0.1, 0.2, 0.3, 0.4], "f2": [1.0, 2.0, 3.0, 5.0],
                              "ID": list("abcd"), "Target": [0, 1, 0, 1], **columns})
        frame.to_csv(tmp_path / "T.gz", index=False)
        return tables.Pinned("T", "T.gz", 1, canonical.sha256(tmp_path / "T.gz"), 4, 2), tmp_path
    return make


def test_a_table_is_read(stored):
    for target in ([0, 1, 0, 1], [False, True, False, True]):
        found = tables.read(*stored(Target=target))
        assert found.label.tolist() == [0, 1, 0, 1] and found.features.shape == (4, 2)


@pytest.mark.parametrize(("columns", "said"), [
    ({"Target": [0, 1, 2, 1]}, "classes 0 and 1"), ({"Target": [1, 1, 1, 1]}, "classes 0 and 1"),
    ({"f1": [0.1, np.inf, 0.3, 0.4]}, "finite"), ({"f3": [1, 2, 3, 4]}, "not 4 of 2")])
def test_a_table_that_does_not_fit_stops_with_one_line(stored, columns, said):
    with pytest.raises(InputError, match=said):
        tables.read(*stored(**columns))


def test_a_changed_or_missing_table_stops_with_one_line(stored, tmp_path):
    pinned, folder = stored()
    with pytest.raises(InputError, match="SHA-256"):
        tables.read(replace(pinned, sha256="0" * 64), folder)
    (tmp_path / "T.gz").unlink()
    with pytest.raises(InputError, match="no such file"):
        tables.read(pinned, folder)
    pd.DataFrame({"f1": [1, 2]}).to_csv(tmp_path / "T.gz", index=False)
    with pytest.raises(InputError, match="Target"):
        tables.read(replace(pinned, sha256=canonical.sha256(tmp_path / "T.gz")), folder)
