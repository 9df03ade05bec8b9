"""No accusation without a second derivation that agrees, nor without fairness."""

from pathlib import Path

import pytest

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts import confirm, ledger
from stages.verdicts.consistency import evaluate
from tests.made_up import ARGUMENTS, JUDGED, NAME, READ, RELEASES, put

ROOT = Path(__file__).resolve().parents[2]
LEDGER = f"reports/{NAME}/ledger.csv"
PATH = "models/B/PPV/mean"


def again(root, change, releases=RELEASES):
    """Change the second derivations of some releases."""
    for release in releases:
        path = root / f"metrics/{NAME}/results/again/{release}.json"
        content = canonical.read_json(path)
        change(content)
        canonical.write_json(path, content)


def entry(metric, row=None):
    rows = canonical.read_csv(LEDGER, ledger.COLUMNS, dtype=str, keep_default_na=False)
    return next(one for one in rows.to_dict("records")
                if one["metric"] == metric and row in (None, one["row"]))


def test_a_contradiction_shows_both_derivations_and_what_would_make_it_right(repository, call):
    assert call(ledger.stage, *JUDGED) == (0, "", "")
    row = entry("series")
    assert (row["verdict"], row["reproduced"], row["second"], row["second_agrees"]) == (
        "contradicted", "226", "226", "yes")
    assert row["right_if"] == "a series was taken out later"
    assert entry("several")["second_agrees"] == ""


@pytest.mark.parametrize("change, second, said", [
    (lambda content: content["values"]["fits"].pop(PATH), "", confirm.ALONE),
    (lambda content: content["values"]["fits"].update({PATH: 0.6}), "0.6", confirm.APART),
    (lambda content: content["values"]["fits"].update({PATH: 0.53}), "0.53", confirm.APART)])
def test_no_accusation_without_a_second_derivation_that_agrees(repository, call, change, second, said):
    """So an experiment in which a number falls that nobody derived twice goes on."""
    again(repository, change)
    assert call(ledger.stage, *JUDGED) == (0, "", "")
    row = entry("PPV", row="B")
    assert (row["verdict"], row["second"]) == ("untestable", second) and said in row["note"]
    assert entry("series")["verdict"] == "contradicted", "confirmed: it stays"


@pytest.mark.parametrize("value", [0.55, 0.549, 0.5549, 0.5599])  # rounded or cut off
def test_a_second_derivation_that_gives_the_number_acquits_the_paper(repository, call, value):
    again(repository, lambda content: content["values"]["fits"].update({PATH: value}), RELEASES[:1])
    assert call(ledger.stage, *JUDGED) == (0, "", "")
    row = entry("PPV", row="B")
    assert row["verdict"] == "untestable" and "a second derivation gives it" in row["note"]


def test_no_accusation_without_fairness(repository, refused):
    path = repository / f"studies/{NAME}/fairness.csv"
    path.write_text("item,row,metric,right_if\nGrid,B,PPV,another model\n")
    error = refused(ledger.stage, *JUDGED)
    assert "Text / cohort / series / value is contradicted, and nothing says what would make" in error
    assert f"studies/{NAME}/fairness.csv" in error
    path.unlink()
    assert "nothing says what would make" in refused(ledger.stage, *JUDGED)


def test_what_is_said_of_a_number_goes_before_what_its_check_says(repository, call):
    folder = repository / "studies" / NAME
    checks, path = folder / "checks.yaml", folder / "fairness.csv"
    checks.write_text(checks.read_text().replace("0.72", "0.92"))
    assert call(evaluate.stage, *ARGUMENTS) == (0, "", "")
    assert call(ledger.stage, *JUDGED) == (0, "", "")
    row = entry("Dice")
    assert (row["verdict"], row["right_if"]) == ("impossible", "it is another score")
    path.write_text(path.read_text() + "Text,Seg,Dice,it is of other scans\n")
    assert call(ledger.stage, *JUDGED) == (0, "", "")
    row = entry("Dice")
    assert row["right_if"] == "it is of other scans" and "right if it is of other scans" in row["note"]


@pytest.mark.parametrize("line", ["Grid,B,,why", "Grid,B,PPV,", "Grid,B,PPV,  "])
def test_fairness_that_is_not_complete(repository, refused, line):
    (repository / f"studies/{NAME}/fairness.csv").write_text(f"item,row,metric,right_if\n{line}\n")
    assert "fairness.csv: line 2 is not complete" in refused(ledger.stage, *JUDGED)


@pytest.mark.parametrize("value", [True, float("nan"), "0.5", None, [0.5]])
def test_a_second_derivation_that_is_no_number(repository, refused, value):
    for release in RELEASES:
        put(repository / f"metrics/{NAME}/results/again/{release}.json", "values/counts",
            {"all/series": value})
    assert "'all/series' of 'counts' is no number" in refused(ledger.stage, *JUDGED)


@pytest.mark.parametrize("content", [{}, [], {"release": "r9", "values": {}},
                                     {"release": "r1", "values": []},
                                     {"release": "r1", "values": {"counts": 1}}])
def test_a_damaged_file_of_second_derivations(repository, refused, content):
    canonical.write_json(repository / f"metrics/{NAME}/results/again/r1.json", content)
    assert "holds no second derivations of release r1" in refused(ledger.stage, *JUDGED)


def test_a_missing_file_of_second_derivations(repository, refused):
    (repository / f"metrics/{NAME}/results/again/r2.json").unlink()
    assert "again/r2.json: no such file" in refused(ledger.stage, *JUDGED)


@pytest.mark.parametrize("study", sorted(p.parent.name for p in ROOT.glob("reports/*/ledger.csv")))
def test_under_its_own_settings_no_contradiction_of_a_study_is_taken_back(study):
    table = canonical.read_csv(ROOT / "reports" / study / "ledger.csv", ("note",), dtype=str,
                               keep_default_na=False)
    notes = "\n".join(table["note"])
    assert confirm.ALONE not in notes and confirm.APART not in notes


@pytest.mark.parametrize("change, said", [
    ({}, None), ({"second_agrees": ""}, "is impossible without a second derivation"),
    ({"second_agrees": "no"}, "1 by the first derivation, 2 by the second, which disagree"),
    ({"right_if": ""}, "nothing says what would make the paper right"),
    ({"second_agrees": "", "verdict": "untestable"}, None)])
def test_the_last_look_at_a_ledger(change, said):
    row = {"item": "T", "row": "r", "metric": "m", "statistic": "mean", "verdict": "impossible",
           "second_agrees": "yes", "right_if": "it is", "reproduced": 1, "second": 2} | change
    if said is None:
        assert confirm.require([row], READ) is None
    else:
        with pytest.raises(InputError, match=said):
            confirm.require([row], READ)
