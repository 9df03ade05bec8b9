"""The page says what each verdict means, why data are missing, and what single runs explain."""

from pathlib import Path

import pandas as pd
import pytest

from stages.common import canonical
from stages.report import tables
from stages.report.page import stage
from stages.verdicts import ledger
from stages.verdicts.lines import count
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
    assert "code · r2 · new: gives 4 of 4 at once<" in text


def test_a_row_says_which_variations_give_more_of_it_at_once(text):
    # Ten fitted numbers in five rows. No run gives B's AUC as released; 26 of 80 variations do, and
    # none of them its PPV.
    assert "gives 0 of 2 at once; 104 of 320 variations that should not matter give 1 of 2<" in text
    assert ("If each row may take the variation that is best for it, 9 are found: "
            "4 of 5 rows are given completely by one run or variation.") in text
    assert "How many numbers of a row single runs give at once" in text
    assert "<td>104</td><td>new · r2 · task all, order order-52</td>" in text
    assert "26 of 80 equal; alone of its row" in text


@pytest.mark.parametrize("more, said", [
    ({}, ""), ({"row_together": "21"}, "; with up to 20 others of its row at once"),
    ({"row_together": "1"}, "; alone of its row"), ({"row_together": "1", "row_numbers": "1"}, ""),
    ({"row_together": "21", "verdict": "exact"}, ""),
    ({"row_together": "21", "verdict": "untestable"}, "; with up to 20 others of its row at once"),
    ({"seed_variations": "270", "seed_equal": "4"}, "; 4 of 270 with another seed"),
    ({"racing_variations": "40", "racing_equal": "0"}, "; 0 of 40 that race")])
def test_how_firm_a_number_is(more, said):
    """What is counted apart stands behind the neutral variations."""
    row = dict.fromkeys(("row_together", "seed_variations", "racing_variations"), "") | {
        "minimum": "0.1", "maximum": "0.2", "decimals": "1", "equal": "0", "variations": "52",
        "verdict": "envelope", "row_numbers": "21"} | more
    assert tables.firm(row) == f"0.100 to 0.200; 0 of 52 equal{said}"


def test_without_single_runs_nothing_is_said_of_them(reported, call):
    put(reported / "studies" / NAME / "study.yaml", "single_runs", {})
    assert call(ledger.stage, *JUDGED)[0] == call(stage, *JUDGED)[0] == 0
    text = (REPORTS / "index.html").read_text()
    assert "variation that is best" not in text and "of a row single runs" not in text


@pytest.mark.parametrize("column, value, said", [
    ("at_once", "some", "Grid / A: at_once is 'some'"), ("numbers", "", "Grid / A: numbers is ''"),
    ("kind", "usual", "Grid / A: 'usual' is no kind of runs")])
def test_damaged_counts_of_single_runs_are_one_line(reported, refused, column, value, said):
    path = reported / REPORTS / "rows.csv"
    table = canonical.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[0, column] = value
    canonical.write_csv(path, table)
    assert f"{REPORTS}/rows.csv: {said}" in refused(stage, *JUDGED)
    assert not (reported / REPORTS / "index.html").exists()


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
    put(Path("studies", NAME) / "study.yaml", "single_runs", {})
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
