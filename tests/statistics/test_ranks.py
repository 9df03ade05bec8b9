"""The rank sum: hand-checked cases, SciPy and R."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from scipy import stats

from stages.statistics import ranks, rbridge, volumes
from studies.sclc_liver import burden


def test_examples_in_the_docstrings():
    for module in (ranks, volumes):
        found = doctest.testmod(module)
        assert found.attempted and not found.failed


def test_hand_checked_without_ties():
    # Pairs with the positive larger: 5 beats 1, 2, 4; 3 beats 1, 2: W = 5 of 6.
    positive, negative = np.array([5.0, 3.0]), np.array([1.0, 2.0, 4.0])
    w = ranks.rank_sum_w(positive, negative)
    assert w == 5
    # Mean 3, variance 2 * 3 * 6 / 12 = 3.
    assert ranks.normal_z(w, 2, 3) == pytest.approx(2 / math.sqrt(3), rel=1e-15)
    # Of the 10 equally likely rank sets, W >= 5 has two and W <= 1 has two.
    assert rbridge.rank_sum(positive, negative, exact=True)["p_exact"] == pytest.approx(0.4)


def test_hand_checked_with_ties():
    # 2 beats 1, ties 2, ties 2; 3 beats all three: W = 1 + 0.5 + 0.5 + 3 = 5.
    positive, negative = np.array([2.0, 3.0]), np.array([1.0, 2.0, 2.0])
    w = ranks.rank_sum_w(positive, negative)
    assert w == 5
    ties = ranks.tie_sum(np.concatenate([positive, negative]))
    assert ties == 3 ** 3 - 3
    # Variance 6 / 12 * (6 - 24 / 20) = 2.4.
    assert ranks.normal_z(w, 2, 3, ties) == pytest.approx(2 / math.sqrt(2.4), rel=1e-15)
    in_r = rbridge.rank_sum(positive, negative, exact=False)
    assert in_r["W"] == 5 and in_r["p_exact"] is None
    assert in_r["p_asymptotic"] == pytest.approx(ranks.two_sided(2 / math.sqrt(2.4)), rel=1e-12)
    assert in_r["p_asymptotic_corrected"] == pytest.approx(
        ranks.two_sided(1.5 / math.sqrt(2.4)), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_scipy_and_r_on_random_groups(seed):
    generator = np.random.default_rng(seed)
    positive = generator.integers(0, 30, 17).astype(float)
    negative = generator.integers(0, 30, 9).astype(float)
    result = burden.rank_sum(positive, negative, 10_000)
    w = ranks.rank_sum_w(positive, negative)
    assert result["W"] == w == stats.mannwhitneyu(positive, negative).statistic
    assert result["z"] == pytest.approx(ranks.normal_z(w, 17, 9), rel=1e-13)
    assert result["p_asymptotic"] == pytest.approx(result["p_z_tie_corrected"], rel=1e-12)
    assert result["p_exact"] is None and result["p_exact_missing_because"] == "ties"
    assert result["p_asymptotic"] != pytest.approx(result["p_z"], rel=1e-12)


def test_exact_p_agrees_with_scipy():
    generator = np.random.default_rng(3)
    positive, negative = generator.normal(1, 1, 14), generator.normal(0, 1, 8)
    expected = stats.mannwhitneyu(positive, negative, method="exact").pvalue
    assert burden.rank_sum(positive, negative, 10_000)["p_exact"] == pytest.approx(
        expected, rel=1e-12)


def test_too_many_pairs_give_no_exact_p_and_say_so():
    result = burden.rank_sum(np.arange(5.0), np.arange(10.0, 14.0), exact_pairs=19)
    assert result["p_exact"] is None
    assert result["p_exact_missing_because"] == "more than 19 pairs"
    assert result["larger"] == "NE-negative" and result["z"] < 0


def test_equal_values_have_no_z():
    assert math.isnan(ranks.normal_z(2.0, 2, 2, ranks.tie_sum(np.ones(4))))
