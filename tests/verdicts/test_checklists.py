"""Checklists: complete, answered twice, tests on files decide, scores follow from the weights."""

from dataclasses import replace

import pandas as pd
import pytest

from stages.common import canonical
from stages.verdicts import checklists, predicates, published
from tests.made_up import ARGUMENTS, NAME, READ

FOLDER, REPORTS = f"studies/{NAME}/checklists", f"reports/{NAME}"
SEED = f"studies/{NAME}/params/seed.yaml"


def test_every_item_and_its_two_answers(repository, call):
    assert call(checklists.stage, *ARGUMENTS) == (0, "", "")
    table = canonical.read_csv(f"{REPORTS}/checklists.csv", checklists.COLUMNS, dtype=str,
                               keep_default_na=False)
    assert table["checklist"].tolist() == ["List"] * 3 + ["Weighted"] * 2
    assert table["number"].tolist() == ["1", "2a", "2b", "1", "2"]
    assert table["published"].tolist()[:3] == ["met", "not met", "unclear"]
    assert table["reanalysed"].tolist()[:3] == ["met", "not met", "not applicable"]
    assert table["published_if"][0] == "holds: has printed Grid | A | AUC | low"
    assert table["reanalysed_if"][1] == f"fails: {SEED}::seed = 8"
    summary = canonical.read_json(f"{REPORTS}/checklists.json")
    none = dict.fromkeys(checklists.STATUSES, 0) | {"items": 3}
    assert summary["List"] == {"published": none | {"met": 1, "not met": 1, "unclear": 1},
                               "reanalysed": none | {"met": 1, "not met": 1, "not applicable": 1}}
    assert summary["Weighted"]["published"]["score"] == {"percent": 75, "percent_at_most": 75}
    assert summary["Weighted"]["reanalysed"]["score"] == {"percent": 25, "percent_at_most": 100}


def test_an_answer_follows_its_files(repository, call):
    """The same checklist is answered otherwise where the value or the printed number is another one."""
    canonical.write_bytes(repository / SEED, b"seed: 8\n")
    path = repository / f"studies/{NAME}/published/grid.csv"
    path.write_text(path.read_text().replace("AUC,0.70,0.60,0.80", "AUC,0.70,,"))
    study = replace(READ, content=replace(READ.content, numbers={
        name: count - 2 * (name == "grid.csv") for name, count in READ.content.numbers.items()}))
    table, _ = checklists.answer(study, repository)
    assert table["published"].tolist()[:1] == ["partly"] and table["reanalysed"].tolist()[1] == "met"


def test_a_study_without_checklists(repository):
    table, summary = checklists.answer(
        replace(READ, content=replace(READ.content, checklists={})), repository)
    assert tuple(table.columns) == checklists.COLUMNS and table.empty and summary == {}


@pytest.mark.parametrize("part, link", [
    ("README.md", True), ("docs/x", True), ("a/b.json::c/d e", True), ("Abstract", False),
    ("Methods, page 2", False)])
def test_what_of_a_place_is_a_file(part, link):
    assert checklists.is_link(part) is link


def test_score_counts_met_items_among_applicable_ones():
    status = pd.Series(["met", "partly", "unclear", "not met", "not applicable"])
    weight = pd.Series([0.2, 0.2, 0.1, 0.4, 0.1])
    assert checklists.score(status, weight) == {"percent": round(200 / 9, 6),
                                                "percent_at_most": round(500 / 9, 6)}
    assert checklists.score(status[4:], weight[4:]) == {"percent": None, "percent_at_most": None}


@pytest.mark.parametrize("numbers, good", [
    (["1", "2", "3"], True), (["1", "2a", "2b", "3"], True), (["2"], False), (["1", "1"], False),
    (["1", "3"], False), (["1", "2b"], False), (["1", "2a", "2c"], False), (["1", "2", "2b"], False),
    (["1", "x"], False)])
def test_items_stand_in_order(numbers, good):
    assert checklists._in_order(numbers) is good


def change(repository, stem, row, column, value):
    path = repository / FOLDER / f"{stem}.csv"
    table = canonical.read_csv(path, dtype=str, keep_default_na=False)
    if value is None:
        del table[column]
    else:
        table.loc[row, column] = value
    canonical.write_csv(path, table)


@pytest.mark.parametrize(("row", "column", "value", "said"), [
    (0, "reanalysed_by", "stages/none.py", "leads nowhere"),
    (0, "reanalysed_by", "Methods", "leads nowhere"),
    (0, "published_by", "stages/none.py", "leads nowhere"),
    (0, "reanalysed_by", f"{SEED}::none/none", "leads nowhere"),
    (0, "reanalysed_by", "", "item 1, reanalysed is met without an answer"),
    (1, "published_by", "", "item 2a, published is not met without an answer"),
    (2, "published_by", "", "item 2b, published is unclear without an answer"),
    (0, "reanalysed", "maybe", "status 'maybe'"),
    (0, "published", "met", "does not go with the tests"),
    (0, "published_if", "", "does not go with the tests"),
    (1, "published_note", "", "item 2a, published is not met without a note"),
    (0, "number", "7", "does not list 3 items"),
    (0, "published_if", "Grid", "neither 'has' nor 'no'"),
    (0, "published_if", "has Grid", "'Grid' is no address"),
    (0, "published_if", "has printed Gird | A | AUC", "no number is printed in Gird"),
    (0, "published_if", "has printed Grid | A", "is not printed ITEM | ROW | METRIC"),
    (0, "published_if", "printed Grid | A | AUC > 3", "'has' and 'no' only"),
    (0, "published_if", "has stages/none.json::a", "stages/none.json: no such file"),
    (0, "published_if", f"{SEED}::none = 3", "nothing stands at"),
    (0, "published_if", f"{SEED}::seed > many", "could not convert"),
])
def test_bad_items_are_one_clear_line(repository, refused, row, column, value, said):
    change(repository, "list", row, column, value)
    assert said in refused(checklists.stage, *ARGUMENTS)
    assert not (repository / REPORTS / "checklists.csv").exists()


@pytest.mark.parametrize("column", ["published", "reanalysed_if", "published_note"])
def test_a_checklist_without_a_column_is_one_clear_line(repository, refused, column):
    change(repository, "list", 0, column, None)
    assert f"list.csv: lacks the column(s) {column}" in refused(checklists.stage, *ARGUMENTS)


@pytest.mark.parametrize("weight", [None, "", "0", "heavy"])
def test_items_without_a_weight_are_one_clear_line(repository, refused, weight):
    change(repository, "weighted", 1, "weight", weight)
    error, item = refused(checklists.stage, *ARGUMENTS), 1 if weight is None else 2
    assert f"weighted.csv: item {item} has no weight above 0" in error


@pytest.mark.parametrize("test, held", [
    (f"has {SEED}::seed", True), (f"no {SEED}::seed", False), (f"no {SEED}::none", True),
    (f"{SEED}::seed = 7", True), (f"{SEED}::seed != 7", False), (f"{SEED}::seed < 7", False),
    (f"{SEED}::seed <= 7.0", True), (f"{SEED}::seed > 6", True), (f"{SEED}::seed >= 8", False),
    (f"metrics/{NAME}/results/counts/r2.json::all/version = 1.2.3", True),
    ("has printed Grid | A | AUC", True), ("has printed Grid | A | AUC | low", True),
    ("has printed Grid | B | AUC | low", False), ("no printed * | * | Kappa", True),
    ("has printed Text | * | Dice", True)])
def test_what_tests_say(repository, test, held):
    numbers = published.read(READ.published, READ.content.numbers)
    assert predicates.Files(repository, numbers).holds(test) is held


def test_what_is_missing_here_is_nowhere(repository, call):
    """As published it was looked for somewhere; here only a whole or half answer has a place."""
    change(repository, "list", 2, "reanalysed", "unclear")
    assert call(checklists.stage, *ARGUMENTS)[0] == 0
    change(repository, "list", 2, "published", "not applicable")
    change(repository, "list", 2, "published_by", "")
    assert call(checklists.stage, *ARGUMENTS)[0] == 0
