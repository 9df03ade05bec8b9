"""The overview of all studies: every study that has a folder, none that has not."""

import json
import shutil

import pytest

from stages.common import canonical
from stages.report import overview
from stages.verdicts import headline, ledger
from tests.made_up import ARGUMENTS, JUDGED, NAME, put
from tests.report.pages import Page

SUMMARY = f"reports/overview/{NAME}.json"


@pytest.fixture
def summarised(repository, call):
    """The small repository with its study's summary."""
    assert call(ledger.stage, *JUDGED)[0] == call(headline.stage, *ARGUMENTS)[0] == 0
    return repository


def twin(repository, name="twin"):
    """Add a study that says the same under another name."""
    shutil.copytree(repository / "studies" / NAME, repository / "studies" / name)
    return repository / "studies" / name


def page(call):
    assert call(overview.stage, "--out", "reports/index.html") == (0, "", "")
    with open("reports/index.html", encoding="utf-8") as stream:
        return Page(stream.read())


@pytest.fixture
def line(refused, repository):
    """Return the line that the stage refuses its input with."""
    def run():
        error = refused(overview.stage, "--out", "reports/index.html")
        assert not (repository / "reports" / "index.html").exists()
        return error
    return run


def test_one_row_with_verdicts_and_headline(summarised, call):
    found = page(call)
    assert {"href": f"{NAME}/index.html"} in found.all("a")
    text = " ".join(found.text.split())
    for said in ("Made up 2000", "1 study", "9 follows exactly", "2 differs", "1 consistent",
                 "Text, Model A, AUC", "0.72", "0.721", "0.600 (0.400 to 0.800; 0.200)"):
        assert said in text, said
    assert "cannot be told" not in text, "none of these"


def test_two_studies_and_the_template_is_none(summarised, call):
    shutil.copytree(twin(summarised), summarised / "studies" / overview.TEMPLATE)
    shutil.copy(SUMMARY, "reports/overview/twin.json")
    put(summarised / "reports" / "overview" / "twin.json", "headline/corrected", None)
    found = page(call)
    links = [a["href"] for a in found.all("a") if a["href"].endswith("/index.html")]
    assert links == [f"{NAME}/index.html", "twin/index.html"]
    assert "2 studies" in found.text and '<td class="n">—</td>' in found.text


def test_a_study_folder_that_is_not_listed(summarised, line):
    twin(summarised)
    assert "dvc.yaml: the study twin is not listed; add twin to the list of studies" in line()


def test_a_summary_whose_study_is_gone(summarised, line):
    (summarised / "studies" / NAME).rename(summarised / "away")
    assert f"studies/{NAME}/study.yaml: no such file" in line()


@pytest.mark.parametrize("content", [
    "", "{", "[]", "3", "null", "{}", '{"headline": {}}', '{"headline": {}, "verdicts": {}}',
    '{"headline": 3, "verdicts": {}}'])
def test_a_summary_that_is_none(summarised, line, content):
    (summarised / SUMMARY).write_text(content)
    assert f"overview/{NAME}.json: " in line()


@pytest.mark.parametrize("key", headline.KEYS)
def test_a_summary_that_lacks_a_key(summarised, line, key):
    content = json.loads((summarised / SUMMARY).read_text())
    del content["headline"][key]
    canonical.write_json(SUMMARY, content)
    assert f"overview/{NAME}.json: is not complete ('{key}')" in line()


def test_a_summary_with_a_key_that_the_others_lack(summarised, line):
    put(summarised / SUMMARY, "headline/accuracy", 0.5)
    assert f"overview/{NAME}.json: is not complete ('accuracy' is a key" in line()


@pytest.mark.parametrize("value", [3, None, "many", {"exact": "many"}, {"exact": None}, ["exact"]])
def test_verdicts_that_are_no_counts(summarised, line, value):
    put(summarised / SUMMARY, "verdicts", value)
    assert f"overview/{NAME}.json: is not complete" in line()


@pytest.mark.parametrize("value", ["high", [0.5], True, {}])
def test_a_headline_that_is_no_number(summarised, line, value):
    put(summarised / SUMMARY, "headline/found", value)
    assert f"overview/{NAME}.json: is not complete" in line()


def test_a_synthetic_pipeline_has_its_page_linked(summarised, call):
    link = f'href="{NAME}/synthetic.html"'
    assert call(overview.stage, "--out", "reports/index.html") == (0, "", "")
    assert link not in (summarised / "reports/index.html").read_text()
    folder = summarised / "studies" / NAME / "synthetic"
    folder.mkdir()
    (folder / "dvc.yaml").write_text("stages: {}\n")
    assert call(overview.stage, "--out", "reports/index.html") == (0, "", "")
    assert link in (summarised / "reports/index.html").read_text()
