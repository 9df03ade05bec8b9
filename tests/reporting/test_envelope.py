"""Verdicts that rest on the numerical variations."""

import numpy as np
import pytest

from stages.common import canonical
from stages.common.parameters import Reporting
from stages.reporting import envelope, ledger, published
from stages.reporting.envelope import Spread, compare, settle
from stages.reporting.evidence import Origin, Source

LEAST = 60


def number(printed):
    return published.Number("Table4", "LR", "AUC", "value", printed, "")


def spreads(*groups):
    return [Spread("r", f"e{place}", np.array(values, float), len(values))
            for place, values in enumerate(groups)]


@pytest.mark.parametrize("printed, groups, equal, verdict", [
    ("0.70", ([0.701, 0.65] * 30,), 30, "envelope"),
    ("0.70", ([0.72, 0.65] * 30,), 0, "envelope"),
    ("0.70", ([0.72, 0.75] * 30,), 0, "contradicted"),
    ("0.70", ([0.65] * 30, [0.75] * 30), 0, "contradicted"),
    ("0.70", ([0.72, 0.75],), 0, "not-checked"),
])
def test_verdicts(printed, groups, equal, verdict):
    found = compare(number(printed), spreads(*groups), 1e-9)
    assert found.equal == equal and settle(found, LEAST)[0] == verdict
    assert f"{found.variations} variations" in settle(found, LEAST)[1]


def test_a_racing_fit_is_never_contradicted_by_repeatable_ones():
    outside, inside = (compare(number("0.70"), spreads(values * 40), 1e-9)
                       for values in ([0.8, 0.9], [0.6, 0.9]))
    assert settle(outside, LEAST, racing=True)[0] == "not-checked"
    assert "races" in settle(outside, LEAST, racing=True)[1]
    assert settle(inside, LEAST, racing=True)[0] == "envelope"


def test_undefined_values_count_as_variations_that_do_not_equal(tmp_path):
    content = {"releases": {"2025-08": {"models": {"a/b": {
        "variations": 3, "defined": 2, "counts": {"0.5": 1, "0.7": 1}}}}}}
    canonical.write_json(tmp_path / "image.json", content)
    (key, (spread,)), = envelope.collect(tmp_path).items()
    assert key == ("models", "a/b") and spread.variations == 3 and len(spread.values) == 2
    assert spread.release == "2025-08" and spread.environment == "image"
    assert compare(number("0.5"), [spread], 1e-9).equal == 1


def test_without_a_sweep_a_fragile_miss_stays_open(tmp_path):
    assert envelope.collect(tmp_path / "absent") == {}
    assert settle(None, LEAST) == ("not-checked", "its numerical envelope is not measured")


@pytest.mark.parametrize("source, varied, verdict, equal", [
    ("bootstrap", {("bootstrap", "x"): spreads([0.70, 0.9] * 40)}, "envelope", 40),
    ("bootstrap", {("bootstrap", "x"): spreads([0.8, 0.9] * 40)}, "contradicted", 0),
    ("bootstrap", {}, "not-checked", None),
    ("cohort", {}, "contradicted", None),
])
def test_ledger_takes_its_verdict_from_the_variations(source, varied, verdict, equal):
    rule = published.Rule("*", "*", "*", source, ("mean",), {"value": "x"}, "")
    origin = Origin("as-released", "2025-08", "classification-notebook")
    row, = ledger.build([number("0.70")], [rule], {source: [Source(origin, {"x": 0.85})]}, varied,
                        Reporting(1e-9, LEAST))
    assert row["verdict"] == verdict and row.get("equal") == equal
    assert row["reproduced"] == 0.85


def test_an_exact_number_also_says_how_fragile_it_is():
    rule = published.Rule("*", "*", "*", "models", ("test_set",), {"value": "x"}, "")
    origin = Origin("as-released", "2025-08", "classification-notebook")
    row, = ledger.build([number("0.70")], [rule], {"models": [Source(origin, {"x": 0.7})]},
                        {("models", "x"): spreads([0.7, 0.6, 0.6, 0.9])}, Reporting(1e-9, LEAST))
    assert row["verdict"] == "exact" and row["variations"] == 4 and row["equal"] == 1
    assert (row["minimum"], row["median"], row["maximum"]) == (0.6, pytest.approx(0.65), 0.9)
