"""How many numbers of a row single runs give at once, by hand and from damaged tables."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stages.common import canonical
from stages.verdicts import gather, ledger, rows, single
from stages.verdicts.envelope import Spread
from stages.verdicts.evidence import Origin, Source
from stages.verdicts.judge import judge
from stages.verdicts.published import BOUNDS, Number, Rule
from tests.made_up import JUDGED, NAME, READ, SETTINGS, put

RUNS = f"metrics/{NAME}/results/wobble/new-runs.csv"
ORIGIN = Origin("code", "r2", "new")
ROW = (Number("T", "A", "AUC", "value", "0.70", ""), Number("T", "A", "AUC", "low", "0.60", ""),
       Number("T", "A", "PPV", "value", "0.8", ""))


def sweep(*lines):
    """Return runs, each given as kind and the values of the three numbers (None: not given)."""
    columns = [np.array([np.nan if line[1 + place] is None else line[1 + place] for line in lines],
                        float) for place in range(3)]
    held = [np.array([line[1 + place] is not None for line in lines]) for place in range(3)]
    keys = [("fits", f"{number.metric}/{number.bound}") for number in ROW]
    named = pd.DataFrame([{"order": f"o{place}", "release": "r2", "kind": line[0]}
                          for place, line in enumerate(lines)])
    return single.Runs("new", named, dict(zip(keys, columns)), dict(zip(keys, held)))


def gathered(values, *sweeps, numbers=ROW, source="fits"):
    """Return the evidence on the numbers of `ROW`: one run as released gives ``values``."""
    content = {number.metric: {} for number in ROW}
    for number, value in zip(ROW, values):
        content[number.metric][number.bound] = value
    rules = [Rule("T", "A", "*", source, (), {bound: f"{{metric}}/{bound}" for bound in BOUNDS}, "")]
    given = gather.Sources(rules, {source: [Source(ORIGIN, content)]}, {}, single=sweeps)
    return gather.gather(READ, numbers, given, SETTINGS.halfway_tolerance)


def counted(values, *sweeps):
    """Return the lines by kind, what goes together, and the sum."""
    found = gathered(values, *sweeps)
    lines = rows.build(found)
    return ({line["kind"]: line for line in lines},
            [one.peers.together() for one in found.values()], rows.summarise(lines))


def test_one_run_that_gives_the_row_is_told_from_several_that_give_a_part_each():
    # Neutral runs give each number, but never more than one at once; one other seed gives them all.
    varied = sweep(("neutral", 0.701, 0.5, 0.7), ("neutral", 0.65, 0.604, 0.7),
                   ("neutral", 0.65, 0.5, 0.84), ("seed", 0.7, 0.6, 0.8), ("seed", 0.65, 0.6, 0.8),
                   ("race", 0.65, 0.5, None))
    found, together, all_rows = counted((0.70, 0.5, 0.7), varied)
    assert list(found) == ["released", "neutral", "seed", "race"]
    assert all(line["numbers"] == 3 for line in found.values())

    def told(kind):
        return tuple(found[kind][name] for name in ("held", "each", "at_once", "runs", "as_many"))

    assert told("released") == (3, 1, 1, 1, 1)
    assert told("neutral") == (3, 3, 1, 3, 3)
    assert told("seed") == (3, 3, 3, 2, 1)
    assert told("race") == (2, 0, 0, 1, 0)
    assert found["released"]["run"] == "code · r2 · new" and found["race"]["run"] == ""
    assert found["seed"]["run"] == "new · r2 · order o3"
    assert together == [3, 3, 3]
    assert all_rows == {"rows": 1, "whole": 1, "by_row_varied": 3}
    # Without that seed no run that gives a number gives another one of its row.
    _, together, all_rows = counted((0.70, 0.5, 0.7), sweep(
        ("neutral", 0.65, 0.604, 0.7), ("neutral", 0.65, 0.5, 0.84)))
    assert together == [1, 1, 1]
    assert all_rows == {"rows": 1, "whole": 0, "by_row_varied": 1}


def test_what_no_run_gives_goes_with_nothing():
    _, together, all_rows = counted((0.1, 0.6, 0.8), sweep(("neutral", 0.2, 0.6, None)))
    assert together == [0, 2, 2]
    assert all_rows == {"rows": 1, "whole": 0, "by_row_varied": 2}


def test_runs_of_other_numbers_and_numbers_that_no_fit_enters_count_for_nothing():
    other = replace(sweep(("neutral", 0.7, 0.6, 0.8)),
                    values={("fits", "x"): np.array([0.7])}, held={("fits", "x"): np.array([True])})
    found, _, _ = counted((0.70, 0.5, 0.7), other)
    assert list(found) == ["released"]
    assert rows.build(gathered((0.7, 0.6, 0.8), other, source="counts")) == []


def test_of_runs_that_give_as_many_the_preferred_release_is_named():
    runs = sweep(("neutral", 0.7, 0.6, 0.8), ("neutral", 0.7, 0.6, 0.8))
    runs.named["release"] = ["r1", "r2"]
    found, _, _ = counted((0.1, 0.1, 0.1), runs)
    assert found["neutral"]["as_many"] == 2 and found["neutral"]["run"] == "new · r2 · order o1"


def judged(varied, printed="0.8", spread=(0.7, 0.8), others=("0.70", "0.60")):
    """Return verdict and note of the row's last number, which the run as released does not give."""
    numbers = [*(replace(number, printed=text) for number, text in zip(ROW, others)),
               replace(ROW[2], printed=printed)]
    found = gathered((0.701, 0.6, 0.7), varied, numbers=numbers)
    one = replace(found[numbers[2]], spreads=(Spread("r2", "new", np.array(spread * 40), 80),))
    answer = judge(numbers[2], one, SETTINGS)
    return answer.verdict, answer.note


def test_a_number_that_only_runs_give_which_miss_its_row_is_not_in_its_envelope():
    # The run as released gives both others; so does a variation that gives the number.
    assert judged(sweep(("neutral", 0.7, 0.6, 0.8), ("neutral", 0.7, 0.5, 0.8)))[0] == "envelope"
    # Those that give it give one of the two.
    verdict, note = judged(sweep(("neutral", 0.7, 0.5, 0.8), ("seed", 0.65, 0.6, 0.8)))
    assert verdict == "untestable"
    assert ("runs that give it give at most 1 of the other 2 numbers of its row, runs that do not give "
            "it 2") in note
    # What the others print decides it, not what the number's own text is.
    assert judged(sweep(("neutral", 0.72, 0.61, 0.8)), others=("0.72", "0.61"))[0] == "envelope"


def test_runs_that_do_not_have_a_number_say_nothing_of_it():
    assert judged(sweep(("neutral", 0.65, 0.5, 0.8)))[0] == "untestable"
    given = gathered((0.1, 0.1, 0.7), sweep(("neutral", 0.7, 0.6, None), ("seed", 0.65, 0.6, 0.8)))
    peers = given[ROW[2]].peers
    assert peers.others(ROW[2]) == (1, 0) and not peers.doubt(ROW[2])


def test_where_no_single_run_is_known_to_give_a_number_its_variations_decide():
    assert judged(sweep(("neutral", 0.7, 0.6, None)))[0] == "envelope"
    assert judged(sweep(("neutral", 0.7, 0.6, 0.7)), spread=(0.65, 0.7))[0] == "contradicted"


def test_a_row_doubts_no_number_that_a_run_gives_as_released():
    numbers = list(ROW)
    found = gathered((0.65, 0.5, 0.8), sweep(("neutral", 0.7, 0.6, 0.7)), numbers=numbers)
    one = replace(found[ROW[2]], spreads=(Spread("r2", "new", np.array([0.8] * 80), 80),))
    assert judge(ROW[2], one, SETTINGS).verdict == "exact"


def test_a_changed_row_is_judged_anew():
    """What the bench does with mutants: another number of the row is changed."""
    found = gathered((0.701, 0.6, 0.7), sweep(("neutral", 0.7, 0.5, 0.8)))
    peers = found[ROW[2]].peers
    assert peers.others(ROW[2]) == (1, 2)
    row = peers.row.changed({ROW[1]: replace(ROW[1], printed="0.5")})
    assert replace(peers, row=row).others(ROW[2]) == (2, 1)
    assert peers.row.changed({replace(ROW[1], row="B"): ROW[0]}) is peers.row


def test_the_rows_of_the_whole_study(repository, call):
    assert call(ledger.stage, *JUDGED) == (0, "", "")
    table = canonical.read_csv(f"reports/{NAME}/rows.csv", rows.COLUMNS, dtype=str,
                               keep_default_na=False).to_dict("records")
    found = {(line["item"], line["row"], line["kind"]): line for line in table}
    # By hand: lines 52 to 77 of each release give B's AUC (0.65), and none its PPV (0.55).
    b = found["Grid", "B", "neutral"]
    assert {name: b[name] for name in ("numbers", "each", "at_once", "runs", "as_many", "run")} == {
        "numbers": "2", "each": "1", "at_once": "1", "runs": "320", "as_many": "104",
        "run": "new · r2 · task all, order order-52"}
    assert found["Grid", "B", "released"]["at_once"] == "0"
    assert found["Grid", "A", "neutral"]["at_once"] == "4"
    entries = canonical.read_csv(f"reports/{NAME}/ledger.csv", ledger.COLUMNS, dtype=str,
                                 keep_default_na=False).to_dict("records")
    together = {(row["row"], row["metric"], row["statistic"]): row["row_together"] for row in entries
                if row["item"] == "Grid"}
    assert together == {("A", "AUC", "mean"): "4", ("A", "AUC", "low"): "4", ("A", "AUC", "high"): "4",
                        ("A", "PPV", "mean"): "4", ("B", "AUC", "mean"): "1", ("B", "PPV", "mean"): "0"}
    runs = canonical.read_json(f"reports/{NAME}/verdicts.json")["runs"]
    assert runs["by_row_varied"] == runs["by_row"] + 1, "B's AUC is given by a variation alone"


def test_a_study_without_tables_of_single_runs(repository, call):
    put(repository / "studies" / NAME / "study.yaml", "single_runs", {})
    assert call(ledger.stage, *JUDGED) == (0, "", "")
    table = canonical.read_csv(f"reports/{NAME}/rows.csv", rows.COLUMNS)
    assert set(table["kind"]) == {"released"}


@pytest.fixture
def line(repository, refused):
    """Make the ledger of a damaged table; return the one line that it is refused with."""
    def run():
        error = refused(ledger.stage, *JUDGED)
        assert not (repository / "reports" / NAME / "rows.csv").exists()
        return error
    return run


@pytest.mark.parametrize("cell", ["3", "-1", "0.5", "x", "1e0", "²", "True", " 1"])
def test_a_cell_that_is_no_place(line, cell):
    table = pd.read_csv(RUNS, dtype=str, keep_default_na=False)
    table.loc[4, "fits/models/B/AUC/mean"] = cell
    canonical.write_csv(RUNS, table)
    assert (f"{RUNS}: line 6: 'fits/models/B/AUC/mean' is '{cell}', no place among the 3 values that "
            "new.json counts") in line()


@pytest.mark.parametrize("cell", ["1", "nan", ""])
def test_a_run_that_gives_another_value_than_is_counted(line, cell):
    table = pd.read_csv(RUNS, dtype=str, keep_default_na=False)
    assert table.loc[0, "fits/models/A/AUC/mean"] == "0"
    table.loc[0, "fits/models/A/AUC/mean"] = cell
    canonical.write_csv(RUNS, table)
    assert "its neutral runs of r1 do not give the values of 'fits/models/A/AUC/mean'" in line()


@pytest.mark.parametrize("change, said", [
    (lambda table: table.drop(columns="fits/rank/x"), f"{RUNS}: lacks 'fits/rank/x', which new.json"),
    (lambda table: table.assign(**{"fits/more": "0"}),
     "new.json: lacks 'fits/more', which new-runs.csv gives"),
    (lambda table: table.assign(kind="usual"), "line 2: 'usual' is no kind of variation"),
    (lambda table: table.assign(kind="seed"), "its neutral runs of r1 do not give"),
    (lambda table: table.assign(release="r3"), "no place among the 0 values"),
    (lambda table: table[1:], "its neutral runs of r1 do not give"),
    (lambda table: pd.concat([table, table[:1]]), "its neutral runs of r1 do not give"),
    (lambda table: table[:0], "its neutral runs of r1 do not give"),
    (lambda table: table.drop(columns="release"), "lacks the column(s) release"),
    (lambda table: table.drop(columns="kind"), "lacks the column(s) kind")])
def test_a_damaged_table_of_single_runs(line, change, said):
    canonical.write_csv(RUNS, change(pd.read_csv(RUNS, dtype=str, keep_default_na=False)))
    assert said in line()


def test_a_declared_table_that_is_missing_or_empty(repository, line):
    (repository / RUNS).write_text("")
    assert f"{RUNS}: is not a readable CSV table" in line()
    (repository / RUNS).unlink()
    assert f"{RUNS}: no such file" in line()
