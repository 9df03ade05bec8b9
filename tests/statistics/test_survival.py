"""R's second opinion on time to relapse, where R has its package survival; else its stored results."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.common.errors import InputError
from stages.statistics import rbridge, survival

HERE = Path(__file__).resolve().parents[1] / "survival"


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(HERE / "events.csv")


@pytest.fixture(scope="module")
def reference():
    with open(HERE / "reference.csv", newline="") as stream:
        return {(row["what"], row["name"]): float(row["value"]) for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def present():
    return bool(rbridge.start().evalr('requireNamespace("survival", quietly = TRUE)')[0])


def test_r_gives_what_is_stored(table, reference, present):
    if not present:
        pytest.skip("R has no package survival here (apt-get install r-cran-survival)")
    for name in ("large", "stage"):
        found = survival.log_rank(table["time"], table["event"], table[name])
        assert found["chi_squared"] == pytest.approx(reference["log_rank", name], rel=1e-9)
    names = ["large", "dose", "stage"]
    fit = survival.cox(table["time"], table["event"], table[names].to_numpy())
    for place, name in enumerate(names):
        assert np.exp(fit["b"][place]) == pytest.approx(reference["hazard_ratio", name], rel=1e-9)
    assert ((fit["proportional"] > 0) & (fit["proportional"] < 1)).all()


def test_without_the_package_the_line_says_what_to_install(present):
    if present:
        pytest.skip("R has the package survival here")
    with pytest.raises(InputError, match="no package survival; install it .*r-cran-survival"):
        survival.functions()


def test_the_largest_difference_is_told(table, monkeypatch):
    monkeypatch.setattr(survival, "log_rank", lambda *_: {"chi_squared": 4.0, "P": 0.046})
    monkeypatch.setattr(survival, "cox", lambda *_: {
        "b": np.log([2.0]), "error": np.array([0.5]), "proportional": np.array([0.7])})
    low, high = (2 * np.exp(sign * 0.5 * survival.NORMAL) for sign in (-1, 1))
    first = {"log_rank": {"large": {"chi_squared": 4.0, "df": 1, "P": 0.046}},
             "together": {"hazard_ratio": {"large": {"estimate": 2.0, "low": low, "high": high}}},
             "selected": None}
    found = survival.second(table, first)
    assert found["largest_difference"] == 0
    assert found["cox"]["together"]["large"]["proportional_P"] == 0.7
    first["together"]["hazard_ratio"]["large"]["estimate"] = 2.5
    assert survival.second(table, first)["largest_difference"] == 0.5
