"""What the study declares fits what stands in git: numbers, rules, checklists, ledger, headline."""

import csv
import re
from pathlib import Path

import pandas as pd
import pytest

from stages.common import canonical
from stages.verdicts import checklists, ledger, published

ROOT = Path(__file__).resolve().parents[4]
REPORTS = ROOT / "reports/sclc_liver"
CALCULATOR = pd.Series([
    0.037, 0.074, 0.092, 0.044, 0.029, 0.044, 0.029, 0.034, 0.022, 0.011, 0.062, 0.031, 0.041, 0.02,
    0.02, 0.03, 0.02, 0.06, 0.03, 0.035, 0.023, 0.018, 0.012, 0.029, 0.018, 0.037, 0.075, 0.007, 0.007,
    0.007])


@pytest.fixture(scope="module")
def rows():
    """The ledger in git."""
    return canonical.read_csv(REPORTS / "ledger.csv", ledger.COLUMNS, dtype=str,
                              keep_default_na=False)


def test_every_number_of_the_paper_has_a_rule(study):
    rules = published.rules(study.rules)
    numbers = published.read(study.published, study.content.numbers)
    used = [published.rule_for(item, rules) for item in numbers]
    assert len(used) == len(numbers) > 700
    idle = [rule for rule in rules if rule not in used]
    assert not idle, f"rules that cover nothing: {idle}"


def test_every_source_is_known(study):
    known = {*study.content.sources, *study.without_source}
    assert {rule.source for rule in published.rules(study.rules)} <= known


def test_every_item_has_its_title_and_every_title_an_item(study):
    numbers = published.read(study.published, study.content.numbers)
    assert {number.item for number in numbers} == set(study.content.items)


def test_committed_summary_counts_the_committed_ledger(study, rows):
    assert canonical.read_json(REPORTS / "verdicts.json")["verdicts"] == ledger.count(
        rows.to_dict("records"))


def test_no_verdict_of_the_ledger_without_its_variations(rows):
    given = rows[["all_equal", "seed_equal", "racing_equal"]].isin(["", "0"])
    assert rows[(rows["verdict"] == "envelope") & given.all(axis=1)].empty
    outside = rows[(rows["verdict"] == "contradicted") & (rows["basis"] == "variations")]
    assert len(outside)
    for number in outside.to_dict("records"):
        ends = float(number["all_minimum"]), float(number["all_maximum"])
        assert number["all_equal"] == "0"
        assert not ends[0] <= float(number["published"]) <= ends[1]


def test_the_median_that_is_cut_off_is_not_in_the_envelope(rows):
    cut = rows[(rows["item"] == "Fig5b") & (rows["row"] == "incorrect")
               & (rows["metric"] == "NE_median")]
    assert cut["verdict"].tolist() == ["untestable"]
    assert "cut off, not rounded" in cut["note"].iloc[0]


def test_the_headline_verdicts():
    """Table 4: the forest and the regression rows follow exactly from data and code."""
    with open(REPORTS / "ledger.csv", newline="") as stream:
        table = [row for row in csv.DictReader(stream) if row["item"] == "Table4"]
    for model, environment in (("RF", None), ("LR", "classification-notebook")):
        cells = [row for row in table if row["row"] == model]
        assert len(cells) == 21
        assert {row["verdict"] for row in cells} <= {"exact", "exact-unstable"}
        assert environment is None or {row["environment"] for row in cells} == {environment}
    counts = canonical.read_json(REPORTS / "verdicts.json")["verdicts"]["Fig4"]
    assert counts["exact"] + counts["exact-unstable"] == counts["numbers"]


def test_the_checklists_in_git_are_those_that_follow(study, tmp_path):
    table, summary = checklists.answer(study, ROOT)
    canonical.write_csv(tmp_path / "c.csv", table)
    canonical.write_json(tmp_path / "c.json", summary)
    for name in ("csv", "json"):
        committed = (REPORTS / f"checklists.{name}").read_bytes()
        assert (tmp_path / f"c.{name}").read_bytes() == committed
    for side in checklists.SIDES:
        assert {name: found[side]["items"] for name, found in summary.items()} == {
            "TRIPOD+AI": 52, "CLEAR": 58, "METRICS": 30}
        score = summary["METRICS"][side]["score"]
        assert 0 < score["percent"] <= score["percent_at_most"] < 100


def test_the_items_of_tripod_ai(study):
    """The numbers of Collins et al. 2024 (BMJ 385:e078378), with the letters of their parts."""
    parts = {3: 3, 5: 2, 6: 3, 8: 3, 9: 3, 12: 7, 18: 6, 20: 3, 23: 2, 27: 3}
    numbers = [f"{item}{letter}" for item in range(1, 28)
               for letter in "abcdefg"[:parts.get(item, 0)] or [""]]
    table = pd.read_csv(study.folder / "checklists/tripod-ai.csv", dtype=str)
    assert table["number"].tolist() == numbers and len(numbers) == 52


# Parts of the paper that an answer may name, and the repository that the paper names.
PLACES = re.compile(
    r"Title|Abstract(, Conclusion)?|Keywords|Introduction(, paragraph [1-5])?|"
    r"Methods(, (Study population|Deep learning model development|"
    r"Radiomics characterization|Statistical analysis))?|"
    r"Results(, (first paragraph|Lesion detection|Correlation analysis|"
    r"Neuroendocrine phenotype classification))?|Discussion(, paragraph [1-6])?|References|"
    r"Footnotes(, (Funding|Conflict of interest disclosure))?|Table [1-4]|Figure [1-5]|"
    r"Supplementary Table [1-3]|Released repository")


def test_answers_as_published_name_a_place_that_the_paper_has(study):
    table, _ = checklists.answer(study, ROOT)
    named = [part for entry in table.to_dict("records")
             for part, file in checklists.places(entry, "published") if not file]
    assert len(named) > 250
    assert not [part for part in named if not PLACES.fullmatch(part)]
    # What is said to be missing was looked for in more than one place, or in the one that would say it.
    absent = table[table["published"] == "not met"]
    alone = absent[~absent["published_by"].str.contains(";")]
    assert set(zip(alone["checklist"], alone["number"])) == {("METRICS", "4"), ("METRICS", "16")}


def test_what_tests_decide_is_as_git_has_it(study):
    """Two fail: no calibration is printed, nor an interval of the AUC by kind of sample."""
    table, _ = checklists.answer(study, ROOT)
    failed = [test for side in checklists.SIDES for cell in table[f"{side}_if"]
              for test in checklists.pieces(cell) if test.startswith("fails: ")]
    assert failed == ["fails: has printed Fig5c | cfDNA | AUC | low",
                      "fails: has printed * | * | *[Cc]alibration*"]
    assert sum(cell != "" for side in checklists.SIDES for cell in table[f"{side}_if"]) > 25


def test_weights_are_those_of_nine_ranked_categories(study):
    """The published weights add up to 1, and each category's share is a rank sum over 89."""
    table = pd.read_csv(study.folder / "checklists/metrics.csv")
    assert table["weight"].sum() == pytest.approx(1)
    shares = table.groupby("section")["weight"].sum() * 89
    assert len(shares) == 9
    assert shares.round().sum() == 89 and (shares - shares.round()).abs().max() < 0.02
    # Those of the official calculator (metricsscore.github.io), to three decimals.
    assert (table["weight"] - CALCULATOR).abs().max() < 0.0006
