"""Mutants of the made-up study, whose acceptance is known; judged in part as if judged in whole."""

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts import acceptance, gather, ledger, mutants, mutation, names
from stages.verdicts.arithmetic import Arithmetic
from stages.verdicts.bench import Bench, place
from stages.verdicts.consistency import declarations, evaluate
from stages.verdicts.envelope import Spread
from stages.verdicts.evidence import Origin
from stages.verdicts.judge import Candidate
from stages.verdicts.published import Number
from tests.made_up import JUDGED, NAME, READ, SETTINGS

FOLDER = f"reports/{NAME}"
KEY = ("item", "row", "metric", "bound")


@pytest.fixture
def bench(repository):
    """The made-up study, ready to be judged with changes, and what its evidence is gathered from."""
    numbers, given = gather.read(READ, repository)
    evidence = gather.gather(READ, numbers, given, SETTINGS.halfway_tolerance)
    checks, _ = declarations.read(READ.folder / "checks.yaml")
    return Bench(READ, evidence, checks, SETTINGS), given, checks


def whole(given, checks, numbers, changed):
    """Judge everything from the start with some numbers changed: verdict by (true) number."""
    printed = [changed.get(number, number) for number in numbers]
    rows, _ = evaluate.evaluate({place(one): one.printed for one in printed}, checks)
    arithmetic = {tuple(row[name] for name in KEY): Arithmetic(row["verdict"], row["checks"])
                  for row in rows}
    evidence = gather.gather(READ, printed, replace(given, arithmetic=arithmetic),
                             SETTINGS.halfway_tolerance)
    return dict(zip(numbers, (row["verdict"] for row in ledger.build(evidence, SETTINGS))))


def test_what_is_worked_out_anew_is_what_the_whole_judgement_says(bench):
    bench, given, checks = bench
    numbers, tried = list(bench.evidence), Counter()
    for mutant in mutants.mutants(bench.evidence):
        verdict = whole(given, checks, numbers, mutant.changed)[mutant.number]
        assert bench.verdict(mutant.number, mutant.changed) == verdict, mutant
        tried[verdict] += 1
    assert sum(tried.values()) > 100
    assert {names.EXACT, names.ENVELOPE, names.CONTRADICTED, names.IMPOSSIBLE} <= set(tried)


def charged(**given):
    return declarations.Declaration(**({"id": "sum", "check": "total", "right_if": "x"} | given))


def test_checks_that_touch_a_changed_number_are_put_again(bench):
    """Refused or not as printed, and charging the number or another one; or with a way out."""
    _, given, _ = bench
    parts = {"total": "Text | A | several", "parts": ["Text | A | weight", "Text | B | weight"]}
    weight, other = "Text | B | weight", "Text | A | weight"
    numbers = list(bench[0].evidence)
    two, one, total = (next(number for number in numbers if str(place(number)) == name)
                       for name in (weight, other, "Text | A | several"))
    assert two.printed == "4" and total.printed == "5"  # 3 + 4 is not 5
    for checks, seen in (
            ([charged(numbers=parts, charges=(weight,))], {names.UNTESTABLE, names.UNSTABLE}),
            ([charged(numbers=parts, charges=("Text | A | several",))], {names.UNSTABLE}),
            ([charged(numbers=parts, reading="all", otherwise="some are missing")], {names.UNSTABLE}),
            ([charged(numbers=parts, of="sum", reading="all"),
              charged(id="half", of="sum", reading="one", numbers={
                  "total": "Text | A | several", "parts": [weight]})], {names.UNTESTABLE})):
        rows, _ = evaluate.evaluate({place(number): number.printed for number in numbers}, checks)
        arithmetic = {tuple(row[name] for name in KEY): Arithmetic(row["verdict"], row["checks"])
                      for row in rows}
        evidence = gather.gather(READ, numbers, replace(given, arithmetic=arithmetic),
                                 SETTINGS.halfway_tolerance)
        again, verdicts = Bench(READ, evidence, checks, SETTINGS), set()
        for changed in ({}, {two: replace(two, printed="2")}, {two: replace(two, printed="3")},
                        {total: replace(total, printed="7")}, {one: replace(one, printed="1")},
                        {one: replace(one, printed="2"), two: replace(two, printed="3")}):
            verdict = whole(given, checks, numbers, changed)[two]
            assert again.verdict(two, changed) == verdict, (checks, changed)
            verdicts.add(verdict)
        assert seen <= verdicts


def test_half_of_a_row_is_counted_with_what_is_changed():
    """Two of five numbers of a row are contradicted; a third one makes it another model's."""
    origin = Origin("code", "r2", "new")
    row = [Number("T", "A", name, "value", "0.70", "") for name in "abcde"]
    evidence = {number: gather.Evidence(
        recomputed=(Candidate(origin, value),), address=("fits", "x"), run=origin, preferred="code",
        fitted=True, spreads=(Spread("r2", "new", np.full(80, value), 80),))
        for number, value in zip(row, (0.7, 0.7, 0.7, 0.5, 0.5))}
    bench = Bench(READ, evidence, [], SETTINGS)
    assert [bench.verdict(number, {}) for number in row] == [names.EXACT] * 3 + [names.CONTRADICTED] * 2
    changed = {row[2]: replace(row[2], printed="0.90")}
    assert [bench.verdict(number, changed) for number in row] == [
        names.UNTESTABLE] * 2 + [names.CONTRADICTED] * 3
    right = {row[4]: replace(row[4], printed="0.50")}
    assert bench.verdict(row[4], right) == bench.verdict(row[0], right) == names.EXACT
    # Without data and without a check nothing can be said.
    bare = Number("T", "B", "f", "value", "0.70", "")
    assert Bench(READ, {bare: gather.Evidence()}, [], SETTINGS).verdict(bare, {}) == names.UNTESTED


def test_a_change_in_another_item_chooses_no_other_run(bench):
    bench, given, checks = bench
    number, far = (find(bench, *key) for key in (("Text", "A", "AUC", "value"),
                                                ("Grid", "A", "AUC", "value")))
    changed = {far: replace(far, printed="0.72")}
    assert bench.verdict(number, changed) == whole(given, checks, list(bench.evidence), changed)[number]
    assert bench._run(number, changed) == bench.evidence[number].run


def test_a_change_that_no_check_can_take_is_not_counted(bench):
    bench, _, _ = bench
    rank = find(bench, "Drawing", "x", "rank", "value")
    checks = [charged(id="area", check="area", numbers={"auc": "Drawing | x | rank"},
                      constants={"positives": 3, "negatives": 3})]
    evidence = dict(bench.evidence)
    _, before = mutation.measure(bench)
    evidence[rank] = replace(evidence[rank], arithmetic=Arithmetic(names.CONSISTENT, "area"))
    _, counts = mutation.measure(Bench(READ, evidence, checks, SETTINGS))
    # A rank of 2 is what a variation gives, and no area.
    assert before[rank]["1"]["tried"] == 1 and counts[rank]["1"]["tried"] == 0


def find(bench, *key):
    return next(number for number in bench.evidence
                if tuple(getattr(number, name) for name in KEY) == key)


def test_a_mutant_can_choose_another_run(bench):
    bench, *_ = bench
    number = find(bench, "Text", "A", "AUC", "value")  # 0.72 is the first release's, 0.70 the second's
    before = bench.evidence[number].run
    changed = {number: replace(number, printed="0.70")}
    assert before.release == "r1" and bench._run(number, changed).release == "r2"
    assert bench.verdict(number, changed) == names.EXACT


def test_known_acceptance(bench):
    bench, *_ = bench
    verdicts, counts = mutation.measure(bench)
    assert set(verdicts.values()) <= set(names.CONFIRMING)
    # Variations give 0.69 and 0.70, but those that give 0.69 miss the interval beside it.
    number = find(bench, "Grid", "A", "AUC", "value")
    assert counts[number]["1"] == {"tried": 2, "accepted": 0}
    # Counted, not fitted: no wrong count passes.
    several = counts[find(bench, "Text", "A", "several", "value")]
    assert sum((several[str(units)] for units in mutants.UNITS), Counter())["accepted"] == 0
    # Only 0.72 can stand behind the Dice of 0.7.
    assert counts[find(bench, "Text", "Seg", "Dice", "value")]["1"]["accepted"] == 0


def test_without_single_runs_more_is_accepted(bench):
    bench, _, checks = bench
    alone = {number: replace(one, peers=None) for number, one in bench.evidence.items()}
    _, counts = mutation.measure(Bench(READ, alone, checks, SETTINGS))
    assert counts[find(bench, "Grid", "A", "AUC", "value")]["1"] == {"tried": 2, "accepted": 1}


def test_values_that_cannot_be_are_not_tried_and_texts_stay_texts(bench):
    bench, *_ = bench
    made = list(mutants.mutants(bench.evidence))
    texts = {one.changed[one.number].printed for one in made if one.number.metric in ("AUC", "PPV")}
    assert texts and all(0 <= float(text) <= 1 and len(text) == 4 for text in texts)
    assert "1.2.4" in {one.changed[one.number].printed for one in made}
    assert not [one for one in made if one.size == mutants.SIGN]  # nothing here is ever negative


def test_sign_and_neighbours():
    line = [Number("T", "A", name, "value", text, "") for name, text in
            (("x", "-0.25"), ("y", "0.50"), ("z", "0.50"))]
    beside = mutants.neighbours(line)
    assert beside[line[0]] == [(mutants.ROW, line[1])] and line[2] not in beside
    evidence = {number: gather.Evidence() for number in line}
    signs = [one.changed[one.number].printed for one in mutants.mutants(evidence)
             if one.size == mutants.SIGN]
    assert signs == ["0.25"]


@pytest.mark.parametrize("text, plausible, negative, given", [
    ("0.00", (0, 1), False, True), ("1.00", (0, 1), False, True), ("1.01", (0, 1), False, False),
    ("-1", None, False, False), ("-1", None, True, True), ("0", None, False, True),
    ("1.2.3", (0, 1), False, True), ("-0.5", (-1, 1), True, True), ("-1.5", (-1, 1), True, False)])
def test_which_values_are_possible(text, plausible, negative, given):
    assert mutants.possible(text, gather.Evidence(plausible=plausible), negative) is given


@pytest.mark.parametrize("change, signed", [
    ({}, False), ({"plausible": (0, 1)}, False), ({"plausible": (-1, 1)}, True),
    ({"recomputed": (Candidate(Origin("c", "r", "e"), 0.5),)}, False),
    ({"recomputed": (Candidate(Origin("c", "r", "e"), "1.2"),)}, False),
    ({"recomputed": (Candidate(Origin("c", "r", "e"), -0.1),)}, True)])
def test_metrics_that_are_negative_somewhere(change, signed):
    number = Number("T", "A", "x", "value", "0.50", "")
    assert (mutants.signed({number: gather.Evidence(**change)}) == {"x"}) is signed


def test_the_stage_and_the_ledger(repository, call):
    assert call(mutation.stage, *JUDGED) == (0, "", "")
    rows = acceptance.read(repository / FOLDER / "acceptance.csv")
    assert all(int(row["accepted"]) <= int(row["mutants"]) for row in rows)
    for size in mutants.SIZES:
        parts = [sum(int(row["mutants"]) for row in rows if (row["by"], row["size"]) == (by, size))
                 for by in (acceptance.ALL, acceptance.VERDICT, acceptance.ITEM)]
        assert len(set(parts)) == 1
    assert call(ledger.stage, *JUDGED, "--mutants", f"{FOLDER}/mutants.csv") == (0, "", "")
    table = canonical.read_csv(f"{FOLDER}/ledger.csv", ledger.COLUMNS)
    judged = table[table["verdict"].isin(names.CONFIRMING)]
    assert judged["false_acceptance"].between(0, 1).all() and (judged["false_acceptance"] > 0).any()
    assert table["false_acceptance"].isna().sum() == len(table) - len(judged)


@pytest.mark.parametrize("accepted, count, low, high", [
    (5, 50, 0.0435, 0.2136), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 2, 0.0945, 0.9055)])
def test_the_interval_of_a_share(accepted, count, low, high):
    """Worked out by hand: (p + z2/2n -+ z sqrt(p(1 - p)/n + z2/4n2)) / (1 + z2/n), z2 = 3.8415."""
    assert mutation.wilson(accepted, count) == pytest.approx((low, high), abs=5e-5)


def test_the_share_of_all_is_told_with_three_digits():
    rows = [{"by": by, "size": size, "share": share} for by, size, share in
            (("verdict", "1", "0.5"), ("all", "5", "0.25"), ("all", "1", "0.12345"))]
    assert mutation.each({}, {Number("T", "B", "f", "value", "1", ""): defaultdict(Counter)}).empty
    assert acceptance.accepted(rows, "1") == 0.123 and acceptance.accepted(rows, "10") is None


@pytest.mark.parametrize("text", ["", "nan", "1.2", "-0.1", "many"])
def test_a_damaged_share_is_one_line(repository, refused, text):
    path = repository / FOLDER / "mutants.csv"
    canonical.write_bytes(path, (",".join(acceptance.EACH_COLUMNS) + "\n"
                                 f"Grid,A,AUC,value,exact,10,1,{text}\n").encode())
    error = refused(ledger.stage, *JUDGED, "--mutants", path)
    assert "Grid / A / AUC / value" in error and "is no share" in error
    assert not (repository / FOLDER / "ledger.csv").exists()


def test_a_missing_table_is_one_line(repository, refused):
    assert "no such file" in refused(ledger.stage, *JUDGED, "--mutants", "reports/none.csv")
    with pytest.raises(InputError, match="no such file"):
        acceptance.read(repository / "none.csv")
