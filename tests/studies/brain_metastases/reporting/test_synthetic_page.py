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
    for name in ("ladder", "rejections-null", "rejections-planted", "held_out", "truth",
                 "tuned"):
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
    changed = json.loads((results / "rejections-null.json").read_text())
    changed["rejected"] |= {"share": 0.123, "low": 0.01, "high": 0.234}
    changed["above"]["count"], changed["below"]["count"] = 11, 14
    (results / "rejections-null.json").write_text(json.dumps(changed))
    truth = json.loads((results / "truth.json").read_text())
    truth["planted"]["area"] = 0.777
    (results / "truth.json").write_text(json.dumps(truth))
    code, text = draw(results, monkeypatch, capsys)
    assert code == 0 and "rejects in 12.3 % (1.0 to 23.4) of these" in text
    assert "planted AUC of 0.78" in text and "null twin 75 % hold 0.5" in text
    assert text.count("<svg class=\"chart\"") == 3 and "lesions.png" in text


def test_a_result_that_lacks_a_value_is_one_line(results, monkeypatch, capsys):
    (results / "truth.json").write_text("{}")
    code, error = draw(results, monkeypatch, capsys)
    assert code == 2 and "truth.json: lacks planted" in error and len(error.splitlines()) == 1
    (results / "truth.json").unlink()
    code, error = draw(results, monkeypatch, capsys)
    assert code == 2 and "no such file" in error


def test_the_corrected_protocol_keeps_its_level_on_the_null_twin():
    """Between 1 and 9 % of at least 100 label vectors, at 5 %; where something is planted, far more."""
    found, planted = (json.loads((RESULTS / f"rejections-{arm}.json").read_text())
                      for arm in ("null", "planted"))
    assert found["rejected"]["of"] == len(found["values"]) >= 100 and found["level"] == 0.05
    assert 0.01 <= found["rejected"]["share"] <= 0.09
    assert found["rejected"]["low"] < 0.05 < found["rejected"]["high"]
    assert planted["rejected"]["low"] > 0.09
    one = found["scores"]
    assert abs(one["area"]["mean"] - 0.5) < 0.03
    assert one["described_area"]["mean"] > one["nested_area"]["mean"]
    assert one["described_accuracy"]["mean"] > one["nested_accuracy"]["mean"]


def test_what_is_tested_is_what_is_drawn():
    """The tested area is that of the ladder's rung and of the table of inputs."""
    arms = json.loads((RESULTS / "ladder.json").read_text())["arms"]
    for arm in page.TESTED:
        found = json.loads((RESULTS / f"rejections-{arm}.json").read_text())
        assert found["area"] == arms[arm]["rungs"]["by_patient"]["area"]
        assert found["area"] == arms[arm]["inputs"]["concatenated"]["corrected"]["area"]


def test_intervals_are_called_what_they_are(results, monkeypatch, capsys):
    _, text = draw(results, monkeypatch, capsys)
    found = json.loads((results / "rejections-null.json").read_text())
    count = found["above"]["of"]
    held = count - found["above"]["count"] - found["below"]["count"]
    assert text.count(f"Of {count} such 90 % intervals in the null twin {100 * held / count:.0f} % "
                      "hold 0.5") == 2, "among the sentences, and beside the table of inputs"
    assert text.count("over patients, not calibrated") >= 2


def test_the_ladder_falls_from_the_leak_to_the_truth():
    arms = json.loads((RESULTS / "ladder.json").read_text())["arms"]
    null, planted = (arms[name]["rungs"] for name in ("null", "planted"))
    assert null["slices"]["area"] > 0.65 and null["by_patient"]["low"] < 0.5
    assert planted["by_patient"]["low"] > 0.5
    for one in (null, planted):
        assert one["slices"]["area"] > one["lesions"]["area"] > one["patients"]["area"] - 0.05
        assert one["patients"]["accuracy"] > one["nested"]["accuracy"]
