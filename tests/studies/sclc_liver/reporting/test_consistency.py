"""The list of the liver paper: every printed number, and what is said against the authors."""

from collections import Counter
from pathlib import Path

import pytest

from stages.common import canonical
from stages.verdicts.consistency import declarations, evaluate

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def judged():
    found = declarations.numbers(ROOT / "studies/sclc_liver/published")
    return evaluate.evaluate(found, *declarations.read(ROOT / "studies/sclc_liver/checks.yaml"))


def verdict(rows, item, row, metric, bound="value"):
    return next(one for one in rows
                if (one["item"], one["row"], one["metric"], one["bound"]) == (item, row, metric, bound))


def test_every_printed_number_has_a_verdict(judged):
    rows, _ = judged
    assert len(rows) == len(declarations.numbers(ROOT / "studies/sclc_liver/published"))
    assert set(Counter(row["verdict"] for row in rows)) <= {"consistent", "inconsistent", "untested"}


def test_nothing_is_said_against_the_authors_that_another_reading_saves(judged):
    rows, answers = judged
    assert not [row for row in rows if row["verdict"] in evaluate.REFUSED]
    # 346 - 92 - 19 - 6 is 229, not 227; two patients were excluded besides, and their series may be
    # the two.
    found = {row["id"]: row["verdict"] for row in evaluate.findings(answers)}
    assert found["flow-of-series"] == "reading excluded"
    assert verdict(rows, "Table1", "Hepatic lesions", "Absent")["verdict"] == "consistent"


def test_readings_that_are_excluded(judged):
    _, answers = judged
    excluded = {row["id"]: row for row in evaluate.findings(answers)
                if row["verdict"] == evaluate.EXCLUDED}
    assert set(excluded) == {
        "flow-of-series", "scans-behind-002-test", "lits-one-reference",
        "median-of-lesions (U-Net/LiTS)",
        "median-of-lesions (U-Net/mSCLC)", "median-of-lesions (SegResNet/mSCLC)",
        "no-false-positive-lits", "no-false-positive-finetuned", "spearman-biopsy-t",
        "spearman-parts-t", "rank-sum-cfdna", "features-library-2d"}
    assert all(row["otherwise"] for row in excluded.values())


def test_a_check_that_could_not_fail_counts_for_nothing(judged):
    rows, _ = judged
    for row in rows:
        assert (row["verdict"] == "untested") == (row["could_fail"] == 0.0), row
        assert bool(row["reason"]) == (row["verdict"] == "untested")


def test_group_sizes_follow_from_the_correlations():
    from stages.verdicts.consistency.correlation import sizes
    from stages.verdicts.consistency.printed import KINDS, read

    def n(rho, p, method):
        return sizes(read(rho, KINDS["Correlation"]), read(p, KINDS["Rate"]),
                     read([3, 118], KINDS["Count"]), [method])

    assert n("0.446", "0.00057", "t") == [56]
    assert n("-0.0738", "0.5680", "t") == [] and n("-0.0738", "0.5680", "edgeworth") == [62]
    assert n("-0.0738", "0.568", "t") == [62]


GENERAL = ("no check touches it", "its checks refuse no other value either")


def test_few_numbers_stay_untested_and_each_says_why():
    """Of all printed numbers, those that nothing recomputes and no check can touch."""
    folder = ROOT / "reports/sclc_liver"
    ledger = canonical.read_csv(folder / "ledger.csv", dtype=str, keep_default_na=False)
    table = canonical.read_csv(folder / "consistency.csv", dtype=str, keep_default_na=False)
    untested = ledger[ledger["verdict"] == "untested"]
    assert 0 < len(untested) <= 70
    reasons = {(row["item"], row["row"], row["metric"]): row["reason"]
               for row in table.to_dict("records") if row["verdict"] == "untested"}
    for row in untested.to_dict("records"):
        assert reasons[row["item"], row["row"], row["metric"]] not in (*GENERAL, ""), row
