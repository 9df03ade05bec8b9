"""The study's own sections: every number computed, damaged results in one line."""

import json
import shutil
from pathlib import Path

import pytest

from stages.common import canonical
from studies.brain_metastases import report

ROOT = Path(__file__).resolve().parents[4]
RESULTS = Path("metrics/brain_metastases/results")
AREAS = RESULTS / "control/areas.json"
ARGUMENTS = ("--results", RESULTS, "--out", "sections.json")


@pytest.fixture
def areas(tmp_path, monkeypatch):
    """The control's results in a folder of their own."""
    shutil.copytree(ROOT / RESULTS, tmp_path / RESULTS)
    monkeypatch.chdir(tmp_path)
    return json.loads(AREAS.read_text())


def test_the_areas_needed_are_those_of_the_results(areas, call):
    for place, one in enumerate(areas["sets"].values()):
        one["smallest_detectable"] = 0.61 + place / 100
    AREAS.write_text(json.dumps(areas))
    assert call(report.stage, *ARGUMENTS)[0] == 0
    assert "areas of 0.61 to 0.63" in canonical.read_json("sections.json")["sections"][0]["html"]


def test_damaged_results_are_one_line(areas, refused):
    areas["sets"]["shape"]["AUC"] = "high"
    AREAS.write_text(json.dumps(areas))
    assert "sections.json: cannot be drawn" in refused(report.stage, *ARGUMENTS)
