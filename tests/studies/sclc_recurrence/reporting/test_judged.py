"""The printed numbers, what is said against the authors, and that all of it follows from the folder."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from stages.common import canonical
from stages.verdicts import checklists, claims, confirm, ledger, published
from stages.verdicts import study as studies
from stages.verdicts.consistency import declarations, evaluate
from stages.verdicts.values import Reader

ROOT = Path(__file__).resolve().parents[4]
FOLDER, REPORTS = ROOT / "studies/sclc_recurrence", ROOT / "reports/sclc_recurrence"
TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def study():
    """The study as it stands in the repository."""
    return studies.read(FOLDER)


@pytest.fixture(scope="module")
def judged():
    """Rows and answers of the checks, worked out anew."""
    return evaluate.evaluate(declarations.numbers(FOLDER / "published"),
                             *declarations.read(FOLDER / "checks.yaml"))


@pytest.fixture(scope="module")
def entries():
    """The ledger in git."""
    return canonical.read_csv(REPORTS / "ledger.csv", ledger.COLUMNS, dtype=str,
                              keep_default_na=False).to_dict("records")


def test_every_number_has_a_rule_and_every_item_a_title(study):
    numbers = published.read(study.published, study.content.numbers)
    rules = published.rules(study.rules, numbers)
    assert {published.rule_for(one, rules).source for one in numbers} == set(study.without_source)
    assert {one.item for one in numbers} == set(study.content.items)


def test_at_most_a_quarter_of_the_results_is_untested(entries):
    tally = Counter(row["verdict"] for row in entries)
    results = sum(tally.values()) - tally["not-a-result"]
    assert 0 < tally["untested"] <= results / 4
    assert results > 350 and tally["consistent"] > 250


def test_what_is_untested_says_why(judged, entries):
    rows, _ = judged
    for row, entry in zip(rows, entries, strict=True):
        assert (row["verdict"] == "untested") == (row["could_fail"] == 0.0), row
        if entry["verdict"] == "untested":
            assert "no check touches it" not in entry["note"], entry
            assert "its checks refuse no other" not in entry["note"], entry


ACCUSED = {
    ("Results", "male"): 2, ("Results", "female"): 2, ("Results", "central type"): 2,
    ("Results", "peripheral type"): 2, ("Table4", "superior vena cava syndrome/No"): 2,
    ("Table4", "smoking index/0"): 2, ("Table4", "smoking index/0-400"): 2,
    ("Table4", "smoking index/>400"): 2, ("Table4", "Chemotherapy/Synchronous radiochemotherapy"): 2,
    ("Table4", "Chemotherapy/Sequential radiochemotherapy"): 2, ("Table5", "3A"): 3, ("Table5", "8"): 3}


def test_who_is_accused(judged):
    """Each of these was looked at by hand; another one must be, too."""
    rows, _ = judged
    against = Counter((row["item"], row["row"]) for row in rows if row["verdict"] in evaluate.REFUSED)
    assert against == ACCUSED


def test_no_accusation_without_second_derivation_and_fairness(study, entries):
    lines = confirm.fairness(study)
    against = [row for row in entries if row["verdict"] in evaluate.REFUSED]
    assert len(against) == sum(ACCUSED.values())
    said = {line.right_if for line in lines}
    assert {row["right_if"] for row in against} == said, "every line of fairness.csv is of use"
    assert {row["second_agrees"] for row in against} == {"yes"}


def test_readings_that_another_one_saves_accuse_nobody(judged):
    rows, answers = judged
    excluded = {row["id"].partition(" (")[0] for row in evaluate.findings(answers)
                if row["verdict"] == evaluate.EXCLUDED}
    assert excluded == {"mixed-type", "paraneoplastic", "local-control-and-counts"}
    control = [row for row in rows if row["row"] == "LCRF" and "%" not in row["bound"]
               and row["metric"].endswith("%")]
    assert {row["verdict"] for row in control} == {"consistent"} and len(control) == 4


@pytest.mark.parametrize("item, row, metric, wrong", [
    ("Table4", "T stage/T2", "relapse", "33"), ("Table3", "N Stage/N2", "percent", "46.5"),
    ("Table5", "4R", "GTV affected", "11"), ("Results", "tumor size", "HR P", "0.128"),
    ("Table7", "validation set", "F1", "0.78"), ("Abstract", "LCRF", "smaller tumors %", "68.7"),
    ("Table6", "RIgtvLN7", "number", "56"), ("Results", "recurrence/10R", "instances", "51")])
def test_a_wrong_number_is_noticed(item, row, metric, wrong):
    found = declarations.numbers(FOLDER / "published")
    place = declarations.Place(item, row, metric)
    entries, _ = declarations.read(FOLDER / "checks.yaml")
    before = refused(found, entries)
    assert place not in before
    assert place in refused(found | {place: wrong}, entries)


def refused(found, entries):
    """Return who is accused, checks being asked as they stand (a new refusal needs no fairness)."""
    groups = evaluate.statements(evaluate.prepare(entry, found) for entry in entries)
    return {place for group in groups if not any(
        one.entry.otherwise or one.run(one.check.possible, found) for one in group)
        for one in group for place in one.charged}


def test_what_is_in_git_follows(study, judged, tmp_path):
    rows, answers = judged
    canonical.write_csv(tmp_path / "consistency.csv", pd.DataFrame(rows))
    canonical.write_csv(tmp_path / "findings.csv", pd.DataFrame(evaluate.findings(answers),
                                                                columns=evaluate.COLUMNS))
    canonical.write_csv(tmp_path / "contradictions.csv", claims.build(
        claims.read(study.claims, TOLERANCE), Reader(study, ROOT, TOLERANCE)))
    canonical.write_csv(tmp_path / "checklists.csv", checklists.answer(study, ROOT)[0])
    for path in sorted(tmp_path.iterdir()):
        assert path.read_bytes() == (REPORTS / path.name).read_bytes(), path.name


def test_every_claim_against_a_result_is_derived_twice(study):
    table = claims.build(claims.read(study.claims, TOLERANCE), Reader(study, ROOT, TOLERANCE))
    shown = table[table["status"] != "not-confirmed"]
    serious = shown[shown["severity"] == "result"]
    assert len(serious) >= 9 and set(serious["second"]) == {"agrees"}
    assert serious["right_if"].ne("").all()
