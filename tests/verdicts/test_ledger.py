"""Verdicts on made-up evidence whose right answer is known."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages.common import canonical
from stages.common.errors import InputError
from stages.common.parameters import Reporting
from stages.verdicts import ledger
from stages.verdicts import tables as verdicts
from stages.verdicts.evidence import Origin, Source
from stages.verdicts.published import Number, Rule

ROOT = Path(__file__).resolve().parents[2]
NEW = Origin("as-released", "2025-08", "classification-notebook", "Haswell")
OLD = Origin("as-released", "2025-06", "classification-notebook", "Haswell")
TEXT = Origin("as-described", "2025-08", "classification-notebook", "Haswell")
RULES = [Rule("T", "*", "*", "cohort", ("mean", "ci_low"), {"value": "{row}/{metric}/mean",
                                                               "low": "{row}/{metric}/low"}, ""),
         Rule("Seg", "*", "*", "needs-private-images", (), {}, "no images")]


def number(metric, printed, bound="value", row="RF", item="T"):
    return Number(item, row, metric, bound, printed, "here")


def source(origin, **values):
    return Source(origin, {row: {metric: {"mean": v, "low": None} for metric, v in cells.items()}
                           for row, cells in values.items()})


def build(numbers, *sources):
    return ledger.build(numbers, RULES, {"cohort": list(sources)}, {}, Reporting(1e-9, 60, 10, {}, 0))


def test_one_configuration_for_a_row_beats_a_patchwork():
    numbers = [number("a", "0.50"), number("b", "0.60"), number("c", "0.70")]
    rows = build(numbers, source(NEW, RF={"a": 0.5, "b": 0.1, "c": 0.1}),
                 source(OLD, RF={"a": 0.5, "b": 0.6, "c": 0.1}))
    assert [row["verdict"] for row in rows] == ["exact", "exact", "contradicted"]
    assert rows[0]["release"] == rows[1]["release"] == "2025-06"
    assert "nearest of 2 runs" in rows[2]["note"]


def test_a_cell_from_another_run_says_so():
    rows = build([number("a", "0.50"), number("b", "0.60"), number("c", "0.70")],
                 source(NEW, RF={"a": 0.5, "b": 0.6, "c": 0.1}),
                 source(OLD, RF={"a": None, "b": None, "c": 0.7}))
    assert rows[2]["verdict"] == "exact" and rows[2]["release"] == "2025-06"
    assert "not the run that explains most of this row" in rows[2]["note"]


def test_as_released_is_preferred_and_the_text_is_named():
    both = build([number("a", "0.5")], source(TEXT, RF={"a": 0.5}), source(OLD, RF={"a": 0.5}))
    assert both[0]["protocol"] == "as-released"
    only = build([number("a", "0.5")], source(TEXT, RF={"a": 0.5}))
    assert "only as the text describes" in only[0]["note"]


def test_a_chance_hit_of_another_protocol_does_not_take_the_row():
    rows = build([number("a", "0.50"), number("b", "0.60")],
                 source(TEXT, RF={"a": 0.5, "b": 0.1}), source(NEW, RF={"a": 0.3, "b": 0.2}))
    assert {row["protocol"] for row in rows} == {"as-released"}
    rows = build([number("a", "0.50"), number("b", "0.60")],
                 source(TEXT, RF={"a": 0.5, "b": 0.6}), source(NEW, RF={"a": 0.5, "b": 0.2}))
    assert {row["protocol"] for row in rows} == {"as-described"}


def test_half_way_cases_are_named():
    row, = build([number("a", "0.48")], source(NEW, RF={"a": 0.475}))
    assert row["verdict"] == "exact" and "half-way" in row["note"]


def test_nearest_value_is_shown_and_nothing_is_left_out():
    numbers = [number("a", "0.50"), number("a", "0.40", "low"), number("z", "9"),
               number("Dice", "0.7", item="Seg")]
    rows = build(numbers, source(NEW, RF={"a": 0.7, "z": None}),
                 source(OLD, RF={"a": 0.4, "z": None}))
    assert len(rows) == len(numbers)
    assert rows[0]["reproduced"] == 0.4 and rows[0]["verdict"] == "contradicted"
    assert rows[1]["statistic"] == "ci_low" and rows[1]["verdict"] == "not-checked"
    assert rows[2]["verdict"] == "not-checked" and "no run" in rows[2]["note"]
    assert rows[3]["verdict"] == "needs-private-images" and rows[3]["note"] == "no images"
    counted = ledger.count(rows)
    assert counted["all"]["numbers"] == 4 and counted["T"]["contradicted"] == 1


def test_a_number_that_is_cut_off_is_no_contradiction():
    row, = build([number("a", "0.47")], source(NEW, RF={"a": 0.4799}))
    assert row["verdict"] == "not-checked" and "cut off, not rounded" in row["note"]
    row, = build([number("a", "0.49")], source(NEW, RF={"a": 0.4799}))
    assert row["verdict"] == "contradicted" and "cut off" not in row["note"]


def test_what_the_authors_own_run_gives_is_no_contradiction():
    rule = Rule("T", "*", "*", "cohort", ("mean",), {"value": "{row}/{metric}/mean"}, "",
                "r | {row} | Fold* | {metric}")
    outputs = [{"release": "r", "commit": "c", "notebook": "n", "cell": "1", "configuration": "RF",
                "model": f"Fold{fold}", "quantity": "a", "value": value}
               for fold, value in enumerate(("0.6", "0.8"))]

    def verdict(printed):
        row, = ledger.build([number("a", printed)], [rule], {"cohort": [source(NEW, RF={"a": 0.1})]},
                            {}, Reporting(1e-9, 60, 10, {}, 0), outputs)
        return row["verdict"], row["stored"], row["stored_follows"], row["note"]

    assert verdict("0.70")[:3] == ("not-checked", pytest.approx(0.7), "yes")
    assert "the authors' own run gives it" in verdict("0.70")[3]
    assert verdict("0.71")[:3] == ("contradicted", pytest.approx(0.7), "no")
    assert verdict("0.10")[:3] == ("exact", pytest.approx(0.7), "no")


def test_ledger_has_the_stated_columns():
    frame = ledger.frame(build([number("a", "0.5")], source(NEW, RF={"a": 0.5})))
    assert tuple(frame.columns) == (
        "item", "row", "metric", "statistic", "published", "decimals", "verdict", "reproduced",
        "protocol", "release", "environment", "kernel", "note", "variations", "equal", "minimum",
        "q05", "median", "q95", "maximum", "basis", "all_variations", "all_equal", "all_minimum",
        "all_maximum", "stored", "stored_follows", "stored_place")


def test_paths_reach_into_lists():
    found = Source(NEW, {"a": [{"b": 3}]})
    assert found.value("a/0/b") == 3
    for path in ("a/1/b", "x"):
        with pytest.raises(InputError, match=f"lacks '{path}'"):
            found.value(path)
    with pytest.raises(InputError, match="'a/0' is no single value"):
        found.value("a/0")




def test_tables_for_people():
    frame = ledger.frame(build([number("a", "0.5"), number("b", "0.5", row="LR")],
                               source(NEW, RF={"a": 0.5}, LR={"b": 0.9})))
    assert "| all | 2 | 1 |" in verdicts.markdown(frame)
    assert verdicts.terminal(frame).splitlines()[-1].split()[:3] == ["all", "2", "1"]
    assert "RF       1 exact of 1  [2025-08 in classification-notebook]" in verdicts.by_row(frame, "T")


def test_stage_on_a_missing_folder_is_one_line(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "stages.verdicts.ledger", "--metrics", str(tmp_path), "--out",
         str(tmp_path / "l.csv"), "--summary", str(tmp_path / "s.json")],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "l.csv").exists()


def test_committed_summary_counts_the_committed_ledger():
    rows = canonical.read_csv(ROOT / "reports" / "ledger.csv", ledger.COLUMNS, dtype=str,
                              keep_default_na=False)
    summary = json.loads((ROOT / "metrics" / "reproduction.json").read_text())
    assert summary == ledger.count(rows.to_dict("records"))
