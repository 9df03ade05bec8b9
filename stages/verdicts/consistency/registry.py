"""Every check by the name that a study's list of checks uses."""

from __future__ import annotations

from stages.verdicts.consistency import (
    averages,
    bootstrap,
    composition,
    correlation,
    counts,
    detection,
    features,
    folds,
    hazard,
    joint,
    pooled,
    rank_sum,
    ranking,
    rates,
    summaries,
    survival,
    t_tests,
    tables,
    two_by_two,
)

CHECKS = {function.__name__: function for function in (
    counts.percentage, counts.ratio, counts.reduction, counts.total, counts.shares, counts.restated,
    counts.recounted, counts.same_text, counts.ordered, counts.at_most, counts.at_most_each,
    counts.member, counts.on_grid, counts.release, summaries.summary, summaries.mean_share,
    pooled.pooled, rates.rate, rates.percentile, rates.area, rates.f1_score, rates.both_f1,
    averages.macro, averages.weighted, two_by_two.two_by_two, joint.two_parts, joint.subgroups,
    composition.one_test_set,
    bootstrap.resampled, folds.fold_means, folds.counted, ranking.operating_point,
    ranking.constant_answer, ranking.ranked, detection.detection, detection.median_dice,
    detection.mean_in_range, correlation.spearman,
    correlation.spearman_groups, rank_sum.normal_p, rank_sum.rank_sum, rank_sum.rank_sum_p,
    tables.table_p, t_tests.two_means, hazard.hazard_ratio, survival.kaplan_meier,
    survival.log_rank, features.feature_count)}
