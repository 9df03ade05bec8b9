"""What is said of the test AUCs: computed, three things apart, never without what could be found."""

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stages.common.errors import InputError
from stages.report import page
from stages.report.files import Document
from studies.sclc_liver.report import chance as report_chance
from studies.sclc_liver.report import readme, stage

ROOT = Path(__file__).resolve().parents[4]
CHANCE = "metrics/sclc_liver/results/chance"
BLOCKS = ("p", "li", "td", "figcaption", "h2", "h3", "caption", "summary")
# A diagonal or a line of a figure may be named after what it stands for; headings say no result.
NAMES_A_LINE = re.compile(r"(diagonal|line) is chance")
NEEDED = re.compile(r"true\s+AUC\s+needed", re.I)
INTERVAL = re.compile(r"(?=.*\binterval)(?=.*\d\.\d\d to \d\.\d\d)", re.S)
# What sets a score beside an AUC of one half.
BESIDE_CHANCE = re.compile(r"(from|above|at|than|beats?|of|to|by) chance\b|chance level|"
                           r"\b(not|no|in)\W?significant|no (difference|association)\b", re.I)
# A column of P values needs two others in its table.
P_VALUE = re.compile(r"\bP\b")
BESIDE_P = (re.compile("interval"), re.compile("True AUC needed|80 % power finds"))


class Blocks(HTMLParser):
    """The text of a page, one entry for each block that holds text of its own."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [""], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag in BLOCKS:
            self.found.append("")

    def handle_data(self, data):
        self.found[-1] += data


class Heads(HTMLParser):
    """The column heads of each table of a page."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self.found.append([])
        if tag == "th" and ("scope", "col") in attributes:
            self.found[-1].append("")
        self.open = tag == "th" or self.open and tag in ("br", "svg")

    def handle_endtag(self, tag):
        self.open = self.open and tag != "th"

    def handle_data(self, data):
        if self.open and self.found[-1]:
            self.found[-1][-1] += data


def lonely(heads):
    """Return the tables that show P values without an interval and what could have been found."""
    return [head for head in heads if any(map(P_VALUE.search, head))
            and not all(any(map(beside.search, head)) for beside in BESIDE_P)]


def unguarded(blocks):
    """Return the blocks that speak of chance without an interval and the true AUC needed."""
    return [block for block in blocks if BESIDE_CHANCE.search(block) and not NAMES_A_LINE.search(block)
            and not (INTERVAL.match(block) and NEEDED.search(block))]


def paragraphs(markdown):
    """Split at blank lines and at items of the outer list: an inner list belongs to its item."""
    return re.split(r"\n\s*\n|\n(?=- )|\n<!--", markdown)


def documents():
    chance = {release: Document(f"{CHANCE}/{release}.json", json.loads(
        (ROOT / CHANCE / f"{release}.json").read_text())) for release in ("2025-06", "2025-08")}
    path = "metrics/sclc_liver/results/corrected/2025-08/classification-notebook.json"
    return chance, Document(path, json.loads((ROOT / path).read_text()))


@pytest.mark.parametrize("said, caught", [
    ("no model is told apart from chance on held-out patients", True),
    ("Not told from chance with these data.", True),
    ("volume itself is not above chance (permutation P 0.42)", True),
    ("with the defaults it is at chance.", True),
    ("not told from chance (95 % interval 0.40 to 0.92)", True),
    ("not told from chance (95 % interval 0.40 to 0.92; true AUC needed 0.82)", False),
    ("The grey diagonal is chance.", False), ("This is not significant (P 0.3).", True),
    ("It is insignificant.", True), ("There is no difference between the models.", True)])
def test_the_rule_on_chance_catches_what_it_should(said, caught):
    assert bool(unguarded([said])) == caught


def test_nothing_speaks_of_chance_alone(repository, call):
    assert not unguarded(paragraphs((ROOT / "README.md").read_text()))
    with open(repository / "reports/sclc_liver/contradictions.csv", newline="") as stream:
        rows = [" ".join((row["recomputed"], row["size"])) for row in csv.DictReader(stream)]
    assert not unguarded(rows)
    # The page of the checklists answers by links into the whole repository.
    answers = repository / "reports/sclc_liver/checklists.csv"
    answers.write_text(answers.read_text().splitlines(keepends=True)[0])
    assert call(stage.stage) == (0, "", "")
    assert call(page.stage, "--study", "studies/sclc_liver", "--params", "params.yaml") == (0, "", "")
    assert not unguarded(Blocks((repository / "reports/sclc_liver/index.html").read_text()).found)


def test_no_table_shows_p_values_alone(repository, call):
    assert call(stage.stage) == (0, "", "")
    sections = json.loads((repository / "reports/sclc_liver/sections.json").read_text())["sections"]
    heads = [head for section in sections for head in Heads(section["html"]).found]
    shown = [head for head in heads if any(map(P_VALUE.search, head))]
    assert len(shown) >= 7 and not lonely(heads)
    for removed in BESIDE_P:
        assert lonely([[name for name in head if not removed.search(name)] for head in shown])


SAYING = ["README.md", *(path.relative_to(ROOT).as_posix() for pattern in (
    "studies/sclc_liver/report/**/*.py", "studies/sclc_liver/report/templates/*",
    "stages/report/templates/*", "studies/sclc_liver/claims/models.yaml")
    for path in sorted(ROOT.glob(pattern)))]


@pytest.mark.parametrize("name", SAYING)
def test_leakage_is_said_of_the_cross_validated_scores_alone(name):
    assert not re.search(r"without\s+leakage", (ROOT / name).read_text(), re.I)


def test_three_things_stand_apart_each_with_what_could_be_found():
    chance, corrected = documents()
    found = report_chance.statements(chance, corrected)
    assert [("published predictions" in text, "solved to its optimum" in text,
             "not the published model" in text) for text in found] == [
        (True, False, False), (False, True, False), (False, False, True)]
    for text in found:
        assert INTERVAL.match(text) and NEEDED.search(text) and " P " in text
        assert "80 % power (one-sided 5 %)" in text and "smallest" not in text
    for text in found[:2]:
        assert "one-sided and" in text and "two-sided, corrected" in text
    # What is corrected for is said, and not what the authors did.
    assert "as if the best of Table 4's 3 models were reported" in found[0]
    assert "the 9 weighted models are not counted" in found[0] and "choice" not in " ".join(found)
    introduction = report_chance.introduction(chance)
    numbers = chance["2025-08"].content["numbers"]
    assert f"{numbers['patients']} patients" in introduction
    assert "percentile interval, patients drawn anew" in introduction


def test_what_is_said_of_leakage_is_computed():
    chance, _ = documents()
    assert "No patient is in both" in report_chance.introduction(chance)
    assert "no leakage between folds" in report_chance.introduction(chance)
    chance["2025-08"].content["numbers"]["patients_in_training_and_test"] = 2
    introduction = report_chance.introduction(chance)
    assert introduction.startswith("2 patient(s) are in both") and "no leakage" not in introduction


def test_the_limit_names_level_and_assumptions():
    chance, _ = documents()
    chance["2025-08"].content["power"]["level"] = 0.01
    said = report_chance.limit(chance)
    assert "missed" in said and "P ≤ 0.01" in said
    for assumed in ("equal variance", "named beforehand", "without effect", "not simulated"):
        assert assumed in said
    assert "(one-sided 1 %)" in report_chance.published(chance)


def test_every_number_comes_from_the_results():
    chance, corrected = documents()
    before = report_chance.statements(chance, corrected)
    latest = chance["2025-08"].content
    latest["smallest"]["published"]["single"]["AUC"] = 0.6666
    latest["models"]["published"]["LR"]["one_sided"]["P_best"] = 0.7777
    latest["models"]["published"]["LR"]["two_sided"]["P"] = 0.5555
    latest["models"]["converged"]["LR"]["patients"]["low"] = 0.1111
    latest["smallest"]["nested"]["nested"]["AUC"] = None
    corrected.content["test"]["scores"]["RF"]["AUC"]["patients"]["low"] = 0.7
    corrected.content["permutation"]["RF"]["test_AUC"]["P"] = 0.01
    after = report_chance.statements(chance, corrected)
    for said, position in (("0.67 (", 0), ("0.778", 0), ("0.11 to", 1), ("rule: none (", 2),
                           ("0.555 two-sided", 0), ("it finds RF", 2)):
        assert said in after[position] and said not in before[position]
    assert len(report_chance.tests(chance)) == 8 and len(report_chance.findable(chance)) == 5


def test_a_result_that_is_missing_is_named():
    chance, corrected = documents()
    del chance["2025-08"].content["smallest"]["nested"]
    with pytest.raises(InputError, match=f"{CHANCE}/2025-08.json: lacks smallest/nested/nested"):
        report_chance.statements(chance, corrected)


def test_readme_holds_what_the_results_say(study):
    text = (ROOT / "README.md").read_text()
    for name, content in readme.parts(study, ROOT).items():
        assert readme.insert(text, name, content, "README.md") == text, "run 'make readme'"


def test_markers_are_kept_and_required():
    begin, end = readme.markers("headline")
    text = f"top\n{begin}\nold\n{end}\nbottom"
    assert readme.insert(text, "headline", "new", "README.md") == f"top\n{begin}\nnew\n{end}\nbottom"
    with pytest.raises(InputError, match="README.md: lacks the markers of the verdicts"):
        readme.insert(text, "verdicts", "new", "README.md")


def test_an_auc_that_is_needed_lies_within_its_range():
    chance, _ = documents()
    document = chance["2025-08"]
    for scores, rule in (("published", "single"), ("published", "best"), ("converged", "single"),
                         ("converged", "best"), ("nested", "nested")):
        said = report_chance.needed(document, scores, rule)
        own, low, high = map(float, re.findall(r"\d\.\d\d", said))
        assert low <= own <= high
