"""Numbers of a row that is not of the model it names: what agrees there says nothing."""

import pytest

from stages.verdicts import ledger


def row(verdict, basis="variations", source="bootstrap", name="A"):
    return {"item": "T", "row": name, "verdict": verdict, "note": "", "basis": basis,
            "computed": (source, "path")}


@pytest.mark.parametrize("verdict", ["exact", "exact-unstable", "envelope"])
def test_half_of_the_row_contradicted(verdict):
    rows = [row("contradicted"), row("untestable"), row("contradicted"), row(verdict),
            row("contradicted", name="B")]
    last = ledger.without_hits(rows)[3]
    assert last["verdict"] == "untestable"
    assert last["note"].startswith("says nothing: 2 of the 4 numbers computed with it for this row ")


@pytest.mark.parametrize("others", [
    [row("contradicted")], [row("contradicted")] * 2 + [row("envelope")] * 2,
    [row("contradicted", source="models")] * 5,
    [row("contradicted", name="B")] * 5, [row("contradicted", basis="arithmetic")] * 5])
def test_other_rows_and_less_than_half_of_it_take_nothing_back(others):
    rows = [row("exact"), *others]
    assert ledger.without_hits(rows) == rows


def test_counts_stand_each_by_itself():
    """Where nothing is fitted, numbers of one row are separate facts."""
    rows = [row("exact", basis="arithmetic"), *[row("contradicted", basis="arithmetic")] * 3]
    assert ledger.without_hits(rows) == rows
