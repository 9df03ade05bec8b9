"""The page of the demonstration: drawn from the results in git, each beside what was planted."""

import json
from pathlib import Path

import pytest

from stages.common.errors import InputError
from stages.report.files import Document
from studies.sclc_recurrence.synthetic import charts, page
from tests.made_up import call, refused  # noqa: F401 (fixtures)

ROOT = Path(__file__).resolve().parents[4]
METRICS = ROOT / "metrics/sclc_recurrence/synthetic"


def document(name):
    return json.loads((METRICS / f"{name}.json").read_text())


def test_the_page_in_git_follows_from_the_results(tmp_path, call):  # noqa: F811
    out = tmp_path / "synthetic.html"
    assert call(page.stage, "--metrics", str(METRICS), "--out", str(out)) == (0, "", "")
    assert out.read_bytes() == (ROOT / "reports/sclc_recurrence/synthetic.html").read_bytes()
    assert "planted 1.635" in out.read_text()


def test_the_corrected_protocol_keeps_its_level_and_the_papers_is_inflated():
    for arm in ("null", "shortcut"):
        found = document(f"rejections_{arm}")["rejected"]
        assert found["of"] >= 100 and 0.01 <= found["share"] <= 0.09
    assert document("rejections_planted")["rejected"]["share"] > 0.5
    assert document("inflation")["added"]["low"] > 0
    rungs = {rung["name"]: rung["auc"] for rung in document("ladder_shortcut")["rungs"]}
    assert rungs["nested"]["low"] > 0.5 > rungs["no_acquisition"]["low"]
    assert rungs["chosen"]["low"] < 0.5 < rungs["chosen"]["high"]


def test_the_planted_ratios_lie_in_the_intervals():
    found, truth = document("survival_planted"), document("planted_planted")["truth"]
    for name, ratio in truth["hazard_ratios"].items():
        row = found["together"]["hazard_ratio"][name]
        assert row["low"] < ratio < row["high"]
    assert found["regions"]["ratio"]["low"] < truth["station"] < found["regions"]["ratio"]["high"]


def test_a_result_that_lacks_a_value_is_named(tmp_path, refused):  # noqa: F811
    for path in METRICS.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "inflation.json").write_text("{}")
    error = refused(page.stage, "--metrics", str(tmp_path), "--out", str(tmp_path / "page.html"))
    assert "inflation.json" in error and "lacks" in error


def test_the_truth_is_drawn_where_it_is():
    content = document("ladder_planted")
    drawn = charts.ladder({"planted": ("planted", Document("x", content))})
    low, moved = drawn.drawings[0][1], dict(content, truth=dict(content["truth"], auc=0.9))
    assert charts.ladder({"planted": ("planted", Document("x", moved))}).drawings[0][1] != low
    with pytest.raises(InputError, match="lacks truth"):
        charts.ladder({"planted": ("planted", Document("x", {}))})
