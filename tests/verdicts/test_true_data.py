"""No true data set is refused; planted errors are found."""

import inspect
import math
from decimal import Decimal

import numpy as np
import pytest

from stages.verdicts.consistency.registry import CHECKS
from tests.verdicts import truths

TRUE_SETS, PLANTED = 650, 120
# What costs milliseconds is tried less often; the others more, 20,000 in all.
SLOW = {"two_parts": 250, "subgroups": 250, "resampled": 120, "fold_means": 120, "two_means": 250,
        "spearman": 250, "spearman_groups": 80, "log_rank": 250, "summary": 900}
UNITS = (-10, -5, -3, -2, 2, 3, 5, 10)
# Share of planted errors (one number moved by 2 to 10 units) that each check finds at least: just
# below what it finds with this seed. Bounds (a range, an area beside one operating point) find few.
POWER = {
    "percentage": 0.92, "ratio": 0.94, "total": 0.80, "shares": 0.53, "restated": 0.73,
    "reduction": 0.92, "ranked": 0.46,
    "recounted": 0.98, "same_text": 0.98, "ordered": 0.01, "at_most": 0.12, "member": 0.67,
    "on_grid": 0.72, "release": 0.98, "summary": 0.17, "mean_share": 0.20,
    "pooled": 0.52, "rate": 0.87,
    "percentile": 0.34, "area": 0.81, "f1_score": 0.76, "macro": 0.57, "weighted": 0.32,
    "two_by_two": 0.94, "two_parts": 0.92, "subgroups": 0.88, "resampled": 0.16,
    "fold_means": 0.17, "at_most_each": 0.14, "counted": 0.83,
    "both_f1": 0.24, "operating_point": 0.01, "constant_answer": 0.98, "detection": 0.89,
    "median_dice": 0.16, "mean_in_range": 0.21, "spearman": 0.57, "spearman_groups": 0.52,
    "normal_p": 0.70, "rank_sum": 0.92, "rank_sum_p": 0.73, "table_p": 0.63, "two_means": 0.20,
    "hazard_ratio": 0.71, "kaplan_meier": 0.26, "log_rank": 0.31, "feature_count": 0.69,
    "one_test_set": 0.50}


def generator(name, part):
    return np.random.default_rng([sum(map(ord, name)), part])


def sets_of(name):
    return SLOW.get(name, TRUE_SETS)


def test_every_check_has_a_source_of_true_data():
    assert {name for name, function in inspect.getmembers(truths, inspect.isfunction)
            if not name.startswith("_")} >= set(CHECKS)


def test_twenty_thousand_true_sets():
    assert sum(map(sets_of, CHECKS)) >= 20_000


@pytest.mark.parametrize("name", CHECKS)
def test_no_true_data_set_is_refused(name):
    rng = generator(name, 1)
    for _ in range(sets_of(name)):
        given = getattr(truths, name)(rng)
        assert CHECKS[name].possible(**given), given


def planted(rng, given, kinds):
    """Move one printed number by some units of its last digit; None where it cannot be."""
    places = [(name, index) for name, value in given.items() if name in kinds
              for index in (range(len(value)) if isinstance(value, list) else (None,))
              if isinstance(value if index is None else value[index], str)]
    name, index = places[rng.integers(len(places))]
    text = given[name] if index is None else given[name][index]
    kind, units = kinds[name][0], int(rng.choice(UNITS))
    if kind.name == "Text":
        head, dot, last = text.rpartition(".")
        changed = f"{head}{dot}{abs(int(last) + units) + 20}"
    else:
        value = Decimal(text)
        moved = value + units * Decimal(1).scaleb(value.as_tuple().exponent)
        if not (kind.low <= moved <= kind.high) or not math.isfinite(moved):
            return None
        changed = format(moved, "f")
    if index is None:
        return {**given, name: changed}
    return {**given, name: [*given[name][:index], changed, *given[name][index + 1:]]}


def power(name, count=PLANTED):
    rng, found, tried = generator(name, 2), 0, 0
    while tried < count:
        wrong = planted(rng, getattr(truths, name)(rng), CHECKS[name].kinds)
        if wrong is not None:
            tried += 1
            found += not CHECKS[name].possible(**wrong)
    return found / tried


@pytest.mark.parametrize("name", CHECKS)
def test_planted_errors_are_found(name):
    assert power(name, min(PLANTED, sets_of(name))) >= POWER[name]
