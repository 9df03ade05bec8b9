"""The gate: what may move, what may not, and what cannot be compared."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from stages.common import canonical
from stages.reporting import compare

ROOT = Path(__file__).resolve().parents[2]
RUN = {"protocol": "as-released", "release": "2025-08", "environment": "image", "kernel": "Haswell"}
PATH = "configurations/LR/AUC/mean"


def checkout(folder, *, auc=0.7, series=227, verdict="envelope", spread=(0.6, 0.8), extra=None,
             protocol="as-released"):
    """Write a small checkout: one varied number, one count, their published values, a ledger."""
    published = pd.DataFrame([["T", "LR", "AUC", "0.70", "", "", "2", "Table"],
                              ["T", "cohort", "series", "227", "", "", "0", "Table"]],
                             columns=["item", "row", "metric", "value", "low", "high", "decimals",
                                      "locator"])
    canonical.write_csv(folder / "metrics" / "published" / "t.csv", published)
    ledger = pd.DataFrame([["T", "LR", "AUC", "mean", "0.70", verdict],
                           ["T", "cohort", "series", "count", "227", "exact"]],
                          columns=list(compare.LEDGER_COLUMNS))
    canonical.write_csv(folder / "reports" / "ledger.csv", ledger)
    content = {"run": RUN | {"protocol": protocol}, "configurations": {
        "LR": {"AUC": {"mean": auc, "defined": 1000}} | (extra or {})}}
    canonical.write_json(folder / "metrics" / "bootstrap" / "r.json", content)
    canonical.write_json(folder / "metrics" / "cohort" / "r.json", {"all": {"series": series}})
    if spread:
        values = {repr(value): 1 for value in spread}
        canonical.write_json(folder / "metrics" / "sensitivity" / "image.json", {
            "environment": "image",
            "releases": {"2025-08": {"bootstrap": {PATH: {"variations": 2, "counts": values}}}}})
    return folder


def judge(base, now):
    return subprocess.run(
        [sys.executable, "-m", "stages.reporting.compare", "--base", str(base), "--name", "v1",
         "--now", str(now)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_the_headline_follows_what_is_compared(tmp_path):
    for name, value in (("a", 0.7), ("b", 0.71)):
        canonical.write_json(checkout(tmp_path / name) / "metrics" / "headline.json",
                             {"recomputed": value})
    result = judge(tmp_path / "a", tmp_path / "b")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("before, after, code, said", [
    ({}, {}, 0, "2 numbers, 2 equal, 0 moved inside their envelopes, 0 moved too far"),
    ({}, {"auc": 0.79}, 0, "1 equal, 1 moved inside their envelopes, 0 moved too far"),
    ({}, {"auc": 0.81}, 1, f"metric: metrics/bootstrap/r.json {PATH}: 0.7 -> 0.81, outside its "
                           "envelope 0.6 to 0.8"),
    # A wider sweep of the same change is no excuse.
    ({}, {"auc": 0.81, "spread": (0.6, 0.9)}, 1, "envelope 0.6 to 0.8"),
    ({"spread": None}, {"auc": 0.81, "spread": (0.6, 0.9)}, 0, "1 moved inside"),
    ({"spread": None}, {"auc": 0.71, "spread": None}, 1, "must not change"),
    ({"protocol": "as-described"}, {"protocol": "as-described", "auc": 0.71}, 1, "must not change"),
    ({}, {"auc": None}, 1, "0.7 -> None"),
    ({}, {"series": 226}, 1, "metric: metrics/cohort/r.json all/series: 227.0 -> 226.0, must not"),
    ({}, {"verdict": "exact"}, 1, "verdict: T / LR / AUC / mean: envelope -> exact"),
    ({}, {"extra": {"F1": {"mean": 0.9}}}, 0, "1 new"),
])
def test_judgements(tmp_path, before, after, code, said):
    result = judge(checkout(tmp_path / "base", **before), checkout(tmp_path / "now", **after))
    assert result.returncode == code and not result.stderr
    assert said in result.stdout
    assert result.stdout.splitlines()[-1].startswith("against v1: 2 verdicts")
    assert len(result.stdout.splitlines()) == 1 + code


def test_what_a_fit_reports_beside_its_result_may_move(tmp_path):
    now = checkout(tmp_path / "now")
    content = canonical.read_json(now / "metrics" / "bootstrap" / "r.json")
    content["configurations"]["LR"]["AUC"]["defined"] = 990
    canonical.write_json(now / "metrics" / "bootstrap" / "r.json", content)
    assert judge(checkout(tmp_path / "base"), now).returncode == 0


def break_metric(folder):
    (folder / "metrics" / "bootstrap" / "r.json").unlink()


def break_ledger(folder):
    path = folder / "reports" / "ledger.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def break_published(folder):
    path = folder / "metrics" / "published" / "t.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def break_folder(folder):
    (folder / "reports" / "ledger.csv").unlink()


@pytest.mark.parametrize("damage, said", [
    (break_metric, f"metrics/bootstrap/r.json: lacks {PATH}, which v1 has (1 missing in all)"),
    (break_ledger, "a published value without a row: T / cohort / series / 227 (1 in all)"),
    (break_published, "a row without a published value: T / cohort / series / 227 (1 in all)"),
    (break_folder, "ledger.csv: no such file"),
])
def test_what_cannot_be_compared_is_one_line(tmp_path, damage, said):
    now = checkout(tmp_path / "now")
    damage(now)
    result = judge(checkout(tmp_path / "base"), now)
    assert result.returncode == 2 and not result.stdout
    assert len(result.stderr.splitlines()) == 1 and said in result.stderr


def test_the_repository_equals_itself():
    side = compare.read("now", ROOT)
    assert compare.compare_verdicts(side, side) == []
    lines, counts = compare.compare_numbers(side, side)
    assert not lines and counts["equal"] == len(side.numbers) > 1000
