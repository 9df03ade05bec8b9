"""Tumour burden of NE-positive and NE-negative studies: every pair compared, one by one."""

from __future__ import annotations

import itertools

from scipy import stats

from studies.sclc_liver.derivations.released import Series


def rank_sum(series: list[Series]) -> dict[str, float]:
    """Return z and P of the rank-sum test on the first series of each study.

    The normal approximation needs the mean and the variance of the number of pairs in which the
    NE-positive study has the larger burden. P is SciPy's Mann-Whitney test, which the first
    derivation does not use.
    """
    first = {}
    for one in series:
        first.setdefault(one.study, one)
    groups = {True: [], False: []}
    for one in first.values():
        x, y, z = one.lengths("diagnostics_Mask-original_Spacing")
        groups[one.positive].append(x * y * z * one.number("diagnostics_Mask-original_VoxelNum"))
    larger, m, k = groups[True], len(groups[True]), len(groups[False])
    won = sum((a > b) + (a == b) / 2 for a, b in itertools.product(larger, groups[False]))
    away = (won - m * k / 2) / (m * k * (m + k + 1) / 12) ** 0.5
    test = stats.mannwhitneyu(larger, groups[False], alternative="two-sided",
                              method="asymptotic", use_continuity=False)
    return {"rank_sum/z": away, "rank_sum/p_z": float(test.pvalue)}
