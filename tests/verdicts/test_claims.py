"""Claims are worked out from the results, and every one of them hangs on its inputs."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stages.common.errors import InputError
from stages.common.parameters import load
from stages.verdicts import claims as contradictions
from stages.verdicts import values
from stages.verdicts.claims import CLAIMS, evaluate, gather
from stages.verdicts.expressions import Expression
from stages.verdicts.values import Printed

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE = 1e-9
REAL = contradictions.read(CLAIMS, TOLERANCE)


@pytest.fixture(scope="module")
def source():
    """The results in this repository."""
    return values.Reader(ROOT, load(ROOT / "studies/sclc_liver/params.yaml"))


def others(value, known):
    """Yield values that an input could have instead; ``known`` holds the claim's values."""
    pool = [float(item) for item in known if isinstance(item, (int, float))]
    pool += [item / 100 for item in pool] + [one - other for one in pool for other in pool]
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        for number in (0.0, 1.0, -1e6, 1e6, 1.5 * value, value / 10, *pool,
                       *(value + step for step in pool), *(value - step for step in pool)):
            yield Printed(repr(number)) if isinstance(value, Printed) else number
            if isinstance(value, Printed):
                yield Printed(f"{number:.{value.decimals}f}")
    elif isinstance(value, str):
        yield from (item for item in known if isinstance(item, str) and item != value)
        yield from ("NE_Class", "stratified-k-fold", "fold-mean", "gbtree", "other")
    elif isinstance(value, list):
        yield from (item for item in known if isinstance(item, list) and item != value)
        yield from ([], ["x"], ["x", "y"], [0])
    elif isinstance(value, dict):
        yield from (item for item in known if isinstance(item, dict) and item != value)
        yield {}


def deciding(claim):
    """Return the values on which the status depends, through derived ones too."""
    names, found = set(claim.confirmed.names), set()
    while names:
        name = names.pop()
        if name in claim.derived:
            names |= claim.derived[name].names
        else:
            found.add(name)
    return sorted(found)


def status(claim, known):
    try:
        return evaluate(claim, known)[1]
    except InputError:
        return None


@pytest.mark.parametrize("claim", REAL, ids=lambda claim: claim.id)
def test_every_claim_hangs_on_each_of_its_deciding_inputs(claim, source):
    known = gather(claim, source)
    every, before = evaluate(claim, known)
    assert before in ("confirmed", "text-only", "not-confirmed")
    assert deciding(claim)
    if before == "not-confirmed":  # one input is enough to raise the alarm
        flips = [name for name in deciding(claim) for other in others(known[name], every.values())
                 if status(claim, known | {name: other}) in ("confirmed", "text-only")]
        assert flips
        return
    for name in deciding(claim):
        assert any(status(claim, known | {name: other}) == "not-confirmed"
                   for other in others(known[name], every.values())), name


@pytest.mark.parametrize("claim", REAL, ids=lambda claim: claim.id)
def test_every_input_is_used(claim):
    used = set(claim.confirmed.names)
    for expression in claim.derived.values():
        used |= expression.names
    for text in claim.texts.values():
        used |= set(re.findall(r"\{(\w+)", text))
    assert set(claim.values) | set(claim.derived) <= used


def test_texts_hold_no_results_of_their_own():
    """Numbers with decimals in the texts come from the results or name a version or a constant."""
    allowed = {"1.2.2", "2.0.3", "3.13", "0.5", "0.05", "1.960"}
    for claim in REAL:
        for text in claim.texts.values():
            typed = set(re.findall(r"\d+(?:\.\d+)+", re.sub(r"\{[^}]*\}", "", text)))
            assert typed <= allowed, (claim.id, typed)


def test_the_table_in_git_is_the_one_that_follows(source, tmp_path):
    done = run("--out", tmp_path / "c.csv")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "c.csv").read_bytes() == (ROOT / "reports/sclc_liver/contradictions.csv").read_bytes()


def test_what_the_issue_names_is_there():
    with open(ROOT / "reports" / "contradictions.csv", newline="") as stream:
        rows = {entry["id"]: entry for entry in csv.DictReader(stream)}
    confirmed = {name for name, entry in rows.items() if entry["status"] != "not-confirmed"}
    assert {"cross-validation-kind", "cross-validation-patients", "ensemble", "default-parameters",
            "library-versions", "selection-target", "regression-convergence",
            "weight-of-the-auc-row", "lesion-count-background", "flow-of-series",
            "rank-sum-statistic", "headline-release", "feature-shares", "faulty-series",
            "trivial-model", "sampling-type"} <= confirmed
    assert {entry["status"] for entry in rows.values()} == {"confirmed", "text-only",
                                                            "not-confirmed"}
    assert rows["flow-of-series"]["status"] == "text-only"


# --- the machinery ---------------------------------------------------------------------------

CLAIM = {"id": "a", "topic": "t", "locator": "here", "severity": "method",
         "values": {"x": "metrics/m.json::a/b", "y": "printed T | r | m"},
         "derived": {"gap": "x - y"}, "confirmed": "not rounds(x, y)", "stated": "{y}",
         "implementation": "none", "recomputed": "{x:.2f}", "size": "{gap:.2f}"}


@pytest.fixture
def folder(tmp_path):
    """A small repository: one metric, one printed number, one claim."""
    (tmp_path / "metrics" / "published").mkdir(parents=True)
    (tmp_path / "claims").mkdir()
    (tmp_path / "metrics" / "m.json").write_text('{"a": {"b": 0.75}}')
    (tmp_path / "metrics" / "published" / "t.csv").write_text(
        "item,row,metric,value,low,high,decimals,locator\nT,r,m,0.70,,,2,here\n")
    parameters = yaml.safe_load((ROOT / "studies/sclc_liver/params.yaml").read_text())
    parameters["reporting"]["published"] = {"t.csv": 1}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(parameters))
    (tmp_path / "metrics" / "stored").mkdir()
    shutil.copy(ROOT / "metrics" / "stored" / "outputs.csv", tmp_path / "metrics" / "stored")
    write(tmp_path, CLAIM)
    return tmp_path


def write(folder, *claims):
    (folder / "claims" / "c.yaml").write_text(yaml.safe_dump(list(claims)))


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "stages.verdicts.claims",
                           *map(str, arguments)], cwd=ROOT, env=os.environ, capture_output=True,
                          text=True)


def run_in(folder):
    return run("--root", folder, "--claims", folder / "claims", "--out", folder / "out.csv")


def rows_of(folder):
    done = run_in(folder)
    assert done.returncode == 0, done.stderr
    with open(folder / "out.csv", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_changed_result_changes_row_and_status(folder):
    entry, = rows_of(folder)
    assert entry["status"] == "confirmed" and entry["recomputed"] == "0.75"
    assert entry["stated"] == "0.70" and entry["size"] == "0.05"
    assert entry["source"] == "metrics/m.json::a/b; printed T | r | m"
    (folder / "metrics" / "m.json").write_text('{"a": {"b": 0.7011}}')
    entry, = rows_of(folder)
    assert entry["status"] == "not-confirmed" and entry["size"] == "0.00"


def test_stored_outputs_can_be_claimed_on(folder):
    """Mean and sample standard deviation of 0.78, 0.72, 0.80, 0.80 and 0.84, worked out by hand."""
    write(folder, CLAIM | {"values": {"x": "stored 2025-06 | LR | Fold* | test Accuracy | mean",
                                      "y": "stored 2025-06 | LR | Fold* | test Accuracy | sd"},
                           "confirmed": "x > y", "recomputed": "{x:.3f}", "stated": "{y:.4f}"})
    entry, = rows_of(folder)
    assert (entry["recomputed"], entry["stated"], entry["status"]) == ("0.788", "0.0438", "confirmed")


def test_printed_numbers_alone_are_text_only(folder):
    write(folder, CLAIM | {"values": {"x": "printed T | r | m", "y": "printed T | r | m"},
                           "confirmed": "x == y and gap == 0"})
    assert rows_of(folder)[0]["status"] == "text-only"


@pytest.mark.parametrize(("change", "said"), [
    ({"severity": "grave"}, "severity is 'grave'"),
    ({"surprise": 1}, "missing or unknown part surprise"),
    ({"values": ["x"]}, "must be 'name"), ({"values": {"x": 1}}, "must be texts"),
    ({"id": 5}, "must be texts"),
    ({"confirmed": "z > 1"}, "uses z"),
    ({"confirmed": "__import__('os')"}, "calls something other"),
    ({"confirmed": "x.real > 1"}, "Attribute"),
    ({"recomputed": "{q}"}, "cannot be worked out"),
    ({"derived": {"gap": "x / 0"}}, "cannot be worked out"),
    ({"values": {"x": "metrics/m.json::a/c", "y": "printed T | r | m"}}, "lacks 'a/c'"),
    ({"values": {"x": "metrics/n.json::a", "y": "printed T | r | m"}}, "no such file"),
    ({"values": {"x": "metrics/m.json::a/b", "y": "printed T | r | n"}}, "no printed number"),
    ({"values": {"x": "metrics/m.json::a/b", "y": "guess T"}}, "is no address"),
    ({"values": {"x": "stored 2025-06 | LR | Fold9 | test AUC | mean", "y": "printed T | r | m"}},
     "names 0 stored outputs"),
    ({"values": {"x": "stored 2025-06 | LR | Fold* | test AUC | one", "y": "printed T | r | m"}},
     "names 5 stored outputs"),
    ({"values": {"x": "stored", "y": "printed T | r | m"}}, "names 0 stored outputs"),
    ({"values": {"x": "numbers T | z | *", "y": "printed T | r | m"}}, "no printed number matches"),
])
def test_bad_claims_are_one_clear_line(folder, change, said):
    write(folder, CLAIM | change)
    done = run_in(folder)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert not (folder / "out.csv").exists()


@pytest.mark.parametrize("value", ["true", "NaN", "Infinity", "1e999", '"0.75"', "[0.75]"])
def test_a_result_that_is_no_number_is_one_clear_line(folder, value):
    (folder / "metrics" / "m.json").write_text(f'{{"a": {{"b": {value}}}}}')
    done = run_in(folder)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert "claim a" in done.stderr and not (folder / "out.csv").exists()


def test_a_count_of_matches_needs_every_run(folder):
    (folder / "metrics" / "published" / "t.csv").write_text(
        "item,row,metric,value,low,high,decimals,locator\nTable4,LR,AUC,0.71,,,2,here\n")
    write(folder, CLAIM | {"values": {"x": "matches as-released 2025-08 e | Table4 | LR | AUC",
                                      "y": "printed Table4 | LR | AUC"}})
    done = run_in(folder)
    assert done.returncode == 2 and "selection/as-released/2025-06" in done.stderr


def test_the_spread_over_the_folds_is_not_held_against_the_authors():
    with open(ROOT / "reports" / "contradictions.csv", newline="") as stream:
        rows = {entry["id"]: entry for entry in csv.DictReader(stream)}
    assert not {"headline-spread", "rank-sum-other-threshold"} & set(rows)
    assert rows["headline-two-estimators"]["status"] == "confirmed"
    with open(ROOT / "reports" / "ledger.csv", newline="") as stream:
        ledger = {(row["row"], row["metric"], row["statistic"]): row
                  for row in csv.DictReader(stream) if row["item"] == "Discussion"}
    for metric in ("Accuracy_mean_sd", "AUC_mean_sd"):
        for statistic in ("mean", "sd"):
            row = ledger["LR headline", metric, statistic]
            assert row["verdict"] in ("exact", "envelope") and row["stored_follows"] == "yes"


def test_true_is_no_number():
    for text in ("a + 1", "a < 2", "abs(a)", "1 == a"):
        with pytest.raises(TypeError, match="calculates with True"):
            Expression(text).evaluate({"a": True})
    assert Expression("not a or b").evaluate({"a": True, "b": True}) is True


def test_claims_are_listed_once_and_there_are_some(folder):
    write(folder, CLAIM, CLAIM)
    assert "listed twice" in run_in(folder).stderr
    (folder / "claims" / "c.yaml").write_text("id: a\n")
    assert "is not a list of claims" in run_in(folder).stderr
    (folder / "claims" / "c.yaml").unlink()
    assert "holds no claims" in run_in(folder).stderr


def test_expressions():
    known = {"a": 2, "b": [1, 3], "c": "x"}
    for text, expected in [("a + 1 > 2 and c == 'x'", True), ("not a > 1 or len(b) == 2", True),
                           ("sum(b) / a", 2.0), ("-a ** 2", -4), ("3 in b", True),
                           ("1 < a < 2", False), ("floor(sqrt(a))", 1)]:
        assert Expression(text).evaluate(known) == expected
    for text in ("a +", "[1]", "a if b else c", "lambda: 1", "max(a, key=b)", "print(a)", "b[0]"):
        with pytest.raises(ValueError, match=re.escape(text)):
            Expression(text)


def test_keys_may_hold_slashes(folder):
    (folder / "metrics" / "m.json").write_text('{"a": {"b/c": {"d": [5, 6]}}, "a/b": 1}')
    assert values.lookup(folder, "metrics/m.json", "a/b/c/d/1") == 6
    assert values.lookup(folder, "metrics/m.json", "a/b") == 1
