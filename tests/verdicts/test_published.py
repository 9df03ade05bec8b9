"""Every printed number is read, has a rule, and is compared at its printed precision."""

import pytest

from stages.common.errors import InputError
from stages.verdicts import published
from stages.verdicts.published import Number
from tests.made_up import READ


def number(printed, **names):
    return Number(**({"item": "T", "row": "A", "metric": "AUC", "bound": "value",
                      "printed": printed, "locator": ""} | names))


@pytest.mark.parametrize("printed, value, match, halfway", [
    ("0.71", 0.7065, True, False), ("0.71", 0.715, True, True), ("0.71", 0.705, True, True),
    ("0.71", 0.7049, False, False), ("1.00", 1.0, True, False), ("10", 10, True, False),
    ("10", 11, False, False), ("-0.007", -0.0071, True, False), ("0.0059", 0.00590, True, False),
    ("1.3.0", "1.3.0", True, False), ("1.3.0", "1.3.1", False, False)])
def test_comparison_at_printed_precision(printed, value, match, halfway):
    assert number(printed).matches(value, 1e-9) is match
    assert number(printed).is_halfway(value, 1e-9) is halfway


@pytest.mark.parametrize("printed, value, match", [
    ("1.2.3", 1.2, False), ("1.2.3", "1.2.3", True), ("0.58", "0.58", True), ("0.58", "0.6", False)])
def test_a_version_or_a_text_must_be_equal(printed, value, match):
    assert number(printed).matches(value, 1e-9) is match
    assert not number(printed).is_cut(value) and not number(printed).is_halfway(value, 1e-9)


def test_decimals_come_from_the_print():
    assert [number(text).decimals for text in ("0.370", "12", "1.3.0", "-1")] == [3, 0, None, 0]


def write(folder, *lines):
    head = "item,row,metric,value,low,high,decimals,locator\n"
    (folder / "t.csv").write_text(head + "".join(line + "\n" for line in lines))
    return folder


def test_bounds_become_numbers_of_their_own(tmp_path):
    numbers = published.read(write(tmp_path, "T,r,m,0.5,0.4,0.60,1,here"))
    assert [(n.bound, n.printed, n.decimals) for n in numbers] == [
        ("value", "0.5", 1), ("low", "0.4", 1), ("high", "0.60", 2)]


def test_a_version_may_be_a_year_and_its_half(tmp_path):
    found, = published.read(write(tmp_path, "T,r,m,R2019b,,,,here"))
    assert found.printed == "R2019b" and found.decimals is None
    with pytest.raises(InputError, match="'R2019c' is no number"):
        published.read(write(tmp_path, "T,r,m,R2019c,,,,here"))


def test_listed_twice(tmp_path):
    with pytest.raises(InputError, match="T / r / m / value is listed twice"):
        published.read(write(tmp_path, "T,r,m,0.5,,,1,a", "T,r,m,0.6,,,1,b"))


def test_decimals_must_be_those_of_the_print(tmp_path):
    with pytest.raises(InputError, match="0.5 does not have 2 decimals"):
        published.read(write(tmp_path, "T,r,m,0.5,,,2,a"))


@pytest.mark.parametrize("printed, value, cut", [
    ("-0.029", -0.02998, True), ("0.66", 0.6667, True), ("10", 10.7, True), ("0.67", 0.6667, False),
    ("0.05", 0.0599, True), ("0.06", 0.05, False), ("1.3.0", "1.3.0", False), ("0.30", 0.3, True)])
def test_cut_off(printed, value, cut):
    assert number(printed).is_cut(value) is cut


def test_no_table(tmp_path):
    with pytest.raises(InputError, match="holds no published table"):
        published.read(tmp_path)


def test_number_without_a_rule(repository):
    rules = published.rules(READ.rules)[:-1]
    with pytest.raises(InputError, match="no rule covers T9"):
        published.rule_for(number("1", item="T9"), rules)


def test_patterns_keep_brackets_literal():
    rule = published.Rule("T", "*", "a [mm]?", "counts", (), {}, "")
    assert rule.covers(number("1", metric="a [mm]?"))
    assert not rule.covers(number("1", metric="a m?"))
    assert not rule.covers(number("1", metric="a [mm]x"))
