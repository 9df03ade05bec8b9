"""Edges of the second derivations, and of the numbers that the first ones read."""

import pytest

from stages.common.errors import InputError
from stages.verdicts.consistency import printed, second, second_means
from stages.verdicts.consistency.registry import CHECKS


@pytest.mark.parametrize("name, given, possible", [
    ("two_by_two", {"positives": [1, 2], "negatives": "1", "n": "3", "sensitivity": "0.50"}, True),
    ("two_by_two", {"positives": "0", "negatives": "2", "sensitivity": "0.50"}, False),
    ("two_by_two", {"positives": "0", "negatives": "2", "sensitivity": "1.00"}, True),
    ("detection", {"scans": 5, "lesions": 10, "sensitivities": ["0.7"]}, True),
    ("detection", {"scans": 5, "lesions": 10, "sensitivities": ["0.74"]}, False),
    ("kaplan_meier", {"survival": "0.50", "n": [0, 2], "events": "1"}, True),
    ("kaplan_meier", {"survival": "0.50", "n": [0, 0], "events": "1"}, False),
    ("kaplan_meier", {"survival": "0.50", "n": "2", "events": "1", "complete": True}, True),
    # Means ten apart give an SD of five, whatever those of the groups.
    ("pooled", {"sizes": ["2", "2"], "means": ["0.00", "10.00"], "size": "4", "mean": "5.00",
                "sds": ["1.00", "1.00"], "sd": "4.90"}, False),
    ("pooled", {"sizes": ["2", "2"], "means": ["0.00", "10.00"], "size": "4", "mean": "5.00",
                "sds": ["1.00", "1.00"], "sd": "5.10"}, True),
    # Means of 0 and 1 may both stand for a half.
    ("pooled", {"sizes": ["2", "2"], "means": ["0", "1"], "size": "4", "mean": "0.50",
                "sds": ["0.10", "0.10"], "sd": "0.10"}, True),
    # Of no positives a rate may be nothing or all.
    ("two_by_two", {"positives": "0", "negatives": "2", "sensitivity": [0, 0.3]}, True),
    ("two_by_two", {"positives": "1", "negatives": "1", "sensitivity": "0.00", "specificity": "1.00",
                    "ppv": "1.00"}, True),
    ("two_by_two", {"positives": "1", "negatives": "1", "sensitivity": "0.00", "specificity": "1.00",
                    "ppv": "0.50"}, False),
    ("two_by_two", {"positives": "2", "negatives": "4", "balanced_accuracy": "0.75"}, True),
    ("two_by_two", {"positives": "2", "negatives": "4", "balanced_accuracy": "0.60"}, False),
    # Bounds whose middle the ratio reaches with its upper end alone, and bounds that may be one.
    ("hazard_ratio", {"ratio": "1.0", "low": "1.09", "high": "1.10"}, True),
    ("hazard_ratio", {"ratio": "1.0", "low": "1.0", "high": "1.0"}, True),
    # One value on either side: they are ordered, and z is 1.
    ("rank_sum", {"z": "1.0", "n": "2", "first": "1"}, True),
    # None and all of two: a half, which is the upper end of what 0.4 may be cut from.
    ("mean_share", {"mean": "0.4", "low": "0", "high": "1", "n": "2"}, True),
    ("ordered", {"numbers": ["-0.5", "0.0", "0.5"]}, True),
    ("ordered", {"numbers": ["0.5", "0.0"]}, False)])
def test_edges_of_the_second_derivations(name, given, possible):
    derived = getattr(second, name, None) or getattr(second_means, name)
    assert derived(**given) is possible and CHECKS[name].possible(**given) is possible


def test_a_version_s_last_number_is_shifted():
    version = printed.read("1.2.3", printed.KINDS["Text"])
    assert version.shifted(1).text == "1.2.4" and version.shifted(-3).text == "1.2.0"
    assert version.shifted(-4) is None
    assert printed.read("1.2.x", printed.KINDS["Text"]).shifted(1) is None


@pytest.mark.parametrize("bounds, said", [
    ([3, 1], "wrong order"), ([-1, 0.5], "no Rate"), ([0.5, 2], "no Rate"), ([1], "pair of bounds")])
def test_bounds_that_are_none(bounds, said):
    with pytest.raises(InputError, match=said):
        printed.read(bounds, printed.KINDS["Rate"])
    found = printed.read([0.2, 0.4], printed.KINDS["Rate"])
    assert (found.low, found.high) == (0.2, 0.4)


def test_the_largest_p_of_two_means():
    """SDs of 1 with divisor n are at most 1.23 with n - 1 here: P is at most 0.119."""
    given = {"n1": "3", "mean1": "10.00", "sd1": "1.00", "n2": "3", "mean2": "12.00", "sd2": "1.00",
             "methods": ["student"]}
    assert CHECKS["two_means"].possible(**given, p="0.12")
    assert not CHECKS["two_means"].possible(**given, p="0.15")


def test_bounds_and_constants_of_a_second_derivation():
    assert second._span([0.1, 0.2]) == (second.Fraction("0.1"), second.Fraction("0.2"))
    assert second._span(0.5) == (second.Fraction("0.5"),) * 2
    assert second._span("-0.5") == (second.Fraction("-0.6"), second.Fraction("-0.45"))
    assert second._tail(13.0) == 0.0 and second._tail(0.0) == pytest.approx(0.5)


@pytest.mark.parametrize("function, given", [
    (second.spearman, {"rho": "0.5", "p": "0.1", "n": "9", "methods": ["exact"]}),
    (second_means.hazard_ratio, {"ratio": "1.0", "low": "0.5", "high": "2.0", "level": 90}),
    (second_means.feature_count, {"count": "107", "library": "pyradiomics", "version": "3.1.0"}),
    (second_means.counted, {"mean": "0.5", "sd": "0.1", "n": "400", "runs": 9})])
def test_what_is_not_derived_twice_says_so(function, given):
    with pytest.raises(NotImplementedError):
        function(**given)
