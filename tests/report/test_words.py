"""The page says what each verdict means, why data are missing, and what single runs explain."""

from pathlib import Path

import pandas as pd
import pytest

from stages.common import canonical
from stages.report import tables
from stages.report.page import stage
from stages.verdicts.ledger import count
from tests.made_up import JUDGED, NAME, SETTINGS, put
from tests.report.pages import Page

REPORTS = Path("reports", NAME)


@pytest.fixture
def text(reported, call):
    """The page's text, blanks made one."""
    assert call(stage, *JUDGED) == (0, "", "")
    return " ".join(Page((REPORTS / "index.html").read_text()).text.split())


def test_the_page_explains_each_verdict_in_one_sentence_by_what_is_public(text):
    groups = tables.groups([{"verdict": "exact"}, {"verdict": "untested"}], SETTINGS)
    assert [count for _, count, _ in groups] == [1, 1, 0]
    for title, _, verdicts in groups:
        assert f'<th scope="rowgroup">{title}</th>' in text
        for verdict, meaning, _ in verdicts:
            assert meaning.endswith(".") and ". " not in meaning and "{" not in meaning
            assert meaning.replace("'", "&#39;") in text, verdict.name
    assert "private images: images are not released" in text
    assert "at least 50% of the variations that should not matter" in text


def test_what_single_runs_explain_is_said(text):
    runs = canonical.read_json(REPORTS / "verdicts.json")["runs"]
    assert f"The best single run ({runs['single_run']}) gives {runs['single']} of them." in text
    assert f"so {runs['by_row']} of the {runs['numbers']} fitted numbers are found" in text
    assert "code · r2 · new: gives 4 of 4 at once" in text


def test_why_nothing_is_recomputed_and_what_a_check_is_worth_stand_beside_the_number(text):
    assert '<td class="origin">private images</td><td>its checks refuse 100% of other values' in text


def test_a_study_without_public_data_does_not_speak_of_recomputation(reported, call):
    said = ("Every published number, re-executed", "from public data and code", "rest on public data",
            "Linear-algebra kernel")
    assert call(stage, *JUDGED) == (0, "", "")
    page = REPORTS / "index.html"
    assert all(words in page.read_text() for words in said)
    put(Path("studies", NAME) / "study.yaml", "sources", {})
    put(Path("studies", NAME) / "study.yaml", "variations", [])
    ledger = pd.read_csv(REPORTS / "ledger.csv", dtype=str, keep_default_na=False)
    ledger["verdict"], ledger["kernel"] = "untested", ""
    canonical.write_csv(REPORTS / "ledger.csv", ledger)
    canonical.write_json(REPORTS / "verdicts.json", {
        "verdicts": count(ledger.to_dict("records")), "runs": {"numbers": 0}})
    fragile = REPORTS / "fragile.csv"
    fragile.write_text(fragile.read_text().splitlines(keepends=True)[0])
    assert call(stage, *JUDGED) == (0, "", "")
    text = page.read_text()
    assert not [words for words in said if words in text]
    assert "Every published number, checked" in text
    assert text.count("Neither ") == 2
    assert f"Of the {len(ledger)} numbers that it prints, 0 stand" in text
