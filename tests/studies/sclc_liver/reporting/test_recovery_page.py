"""The committed results on cohorts with known answers say what they should, and so does their page."""

import re
from pathlib import Path

import pytest

from stages.common import canonical
from studies.sclc_liver.recovery import page
from studies.sclc_liver.recovery.parameters import IMAGES, LABELS, NULL, PLANTED, SHORTCUT
from tests.studies.sclc_liver.recovery_cohorts import PARAMS, run

SUMMARY = Path(__file__).parents[4] / "metrics/sclc_liver/recovery/summary.json"


@pytest.fixture(scope="module")
def summary():
    return canonical.read_json(SUMMARY)


def test_there_are_two_hundred_cohorts_of_each_twin_and_twelve_drawn(summary):
    for twin in (PLANTED, NULL, SHORTCUT):
        assert sum(one["sets"] - one["unusable"] for one in page.pick(summary, LABELS, twin)) >= 190
        assert sum(one["sets"] for one in page.pick(summary, LABELS, twin)) >= 200
        assert sum(one["sets"] for one in page.pick(summary, IMAGES, twin)) >= 12


def test_without_effect_the_corrected_protocol_keeps_its_level(summary):
    found = page.pick(summary, LABELS, NULL)[0]
    assert 0.02 <= found["corrected"]["share"] <= 0.08
    assert abs(found["areas"]["corrected_AUC"]["mean"] - 0.5) < 0.02


def test_more_effect_is_found_more_often_and_never_beyond_the_oracle_on_average(summary):
    groups = page.pick(summary, LABELS, PLANTED)
    shares = [one["corrected"]["share"] for one in groups]
    assert shares == sorted(shares) and shares[-1] > 0.9
    for one in groups:
        for name, oracle in (("corrected_AUC", "oracle_AUC"), ("released_AUC", "test_oracle_AUC")):
            assert one["areas"][name]["mean"] < one["areas"][oracle]["mean"]


def test_a_shortcut_is_found_on_held_out_scanners_and_not_by_patient_alone(summary):
    tied, planted = (page.pick(summary, LABELS, twin)[-1] for twin in (SHORTCUT, PLANTED))
    assert summary["shortcut"]["believed"]["share"] > 0.5
    assert summary["shortcut"]["found"]["share"] > 0.5
    assert tied["areas"]["apart_AUC"]["mean"] < 0.56 < planted["areas"]["apart_AUC"]["mean"]


def test_series_of_a_patient_on_both_sides_raise_the_score(summary):
    above = page.pick(summary, LABELS, NULL)[0]["inflation"]["series"]
    assert above["mean"] > 2 * above["se"]


def test_the_page_shows_the_committed_numbers(tmp_path, monkeypatch, summary):
    run(monkeypatch, page.stage, "--params", PARAMS, "--summary", SUMMARY, "--page",
        tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text()
    assert page.percent(page.pick(summary, LABELS, NULL)[0]["corrected"]) in text
    assert text.count("<svg") >= 2 and "oracle" in text and not re.search(r"\bnan\b|None", text)
    drawn = re.search(r'id="recovered-auc-t".*?</svg>', text, re.DOTALL).group()
    # The oracle has a line and a mark for each strength and the null twin.
    assert drawn.count("mark s3") == 1 + len(page.pick(summary, LABELS, PLANTED))
    assert len(text) < 200_000


def test_results_of_another_form_are_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "a.json").write_text('{"groups": []}')
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, page.stage, "--params", PARAMS, "--summary", tmp_path / "a.json", "--page",
            tmp_path / "a.html")
    error = capsys.readouterr().err.strip()
    assert stop.value.code == 2 and "cannot be drawn" in error and "\n" not in error
    assert not (tmp_path / "a.html").exists()
