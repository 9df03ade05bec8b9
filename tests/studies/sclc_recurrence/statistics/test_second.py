"""The second derivations are right where brute force can follow, and share nothing with the first."""

import inspect
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stages.common import cli
from studies.sclc_recurrence import second

ROOT = Path(__file__).resolve().parents[4]
FOLDER = ROOT / "studies/sclc_recurrence"


def test_they_share_nothing_with_the_first():
    lines = [line for line in inspect.getsource(second).splitlines() if "import" in line]
    assert not [line for line in lines if "verdicts" in line or "implied import" in line]


def run(monkeypatch, capsys, published, out, params=FOLDER / "params"):
    monkeypatch.setattr(sys, "argv", ["second", "--params", str(params), "--published", str(published),
                                      "--out", str(out)])
    try:
        cli.main(second.stage)
    except SystemExit as stopped:
        return stopped.code, capsys.readouterr().err
    return 0, capsys.readouterr().err


def test_the_result_in_git_follows(tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, capsys, FOLDER / "published", tmp_path / "out.json") == (0, "")
    assert (tmp_path / "out.json").read_bytes() == (
        ROOT / "metrics/sclc_recurrence/results/second.json").read_bytes()


def kaplan_meier(times, events):
    """Return the estimate after the last time (no two at once)."""
    left = 1.0
    for rank, index in enumerate(np.argsort(times)):
        left *= 1 - events[index] / (len(times) - rank)
    return 100 * left


@pytest.mark.parametrize("n, events", [(8, 3), (12, 1), (30, 20), (5, 5)])
def test_no_order_of_events_gives_more_control(n, events):
    rng, most, seen = np.random.default_rng(n), second.most_controlled(n, events), []
    for _ in range(2000):
        seen.append(kaplan_meier(rng.random(n), rng.permutation(n) < events))
    assert max(seen) <= most + 1e-9
    late = np.where(np.arange(n) < events, 0.0, 1.0) + 0.001 * np.arange(n)
    assert kaplan_meier(late, np.arange(n) < events) == pytest.approx(most)


@pytest.mark.parametrize("low, high, n", [("0.10", "0.60", 4), ("0", "0.9", 2), ("0.3", "1", 7)])
def test_no_shares_with_a_range_have_another_mean(low, high, n):
    least, most = second.mean_bounds(low, high, n)
    rng, ends = np.random.default_rng(n), []
    for text in (low, high):
        span = (float(text),) * 2 if text in ("0", "1") else tuple(map(float, second.span(text)))
        ends.append(span)
    for _ in range(2000):
        a, b = rng.uniform(*ends[0]), rng.uniform(*ends[1])
        values = np.concatenate([[a, b], rng.choice([a, b, rng.uniform(a, b)], n - 2)])
        assert least - 1e-9 <= values.mean() <= most + 1e-9
    assert least < most or n == 2


def test_true_answers_are_found_and_others_are_not():
    wanted = {"Accuracy %": second.span("75"), "Precision": second.span("0.71"),
              "Recall": second.span("0.83"), "F1": second.span("0.76")}  # 5 of 6 and 4 of 6
    assert 6 in second.answers(12, wanted, both=False)
    assert second.answers(12, wanted | {"F1": second.span("0.60")}, both=False) == set()
    both = {"Accuracy %": second.span("75"), "Precision": second.span("0.757"),
            "Recall": second.span("0.75"), "F1": second.span("0.748")}
    assert 6 in second.answers(12, both, both=True)


@pytest.mark.parametrize("text, inside, outside", [
    ("0.74", "0.735", "0.734"), ("82", "82.99", "83.01")])
def test_a_text_is_rounded_or_cut_off(text, inside, outside):
    low, high = second.span(text)
    assert low <= Fraction(inside) <= high and not low <= Fraction(outside) <= high


def test_ratios_that_are_sums():
    assert second.sums(stations=3, patients=20, seed=1) == 6


@pytest.mark.parametrize("change, said", [
    (lambda text: text.replace("relapse,82", "relapse,"), "lacks a number that is needed"),
    (lambda text: text.replace("value,low", "valu,low"), "cannot be read")])
def test_bad_input_is_one_line(tmp_path, monkeypatch, capsys, change, said):
    folder = tmp_path / "published"
    folder.mkdir()
    for path in (FOLDER / "published").glob("*.csv"):
        (folder / path.name).write_text(change(path.read_text()))
    code, error = run(monkeypatch, capsys, folder, tmp_path / "out.json")
    assert code == 2 and said in error and len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out.json").exists()
    assert run(monkeypatch, capsys, tmp_path / "none", tmp_path / "out.json")[0] == 2
