"""The page of the synthetic cohorts: the right answer is drawn, and the sentences say the numbers."""

import re
import sys
from pathlib import Path

import pytest

from stages.common import canonical, cli
from stages.report.files import Reader
from studies.gi_liver.synthetic import page

ROOT = Path(__file__).resolve().parents[4]
RESULTS = ROOT / "metrics" / "gi_liver" / "synthetic"


@pytest.fixture(scope="module")
def results():
    return page.read(RESULTS, Reader())


def test_the_right_answer_is_drawn_in_every_ladder(results):
    for arm, one in results.items():
        chart = page.drawn(arm, one["ladder"])
        best = one["ladder"].get("best", "all")
        lines = re.findall(r'"line s3 thick" points="[\d.]+,([\d.]+) [\d.]+,([\d.]+)"', chart.svg())
        heights = [f"{chart.at_y(best[unit]):.1f}" for unit in ("lesion", "patient")]
        assert lines == [(height, height) for height in heights], arm
        assert chart.svg().count('class="mark s1"') == 4 and chart.svg().count('class="mark s2"') == 7


def test_the_null_twin_keeps_its_level_and_the_ladder_falls(results):
    """What the demonstration must show, on the results in git."""
    null = results["null-twin"]
    assert null["rejections"].get("cohorts") >= 100
    assert 0.01 <= null["rejections"].get("share") <= 0.09
    found = page.rungs(null["ladder"])
    assert found["lesions", "lesion", page.BEST]["AUC"] > 0.9
    assert found["patients", "lesion", page.BEST]["AUC"] > 0.5
    last = found["folds", "patient", page.NAMED]
    assert abs(last["AUC"] - 0.5) < 3 * last["se"]
    planted = results["planted"]["rejections"]
    area, count = planted.get("AUC"), planted.get("cohorts")
    assert area["mean"] - 3 * area["sd"] / count ** 0.5 > 0.5


def test_sentences_say_what_was_found(results):
    said = " ".join(page.sentences(results))
    for arm in page.ARMS:
        one = results[arm]["rejections"]
        assert f"{one.get('rejected')} of {one.get('cohorts')} cohorts" in said
    best = page.rungs(results["null-twin"]["ladder"])["patients", "lesion", page.BEST]
    assert f"adds {best['AUC'] - 0.5:.3f}" in said


def phantom():
    reader = Reader()
    return {"burden": reader.json(RESULTS / "burden-images.json"),
            "plan": reader.json(RESULTS / "plan-images-planted.json")}


def test_the_measured_burden_is_the_planned_one():
    documents = phantom()
    said, (head, rows) = page.livers(documents)
    assert {len(row) for row in rows} == {len(head)}
    found = {row[0]: row[1:] for row in rows}
    for name in ("patients", "lesions", "lesions per patient"):
        assert found[name][0] == found[name][1] and found[name][2] == found[name][3], name
    for number, label in enumerate(page.LABELS):
        measured, planned = documents["burden"].get(label), documents["plan"].get("livers", label)
        # Balls of voxels with a lobed surface, no larger than they are planned by more than that.
        assert measured["burden_percent"] == pytest.approx(planned["burden_percent"], rel=0.05)
        assert 0 < measured["lesion_hu"] - planned["lesion_hu"] < 4
        assert measured["liver_hu"] == pytest.approx(planned["liver_hu"], abs=1)
        assert f"{measured['burden_percent']:.2f} % ({page.LABELS[label]})" in said
        assert found["tumour burden, % of the liver"][2 * number] == f"{measured['burden_percent']:.2f}"


def pictured():
    reader = Reader()
    return {arm: {"plan": reader.json(RESULTS / f"plan-images-{arm}.json"),
                  "answered": reader.json(RESULTS / f"answered-{arm}.json")} for arm in page.PICTURED}


def test_the_network_finds_the_strong_effect_and_nothing_in_its_null_twin():
    """What the demonstration must show, on the results in git."""
    arms = pictured()
    null, strong = (arms[arm]["answered"] for arm in ("null-twin", "strong"))
    assert strong.get("nested", "patient", "low") > 0.5
    assert null.get("nested", "patient", "low") < 0.5 < null.get("nested", "patient", "high")
    assert not arms["null-twin"]["plan"].get("shifts")
    for name in ("patients", "lesions", "slices"):
        assert null.get(name) == strong.get(name), "twins differ by their texture alone"


def test_sentences_and_rows_say_what_the_network_found():
    arms = pictured()
    said, (head, rows) = page.network(arms)
    assert len(said) == len(arms) and len(rows) == 4 * len(arms)
    assert {len(row) for row in rows} == {len(head)}
    for sentence, one in zip(said, arms.values()):
        found = one["answered"].get("nested", "patient")
        assert page.spread(found) in sentence and page.spread(found) in {row[2] for row in rows}
        assert ("not found" in sentence) == (found["low"] <= 0.5)


def test_the_page_is_that_of_the_results_and_a_spoilt_one_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["page", "--results", str(RESULTS), "--out",
                                      str(tmp_path / "page.html")])
    cli.main(page.stage)
    made = (tmp_path / "page.html").read_bytes()
    assert made == (ROOT / "reports" / "gi_liver" / "synthetic.html").read_bytes()
    content = canonical.read_json(RESULTS / "ladder-planted.json")
    for path in RESULTS.rglob("*"):
        if path.is_file():
            target = tmp_path / "spoilt" / path.relative_to(RESULTS)
            canonical.write_bytes(target, path.read_bytes())
    canonical.write_json(tmp_path / "spoilt" / "ladder-planted.json", {**content, "rungs": []})
    monkeypatch.setattr(sys, "argv", ["page", "--results", str(tmp_path / "spoilt"), "--out",
                                      str(tmp_path / "other.html")])
    with pytest.raises(SystemExit) as stopped:
        cli.main(page.stage)
    assert stopped.value.code == 2 and len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "other.html").exists()
