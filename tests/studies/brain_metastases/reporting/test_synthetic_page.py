"""The page of the synthetic demonstration says what the committed results say."""

import json
import shutil
from pathlib import Path

import pytest

from studies.brain_metastases.synthetic import page

ROOT = Path(__file__).resolve().parents[4]
RESULTS = ROOT / "metrics" / "brain_metastases" / "synthetic"


@pytest.fixture
def results(tmp_path):
    """A copy of the results."""
    for name in ("ladder", "null_twin", "held_out", "truth", "tuned"):
        shutil.copy(RESULTS / f"{name}.json", tmp_path)
    return tmp_path


def draw(results, monkeypatch, capsys):
    from stages.common import cli

    monkeypatch.setattr("sys.argv", ["page", "--results", str(results), "--picture", "a/lesions.png",
                                     "--out", str(results / "page.html")])
    try:
        cli.main(page.stage)
    except SystemExit as stop:
        return stop.code, capsys.readouterr().err
    return 0, (results / "page.html").read_text()


def test_the_committed_page_is_that_of_the_results(results, monkeypatch, capsys):
    code, text = draw(results, monkeypatch, capsys)
    committed = (ROOT / "reports" / "brain_metastases" / "synthetic.html").read_text()
    assert code == 0 and text.replace("lesions.png", "synthetic-phantom.png") == committed


def test_numbers_follow_the_results(results, monkeypatch, capsys):
    changed = json.loads((results / "null_twin.json").read_text())
    changed["above"] = 0.123
    (results / "null_twin.json").write_text(json.dumps(changed))
    truth = json.loads((results / "truth.json").read_text())
    truth["planted"]["area"] = 0.777
    (results / "truth.json").write_text(json.dumps(truth))
    code, text = draw(results, monkeypatch, capsys)
    assert code == 0 and "12.3 % of the label vectors" in text and "planted AUC of 0.78" in text
    assert text.count("<svg class=\"chart\"") == 3 and "lesions.png" in text


def test_a_result_that_lacks_a_value_is_one_line(results, monkeypatch, capsys):
    (results / "truth.json").write_text("{}")
    code, error = draw(results, monkeypatch, capsys)
    assert code == 2 and "truth.json: lacks planted" in error and len(error.splitlines()) == 1
    (results / "truth.json").unlink()
    code, error = draw(results, monkeypatch, capsys)
    assert code == 2 and "no such file" in error


def test_the_corrected_protocol_keeps_its_level_on_the_null_twin():
    """Between 1 and 9 % of at least 100 label vectors, at 5 %."""
    found = json.loads((RESULTS / "null_twin.json").read_text())
    assert found["replicates"] >= 100 and found["level"] == 0.05
    assert 0.01 <= found["above"] <= 0.09
    assert abs(found["area"]["mean"] - 0.5) < 0.03
    assert found["described_area"]["mean"] > found["nested_area"]["mean"]
    assert found["described_accuracy"]["mean"] > found["nested_accuracy"]["mean"]


def test_the_ladder_falls_from_the_leak_to_the_truth():
    arms = json.loads((RESULTS / "ladder.json").read_text())["arms"]
    null, planted = (arms[name]["rungs"] for name in ("null", "planted"))
    assert null["slices"]["area"] > 0.65 and null["by_patient"]["low"] < 0.5
    assert planted["by_patient"]["low"] > 0.5
    for one in (null, planted):
        assert one["slices"]["area"] > one["lesions"]["area"] > one["patients"]["area"] - 0.05
        assert one["patients"]["accuracy"] > one["nested"]["accuracy"]
