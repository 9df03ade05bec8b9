"""What a variation changes, of which kind it is, and how a sweep's values are summarised."""

import numpy as np
import pandas as pd
import pytest

from stages.classification import data, models
from stages.classification.train import fold_indices, train
from studies.sclc_liver import perturb, sensitivity, spreads
from studies.sclc_liver.perturb import Variation, jitter, reorder
from studies.sclc_liver.variation import Settings
from tests.parameters import PARAMS


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


def test_another_order_of_the_rows_is_neutral_to_convex_fits(small, table):
    """The same series in each fold, in another order: the optimum stays, its last digits need not."""
    settings = Settings.read(small / "params.yaml")
    sets = data.train_and_test(table, list(table.columns[:4]))
    order = perturb.row_order(len(sets[0].label), 1, 7)
    assert sorted(order) == list(range(len(order))) and (order != np.sort(order)).any()
    assert (order != perturb.row_order(len(order), 2, 7)).any()
    assert perturb.row_order(5, 0, 7) is None and perturb.in_order(sets[0], 0, 7) is sets[0]
    configuration = settings.configurations["LR"]
    plain, moved = (train(*sets, settings.released, configuration, given) for given in (None, order))
    np.testing.assert_allclose(moved.probability, plain.probability, atol=1e-3)
    assert (moved.probability != plain.probability).any()
    for one, other in zip(plain.folds, moved.folds, strict=True):
        assert one["AUC"] == pytest.approx(other["AUC"], abs=0.02)
    # A forest draws its samples by the place of a series: to it, another order is another seed.
    forests = [train(*sets, settings.released, settings.configurations["RF"], given)
               for given in (None, order)]
    assert np.abs(forests[0].probability - forests[1].probability).max() > 0.01


def test_each_fit_is_given_the_rows_in_the_named_order(small, table, monkeypatch):
    sets = data.train_and_test(table, list(table.columns[:4]))
    order = perturb.row_order(len(sets[0].label), 1, 7)
    seen, fit = [], models.fit
    monkeypatch.setattr(models, "fit", lambda model, features, label: (
        seen.append(list(features.index)), fit(model, features, label))[1])
    settings = Settings.read(small / "params.yaml")
    folds = list(fold_indices(settings.released.folds, sets[0].label))
    train(*sets, settings.released, settings.configurations["LR"], order)
    index = np.array(sets[0].features.index)
    assert seen[-1] == list(index[order]) and len(seen) == len(folds) + 1
    for given, (inside, _) in zip(seen, folds):
        assert set(given) == set(index[inside])
        assert given == [name for name in index[order] if name in set(given)]


def test_order_of_the_columns_is_a_seed_of_seeded_fits_alone():
    kinds = {(task, order, model): perturb.kind_of(Variation(task, "r", "k", 1, order, 0), model)
             for task, model in (("linear", "LR"), ("linear", "XGB"), ("forest", "RF"),
                                 ("linear", "LASSO"))
             for order in ("released", "reversed", "permuted-1")}
    assert {key for key, kind in kinds.items() if kind == "seed"} == {
        ("linear", order, "XGB") for order in ("reversed", "permuted-1")} | {
        ("forest", order, "RF") for order in ("reversed", "permuted-1")}
    for item in (Variation("booster", "r", "k", 4, "released", 3),
                 Variation("linear", "r", "k", 1, "released", 0, rows=2)):
        assert perturb.kind_of(item, "XGB") == "neutral"


def rows_of(values):
    """Return labelled rows of one number: (order, threads) to its value."""
    rows = [[*vars(Variation("linear", "r", "k", threads, order, 0)).values(), "models",
             "configurations/XGB/test/AUC", value] for (order, threads), value in values.items()]
    return spreads.label(pd.DataFrame(rows, columns=list(sensitivity.COLUMNS)),
                         Settings.read(PARAMS).configurations)


def test_spreads_and_runs_tell_the_same():
    values = {("released", 1): 0.7, ("released", 2): 0.5, ("released", 4): float("nan"),
              ("reversed", 1): 0.6, ("sorted", 1): 0.7}
    rows = rows_of(values)
    entry = spreads.summarise(rows)["r"]["models"]["configurations/XGB/test/AUC"]
    assert entry["counts"] == {"0.5": 1, "0.7": 1} and entry["seed_counts"] == {"0.6": 1, "0.7": 1}
    assert (entry["variations"], entry["seed_variations"], entry["defined"]) == (5, 2, 4)
    assert (entry["min"], entry["max"], entry["distinct"]) == (0.5, 0.7, 3)
    runs = spreads.runs(rows)
    assert runs["models/configurations/XGB/test/AUC"].tolist() == ["2", "0", "nan", "1", "2"]
    assert runs["kind"].tolist() == ["neutral"] * 3 + ["seed"] * 2
    distinct = sorted({float(value) for value in {**entry["counts"], **entry["seed_counts"]}})
    for cell, value in zip(runs["models/configurations/XGB/test/AUC"], values.values()):
        assert cell == "nan" if np.isnan(value) else distinct[int(cell)] == value
