"""The one way of holding a value against a printed number."""

import numpy as np
import pytest

from stages.common import printed


@pytest.mark.parametrize("text, value, rounds, halfway", [
    ("0.58", 0.5807, True, False), ("0.58", 0.585, True, True), ("0.58", 0.5851, False, False),
    ("0.58", 0.575, True, True), ("227", 227.4, True, False), ("227", 226.4, False, False),
    ("-0.03", -0.0299, True, False), ("0.70", 0.7, True, False), ("0.7", 0.65, True, True)])
def test_rounding_and_half_way(text, value, rounds, halfway):
    assert printed.rounds(value, text) is rounds
    assert printed.halfway(value, text, printed.HALFWAY) is halfway


def test_an_array_is_compared_value_by_value_and_nan_never_rounds():
    found = printed.rounds(np.array([0.5807, 0.6, np.nan]), "0.58")
    assert found.tolist() == [True, False, False]


@pytest.mark.parametrize("text, decimals, unit", [
    ("0.70", 2, "0.01"), ("227", 0, "1"), ("0.0059", 4, "0.0001"), ("-0.029", 3, "0.001"),
    ("100", 0, "1")])
def test_the_last_digit(text, decimals, unit):
    assert printed.decimals(text) == decimals and str(printed.unit(text)) == unit


@pytest.mark.parametrize("text", ["1.2.3", "nan", "inf", "", "abc"])
def test_what_is_no_number(text):
    assert printed.number(text) is None and printed.decimals(text) is None


@pytest.mark.parametrize("text, value, cut", [
    ("-0.029", -0.0299816075, True), ("-0.029", -0.0303, False), ("0.47", 0.4799, True),
    ("0.48", 0.4799, False), ("227", 227.9, True), ("0.00", -0.004, True)])
def test_cut_off(text, value, cut):
    assert printed.is_cut(value, text) is cut


@pytest.mark.parametrize("value", [1e308, -1e308, 1e27, float("inf"), float("nan")])
def test_no_number_is_too_large_to_be_compared(value):
    assert not printed.is_cut(value, "0.29") and not printed.rounds(value, "0.29")
    assert printed.is_cut(1e30, "1" + "0" * 30) and not printed.is_cut(1e30, "1" + "0" * 31)


@pytest.mark.parametrize("text", ["0.79", "-0.29", "0.00", "227", "0"])
def test_the_bounds_take_in_all_that_is_rounded_or_cut_off_to_it(text):
    low, high = map(float, printed.bounds(text))
    unit = float(printed.unit(text))
    for value in np.linspace(low - unit, high + unit, 301):
        inside = low - 1e-12 <= value <= high + 1e-12
        if printed.rounds(value, text, 0) or printed.is_cut(value, text):
            assert inside, value
    assert printed.rounds(low + 1e-9, text) or printed.is_cut(low + 1e-9, text)
    assert printed.rounds(high - 1e-9, text) or printed.is_cut(high - 1e-9, text)
