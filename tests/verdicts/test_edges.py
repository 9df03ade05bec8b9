"""The edges of the checks: what is empty, too small, not known, or known without a print."""

import math

import numpy as np
import pytest

from stages.common.errors import InputError
from stages.verdicts.consistency import (
    correlation,
    declarations,
    distributions,
    evaluate,
    folds,
    prepared,
    rank_sum,
    second,
    second_means,
)
from stages.verdicts.consistency.declarations import Declaration, Place
from stages.verdicts.consistency.printed import KINDS, SHIFTS, read
from stages.verdicts.consistency.registry import CHECKS


@pytest.mark.parametrize("name, given, possible", [
    # Groups that may be empty weigh nothing; nothing at all has no average.
    ("weighted", {"classes": ["0.9", "0.5"], "sizes": [[0, 3], [0, 2]], "average": "0.9"}, True),
    ("weighted", {"classes": ["0.9", "0.5"], "sizes": [[0, 3], [0, 2]], "average": "0.35"}, False),
    ("weighted", {"classes": ["0.9"], "sizes": [0], "average": "0.9"}, False),
    # A median above the maximum; a maximum of whole numbers that is none.
    ("summary", {"n": "9", "median": "5", "low": "1", "high": "3"}, False),
    ("summary", {"n": "9", "median": "3", "low": "1", "high": "3"}, True),
    ("summary", {"n": "9", "mean": "2.0", "high": "3.5", "integer": True}, False),
    ("summary", {"n": "9", "mean": "2.0", "high": "3.0", "integer": True}, True),
    # One value has no spread.
    ("summary", {"n": "1", "mean": "2.0", "sd": "0.4"}, False),
    ("summary", {"n": "1", "mean": "2.0", "sd": "0.0"}, True),
    # Fewer than three have no correlation, fewer than two no spread to test.
    ("spearman", {"rho": "0.5", "p": "0.5", "n": [1, 2]}, False),
    ("spearman", {"rho": "0.5", "p": "0.67", "n": [2, 3]}, True),
    ("two_means", {"n1": [1, 1], "mean1": "1.0", "sd1": "1.0", "n2": "9", "mean2": "1.0", "sd2": "1.0",
                   "p": "0.99"}, False),
    # Without spread a difference is certain, and no difference none at all.
    ("two_means", {"n1": 5, "mean1": 1.0, "sd1": 0.0, "n2": 5, "mean2": 2.0, "sd2": 0.0, "p": "0.000"},
     True),
    ("two_means", {"n1": 5, "mean1": 1.0, "sd1": 0.0, "n2": 5, "mean2": 2.0, "sd2": 0.0, "p": "0.500"},
     False),
    ("two_means", {"n1": 5, "mean1": 1.0, "sd1": 0.0, "n2": 5, "mean2": 1.0, "sd2": 0.0, "p": "1.000"},
     True),
    # A table of one row or column says nothing.
    ("table_p", {"counts": ["3", "4", "0", "0"], "p": "1.00"}, True),
    ("table_p", {"counts": ["3", "4", "0", "0"], "p": "0.50"}, False),
    ("table_p", {"counts": ["3", "0", "4", "0"], "p": "1.00"}, True),
    # A ratio of nothing; one outside of its interval; one without a P value.
    ("hazard_ratio", {"ratio": 0.0, "low": 0.0, "high": 1.0}, False),
    ("hazard_ratio", {"ratio": "1.00", "low": "0.50", "high": "2.00"}, True),
    ("hazard_ratio", {"ratio": "1.90", "low": "0.50", "high": "2.00"}, False),
    ("hazard_ratio", {"ratio": "1.00", "low": "2.00", "high": "0.50"}, False),
    # Without predictive values whole true positives are enough.
    ("detection", {"scans": 5, "lesions": 10, "sensitivities": ["0.7", "0.5"]}, True),
    ("detection", {"scans": 5, "lesions": 10, "sensitivities": ["0.74", "0.5"]}, False),
    # Everybody has an event: the last one is alone.
    ("log_rank", {"n1": "2", "events1": "2", "n2": "2", "events2": "2", "p": "0.50"}, True),
    ("log_rank", {"n1": "2", "events1": "2", "n2": "2", "events2": "2", "p": "0.01"}, False),
    # Folds of no case of a class, of no whole counts, without an accuracy, and too many to search.
    ("fold_means", {"positives": [0, 2], "negatives": [2, 2], "specificity": "0.50"}, True),
    ("fold_means", {"positives": [2, 2], "negatives": [2, 2], "sensitivity": "0.60"}, False),
    ("fold_means", {"positives": [2, 2], "negatives": [2, 2], "sensitivity": "0.75"}, True),
    ("fold_means", {"positives": [2, 2], "negatives": [2, 2], "accuracy": "0.75"}, True),
    ("fold_means", {"positives": [2, 2], "negatives": [2, 2], "accuracy": "0.70"}, False),
    ("fold_means", {"positives": [97, 89, 83], "negatives": [2, 3, 2], "sensitivity": "0.501"}, True)])
def test_edges_of_the_checks(name, given, possible):
    assert CHECKS[name].possible(**given) is possible


@pytest.mark.parametrize("name, given, possible", [
    # The least spread of values with both ends and a mean away from the middle: 3.0.
    *(("summary", {"n": 10, "mean": mean, "sd": sd, "low": 0.0, "high": 10.0}, sd == "3.10")
      for mean in (1.0, 9.0) for sd in ("2.50", "3.10")),
    # Of 0, 10 and a mean of 6.5 the third is 9.5: squared deviations of 63.5, SDs of 4.60 and 5.63.
    ("summary", {"n": 3, "mean": 6.5, "sd": "4.50", "low": 0.0, "high": 10.0}, False),
    ("summary", {"n": 3, "mean": 6.5, "sd": "4.61", "low": 0.0, "high": 10.0}, True),
    # Ten whole values with a sum of 10 have an even sum of squares: 20.2 to 21.7 or 10.08 to 10.12.
    ("summary", {"n": 10, "total": 10, "sd": "1.07", "integer": True}, False),
    ("summary", {"n": 10, "total": 10, "sd": "0.10", "integer": True}, False),
    # Of two counts of 0 and 3 the mean is 1.5.
    ("mean_in_range", {"mean": "2.0", "low": "0", "high": "3", "n": "2"}, False),
    ("mean_in_range", {"mean": "1.5", "low": "0", "high": "3", "n": "2"}, True),
    # The SD of 0 and 1 is 0.50 with divisor 2 and 0.71 with divisor 1.
    ("counted", {"mean": "0.50", "sd": "0.71", "n": 1, "runs": 2}, True),
    ("counted", {"mean": "0.50", "sd": "0.50", "n": 1, "runs": 2}, True),
    ("counted", {"mean": "0.50", "sd": "0.60", "n": 1, "runs": 2}, False),
    # At least one in forty is at the lower end or below it: the mean is 0.988 at most.
    *(("resampled", {"positives": 10, "negatives": 10, "accuracy": mean, "lows": ["0.50"],
                     "highs": ["1.00"], "bounded": ["accuracy"]}, mean == "0.98")
      for mean in ("0.98", "1.00")),
    # One rate alone has no spread; of nothing there is no rate; five do not go into four one by one.
    ("counted", {"mean": "0.50", "sd": "0.00", "n": 2, "runs": 1}, True),
    ("counted", {"mean": "0.50", "sd": "0.10", "n": 2, "runs": 1}, False),
    ("rate", {"rate": "0.5", "n": [0, 0]}, False),
    ("at_most_each", {"total": "5", "groups": "4", "most": "1"}, False),
    ("at_most_each", {"total": "5", "groups": "4", "most": "2"}, True),
    # The least mean of 1, 5, 5, 10; and of 1, 1, 5.5, 5.5, 5.5, 10, which are no whole numbers.
    ("summary", {"n": 4, "median": 5.0, "low": 1.0, "high": 10.0, "mean": "5.00"}, False),
    ("summary", {"n": 4, "median": 5.0, "low": 1.0, "high": 10.0, "mean": "5.25"}, True),
    ("summary", {"n": 6, "median": 5.5, "low": 1.0, "high": 10.0, "mean": 4.75}, True),
    ("summary", {"n": 6, "median": 5.5, "low": 1.0, "high": 10.0, "mean": 4.7}, False),
    # Mean and median are no further apart than the SD.
    ("summary", {"n": 5, "mean": 9.0, "median": 1.0, "sd": "1.0"}, False),
    ("summary", {"n": 5, "mean": 9.0, "median": 8.5, "sd": "1.0"}, True),
    # Groups of four each.
    ("spearman_groups", {"rhos": ["0.50", "0.50"], "ps": ["0.50", "0.50"], "n": "8"}, True),
    ("spearman_groups", {"rhos": ["0.50", "0.50"], "ps": ["0.50", "0.50"], "n": "4"}, False),
    # An empty second group gives no mean; without SDs the means alone are looked at.
    ("pooled", {"sizes": [[1, 10], [0, 10]], "means": ["5.0", "9.0"], "size": "10", "mean": "5.0"},
     False),
    ("pooled", {"sizes": ["3", "4"], "means": ["1.0", "2.0"], "size": "7", "mean": "1.6"}, True),
    ("pooled", {"sizes": ["3", "4"], "means": ["1.0", "2.0"], "size": "7", "mean": "1.9"}, False)])
def test_answers_by_hand(name, given, possible):
    assert CHECKS[name].possible(**given) is possible
    module = second_means if hasattr(second_means, name) else second
    # The second derivations of these say as much; a summary is derived twice for whole values only.
    if name not in ("summary", "mean_in_range", "resampled"):
        texts = {key: [str(one) for one in value] if key == "sizes" and isinstance(value[0], str)
                 else value for key, value in given.items()}
        assert getattr(module, name)(**texts) is possible


@pytest.mark.parametrize("derived", [
    # Ends that touch are possible: 0.54 may be 0.55, and so may 0.6.
    lambda: second.macro(["0.54"], "0.6"), lambda: second_means.mean_share("0.6", "0.54", "0.54", "1"),
    lambda: second.spearman("0.00", "0.98", "9"),
    lambda: second_means.hazard_ratio("0.40", "0.0", "2.0"),
    lambda: second_means.feature_count("107", "pyradiomics", "3.0.1"),
    lambda: second.rank_sum("1.55", "4", "2"), lambda: not second.rate("2.10", "10"),
    lambda: not second.spearman("0.5", "0", [2, 2]),
    lambda: not second.rank_sum("1.55", "4", "2", correction=True)])
def test_second_derivations_by_hand(derived):
    assert derived()


def test_folds_beyond_the_search_are_left_to_the_hull(monkeypatch):
    given = {"positives": [2, 2], "negatives": [2, 2], "sensitivity": "0.60"}
    assert not CHECKS["fold_means"].possible(**given)
    monkeypatch.setattr(folds, "LARGEST_SEARCH", 2)
    assert CHECKS["fold_means"].possible(**given)


@pytest.mark.parametrize("name, given, said", [
    ("feature_count", {"count": "107", "library": "pyradiomics", "version": "3.0.1",
                       "classes": ["glcm", "texture"]}, "has no class texture"),
    ("two_by_two", {"positives": [1, 9000], "negatives": [1, 9000], "n": [1, 9000],
                    "accuracy": "0.5"}, "tables are too many to search"),
    ("same_text", {"texts": [1, "2"]}, r"texts\[0\]: 1 is no text"),
    ("table_p", {"counts": [[3, 4], "5", "6", "7"], "p": "0.5"}, "known by bounds only")])
def test_what_the_checks_refuse_to_read(name, given, said):
    with pytest.raises(InputError, match=said):
        CHECKS[name](**given)


def test_numbers_are_changed_alike_up_and_down():
    moved = [read("50", KINDS["Count"]).shifted(shift).text for shift in SHIFTS]
    assert moved == ["40", "45", "47", "48", "49", "51", "52", "53", "55", "60"]


def test_how_much_a_check_could_have_refused():
    found = CHECKS["mean_share"]("0.426", "0.12", "0.85", "3")
    refused, tried = (sum(map(len, part.values())) for part in (found.refused, found.tried))
    assert 0 < refused < tried and found.could_fail == refused / tried


def test_p_values_of_the_normal_approximation():
    assert correlation.p_value(0.3, 101, "normal") == pytest.approx(0.0027, abs=1e-5)
    assert correlation.p_value(1.0, 5, "t") == 0.0
    # Orders of many are not counted; the approximation alone remains.
    assert list(rank_sum._p_values(3, 3))[-5:] == pytest.approx([0.1, 0.2, 0.4, 0.7, 1.0])
    few, many = list(rank_sum._p_values(4, 5)), list(rank_sum._p_values(20, 21))
    assert len(few) == 2 * 11 + 11 and len(many) == 2 * 211


def test_series_that_end_at_their_limit_of_steps(monkeypatch):
    exact = (distributions.beta_ratio(2.0, 3.0, 0.3), distributions._gamma_above(0.5, 1.2),
             distributions._gamma_above(0.5, 3.0))
    monkeypatch.setattr(distributions, "STEPS", 6)
    cut = (distributions.beta_ratio(2.0, 3.0, 0.3), distributions._gamma_above(0.5, 1.2),
           distributions._gamma_above(0.5, 3.0))
    assert cut == pytest.approx(exact, abs=0.01) and cut != exact
    monkeypatch.setattr(distributions, "STEPS", 3)
    assert distributions.beta_ratio(2.0, 3.0, 0.3) == pytest.approx(exact[0], abs=0.01)


PRINTED = {Place("T", "r", "a"): "5", Place("T", "r", "b"): "3", Place("T", "s", "b"): "2"}


def declared(**given):
    return Declaration(id="x", check="total", **given)


@pytest.mark.parametrize("entry, said", [
    (declared(numbers={"total": "T | r | a", "weights": "T | r | b"}), "as 'weights'; move it to the"),
    (declared(numbers={"total": ["T | r | a"], "parts": ["T | r | b"]}), "'total' takes one number"),
    (declared(numbers={"total": "T | * | b", "parts": ["T | r | a"]}), "'total' names 2 numbers")])
def test_addresses_that_do_not_fit(entry, said):
    with pytest.raises(InputError, match=said):
        prepared.prepare(entry, PRINTED)


def test_constants_of_another_kind_are_one_line():
    entry = declared(numbers={"total": "T | r | a", "parts": ["T | * | b"]},
                     constants={"weights": [1, "x"]})
    with pytest.raises(InputError, match="check 'x': .*correct its numbers and constants"):
        prepared.prepare(entry, PRINTED).run(CHECKS["total"], PRINTED)


def test_a_number_from_elsewhere_is_used_and_not_put_to_the_test():
    entry = declared(numbers={"total": "= 5", "parts": ["T | * | b"]}, right_if="it is of others")
    ready = prepared.prepare(entry, PRINTED)
    assert set(ready.places.values()) == {Place("T", "r", "b"), Place("T", "s", "b")}
    result = ready.run(ready.check, PRINTED)
    assert result.verdict == "consistent" and set(result.used) == {"parts[0]", "parts[1]"}
    other = PRINTED | {Place("T", "s", "b"): "4"}
    assert evaluate.answer(entry, other).refused
    assert declarations.given("= 3.0.1", KINDS["Text"], "version").text == "3.0.1"


def test_one_entry_for_each_value(tmp_path):
    (tmp_path / "checks.yaml").write_text(
        "checks:\n  - id: x\n    check: recounted\n    right_if: '{row} is another one'\n"
        "    numbers: {numbers: ['T | {row} | {metric}', 'T | r | a']}\n"
        "    each: [{row: [r, s], metric: b}, {row: '', metric: 3}]\n")
    found, _ = declarations.read(tmp_path / "checks.yaml")
    assert [entry.id for entry in found] == ["x (r, b)", "x (s, b)", "x (3)"]
    assert found[1].numbers["numbers"] == ["T | s | b", "T | r | a"] and found[1].each == ()
    assert found[1].right_if == "s is another one"


def test_what_is_not_there(tmp_path):
    with pytest.raises(InputError, match="checks.yaml: no such file"):
        declarations.read(tmp_path / "checks.yaml")
    with pytest.raises(InputError, match="holds no published table"):
        declarations.numbers(tmp_path)


def test_values_inside_of_what_a_number_stands_for():
    number = read("0.79", KINDS["Rate"])
    assert number.holds(np.array([0.784, 0.785, 0.79, 0.7999, 0.81])).tolist() == [
        False, True, True, True, False]
    assert read("7", KINDS["Count"]).shifted(-10) is None and math.isinf(KINDS["Count"].high)
