"""What the printed numbers imply: right where every case can be gone through, and as it is in git."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from stages.common import canonical, cli
from stages.common.parameters import section
from stages.verdicts.consistency import declarations
from stages.verdicts.consistency.printed import KINDS, read
from studies.sclc_recurrence import implied, partition
from studies.sclc_recurrence.parameters import Implied
from tests.made_up import call, refused  # noqa: F401 (fixtures)

ROOT = Path(__file__).resolve().parents[4]
FOLDER = ROOT / "studies/sclc_recurrence"
ARGUMENTS = ("--params", str(FOLDER / "params"), "--published", str(FOLDER / "published"))


def rates(accuracy, ppv, sensitivity, f1):
    return {name: read(text, KINDS["Rate"]) for name, text in
            {"accuracy": accuracy, "ppv": ppv, "sensitivity": sensitivity, "f1": f1}.items()}


def test_the_result_in_git_follows(tmp_path, call):  # noqa: F811
    out = tmp_path / "implied.json"
    assert call(implied.stage, *ARGUMENTS, "--out", str(out)) == (0, "", "")
    assert out.read_bytes() == (ROOT / "metrics/sclc_recurrence/results/implied.json").read_bytes()


@pytest.mark.parametrize("tp, fn, fp, tn", [(15, 4, 5, 12), (10, 9, 3, 14), (17, 2, 9, 8)])
def test_a_true_table_is_found_under_its_own_reading(tp, fn, fp, tn):
    one = [tp / (tp + fp), tp / (tp + fn), 2 * tp / (2 * tp + fp + fn)]
    two = [tn / (tn + fn), tn / (tn + fp), 2 * tn / (2 * tn + fp + fn)]
    n, accuracy = tp + fn + fp + tn, f"{(tp + tn) / (tp + fn + fp + tn):.2f}"
    assert tp + fn in implied.one_class(n, rates(accuracy, *(f"{value:.2f}" for value in one)))
    assert tp + fn in implied.both_classes(n, rates(accuracy, *(
        f"{(a + b) / 2:.2f}" for a, b in zip(one, two))))


def test_one_class_is_refused_where_no_table_gives_it():
    wanted = rates("0.77", "0.75", "0.73", "0.74")
    every = [(tp, p - tp, n, tn) for n in (12,) for p in range(n + 1) for tp in range(p + 1)
             for tn in range(n - p + 1)]
    fitting = {tp + fn for tp, fn, n, tn in every if tp and all(
        wanted[name].holds(value) for name, value in (
            ("accuracy", (tp + tn) / n), ("ppv", tp / (tp + n - tp - fn - tn)),
            ("sensitivity", tp / (tp + fn)), ("f1", 2 * tp / (n + tp - tn))))}
    assert set(implied.one_class(12, wanted)) == fitting


def test_the_trend_is_no_trend_where_there_is_none():
    assert implied.trend([[10, 10], [20, 20], [5, 5]]) == pytest.approx(1)
    assert implied.trend([[20, 0], [10, 10], [0, 20]]) < 1e-6


def test_printed_p_values_of_counts_are_recognised():
    found = {declarations.Place("Table4", f"sex/{row}", metric): text for row, metric, text in (
        ("m", "no relapse", "30"), ("m", "relapse", "10"), ("f", "no relapse", "20"),
        ("f", "relapse", "20"))}
    place = declarations.Place("Table4", "sex", "univariate P")
    assert implied.tests(found | {place: "0.021"})["sex"]["given"]  # chi-squared
    assert implied.tests(found | {place: "0.036"})["sex"]["given"]  # corrected
    assert not implied.tests(found | {place: "0.2"})["sex"]["given"]


def test_ratios_of_a_patient_by_hand():
    stations = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]], bool)
    ctv, gtv = np.array([1, 1, 1, 0, 0, 0], bool), np.array([1, 0, 0, 0, 0, 0], bool)
    assert partition.ratios(ctv, gtv, stations).tolist() == [
        0.75, 0, 0.75, 0, 0.25, 0, 0.25, 0, 0.5, 0, 0.5, 0]
    nothing = np.zeros(6, bool)
    assert not partition.ratios(nothing, nothing, stations).any()


def test_random_volumes_are_what_they_are_said_to_be():
    rng = np.random.default_rng(4)
    for _ in range(20):
        ctv, gtv, stations = partition.volumes(rng, 16, 400)
        assert not (gtv & ~ctv).any() and stations.any(axis=1).all()
        assert not any((one & other).any() for one, other in itertools.combinations(stations, 2))


def test_a_gtv_outside_the_ctv_leaves_no_sum():
    rng = np.random.default_rng(5)
    rows = []
    for _ in range(150):
        ctv, _, stations = partition.volumes(rng, 4, 400)
        rows.append(partition.ratios(ctv, rng.random(400) < 0.5, stations))
    assert np.linalg.matrix_rank(np.array(rows)) == 24 > partition.rank(5, 4, 150, 400) == 16


@pytest.mark.parametrize("text, said", [
    ("implied: {training: 144}", "'implied.validation' is missing"),
    ("other: {}", "'implied' is missing")])
def test_parameters_that_are_not_complete(tmp_path, refused, text, said):  # noqa: F811
    (tmp_path / "implied.yaml").write_text(text)
    error = refused(implied.stage, "--params", str(tmp_path), *ARGUMENTS[2:], "--out",
                    str(tmp_path / "o.json"))
    assert said in error and not (tmp_path / "o.json").exists()


def test_settings_are_those_of_the_methods():
    settings = section(FOLDER / "params", "implied", Implied)
    cohort = int(declarations.numbers(FOLDER / "published")[
        declarations.Place("Methods", "cohort", "patients")])
    assert settings.training + settings.validation == cohort == 5 * settings.validation
    assert settings.least <= settings.validation <= settings.most
    assert canonical.read_json(ROOT / "metrics/sclc_recurrence/results/implied.json")["of"] == 11
    assert callable(cli.main)
