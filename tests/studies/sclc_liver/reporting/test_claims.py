"""The study's claims: each hangs on its inputs, and the table in git is the one that follows."""

import csv
import re
from pathlib import Path

import pytest

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts import claims as contradictions
from stages.verdicts import values
from stages.verdicts.claims import evaluate, gather
from stages.verdicts.values import Printed

ROOT = Path(__file__).resolve().parents[4]
STUDY = ROOT / "studies/sclc_liver"
TOLERANCE = 1e-9
REAL = contradictions.read(STUDY / "claims", TOLERANCE)


@pytest.fixture(scope="module")
def source(study):
    """The results in this repository."""
    return values.Reader(study, ROOT, TOLERANCE)


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
    for expression in (*claim.derived.values(), *([claim.second] if claim.second else [])):
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


@pytest.fixture(scope="module")
def rows():
    """The table in git, by claim."""
    with open(ROOT / "reports/sclc_liver/contradictions.csv", newline="") as stream:
        return {entry["id"]: entry for entry in csv.DictReader(stream)}


def test_the_table_in_git_is_the_one_that_follows(source, tmp_path):
    canonical.write_csv(tmp_path / "c.csv", contradictions.build(REAL, source))
    assert (tmp_path / "c.csv").read_bytes() == (
        ROOT / "reports/sclc_liver/contradictions.csv").read_bytes()


def test_what_readers_look_for_is_there(rows):
    confirmed = {name for name, entry in rows.items() if entry["status"] != "not-confirmed"}
    assert {"cross-validation-kind", "cross-validation-patients", "ensemble", "default-parameters",
            "library-versions", "selection-target", "regression-convergence",
            "weight-of-the-auc-row", "lesion-count-background", "flow-of-series",
            "rank-sum-statistic", "headline-release", "feature-shares", "faulty-series",
            "trivial-model", "sampling-type"} <= confirmed
    assert {entry["status"] for entry in rows.values()} == {"confirmed", "text-only",
                                                            "not-confirmed"}
    assert rows["flow-of-series"]["status"] == "text-only"


@pytest.mark.parametrize("p, best, holm, status_of", [
    (0.02, 0.07, 0.07, "confirmed"), (0.02, 0.07, 0.052, "not-confirmed"),
    (0.02, 0.052, 0.07, "not-confirmed"), (0.02, 0.04, 0.07, "not-confirmed"),
    (0.06, 0.15, 0.15, "not-confirmed")])
def test_both_corrections_must_agree_beyond_simulation_error(source, p, best, holm, status_of):
    claim = next(item for item in REAL if item.id == "best-of-three")
    known = gather(claim, source) | {"p": p, "p_best": best, "p_holm": holm, "permutations": 9999}
    assert status(claim, known) == status_of


def test_the_spread_over_the_folds_is_not_held_against_the_authors(rows):
    assert not {"headline-spread", "rank-sum-other-threshold"} & set(rows)
    assert rows["headline-two-estimators"]["status"] == "confirmed"
    with open(ROOT / "reports/sclc_liver/ledger.csv", newline="") as stream:
        ledger = {(row["row"], row["metric"], row["statistic"]): row
                  for row in csv.DictReader(stream) if row["item"] == "Discussion"}
    for metric in ("Accuracy_mean_sd", "AUC_mean_sd"):
        for statistic in ("mean", "sd"):
            row = ledger["LR headline", metric, statistic]
            assert row["verdict"] in ("exact", "exact-unstable", "envelope")
            assert row["stored_follows"] == "yes"
