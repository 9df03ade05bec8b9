"""One test set of unknown composition: the bounds are those that brute force finds."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from stages.common.errors import InputError
from stages.verdicts.consistency import second_means
from stages.verdicts.consistency.composition import fitting, one_test_set
from stages.verdicts.consistency.printed import KINDS, read


def orders(p, q):
    """Every (positives right, negatives right, twice the ordered pairs), over all orders with ties."""
    found = set()
    for levels in itertools.product(range(p + q), repeat=p + q):
        high, low = levels[:p], levels[p:]
        twice = sum((a > b) * 2 + (a == b) for a in high for b in low)
        found |= {(sum(a >= cut for a in high), sum(b < cut for b in low), twice)
                  for cut in range(p + q + 1)}
    return found


@pytest.mark.parametrize("p, q", [(1, 1), (1, 4), (2, 2), (3, 2), (2, 3), (3, 3)])
def test_the_bounds_are_tight(p, q):
    """Exact values: possible if and only if some order of the cases gives them."""
    held = orders(p, q)
    assert len(held) < (p + 1) * (q + 1) * (2 * p * q + 1)
    for k, m, twice in itertools.product(range(p + 1), range(q + 1), range(2 * p * q + 1)):
        numbers = [read(value, KINDS["Rate"]) for value in
                   ((k + m) / (p + q), twice / (2 * p * q), k / p)]
        assert fitting([p], np.array([q]), *numbers)[0, 0] == ((k, m, twice) in held), (k, m, twice)
        texts = [[[float(one.low) - 1e-12, float(one.high) + 1e-12]] for one in numbers]
        assert second_means.one_test_set(texts[0], texts[1], p, q, rates=texts[2]) == (
            (k, m, twice) in held)
    # A quarter of a pair is no area.
    odd = read([(2 * p * q - 1.6) / (2 * p * q), (2 * p * q - 1.4) / (2 * p * q)], KINDS["Rate"])
    whole = read([0, 1], KINDS["Rate"])
    assert not fitting([p], np.array([q]), whole, odd, whole).any()


def test_printed_numbers_by_going_through_every_table():
    """Many test sets at once, with intervals: each has what the tables one by one have."""
    rng, seen = np.random.default_rng(3), set()
    p, q = np.arange(1, 9), np.arange(1, 14)
    for index in range(40):
        share, area = (float(value) for value in rng.uniform(0.2, 0.95, 2))
        # In so small sets a printed accuracy is one count: wide bounds leave several.
        accuracy = read([share, min(share + 0.3, 1.0)] if index % 2 else f"{share:.2f}", KINDS["Rate"])
        area = read(f"{area:.2f}", KINDS["Rate"])
        rate = read(f"{rng.uniform(0, 100):.0f}", KINDS["Percent"])
        fits = fitting(p, q, accuracy, area, rate)
        for (row, size), (column, other) in itertools.product(enumerate(p), enumerate(q)):
            pairs = size * other
            wanted = any(
                rate.low <= 100 * k / size <= rate.high
                and accuracy.low <= (k + m) / (size + other) <= accuracy.high
                and any(area.low <= twice / (2 * pairs) <= area.high
                        for twice in range(2 * k * m, 2 * (pairs - (size - k) * (other - m)) + 1))
                for k in range(size + 1) for m in range(other + 1))
            assert fits[row, column] == wanted, (size, other)
        seen |= set(fits.ravel())
    assert seen == {False, True}


def models(accuracies, areas, **given):
    return {"accuracies": accuracies, "areas": areas, **given}


@pytest.mark.parametrize("given, possible", [
    # None of 10 right: 20 of 30 at most are, and the area is the share of the others that are.
    (models(["0.67"], ["1.00"], positives="10", negatives="20", rates=["0.00"]), True),
    (models(["0.70"], ["1.00"], positives="10", negatives="20", rates=["0.00"]), False),
    (models(["0.33"], ["0.50"], positives="10", negatives="20", rates=["0.00"]), True),
    (models(["0.33"], ["0.52"], positives="10", negatives="20", rates=["0.00"]), False),
    # All of 10 right, and half of the others: half of the pairs at least are in order.
    (models(["0.667"], ["0.500"], positives="10", negatives="20", rates=["1.0"]), True),
    (models(["0.667"], ["0.450"], positives="10", negatives="20", rates=["1.0"]), False),
    # Each goes with some test set, both with none: at least 0.8 and at most 0.7 of it are negative.
    (models(["0.80"], ["0.50"], positives=[1, 30], negatives=[1, 30], rates=["0.00"]), True),
    (models(["0.50"], ["0.75"], positives=[1, 30], negatives=[1, 30], rates=["0.00"]), True),
    (models(["0.80", "0.50"], ["0.50", "0.75"], positives=[1, 30], negatives=[1, 30], rates=["0.00"]),
     False),
    (models(["0.80", "0.50"], ["0.50", "0.60"], positives=[1, 30], negatives=[1, 30], rates=["0.00"]),
     True),
    (models(["0.80", "0.50"], ["0.50", "0.75"], positives=[1, 30], negatives=[1, 30],
            rates=["0.00", "0.50"]), True),
    # The size leaves 5 and 20 alone; it is no test set without one of the classes.
    (models(["0.80"], ["0.50"], positives=[1, 30], negatives=[1, 30], percents=["0.0"], n="25"), True),
    (models(["0.80"], ["0.50"], positives=[6, 30], negatives=[1, 30], percents=["0.0"], n="25"), False),
    (models(["1.00"], ["1.00"], positives=[0, 0], negatives=[1, 30], percents=["100"]), False),
    (models(["1.00"], ["1.00"], positives=[1, 9], negatives=[0, 0], percents=["100"]), False),
    (models(["1.00"], ["1.00"], positives="0", negatives="7", percents=["100"]), False),
    # A percentage cut off: 0 of 100 or one of 150.
    (models(["0.503"], ["0.900"], positives=[150, 150], negatives=[150, 150], percents=["0"]), True),
    (models(["0.507"], ["0.900"], positives=[150, 150], negatives=[150, 150], percents=["0"]), False)])
def test_answers_by_hand(given, possible):
    assert one_test_set.possible(**given) is possible
    assert second_means.one_test_set(**given) is possible


@pytest.mark.parametrize("given, said", [
    (models(["0.8"], ["0.5"]), "0 rates and 0 percents of 1 models; give one for each"),
    (models(["0.8"], ["0.5"], rates=["0.5"], percents=["50"]), "1 rates and 1 percents of 1 models"),
    (models(["0.8"] * 2, ["0.5"] * 2, rates=["0.5"], percents=["50"]), "1 rates and 1 percents of 2"),
    (models(["0.8"] * 3, ["0.5"] * 3, rates=["0.5"] * 2), "2 rates and 0 percents of 3 models"),
    (models(["0.8"], ["0.5", "0.6"], rates=["0.5"]), "lists of 1, 2 numbers belong together"),
    (models(["0.8"], ["0.5"], rates=["0.5"], positives=[1, 2000], negatives=[1, 2000]),
     "2000 x 2000 test sets are too many to search; give narrower bounds")])
def test_what_cannot_be_asked_is_one_line(given, said):
    with pytest.raises(InputError, match=said):
        one_test_set(**{"positives": "5", "negatives": "5", **given})


def test_the_exact_ends_of_a_share():
    assert list(second_means._wholes(Fraction(1, 4), Fraction(1, 2), 8)) == [2, 3, 4]
    assert list(second_means._wholes(Fraction(-1, 4), Fraction(3, 2), 2)) == [0, 1, 2]
