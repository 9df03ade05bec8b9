"""The study's own part of its page: what the page reads, refused from damaged results."""

import json
import shutil
from pathlib import Path

import pytest

from stages.common import canonical
from stages.report import inputs
from stages.report.files import Document
from studies.sclc_recurrence import sections
from tests.made_up import call, refused  # noqa: F401 (fixtures)

ROOT = Path(__file__).resolve().parents[4]
IMPLIED, REPORTS = "metrics/sclc_recurrence/results/implied.json", "reports/sclc_recurrence"
OUT = f"{REPORTS}/sections.json"
ARGUMENTS = ("--implied", IMPLIED, "--reports", REPORTS, "--out", OUT)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """The files that the sections are made of."""
    for name in (IMPLIED, f"{REPORTS}/ledger.csv", f"{REPORTS}/findings.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_sections_are_those_in_git_and_those_that_the_page_reads(repository, call):  # noqa: F811
    assert call(sections.stage, *ARGUMENTS) == (0, "", "")
    made = (repository / OUT).read_bytes()
    assert made == (ROOT / OUT).read_bytes()
    own = inputs.own(Document(OUT, json.loads(made)))
    assert [section.anchor for section in own.sections] == ["refused", "counts"]
    assert set(own.files) == {IMPLIED, f"{REPORTS}/ledger.csv", f"{REPORTS}/findings.csv"}


def test_every_finding_is_shown(repository, call):  # noqa: F811
    call(sections.stage, *ARGUMENTS)
    html = canonical.read_json(OUT)["sections"][0]["html"]
    rows = canonical.read_csv(f"{REPORTS}/findings.csv", dtype=str, keep_default_na=False)
    assert html.count("<tr>") == len(rows) + 2
    assert "Nothing is recomputed" in html


def test_the_page_says_that_nothing_is_recomputed():
    page = (ROOT / REPORTS / "index.html").read_text()
    assert "so that nothing is recomputed" in page and "re-executed" not in page.split("</h1>")[0]
    row = canonical.read_json(ROOT / "metrics/sclc_recurrence/headline.json")
    assert row["found"] is None and row["corrected"] is None and row["exact"] == 0


def test_damaged_results_are_one_line(repository, refused):  # noqa: F811
    content = json.loads((repository / IMPLIED).read_text())
    (repository / IMPLIED).write_text(json.dumps(content | {"model": 3}))
    assert "cannot be drawn" in refused(sections.stage, *ARGUMENTS)
    del content["local_control"]
    (repository / IMPLIED).write_text(json.dumps(content))
    assert "lacks local_control/most" in refused(sections.stage, *ARGUMENTS)
