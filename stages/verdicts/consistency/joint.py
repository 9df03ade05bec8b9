"""Training and test part of one cohort, and subgroups of one test set, taken together."""

from __future__ import annotations

from stages.verdicts.consistency.check import IMPOSSIBLE, check
from stages.verdicts.consistency.printed import Count, Number, Rate, equally_long
from stages.verdicts.consistency.rates import area
from stages.verdicts.consistency.two_by_two import splits

NAMES = ("accuracy", "sensitivity", "specificity", "ppv", "npv", "f1", "balanced_accuracy")


@check(IMPOSSIBLE, "the two parts are the whole cohort; the rates of each are of one table of counts")
def two_parts(n: Count, positives: Count, train: Count, test: Count,
              train_accuracy: Rate | None = None, train_sensitivity: Rate | None = None,
              train_ppv: Rate | None = None, train_f1: Rate | None = None,
              test_accuracy: Rate | None = None, test_sensitivity: Rate | None = None,
              test_ppv: Rate | None = None, test_f1: Rate | None = None) -> bool:
    """Tell whether both parts' rates are possible with sizes and positives that add up.

    Parameters
    ----------
    n, positives : Count
        Cases of the cohort, and how many are positive.
    train, test : Count
        Cases of each part; bounds where an approximate split is stated.
    train_accuracy, ..., test_f1 : Rate, optional

    Examples
    --------
    >>> two_parts(100, 40, 80, 20, train_accuracy="0.80", test_sensitivity="0.88",
    ...           test_accuracy="0.85").verdict  # 8 of 20 positive: 7/8, 17/20
    'consistent'
    >>> two_parts(100, 95, 80, 20, test_sensitivity="0.93", test_accuracy="0.55").verdict
    'impossible'
    """
    first = _rates(accuracy=train_accuracy, sensitivity=train_sensitivity, ppv=train_ppv, f1=train_f1)
    second = _rates(accuracy=test_accuracy, sensitivity=test_sensitivity, ppv=test_ppv, f1=test_f1)
    for whole in n.whole():
        for size in test.whole():
            if whole - size not in train.whole():
                continue
            for case in positives.whole():
                for p, q in splits(Number(0, min(size, case), positives.kind),
                                   Number(0, size, positives.kind), _fixed(size, n), second):
                    rest = whole - size - (case - p)
                    if rest >= 0 and q >= 0 and next(splits(
                            _fixed(case - p, n), _fixed(rest, n), None, first), None):
                        return True
    return False


def _fixed(value, like):
    return Number(value, value, like.kind)


def _rates(**given):
    return {name: given.get(name) for name in NAMES}


@check(IMPOSSIBLE, "the subgroups are all of the test set; accuracy and area are of pooled cases")
def subgroups(accuracies: list[Rate], positives: Count, negatives: Count, errors: Count,
              areas: list[Rate] = (), group_errors: list[Count] = ()) -> bool:
    """Tell whether two subgroups with these accuracies (and areas) can make up one test set.

    Parameters
    ----------
    accuracies, areas : list of two Rate
        Of the subgroups; areas may be left out.
    positives, negatives, errors : Count
        Of the whole test set.
    group_errors : list of Count, optional
        How many of the errors each subgroup has; bounds where not known.

    Examples
    --------
    >>> subgroups(["0.90", "0.733"], 38, 12, 10, ["0.984", "0.528"]).verdict
    'consistent'
    >>> subgroups(["0.90", "0.733"], 20, 6, 4).verdict
    'impossible'
    """
    equally_long("ab", accuracies, *filter(None, (areas, group_errors)))
    for p, q in ((p, q) for p in positives.whole() for q in negatives.whole()):
        for first in range(1, p + q):
            sizes = first, p + q - first
            wrong = [_wrong(number, size) for number, size in zip(accuracies, sizes)]
            wrong = [[k for k in some if not group_errors or k in group_errors[index].whole()]
                     for index, some in enumerate(wrong)]
            if not any(one + other in errors.whole() for one in wrong[0] for other in wrong[1]):
                continue
            if not areas or any(_areas(areas, (inside, p - inside), sizes)
                                for inside in range(max(0, first - q), min(first, p) + 1)):
                return True
    return False


def _wrong(number, size):
    return [size - k for k in range(size + 1) if number.low <= k / size <= number.high]


def _areas(areas, positives, sizes):
    return all(0 < p < size and area.possible(auc, p, size - p)
               for auc, p, size in zip(areas, positives, sizes))
