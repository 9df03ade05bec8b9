"""Checklists: complete, every answer resolves, the score follows from the weights."""

from dataclasses import replace

import pandas as pd
import pytest

from stages.common import canonical
from stages.verdicts import checklists
from tests.made_up import ARGUMENTS, NAME, READ

FOLDER, REPORTS = f"studies/{NAME}/checklists", f"reports/{NAME}"


def test_every_item_and_its_answer(repository, call):
    assert call(checklists.stage, *ARGUMENTS) == (0, "", "")
    table = canonical.read_csv(f"{REPORTS}/checklists.csv", checklists.COLUMNS, dtype=str)
    assert table["checklist"].tolist() == ["List"] * 3 + ["Weighted"] * 2
    summary = canonical.read_json(f"{REPORTS}/checklists.json")
    assert summary["List"] == {"met": 1, "partly": 0, "not met": 1, "not applicable": 1, "items": 3}
    assert summary["Weighted"]["score"] == {"percent": 25.0, "percent_if_partly_counted": 100.0}


def test_a_study_without_checklists(repository):
    table, summary = checklists.answer(
        replace(READ, content=replace(READ.content, checklists={})), repository)
    assert tuple(table.columns) == checklists.COLUMNS and table.empty and summary == {}


def test_score_counts_met_items_among_applicable_ones():
    table = pd.DataFrame({"weight": ["0.2", "0.3", "0.4", "0.1"],
                          "status": ["met", "partly", "not met", "not applicable"]})
    assert checklists.score(table) == {"percent": round(200 / 9, 6),
                                       "percent_if_partly_counted": round(500 / 9, 6)}


def change(repository, stem, row, column, value):
    path = repository / FOLDER / f"{stem}.csv"
    table = canonical.read_csv(path, dtype=str, keep_default_na=False)
    if value is None:
        del table[column]
    else:
        table.loc[row, column] = value
    canonical.write_csv(path, table)


@pytest.mark.parametrize(("column", "value", "said"), [
    ("answer", "stages/none.py", "leads nowhere"),
    ("answer", f"studies/{NAME}/params/seed.yaml::none/none", "leads nowhere"),
    ("answer", "", "without an answer"),
    ("status", "maybe", "status 'maybe'"),
    ("number", "7", "once each"),
])
def test_bad_items_are_one_clear_line(repository, refused, column, value, said):
    change(repository, "list", 0, column, value)
    assert said in refused(checklists.stage, *ARGUMENTS)
    assert not (repository / REPORTS / "checklists.csv").exists()


@pytest.mark.parametrize("weight", [None, "", "0", "heavy"])
def test_items_without_a_weight_are_one_clear_line(repository, refused, weight):
    change(repository, "weighted", 1, "weight", weight)
    error, item = refused(checklists.stage, *ARGUMENTS), 1 if weight is None else 2
    assert f"weighted.csv: item {item} has no weight above 0" in error


def test_what_is_not_met_says_why(repository, refused):
    change(repository, "list", 1, "note", "")
    assert "item 2 is not met without a note" in refused(checklists.stage, *ARGUMENTS)
