"""Verdicts on made-up evidence whose right answer is known."""

import pytest

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts import gather, ledger, runs, tables, unchecked
from stages.verdicts.arithmetic import Arithmetic
from stages.verdicts.evidence import Origin, Source
from stages.verdicts.published import Number, Rule
from tests.made_up import JUDGED, NAME, PUBLISHED, READ, SETTINGS

NEW = Origin("code", "r2", "new", "Haswell")
OLD = Origin("code", "r1", "new", "Haswell")
TEXT = Origin("text", "r2", "new", "Haswell")
RULES = [Rule("T", "*", "*", "counts", ("mean", "ci_low"), {"value": "{row}/{metric}/mean",
                                                              "low": "{row}/{metric}/low"}, ""),
         Rule("Seg", "*", "*", "needs-private-images", (), {}, "no images")]


def number(metric, printed, bound="value", row="A", item="T"):
    return Number(item, row, metric, bound, printed, "here")


def source(origin, **values):
    return Source(origin, {row: {metric: {"mean": v, "low": None} for metric, v in cells.items()}
                           for row, cells in values.items()})


def build(numbers, *sources, rules=RULES, outputs=(), arithmetic=None):
    given = gather.Sources(rules, {"counts": list(sources)}, {}, outputs, arithmetic)
    return ledger.build(gather.gather(READ, numbers, given, SETTINGS.halfway_tolerance), SETTINGS)


def test_one_configuration_for_a_row_beats_a_patchwork():
    numbers = [number("a", "0.50"), number("b", "0.60"), number("c", "0.70")]
    rows = build(numbers, source(NEW, A={"a": 0.5, "b": 0.1, "c": 0.1}),
                 source(OLD, A={"a": 0.5, "b": 0.6, "c": 0.1}))
    assert [row["verdict"] for row in rows] == ["exact", "exact", "contradicted"]
    assert rows[0]["release"] == rows[1]["release"] == "r1"
    assert "nearest of 2 runs" in rows[2]["note"]


def test_a_cell_from_another_run_says_so():
    rows = build([number("a", "0.50"), number("b", "0.60"), number("c", "0.70")],
                 source(NEW, A={"a": 0.5, "b": 0.6, "c": 0.1}),
                 source(OLD, A={"a": None, "b": None, "c": 0.7}))
    assert rows[2]["verdict"] == "exact" and rows[2]["release"] == "r1"
    assert "not the run that explains most of this row" in rows[2]["note"]


def test_the_first_protocol_is_preferred_and_the_text_is_named():
    both = build([number("a", "0.5")], source(TEXT, A={"a": 0.5}), source(OLD, A={"a": 0.5}))
    assert both[0]["protocol"] == "code"
    only = build([number("a", "0.5")], source(TEXT, A={"a": 0.5}))
    assert "only as the text describes" in only[0]["note"]


def test_a_chance_hit_of_another_protocol_does_not_take_the_row():
    rows = build([number("a", "0.50"), number("b", "0.60")],
                 source(TEXT, A={"a": 0.5, "b": 0.1}), source(NEW, A={"a": 0.3, "b": 0.2}))
    assert {row["protocol"] for row in rows} == {"code"}
    rows = build([number("a", "0.50"), number("b", "0.60")],
                 source(TEXT, A={"a": 0.5, "b": 0.6}), source(NEW, A={"a": 0.5, "b": 0.2}))
    assert {row["protocol"] for row in rows} == {"text"}


def test_half_way_cases_are_named():
    row, = build([number("a", "0.48")], source(NEW, A={"a": 0.475}))
    assert row["verdict"] == "exact" and "half-way" in row["note"]


def test_nearest_value_is_shown_and_nothing_is_left_out():
    numbers = [number("a", "0.50"), number("a", "0.40", "low"), number("z", "9"),
               number("Dice", "0.7", item="Seg")]
    rows = build(numbers, source(NEW, A={"a": 0.7, "z": None}),
                 source(OLD, A={"a": 0.4, "z": None}))
    assert len(rows) == len(numbers)
    assert rows[0]["reproduced"] == 0.4 and rows[0]["verdict"] == "contradicted"
    assert rows[1]["statistic"] == "ci_low" and rows[1]["verdict"] == "untested"
    assert rows[2]["verdict"] == "untested" and rows[2]["why_missing"] == "no run"
    assert rows[3]["verdict"] == "untested" and rows[3]["why_missing"] == "private images"
    assert rows[3]["note"] == "no images"
    counted = ledger.count(rows)
    assert counted["all"]["numbers"] == 4 and counted["T"]["contradicted"] == 1


def test_a_number_that_is_cut_off_is_no_contradiction():
    row, = build([number("a", "0.47")], source(NEW, A={"a": 0.4799}))
    assert row["verdict"] == "untestable" and "cut off, not rounded" in row["note"]
    row, = build([number("a", "0.49")], source(NEW, A={"a": 0.4799}))
    assert row["verdict"] == "contradicted" and "cut off" not in row["note"]


def test_what_the_authors_own_run_gives_is_no_contradiction():
    rule = Rule("T", "*", "*", "counts", ("mean",), {"value": "{row}/{metric}/mean"}, "",
                "r | {row} | Fold* | {metric}")
    outputs = [{"release": "r", "commit": "c", "notebook": "n", "cell": "1", "configuration": "A",
                "model": f"Fold{fold}", "quantity": "a", "value": value}
               for fold, value in enumerate(("0.6", "0.8"))]

    def verdict(printed):
        row, = build([number("a", printed)], source(NEW, A={"a": 0.1}), rules=[rule],
                     outputs=outputs)
        return row["verdict"], row["stored"], row["stored_follows"], row["note"]

    assert verdict("0.70")[:3] == ("untestable", pytest.approx(0.7), "yes")
    assert "the authors' own run gives it" in verdict("0.70")[3]
    assert verdict("0.71")[:3] == ("contradicted", pytest.approx(0.7), "no")
    assert verdict("0.10")[:3] == ("exact", pytest.approx(0.7), "no")


def test_ledger_has_the_stated_columns():
    frame = ledger.frame(build([number("a", "0.5")], source(NEW, A={"a": 0.5})))
    assert tuple(frame.columns) == (
        "item", "row", "metric", "statistic", "published", "decimals", "verdict", "why_missing",
        "reproduced", "protocol", "release", "environment", "kernel", "note", "row_equal",
        "row_numbers", "row_together", "variations", "equal", "minimum", "q05", "median", "q95",
        "maximum", "basis", "all_variations", "all_equal", "all_minimum", "all_maximum",
        "seed_variations", "seed_equal", "racing_variations", "racing_equal", "aged", "stored",
        "stored_follows", "stored_place", "arithmetic", "checks", "could_fail", "assumption",
        "right_if", "second", "second_agrees", "false_acceptance")


def test_a_row_says_how_much_of_it_one_run_gives():
    numbers = [number("a", "0.50"), number("b", "0.60"), number("c", "0.70")]
    rows = build(numbers, source(NEW, A={"a": 0.5, "b": 0.1, "c": 0.7}),
                 source(OLD, A={"a": 0.1, "b": 0.6, "c": 0.1}))
    assert [(row["row_equal"], row["row_numbers"]) for row in rows] == [(2, 3)] * 3
    assert [row["verdict"] for row in rows] == ["exact"] * 3, "each from some run"


@pytest.mark.parametrize("found", ["consistent", "inconsistent", "impossible", "untested"])
def test_a_number_without_data_takes_what_arithmetic_says(found):
    numbers = [number("Dice", "0.7", item="Seg"), number("a", "0.5")]
    said = Arithmetic(found, "sums", 0.8, "all parts", "one is counted twice", "one of a kind")
    rows = build(numbers, source(NEW, A={"a": 0.5}), arithmetic={
        ("Seg", "A", "Dice", "value"): said, ("T", "A", "a", "value"): said})
    assert rows[0]["verdict"] == found and rows[0]["why_missing"] == "private images"
    assert (rows[0]["checks"], rows[0]["could_fail"], rows[0]["assumption"]) == (
        "sums", 0.8, "all parts")
    against = found in ("inconsistent", "impossible")
    assert ("refused by sums; right if one is counted twice" in rows[0]["note"]) is against
    assert ("one of a kind" in rows[0]["note"]) is (found == "untested")
    # What is recomputed is judged by that; what arithmetic says stands beside it.
    assert rows[1]["verdict"] == "exact" and rows[1]["arithmetic"] == found


def test_a_setting_is_no_result_whatever_stands_beside_it():
    rules = [Rule("T", "*", "*", "not-a-result", (), {}, "a setting")]
    row, = build([number("a", "0.5")], source(NEW, A={"a": 0.5}), rules=rules, arithmetic={
        ("T", "A", "a", "value"): Arithmetic("inconsistent", "restated", 0.5)})
    assert row["verdict"] == "not-a-result" and row["why_missing"] == ""
    assert row["arithmetic"] == "inconsistent"


def test_how_much_single_runs_explain(repository):
    evidence = ledger.collect(READ, SETTINGS, repository)
    found = runs.summarise(evidence, SETTINGS.halfway_tolerance)
    # Release r1 gives the AUC in the text, r2 those in the grid: no single run gives both.
    fitted = [number for number, one in evidence.items() if one.fitted]
    assert found["numbers"] == len(fitted) == 10
    by_hand = {}
    for number in fitted:
        for one in evidence[number].recomputed:
            if one.origin.protocol == "code":
                run = f"code · {one.origin.release} · {one.origin.environment}"
                hit = abs(float(one.value) - float(number.printed)) <= 0.5 * 10 ** -number.decimals
                by_hand[run] = by_hand.get(run, 0) + hit
    assert found["runs"] == by_hand
    assert found["single"] == max(by_hand.values()) == by_hand[found["single_run"]]
    assert found["single"] < found["by_row"] <= found["numbers"]


def test_paths_reach_into_lists():
    found = Source(NEW, {"a": [{"b": 3}]})
    assert found.value("a/0/b") == 3
    for path in ("a/1/b", "x"):
        with pytest.raises(InputError, match=f"lacks '{path}'"):
            found.value(path)
    with pytest.raises(InputError, match="'a/0' is no single value"):
        found.value("a/0")


def test_tables_for_people():
    frame = ledger.frame(build([number("a", "0.5"), number("b", "0.5", row="B")],
                               source(NEW, A={"a": 0.5}, B={"b": 0.9})))
    table = tables.markdown(frame)
    for line in ("| **Data and code are public** | **2** |", "| exact | 1 |", "| contradicted | 1 |",
                 "| untested | 0 |", "| **All** | **2** |"):
        assert line in table.splitlines()
    assert tables.terminal(READ, frame).splitlines()[-1].split()[:3] == ["all", "2", "1"]
    assert "A        1 exact of 1  [r2 in new]" in tables.by_row(frame, "T")


def test_the_table_in_a_readme_and_in_a_terminal(repository, call, refused):
    assert call(ledger.stage, *JUDGED)[0] == 0
    code, out, error = call(tables.stage, *JUDGED)
    lines = out.splitlines()
    assert code == 0 and lines[0].split()[:3] == ["item", "numbers", "exact"]
    assert [line.split()[:2] for line in lines[1:]] == [["Grid", "6"], ["Drawing", "1"], ["Text", "7"],
                                                       ["all", "14"]]
    assert len({len(line) for line in lines}) == 1 and lines[1].startswith("Grid     ")
    assert lines[1].endswith(" 0") and lines[0].endswith("not-a-result")
    (repository / "R.md").write_text(f"before\n{tables.BEGIN}\nold\n{tables.END}\nbehind\n")
    code, out, error = call(tables.stage, *JUDGED, "--readme", "R.md")
    assert code == 0 and "wrote the table of verdicts into R.md" in error and not out
    text = (repository / "R.md").read_text()
    assert text.startswith(f"before\n{tables.BEGIN}\n| verdict | numbers |")
    assert text.endswith(f"| **All** | **14** |\n{tables.END}\nbehind\n")
    for content in (tables.BEGIN, tables.END):
        (repository / "R.md").write_text(content)
        assert "lacks the markers of the verdict table" in refused(tables.stage, *JUDGED, "--readme",
                                                                  "R.md")
    assert "none.md: cannot be read" in refused(tables.stage, *JUDGED, "--readme", "none.md")


def test_stage_on_a_missing_folder_is_one_line(tmp_path, repository, refused):
    error = refused(ledger.stage, *JUDGED, "--root", tmp_path / "absent")
    assert "no such file" in error and not (tmp_path / "absent").exists()


def test_the_ledger_of_the_whole_study(repository, call):
    assert call(ledger.stage, *JUDGED) == (0, "", "")
    rows = canonical.read_csv(f"reports/{NAME}/ledger.csv", ledger.COLUMNS, dtype=str,
                              keep_default_na=False)
    found = {(row["item"], row["row"], row["metric"], row["statistic"]): row
             for row in rows.to_dict("records")}
    assert len(found) == sum(READ.content.numbers.values())
    assert {key: row["verdict"] for key, row in found.items()} == {
        ("Grid", "A", "AUC", "mean"): "exact", ("Grid", "A", "AUC", "low"): "exact",
        ("Grid", "A", "AUC", "high"): "exact", ("Grid", "A", "PPV", "mean"): "exact",
        ("Grid", "B", "AUC", "mean"): "envelope", ("Grid", "B", "PPV", "mean"): "contradicted",
        ("Drawing", "x", "rank", "rank"): "exact", ("Text", "A", "AUC", "mean"): "exact",
        ("Text", "cohort", "series", "value"): "contradicted",
        ("Text", "cohort", "version", "value"): "exact",
        ("Text", "Seg", "Dice", "value"): "consistent",
        ("Text", "A", "weight", "value"): "exact", ("Text", "B", "weight", "value"): "exact-unstable",
        ("Text", "A", "several", "value"): "exact"}
    assert found["Grid", "A", "AUC", "mean"]["release"] == "r2"
    text = found["Text", "A", "AUC", "mean"]
    assert text["release"] == "r1" and text["stored_follows"] == "no"
    assert found["Text", "A", "several", "value"]["basis"] == "arithmetic"
    summary = canonical.read_json(f"reports/{NAME}/verdicts.json")
    assert summary["verdicts"] == ledger.count(rows.to_dict("records"))
    assert summary["verdicts"]["all"]["contradicted"] == 2 and summary["runs"]["numbers"] == 10


def test_an_item_as_the_metrics_give_it_now(repository, call):
    code, out, _ = call(tables.stage, *JUDGED, "--item", "Grid")
    assert code == 0 and "A        4 exact of 4  [r2 in new]" in out
    assert "B        1 envelope, 1 contradicted of 2" in out


def test_a_ledger_without_data_has_every_printed_number(repository, call):
    assert call(unchecked.stage, *JUDGED, "--out", "u.csv")[0] == 0
    rows = canonical.read_csv("u.csv", ledger.COLUMNS, dtype=str, keep_default_na=False)
    assert rows["verdict"].value_counts().to_dict() == {"untested": 13, "consistent": 1}
    assert not any(rows["reproduced"])
    assert set(rows["why_missing"]) == {unchecked.REASON, "private images"}
    assert len(rows) == sum(READ.content.numbers.values()) > sum(map(len, PUBLISHED.values()))
