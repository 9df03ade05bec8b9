"""Claims are worked out from the results; a bad one is one clear line."""

import csv
import re

import pytest

from stages.verdicts import claims, values
from stages.verdicts.expressions import Expression
from tests.made_up import JUDGED, NAME, put, save

METRIC = f"metrics/{NAME}/results/m.json"
CLAIM = {"id": "a", "topic": "t", "locator": "here", "severity": "method",
         "values": {"x": f"{METRIC}::a/b", "y": "printed T | r | m"},
         "derived": {"gap": "x - y"}, "confirmed": "not rounds(x, y)", "stated": "{y}",
         "implementation": "none", "recomputed": "{x:.2f}", "size": "{gap:.2f}"}


@pytest.fixture
def folder(repository):
    """The small repository with one metric, one printed number and one claim more."""
    (repository / METRIC).write_text('{"a": {"b": 0.75}}')
    study = repository / "studies" / NAME
    (study / "published" / "t.csv").write_text(
        "item,row,metric,value,low,high,decimals,locator\nT,r,m,0.70,,,2,here\n")
    put(study / "study.yaml", "numbers/t.csv", 1)
    write(repository, CLAIM)
    return repository


def write(folder, *content):
    save(folder / "studies" / NAME / "claims" / "text.yaml", list(content))


@pytest.fixture
def rows_of(call):
    """Return the rows that the stage writes."""
    def run(folder):
        assert call(claims.stage, *JUDGED) == (0, "", "")
        with open(folder / "reports" / NAME / "contradictions.csv", newline="") as stream:
            return list(csv.DictReader(stream))
    return run


@pytest.fixture
def line_of(refused):
    """Return the line that the stage refuses the claims with."""
    def run(folder):
        error = refused(claims.stage, *JUDGED)
        assert not (folder / "reports" / NAME / "contradictions.csv").exists()
        return error
    return run


def test_a_changed_result_changes_row_and_status(folder, rows_of):
    entry, = rows_of(folder)
    assert entry["status"] == "confirmed" and entry["recomputed"] == "0.75"
    assert entry["stated"] == "0.70" and entry["size"] == "0.05"
    assert entry["source"] == f"{METRIC}::a/b; printed T | r | m"
    (folder / METRIC).write_text('{"a": {"b": 0.7011}}')
    entry, = rows_of(folder)
    assert entry["status"] == "not-confirmed" and entry["size"] == "0.00"


def test_stored_outputs_can_be_claimed_on(folder, rows_of):
    """Mean and sample standard deviation of 0.78, 0.72, 0.80, 0.80 and 0.84, worked out by hand."""
    write(folder, CLAIM | {"values": {"x": "stored r1 | A | Fold* | AUC | mean",
                                      "y": "stored r1 | A | Fold* | AUC | sd"},
                           "confirmed": "x > y", "recomputed": "{x:.3f}", "stated": "{y:.4f}"})
    entry, = rows_of(folder)
    assert (entry["recomputed"], entry["stated"], entry["status"]) == ("0.788", "0.0438", "confirmed")


def test_printed_numbers_alone_are_text_only(folder, rows_of):
    write(folder, CLAIM | {"values": {"x": "printed T | r | m", "y": "printed T | r | m"},
                           "confirmed": "x == y and gap == 0"})
    assert rows_of(folder)[0]["status"] == "text-only"


@pytest.mark.parametrize(("change", "said"), [
    ({"severity": "grave"}, "severity is 'grave'"),
    ({"surprise": 1}, "missing or unknown part surprise"),
    ({None: 1, "surprise": 1}, "missing or unknown part None, surprise"),
    ({"values": ["x"]}, "must be 'name"), ({"values": {"x": 1}}, "must be texts"),
    ({"id": 5}, "must be texts"),
    ({"confirmed": "z > 1"}, "uses z"),
    ({"confirmed": "__import__('os')"}, "calls something other"),
    ({"confirmed": "x.real > 1"}, "Attribute"),
    ({"recomputed": "{q}"}, "cannot be worked out"),
    ({"derived": {"gap": "x / 0"}}, "cannot be worked out"),
    ({"values": {"x": f"{METRIC}::a/c", "y": "printed T | r | m"}}, "lacks 'a/c'"),
    ({"values": {"x": f"{METRIC}n::a", "y": "printed T | r | m"}}, "no such file"),
    ({"values": {"x": f"{METRIC}::a/b", "y": "printed T | r | n"}}, "no printed number"),
    ({"values": {"x": f"{METRIC}::a/b", "y": "guess T"}}, "is no address"),
    ({"values": {"x": "stored r1 | A | Fold9 | AUC | mean", "y": "printed T | r | m"}},
     "names 0 stored outputs"),
    ({"values": {"x": "stored r1 | A | Fold* | AUC | one", "y": "printed T | r | m"}},
     "names 5 stored outputs"),
    ({"values": {"x": "matches code r3 new | Grid | A | AUC", "y": "printed T | r | m"}},
     "no run 'code r3 new' gives Grid | A | AUC"),
    ({"values": {"x": "matches", "y": "printed T | r | m"}}, "no printed number matches"),
    ({"values": {"x": "stored", "y": "printed T | r | m"}}, "names 0 stored outputs"),
    ({"values": {"x": "numbers T | z | *", "y": "printed T | r | m"}}, "no printed number matches"),
    ({"second": "x != y"}, "does not say what would have to be true"),
    ({"second": "x == y", "right_if": "r"}, "'confirmed' says True and 'second' False"),
    ({"second": "z > 1", "right_if": "r"}, "uses z"),
    ({"second": "x / (gap - gap) > 1", "right_if": "r"}, "cannot be worked out"),
    ({"right_if": "{q}"}, "cannot be worked out"),
])
def test_bad_claims_are_one_clear_line(folder, line_of, change, said):
    write(folder, CLAIM | change)
    assert said in line_of(folder)


@pytest.mark.parametrize("value", ["true", "NaN", "Infinity", "1e999", '"0.75"', "[0.75]"])
def test_a_result_that_is_no_number_is_one_clear_line(folder, line_of, value):
    (folder / METRIC).write_text(f'{{"a": {{"b": {value}}}}}')
    assert "claim a" in line_of(folder)


def test_a_second_derivation_that_agrees_stands_in_its_row(folder, rows_of):
    write(folder, CLAIM | {"second": "abs(gap) > 0.01", "right_if": "{y} is of other data"})
    entry, = rows_of(folder)
    assert (entry["second"], entry["right_if"]) == ("agrees", "0.70 is of other data")
    write(folder, CLAIM)
    entry, = rows_of(folder)
    assert (entry["second"], entry["right_if"]) == ("", "")


def test_an_experiment_in_which_a_claim_falls_goes_on(folder, rows_of):
    (folder / METRIC).write_text('{"a": {"b": 0.7011}}')
    for second, said in (("abs(gap) > 0", "disagrees"), ("abs(gap) > 0.01", "agrees")):
        write(folder, CLAIM | {"second": second, "right_if": "r"})
        entry, = rows_of(folder)
        assert (entry["status"], entry["second"]) == ("not-confirmed", said)


def test_a_count_of_matches(folder, rows_of):
    """0.70, 0.60 and 0.80 follow from the second release; none of them from the first."""
    write(folder, CLAIM | {"values": {"x": "matches code r2 new | Grid | A | AUC",
                                      "y": "numbers Grid | A | AUC"},
                           "confirmed": "x == y", "recomputed": "{x}", "stated": "{y}"})
    entry, = rows_of(folder)
    assert (entry["recomputed"], entry["stated"], entry["status"]) == ("3", "3", "confirmed")
    write(folder, CLAIM | {"values": {"x": "matches code r1 new | Grid | A | AUC",
                                      "y": "numbers Grid | A | AUC"},
                           "confirmed": "x == y", "recomputed": "{x}", "stated": "{y}"})
    assert rows_of(folder)[0]["recomputed"] == "0"


def test_a_count_of_matches_needs_every_run(folder, line_of):
    (folder / "metrics" / NAME / "results" / "fits" / "code" / "r1" / "old.json").unlink()
    write(folder, CLAIM | {"values": {"x": "matches code r2 new | Grid | A | AUC",
                                      "y": "printed Grid | A | AUC"}})
    assert "fits/code/r1/old" in line_of(folder)


def test_a_printed_version_is_a_text_and_a_bound_has_its_name(folder, rows_of):
    write(folder, CLAIM | {"values": {"x": "printed Text | cohort | version",
                                      "y": "printed Grid | A | AUC | low"}, "derived": {},
                           "confirmed": "x == '1.2.3' and y < 0.65", "recomputed": "{x}",
                           "size": "{y}"})
    entry, = rows_of(folder)
    assert (entry["recomputed"], entry["size"], entry["status"]) == ("1.2.3", "0.60", "text-only")


def test_a_number_that_a_source_does_not_give_is_no_match(folder, rows_of):
    """A bound without a path, and a path that the run may lack."""
    path = folder / "studies" / NAME / "rules.csv"
    path.write_text(path.read_text().replace("models/{row}/{metric}/low,", ","))
    write(folder, CLAIM | {"values": {"x": "matches code r2 new | Grid | A | AUC",
                                      "z": "matches text r2 new | Drawing | x | rank",
                                      "y": "numbers Grid | A | AUC"},
                           "confirmed": "x < y", "derived": {}, "recomputed": "{x}", "size": "{z}"})
    entry, = rows_of(folder)
    assert (entry["recomputed"], entry["size"], entry["status"]) == ("2", "0", "confirmed")


@pytest.mark.parametrize("content", ["[", "a: *b", "\x00"])
def test_claims_that_are_no_yaml(folder, line_of, content):
    (folder / "studies" / NAME / "claims" / "text.yaml").write_text(content)
    assert "text.yaml: is not readable YAML" in line_of(folder)


def test_two_values_of_one_file(folder, rows_of):
    (folder / METRIC).write_text('{"a": {"b": 0.75, "c": 0.25}}')
    write(folder, CLAIM | {"values": {"x": f"{METRIC}::a/b", "y": f"{METRIC}::a/c"},
                           "confirmed": "x > y", "stated": "{y}"})
    assert rows_of(folder)[0]["size"] == "0.50"


def test_a_result_that_is_no_json(folder, line_of):
    (folder / METRIC).write_text("{")
    assert "m.json: is not readable" in line_of(folder)


def test_true_is_no_number():
    for text in ("a + 1", "a < 2", "abs(a)", "1 == a"):
        with pytest.raises(TypeError, match="calculates with True"):
            Expression(text).evaluate({"a": True})
    assert Expression("not a or b").evaluate({"a": True, "b": True}) is True


def test_claims_are_listed_once_and_there_are_some(folder, line_of):
    path = folder / "studies" / NAME / "claims" / "text.yaml"
    write(folder, CLAIM, CLAIM)
    assert "listed twice" in line_of(folder)
    for content in ("id: a\n", "- 1\n", "- {id: a}\n- b\n"):
        path.write_text(content)
        assert "is not a list of claims" in line_of(folder)
    path.unlink()
    assert "holds no claims" in line_of(folder)


def test_expressions():
    known = {"a": 2, "b": [1, 3], "c": "x"}
    for text, expected in [("a + 1 > 2 and c == 'x'", True), ("not a > 1 or len(b) == 2", True),
                           ("sum(b) / a", 2.0), ("-a ** 2", -4), ("3 in b", True), ("4 in b", False),
                           ("4 not in b", True), ("3 not in b", False),
                           ("1 < a < 2", False), ("floor(sqrt(a))", 1)]:
        assert Expression(text).evaluate(known) == expected
    for text in ("a +", "[1]", "a if b else c", "lambda: 1", "max(a, key=b)", "print(a)", "b[0]"):
        with pytest.raises(ValueError, match=re.escape(text)):
            Expression(text)


def test_keys_may_hold_slashes(folder):
    (folder / METRIC).write_text('{"a": {"b/c": {"d": [5, 6]}}, "a/b": 1}')
    assert values.lookup(folder, METRIC, "a/b/c/d/1") == 6
    assert values.lookup(folder, METRIC, "a/b") == 1
