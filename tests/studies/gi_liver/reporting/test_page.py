"""The page of the synthetic cohorts: the right answer is drawn, and the sentences say the numbers."""

import re
import sys
from pathlib import Path

import pandas as pd
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
    planted = page.rungs(results["planted"]["ladder"])["folds", "patient", page.NAMED]
    assert planted["AUC"] - 3 * planted["se"] > 0.5


def test_sentences_say_what_was_found(results):
    said = " ".join(page.sentences(results))
    for arm in page.ARMS:
        one = results[arm]["rejections"]
        assert f"{one.get('rejected')} of {one.get('cohorts')} cohorts" in said
    best = page.rungs(results["null-twin"]["ladder"])["patients", "lesion", page.BEST]
    assert f"adds {best['AUC'] - 0.5:.3f}" in said


def test_slices_become_lesions_and_patients():
    """Two folds; a lesion with many slices counts once."""
    rows = [("a", "a1", 1, 0, 0.9), ("a", "a1", 1, 0, 0.1), ("a", "a2", 1, 0, 0.8),
            ("b", "b1", 0, 0, 0.6), ("c", "c1", 1, 1, 0.2), ("d", "d1", 0, 1, 0.1)]
    table = pd.DataFrame(rows, columns=["patient", "lesion", "label", "fold", "nested"])
    head, shown = page.network(table.assign(described=table["nested"]))
    # Patients: a 0.65 above b 0.6; c above d. Lesions: a1 0.5 below b1, a2 above.
    assert shown[0] == ("of an inner fold", "1.000", "0.500", "0.500", "0.667", "0.400", "0.600")
    assert len(head) == len(shown[0]) and len(shown) == 2


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
