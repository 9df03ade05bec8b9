"""The rules say of each printed number what it is, and why it cannot be recomputed."""

from fnmatch import fnmatchcase

import pytest

from stages.verdicts import published

PRINTED_OF_LITS = ("SuppTable1/LiTS/*", "Table2/Segmentation/LiTS/*", "Table3/*/LiTS/*",
                   "Results/lesion detection/*/LiTS/*", "Discussion/seg/*LiTS")
# What a number is that stands in a row and column like these, the first that fits.
STATISTICS = (
    ("SuppTable1/*/in-plane*/low", "min"), ("SuppTable1/*/in-plane*/high", "max"),
    ("SuppTable1/*/in-plane* #*/*", "value"), ("SuppTable1/segmentation/GE/in-plane*/*", "value"),
    ("SuppTable1/*/in-plane*/*", "median"), ("SuppTable1/*/kVp/*", "value"),
    ("SuppTable1/*", "count"), ("Table1/Sex/*", "count"), ("Table1/Hepatic*", "count"),
    ("Table2/*", "count"), ("*/Median DICE/*", "median"), ("Discussion/seg/median*", "median"),
    ("Discussion/seg/Sensitivity*", "value"), ("Discussion/no-lesion*", "count"),
    ("Discussion/FP volume*/value", "mean"), ("Discussion/FP volume*/low", "sd"),
    ("Fig3/*/Spearman/*", "rho"), ("Fig3/*_z/*", "z"), ("Fig3/*", "P"))


@pytest.fixture(scope="module")
def ruled(study):
    """Every printed number with its rule, by name."""
    rules = published.rules(study.rules)
    return {"/".join((one.item, one.row, one.metric, one.bound)): (one, published.rule_for(one, rules))
            for one in published.read(study.published, study.content.numbers)}


def test_what_a_number_is(ruled):
    wrong, checked = [], 0
    for name, (number, rule) in ruled.items():
        wanted = next((text for pattern, text in STATISTICS if fnmatchcase(name, pattern)), None)
        checked += wanted is not None
        if wanted not in (None, rule.statistic(number.bound)):
            wrong.append((name, rule.statistic(number.bound)))
    assert checked >= 130 and not wrong


def test_lits_is_public(ruled):
    names = [name for name in ruled if any(fnmatchcase(name.rsplit("/", 1)[0], pattern)
                                           for pattern in PRINTED_OF_LITS)]
    assert len(names) > 50
    assert not [name for name in names if ruled[name][1].source == "needs-private-images"]


def test_every_number_stands_in_its_cell(ruled):
    assert not [name for name, (number, _) in ruled.items() if "no count in the cell" in number.locator]


def test_the_resampling_is_judged_as_the_setting_that_it_is(ruled):
    for axis in "xyz":
        number, rule = ruled[f"Methods/radiomics/resampled spacing {axis} (mm)/value"]
        assert rule.path(number) == f"requested_mm/{axis}/max"
