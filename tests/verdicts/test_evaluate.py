"""The evaluator: verdicts of a made-up study, and what it refuses to read."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stages.common.errors import InputError
from stages.verdicts.consistency import declarations, evaluate, second
from stages.verdicts.consistency.declarations import Place
from stages.verdicts.consistency.registry import CHECKS as REGISTERED

ROOT = Path(__file__).resolve().parents[2]
TABLE = """item,row,metric,value,low,high
T1,all,n,50,,
T1,men,n,30,,
T1,women,n,21,,
T1,men,percent,60.0,,
T1,age,median,63,23,82
T2,model,rate,0.30,,
T2,model,spare,7,,
"""
CHECKS = """checks:
  - {id: sexes, check: total, numbers: {total: T1 | all | n, parts: [T1 | men | n, T1 | women | n]},
     charges: [T1 | women | n], right_if: a patient was counted twice}
  - {id: men, check: percentage, numbers: {count: T1 | men | n, total: T1 | all | n,
     percent: T1 | men | percent}}
  - {id: age, check: ordered, numbers: {numbers: [T1 | age | median | low, T1 | age | median,
     T1 | age | median | high]}}
  - {id: small, check: rate, of: rate, reading: of 7, numbers: {rate: T2 | model | rate},
     constants: {n: 7}}
  - {id: large, check: rate, of: rate, reading: of 10, numbers: {rate: T2 | model | rate},
     constants: {n: 10}}
untested:
  - {reason: nothing to compare with, numbers: [T2 | * | spare]}
"""


@pytest.fixture
def study(tmp_path):
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "t.csv").write_text(TABLE)
    (tmp_path / "checks.yaml").write_text(CHECKS)
    return tmp_path


def run(folder):
    found = declarations.numbers(folder / "published")
    return evaluate.evaluate(found, *declarations.read(folder / "checks.yaml"))


def verdicts(rows):
    return {str(Place(row["item"], row["row"], row["metric"], row["bound"])): row for row in rows}


def test_why_a_number_is_not_put_to_the_test(study):
    """An age of 62 or 64 would be in order, too; of what is in no check nothing is known."""
    text, untested = CHECKS.split("untested:")
    (study / "checks.yaml").write_text(text)
    found = verdicts(run(study)[0])
    assert found["T1 | age | median"]["reason"] == "its checks refuse no other value either"
    assert found["T2 | model | spare"]["reason"] == "no check touches it"


def test_verdicts(study):
    rows, answers = run(study)
    found = verdicts(rows)
    assert found["T1 | women | n"]["verdict"] == "inconsistent"
    assert found["T1 | women | n"]["right_if"] == "a patient was counted twice"
    # Not charged by the sum, and held by the percentage.
    assert found["T1 | men | n"]["verdict"] == "consistent"
    assert found["T1 | men | n"]["checks"] == "men" and found["T1 | men | n"]["could_fail"] == 1.0
    # No shift by up to ten years would be refused.
    assert found["T1 | age | median"]["verdict"] == "untested"
    assert found["T1 | age | median"]["could_fail"] == 0.0
    assert found["T2 | model | rate"]["verdict"] == "consistent"
    assert found["T2 | model | rate"]["excluded"] == "of 7"
    assert found["T2 | model | spare"]["reason"] == "nothing to compare with"
    assert [(row["id"], row["verdict"]) for row in evaluate.findings(answers)] == [
        ("sexes", "inconsistent"), ("small", "reading excluded")]


def test_a_reading_that_cannot_be_tested_saves_the_statement(study):
    text = CHECKS.replace("right_if: a patient was counted twice",
                          "reading: no overlap, otherwise: some are in both groups")
    (study / "checks.yaml").write_text(text)
    rows, answers = run(study)
    assert verdicts(rows)["T1 | women | n"]["verdict"] == "untested"
    assert evaluate.findings(answers)[0]["otherwise"] == "some are in both groups"


@pytest.mark.parametrize("old, new, said", [
    ("T1 | women | n]}", "T1 | girls | n]}", "which is not printed"),
    ("check: percentage", "check: percentag", "did you mean 'percentage'?"),
    ("count: T1 | men | n", "number: T1 | men | n", "takes no 'number'"),
    ("count: T1 | men | n, ", "", "needs 'count'"),
    ("constants: {n: 7}", "constants: {n: [9, 7]}", "wrong order"),
    ("constants: {n: 7}", "constants: {n: .nan}", "must be without NaN"),
    ("constants: {n: 7}", "constants: {n: many}", "is no number"),
    ("constants: {n: 7}", "constants: {n: true}", "neither a number nor a pair"),
    ("rate: T2 | model | rate}", "rate: T1 | age | median}", "of 7"),
    ("check: percentage, numbers: {count: T1 | men | n, total: T1 | all | n,\n     percent:",
     "check: operating_point, numbers: {auc: T1 | men | n, sensitivity: T1 | all | n,\n"
     "     specificity:", "is no Rate (0 to 1)"),
    (", right_if: a patient was counted twice", "", "does not say what would have to be true"),
    ("of: rate, reading: of 7", "of: rate", "goes with 'of' or 'otherwise'"),
    ("id: men", "id: sexes", "two checks have the id"),
    ("parts: [T1 | men | n, T1 | women | n]", "parts: T1 | men | n", "takes a list"),
    ("checks:", "chekcs:", "lists no checks"),
    ("check: total", "chek: total", "did you mean 'check'"),
    ("checks:", "checks: [", "not readable YAML"),
])
def test_bad_lists_are_one_line(study, old, new, said):
    assert old in CHECKS
    (study / "checks.yaml").write_text(CHECKS.replace(old, new))
    if said == "of 7":
        rows, _ = run(study)
        assert verdicts(rows)["T2 | model | rate"]["verdict"] == "untested"
        return
    with pytest.raises(InputError, match=said.replace("(", r"\(").replace(")", r"\)")) as raised:
        run(study)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("change, said", [
    (lambda text: text.replace("30,,", "thirty,,"), "is no number"),
    (lambda text: text.replace("30,,", "30.5,,"), "no whole number"),
    (lambda text: text + "T1,all,n,51,,\n", "listed twice"),
    (lambda text: text.replace("metric", "metrics"), "lacks the column"),
    (lambda text: "", "not a readable CSV"),
    (lambda text: text.replace("60.0", "160.0"), "is no Percent"),
])
def test_bad_printed_numbers_are_one_line(study, change, said):
    (study / "published" / "t.csv").write_text(change(TABLE))
    with pytest.raises(InputError, match=said):
        run(study)


@pytest.mark.parametrize("name, given, said", [
    ("pooled", {"sizes": ["3", "4", [2, 5]], "means": ["1", "2", "3"], "size": "12", "mean": "2.0"},
     "bounds only"),
    ("pooled", {"sizes": ["3", "4"], "means": ["1"], "size": "7", "mean": "2.0"}, "lists of 2, 1"),
    ("weighted", {"classes": ["0.5"], "sizes": ["3", "4"], "average": "0.5"}, "lists of 1, 2"),
    ("table_p", {"counts": ["3", "4", "5"], "p": "0.5"}, "lists of 2, 1"),
    ("subgroups", {"accuracies": ["0.5"] * 3, "positives": 5, "negatives": 5, "errors": 5}, "lists of"),
    ("detection", {"scans": 5, "lesions": [1, 50], "sensitivities": ["0.5", "0.6"], "ppvs": ["0.9"],
                   "false_positives": ["0.1"]}, "lists of 2, 1, 1"),
    ("rate", {"rate": "0.5", "n": [1, 10**9]}, "too wide"),
    ("two_by_two", {"positives": [1, 900], "negatives": [1, 900], "accuracy": "0.5"}, "too many"),
    ("total", {"total": "5", "parts": "5"}, "is no list"),
    ("feature_count", {"count": "5", "library": "none", "version": "1"}, "no feature counts"),
    ("restated", {"numbers": ["inf", "0.5"]}, "is no number"),
])
def test_bad_arguments_are_one_line(name, given, said):
    with pytest.raises(InputError, match=said):
        REGISTERED[name](**given)


def test_a_second_derivation_that_disagrees_or_is_missing_stops(study, monkeypatch):
    monkeypatch.setattr(second, "total", lambda **given: True)
    with pytest.raises(InputError, match="the second derivation finds the numbers possible"):
        run(study)
    monkeypatch.delattr(second, "total")
    with pytest.raises(InputError, match="has no second derivation"):
        run(study)


def test_command_line(tmp_path):
    folder = tmp_path / "studies" / "made_up"
    shutil.copytree(ROOT / "studies" / "template", folder)
    line = [sys.executable, "-m", "stages.verdicts.consistency.evaluate", "--study", str(folder),
            "--root", str(tmp_path)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = (tmp_path / "reports/made_up/consistency.csv").read_text().splitlines()
    assert len(rows) == 7 and sum(",consistent," in row for row in rows) == 3
    (folder / "checks.yaml").write_text("checks: 3")
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
