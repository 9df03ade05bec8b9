"""Other people's code: SciPy and mlscorecheck, whose answers are kept beside these tests.

scipy.csv: SciPy 1.17.1. mlscorecheck.csv: mlscorecheck 1.0.3, for values within half a unit and
within a whole unit of what is printed (rounding; rounding and cutting off either way).
"""

import csv
from pathlib import Path

import pytest

from stages.verdicts.consistency import correlation, distributions, rank_sum, tables
from stages.verdicts.consistency.folds import fold_means
from stages.verdicts.consistency.two_by_two import two_by_two

HERE = Path(__file__).parent
RATES = ("accuracy", "sensitivity", "specificity", "ppv", "npv", "f1", "balanced_accuracy")


def rows(name):
    with open(HERE / name, newline="") as stream:
        return list(csv.DictReader(stream))


def computed(row):
    name, first, second = row["function"], row["first"], float(row["second"])
    if hasattr(distributions, name):
        return getattr(distributions, name)(float(first), second)
    if name == "spearman_exact":
        return correlation.p_value(float(first), int(second), "exact")
    if name == "rank_sum_exact":
        ways = rank_sum._ways(*map(int, first.split()))
        return min(1.0, 2 * sum(ways[:int(second) + 1]) / sum(ways))
    counts, columns = [int(count) for count in first.split()], int(second)
    table = [counts[start:start + columns] for start in range(0, len(counts), columns)]
    return tables.p_values(table, [name])[0]


def test_tail_probabilities_are_those_of_scipy():
    listed = rows("scipy.csv")
    assert len(listed) > 90
    for row in listed:
        assert computed(row) == pytest.approx(float(row["value"]), rel=1e-9, abs=1e-14), row


def refused(row):
    given = {name: row[name] for name in RATES if row[name]}
    if row["case"] == "testset":
        return not two_by_two.possible(int(row["positives"]), int(row["negatives"]), **given)
    sizes = ([int(size) for size in row[name].split()] for name in ("positives", "negatives"))
    return not fold_means.possible(*sizes, **given)


@pytest.mark.parametrize("case, least", [("testset", 30), ("folds", 12)])
def test_what_is_refused_agrees_with_mlscorecheck(case, least):
    listed = [row for row in rows("mlscorecheck.csv") if row["case"] == case]
    ours = [refused(row) for row in listed]
    # Values within half a unit are possible here too, values beyond a unit are not.
    alone = [row for row, no in zip(listed, ours) if no and row["refused_half_unit"] == "0"]
    # Its only table has an NPV of 0 / 0, which mlscorecheck takes for any value.
    assert [(row["positives"], row["negatives"], row["npv"]) for row in alone] == [
        ("13", "11", "0.47")] * (case == "testset")
    assert all(no for row, no in zip(listed, ours) if row["refused_unit"] == "1")
    assert sum(ours) >= least


def test_a_correlation_of_many_is_approximated_where_counting_takes_too_long():
    size = correlation.EXACT_UP_TO + 1
    found = correlation.p_value(0.5, size, "exact")
    assert found == correlation.p_value(0.5, size, "t") and 0 < found < 1


@pytest.mark.parametrize("rho, size, p", [
    (0.575757575757576, 10, 0.0877680432614), (0.321212121212121, 10, 0.367683999158),
    (-0.454545454545455, 10, 0.190932019316), (0.608391608391608, 12, 0.0400020487886),
    (0.160839160839161, 12, 0.619356169034), (0.535338345864662, 20, 0.016385702446),
    (0.915789473684211, 20, 3.36969343423e-06), (0.819548872180451, 20, 6.73162000864e-06)])
def test_the_approximation_of_more_than_nine_ranks_is_that_of_r(rho, size, p):
    """R 4.2.2, cor.test(method = "spearman", exact = TRUE)."""
    assert correlation.p_value(rho, size, "edgeworth") == pytest.approx(p, rel=1e-10)
