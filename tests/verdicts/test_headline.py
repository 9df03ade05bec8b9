"""A study's row of ``dvc metrics show``: the same keys for all, and no number that is none."""

from dataclasses import replace

import pytest

from stages.common import canonical
from stages.verdicts import headline, ledger, names
from stages.verdicts.content import Headline
from tests.made_up import ARGUMENTS, JUDGED, NAME, READ, put

ROW, SUMMARY = f"metrics/{NAME}/headline.json", f"reports/overview/{NAME}.json"
CORRECTED = f"metrics/{NAME}/results/corrected.json"


@pytest.fixture
def judged(repository, call):
    """The small repository with its ledger."""
    assert call(ledger.stage, *JUDGED)[0] == 0
    return repository


def entries():
    return canonical.read_csv(f"reports/{NAME}/ledger.csv", ledger.COLUMNS, dtype=str,
                              keep_default_na=False).to_dict("records")


@pytest.fixture
def line(judged, refused):
    """Return the line that the stage refuses its input with."""
    def run():
        error = refused(headline.stage, *ARGUMENTS)
        assert not (judged / ROW).exists() and not (judged / SUMMARY).exists()
        return error
    return run


def test_the_row(judged, call):
    assert call(headline.stage, *ARGUMENTS) == (0, "", "")
    assert canonical.read_json(ROW) == {
        "exact": 9, "unstable": 1, "envelope": 1, "consistent": 1, "refuted": 2, "open": 0,
        "passed": 0.25, "found": 0.7213, "corrected": 0.6, "P": 0.2}
    summary = canonical.read_json(SUMMARY)
    assert summary["headline"] == canonical.read_json(ROW) | {
        "printed": 0.72, "low": 0.4, "high": 0.8}
    assert sum(summary["verdicts"].values()) == sum(READ.content.numbers.values())


@pytest.mark.parametrize("number, found", [
    (("Text", "A", "AUC", "mean"), 0.7213), (("Text", "Seg", "Dice", "value"), None)])
def test_every_study_has_the_same_keys(judged, number, found):
    study = replace(READ, content=replace(READ.content, headline=Headline(number)))
    row = headline.build(study, entries(), judged)
    assert set(row) == {*headline.KEYS, *headline.OVERVIEW} and row["found"] == found
    assert [row[name] for name in ("corrected", "low", "high", "P")] == [None] * 4


def test_a_headline_that_the_ledger_lacks(judged, line):
    put(judged / "studies" / NAME / "study.yaml", "headline/number", ["Text", "A", "F1", "mean"])
    assert f"studies/{NAME}/study.yaml: headline.number names Text / A / F1 / mean, which" in line()


def test_a_headline_that_is_no_number(judged, line):
    put(judged / "studies" / NAME / "study.yaml", "headline/number",
        ["Text", "cohort", "version", "value"])
    assert "Text / cohort / version / value, which is no number" in line()


@pytest.mark.parametrize("value", [True, float("nan"), float("inf"), "0.6", None, [0.6], {}])
def test_an_address_that_leads_to_no_number(judged, line, value):
    put(judged / CORRECTED, "A/mean", value)
    assert f"{CORRECTED}: 'A/mean' is no number" in line()


@pytest.mark.parametrize("address, said", [
    ("corrected.json::A/median", f"{CORRECTED}: lacks 'A/median'"),
    ("none.json::A/mean", "none.json: no such file"), ("corrected.json", "lacks ''")])
def test_an_address_that_leads_nowhere(judged, line, address, said):
    put(judged / "studies" / NAME / "study.yaml", "headline/corrected/value", address)
    assert said in line()


def test_without_a_ledger(repository, refused):
    assert "ledger.csv: no such file" in refused(headline.stage, *ARGUMENTS)


def test_every_verdict_counts_where_it_belongs(judged):
    rows = [entries()[0] | {"item": "Text", "row": "A", "metric": "AUC", "statistic": "mean"}]
    rows = [row | {"verdict": name} for row in rows for name in names.ALL]
    row = headline.build(READ, rows, judged)
    assert {key: row[key] for key in headline.KEYS[:6]} == {
        "exact": 1, "unstable": 1, "envelope": 1, "consistent": 1, "refuted": 3, "open": 2}


def test_the_row_fits_a_terminal():
    """DVC sets a column as wide as its name and two blanks or its values, and two blanks between."""
    values = {"found": 7, "corrected": 7, "P": 3}
    columns = [max(len(name) + 2, values.get(name, 4)) for name in headline.KEYS]
    path = len("metrics/a_name_of_/headline.json")
    assert path + sum(2 + width for width in columns) <= 140 and len(headline.KEYS) <= 15
