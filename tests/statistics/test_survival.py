"""R's second opinion on time to relapse, where R has its package survival; else its stored results."""

import csv
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.common import canonical, cli
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


class Vector(list):
    """What R answers: values with names."""

    def __init__(self, **values):
        super().__init__(values.values())
        self.names = list(values)


class Interface:
    """R with the package survival, as far as it is asked here; notes what its functions are given."""

    FloatSexpVector = list

    def __init__(self, present=True):
        self.present, self.given = present, []

    def evalr(self, text):
        if "requireNamespace" in text:
            return [self.present]
        assert "survival" in text
        return Vector(log_rank=self.log_rank, cox=self.cox)

    def log_rank(self, *columns):
        self.given.append(columns)
        return Vector(chi_squared=4.0, P=0.0455)

    def cox(self, *columns):
        self.given.append(columns)
        return Vector(b=[0.5, -0.5], error=[0.1, 0.2], proportional=[0.3, 0.4])


@pytest.fixture
def interface(monkeypatch):
    made = Interface()
    monkeypatch.setattr(rbridge, "start", lambda: made)
    monkeypatch.setattr(rbridge, "version", lambda: "4.4.1")
    return made


def test_what_r_is_given_and_what_is_taken_from_it(interface):
    time, event = np.array([1, 2, 3]), np.array([1, 0, 1])
    assert survival.log_rank(time, event, np.array([0, 1, 1])) == {"chi_squared": 4.0, "P": 0.0455}
    found = survival.cox(time, event, np.array([[1, 4], [2, 5], [3, 6]]))
    assert {name: values.tolist() for name, values in found.items()} == {
        "b": [0.5, -0.5], "error": [0.1, 0.2], "proportional": [0.3, 0.4]}
    # R reads a matrix column by column.
    assert interface.given == [([1, 2, 3], [1, 0, 1], [0, 1, 1]),
                               ([1, 2, 3], [1, 0, 1], [1, 2, 3, 4, 5, 6])]


def test_r_without_the_package(interface):
    interface.present = False
    with pytest.raises(InputError, match="R has no package survival; install it"):
        survival.functions()


@pytest.fixture
def run(interface, tmp_path, monkeypatch, capsys):
    """Run the stage on three patients and results of the first derivation; return code and line."""
    canonical.write_csv(tmp_path / "events.csv", pd.DataFrame(
        {"time": [1, 2, 3], "event": [1, 0, 1], "large": [0, 1, 1], "dose": [5, 6, 9]}))

    def stage(first):
        canonical.write_json(tmp_path / "first.json", first)
        monkeypatch.setattr("sys.argv", [
            "stage", "--events", str(tmp_path / "events.csv"), "--first", str(tmp_path / "first.json"),
            "--out", str(tmp_path / "out.json")])
        try:
            cli.main(survival.stage)
            code = 0
        except SystemExit as stopped:
            code = stopped.code
        return code, capsys.readouterr().err
    return stage


def ratio(b, error):
    return {name: float(np.exp(b + sign * error * survival.NORMAL))
            for name, sign in (("estimate", 0), ("low", -1), ("high", 1))}


def test_the_stage(run, tmp_path):
    first = {"log_rank": {"large": {"chi_squared": 4.0, "df": 1, "P": 0.0455}}, "selected": None,
             "together": {"hazard_ratio": {"dose": ratio(0.5, 0.1), "large": ratio(-0.5, 0.2)}}}
    first["together"]["hazard_ratio"]["large"]["high"] += 0.25
    assert run(first) == (0, "R 4.4.1 through rpy2\n")
    found = canonical.read_json(tmp_path / "out.json")
    assert found["largest_difference"] == pytest.approx(0.25)
    assert found["log_rank"] == {"large": {"chi_squared": 4.0, "P": 0.0455}}
    assert found["cox"]["together"]["large"] == {
        "estimate": 0.606531, "low": 0.409838, "high": 0.897621, "proportional_P": 0.4}
    assert found["cox"]["together"]["dose"]["estimate"] == 1.64872


@pytest.mark.parametrize("first", [{}, {"log_rank": 3}, {"log_rank": {"large": {}}},
                                   {"log_rank": {"large": {"chi_squared": 1.0, "P": 1.0}}}])
def test_results_of_another_kind_are_one_line(run, tmp_path, first):
    code, error = run(first)
    assert code == 2 and "first.json: holds no results of stages.survival.analyse" in error
    assert not (tmp_path / "out.json").exists()


def test_what_must_be_given(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["stage"])
    with pytest.raises(SystemExit) as stopped:
        cli.main(survival.stage)
    assert stopped.value.code == 2 and "--events, --first, --out" in capsys.readouterr().err


def test_r_that_is_not_there_or_does_not_start(monkeypatch):
    monkeypatch.delenv("R_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(InputError, match="R is not installed or not on the PATH; install R"):
        rbridge.start.__wrapped__()

    def refuse(*_):
        raise RuntimeError("no memory")

    monkeypatch.setenv("R_HOME", "/usr/lib/R")
    monkeypatch.setattr("rpy2.rinterface_lib.embedded.set_initoptions", refuse)
    with pytest.raises(InputError, match="R did not start .no memory."):
        rbridge.start.__wrapped__()


def test_the_stage_is_a_command(monkeypatch, capsys):
    """The pipeline calls ``python -m``: without its last lines the module would do nothing."""
    monkeypatch.setattr("sys.argv", ["stage", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(survival.__file__, run_name="__main__")
    said = capsys.readouterr().out
    assert ended.value.code == 0 and "usage: python -m stages.statistics.survival " in said
