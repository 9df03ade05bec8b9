"""Verdicts that rest on the numerical variations."""

from dataclasses import replace

import numpy as np
import pytest

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts import envelope, gather, ledger, published
from stages.verdicts.arithmetic import Arithmetic
from stages.verdicts.envelope import Spread, compare
from stages.verdicts.evidence import Origin, Source
from stages.verdicts.judge import Candidate, Evidence, judge
from tests.made_up import NAME, READ, SETTINGS, put

ORIGIN = Origin("code", "r", "e0")
SWEEP = f"metrics/{NAME}/results/wobble"


def number(printed):
    return published.Number("T", "A", "AUC", "value", printed, "")


def spreads(*groups):
    """Return one spread per group; the first one belongs to the run of `ORIGIN`."""
    return [Spread("r", f"e{place}", np.array(values, float), len(values))
            for place, values in enumerate(groups)]


def compared(printed, *groups, environment="e0"):
    return compare(number(printed), spreads(*groups), 1e-9, "r", environment)


def settled(printed, *groups, environment="e0", **more):
    """Return verdict and note of a fitted number that its run does not give."""
    evidence = Evidence(recomputed=(Candidate(replace(ORIGIN, environment=environment), 99.0),),
                        preferred="code", fitted=True, spreads=tuple(spreads(*groups)), **more)
    judged = judge(number(printed), evidence, SETTINGS)
    return judged.verdict, judged.note


@pytest.mark.parametrize("groups, own, equal, verdict, said", [
    (([0.701, 0.65] * 30,), 60, 30, "envelope", "30 of 60 variations equal it (0.65 to 0.701)"),
    # Values on both sides of the printed number, none of them equal to it: neither verdict.
    (([0.72, 0.65] * 30,), 60, 0, "untestable", "inside the extremes of 60 variations (0.65 to 0.72)"),
    (([0.72, 0.75] * 30,), 60, 0, "contradicted", "every one of 60 variations (0.72 to 0.75)"),
    (([0.65] * 60, [0.75] * 70), 60, 0, "untestable", "no variation gives it"),
    (([0.65] * 60, [0.64] * 70), 60, 0, "contradicted", "every one of 70 of other releases"),
    (([0.65] * 60, [0.7, 0.75] * 40), 60, 0, "envelope",
     "none of the 60 variations of this run equals it (0.65 to 0.65); 40 of the 140 of all releases"),
    (([0.72, 0.75],), 2, 0, "untestable", "only 2 variations"),
    (([0.72, 0.75], [0.8] * 90), 2, 0, "untestable", "only 2 variations"),
])
def test_verdicts(groups, own, equal, verdict, said):
    found = compared("0.70", *groups)
    assert found.own.variations == own and found.own.equal == equal
    assert found.every.variations == sum(len(values) for values in groups)
    given, note = settled("0.70", *groups)
    assert given == verdict and said in note


def test_a_run_without_variations_of_its_own_takes_those_of_all():
    found = compared("0.70", [0.72] * 60, [0.75] * 60, environment="another")
    assert found.own == found.every and found.every.variations == 120 and not found.between
    assert settled("0.70", [0.72] * 60, [0.75] * 60, environment="another")[0] == "contradicted"
    assert settled("0.70", [0.6, 0.7], environment="another")[0] == "envelope"


@pytest.mark.parametrize("values, plausible, verdict", [
    ([0.7, 0.6], (0, 1), "envelope"), ([0.7, 0.4], (0, 1), "untestable"),
    ([0.7, 0.4], (0, 100), "envelope"), ([0.7, 0.4], None, "envelope"),
    ([0.7, 0.69], (0.65, 0.72), "envelope"), ([0.7, 0.68], (0.65, 0.72), "untestable"),
    # What is wide and does not hold the number still speaks against it.
    ([0.8, 0.2], (0, 1), "untestable"), ([0.9, 0.75], (0, 1), "contradicted")])
def test_an_envelope_that_takes_in_almost_anything_says_nothing(values, plausible, verdict):
    given, note = settled("0.70", values * 40, plausible=plausible)
    assert given == verdict
    assert ("of the plausible values" in note) == (verdict == "untestable" and 0.7 in values)


@pytest.mark.parametrize("equal, verdict", [(60, "exact"), (30, "exact"), (29, "exact-unstable"),
                                            (1, "exact-unstable")])
def test_an_exact_number_is_stable_where_most_neutral_variations_give_it(equal, verdict):
    values = [0.7] * equal + [0.6] * (60 - equal)
    evidence = Evidence(recomputed=(Candidate(ORIGIN, 0.7),), run=ORIGIN, preferred="code",
                        fitted=True, spreads=tuple(spreads(values)))
    judged = judge(number("0.70"), evidence, SETTINGS)
    assert judged.verdict == verdict
    assert ("neutral variations give it" in judged.note) == (verdict != "exact")
    # Another seed is no neutral variation, and does not count for or against.
    seeds = Spread("r", "e0", np.full(500, 0.1), 500, "seed")
    judged = judge(number("0.70"), replace(evidence, spreads=(*evidence.spreads, seeds)), SETTINGS)
    assert judged.verdict == verdict and judged.envelope.own.variations == 60


def test_an_exact_number_whose_stability_is_not_measured_is_not_called_stable():
    evidence = Evidence(recomputed=(Candidate(ORIGIN, 0.7),), run=ORIGIN, preferred="code")
    assert judge(number("0.70"), evidence, SETTINGS).verdict == "exact", "arithmetic"
    judged = judge(number("0.70"), replace(evidence, fitted=True), SETTINGS)
    assert judged.verdict == "exact-unstable" and "has not been measured" in judged.note


def test_the_variations_of_one_protocol_say_nothing_of_another():
    evidence = Evidence(recomputed=(Candidate(replace(ORIGIN, protocol="text"), 0.9),),
                        preferred="code", fitted=True, spreads=tuple(spreads([0.8] * 90)))
    judged = judge(number("0.70"), evidence, SETTINGS)
    assert judged.verdict == "untestable" and judged.envelope is None


@pytest.mark.parametrize("kind, said", [("seed", "with other seeds"), ("race", "race between")])
def test_what_another_seed_or_a_race_gives_is_no_contradiction(kind, said):
    """Counted apart: it takes an accusation back, and the note says what it is."""
    neutral = spreads([0.72] * 60)
    evidence = Evidence(recomputed=(Candidate(ORIGIN, 0.72),), preferred="code", fitted=True,
                        spreads=tuple(neutral))
    assert judge(number("0.70"), evidence, SETTINGS).verdict == "contradicted"
    others = Spread("r", "e0", np.array([0.7, 0.74, 0.74]), 3, kind)
    judged = judge(number("0.70"), replace(evidence, spreads=(*neutral, others)), SETTINGS)
    assert judged.verdict == "envelope" and said in judged.note and "1 of 3" in judged.note
    assert "no neutral variation equals it" in judged.note
    row = ledger.entry(number("0.70"), evidence, judged)
    assert (row["variations"], row["equal"]) == (60, 0)
    name = {"seed": "seed", "race": "racing"}[kind]
    assert (row[f"{name}_variations"], row[f"{name}_equal"]) == (3, 1)
    around = Spread("r", "e0", np.array([0.6, 0.74]), 2, kind)
    judged = judge(number("0.70"), replace(evidence, spreads=(*neutral, around)), SETTINGS)
    assert judged.verdict == "untestable"


def test_quantiles_are_those_of_the_own_run():
    values = np.linspace(0.0, 1.0, 101)
    own = compared("0.70", values, [5.0] * 50).own
    assert [own.q05, own.q25, own.median, own.q75, own.q95] == pytest.approx(
        [0.05, 0.25, 0.5, 0.75, 0.95])
    assert (own.minimum, own.maximum) == (0.0, 1.0)


def test_a_racing_fit_is_never_contradicted_by_repeatable_ones():
    verdict, note = settled("0.70", [0.8, 0.9] * 40, racing=True)
    assert verdict == "untestable" and "races" in note
    assert settled("0.70", [0.7, 0.9] * 40, racing=True)[0] == "envelope"


def test_undefined_values_count_as_variations_that_do_not_equal(repository):
    content = {"environment": "new", "releases": {"r2": {"fits": {"a/b": {
        "variations": 3, "defined": 2, "counts": {"0.5": 1, "0.7": 1}}}}}}
    nothing = {"environment": "old", "releases": {}}
    for path in READ.variations(repository):
        canonical.write_json(path, content if path.name == "new.json" else nothing)
    (key, (spread,)), = envelope.collect(READ, repository).items()
    assert key == ("fits", "a/b") and spread.variations == 3 and len(spread.values) == 2
    assert spread.release == "r2" and spread.environment == "new"
    assert compare(number("0.5"), [spread], 1e-9, "r2", "new").own.equal == 1


def test_other_seeds_and_repeats_of_a_race_are_told_from_neutral_variations(repository):
    entry = {"variations": 9, "counts": {"0.5": 2, "0.7": 1}, "seed_variations": 4,
             "seed_counts": {"0.9": 3}, "race_variations": 2, "race_counts": {"0.1": 2}}
    only = {"variations": 1, "seed_variations": 1, "seed_counts": {"0.9": 1}}
    content = {"environment": "new", "releases": {"r2": {"fits": {"a/b": entry, "c": only}}}}
    nothing = {"environment": "old", "releases": {}}
    for path in READ.variations(repository):
        canonical.write_json(path, content if path.name == "new.json" else nothing)
    found = envelope.collect(READ, repository)
    assert [(spread.kind, spread.values.tolist(), spread.variations) for spread in found["fits", "a/b"]
            ] == [("neutral", [0.5, 0.5, 0.7], 3), ("seed", [0.9] * 3, 4), ("race", [0.1, 0.1], 2)]
    assert [spread.kind for spread in found["fits", "c"]] == ["seed"]
    # Four other seeds of three variations: the file is damaged.
    entry["variations"] = 3
    canonical.write_json(READ.variations(repository)[0], content)
    with pytest.raises(InputError, match="is no summary of the numerical variations"):
        envelope.collect(READ, repository)


def recording(root, **change):
    """Return the made-up study with a record of twenty fits that race, changed; and the record."""
    record = {"environment": "new", "releases": {"r2": {"fits": {"models/C/AUC": {
        "variations": 20, "race_variations": 20, "race_counts": {"0.7": 15, "0.6": 4}} | change}}}}
    study = replace(READ, content=replace(READ.content, variations=("race/new.json",)))
    path, = study.variations(root)
    canonical.write_json(path, record)
    return study, path


def test_a_recorded_race_is_evidence(tmp_path):
    study, _ = recording(tmp_path)
    spread, = envelope.collect(study, tmp_path)["fits", "models/C/AUC"]
    assert (spread.kind, spread.variations, spread.release, len(spread.values)) == (
        "race", 20, "r2", 19)


@pytest.mark.parametrize("change", [{"race_counts": {"0.7": 21}}, {"race_counts": {"x": 1}},
                                    {"race_counts": {"inf": 1}}, {"race_counts": [0.7]},
                                    {"race_variations": 21}, {"race_variations": "20"}])
def test_a_damaged_record(tmp_path, change):
    study, path = recording(tmp_path, **change)
    with pytest.raises(InputError, match="is no summary .*restore it from git") as raised:
        envelope.collect(study, tmp_path)
    assert str(path) in str(raised.value)
    path.write_text(path.read_text()[:-20])
    with pytest.raises(InputError, match="new.json: is not readable JSON"):
        envelope.collect(study, tmp_path)


def test_without_a_sweep_a_fragile_miss_stays_open(tmp_path):
    alone = replace(READ, content=replace(READ.content, variations=()))
    assert envelope.collect(alone, tmp_path / "absent") == {}
    verdict, note = settled("0.70")
    assert verdict == "untestable" and "its numerical envelope is not measured" in note


def entered(printed, source, path, content, varied, metric="AUC"):
    """Return the ledger's row of one number."""
    rule = published.Rule("*", "*", "*", source, ("mean",), {"value": path}, "")
    given = gather.Sources([rule], {source: [Source(ORIGIN, content)]}, varied)
    row, = ledger.build(gather.gather(READ, [replace(number(printed), metric=metric)], given,
                                           1e-9), SETTINGS)
    return row


@pytest.mark.parametrize("source, varied, verdict, equal, basis", [
    ("fits", {("fits", "x"): spreads([0.70, 0.9] * 40)}, "envelope", 40, "variations"),
    ("fits", {("fits", "x"): spreads([0.8, 0.9] * 40)}, "contradicted", 0, "variations"),
    ("fits", {("fits", "x"): spreads([0.6, 0.9] * 40)}, "untestable", 0, "variations"),
    ("fits", {}, "untestable", None, "one run"),
    ("counts", {}, "contradicted", None, "arithmetic"),
    # A count that no fit enters has no envelope, though the sweep repeats it.
    ("fits", {("fits", "x/several"): spreads([0.85] * 80)}, "contradicted", None,
     "arithmetic"),
])
def test_ledger_takes_its_verdict_from_the_variations(source, varied, verdict, equal, basis):
    path = next(iter(varied), ("", "x"))[1]
    content = {"x": {"several": 0.85}} if "/" in path else {"x": 0.85}
    row = entered("0.70", source, path, content, varied)
    assert row["verdict"] == verdict and row.get("equal") == equal and row["basis"] == basis
    assert row["reproduced"] == 0.85


def test_an_exact_number_also_says_how_fragile_it_is():
    row = entered("0.70", "fits", "x", {"x": 0.7},
                  {("fits", "x"): spreads([0.7, 0.6, 0.6, 0.9], [0.1])})
    assert row["verdict"] == "exact-unstable" and row["variations"] == 4 and row["equal"] == 1
    assert (row["minimum"], row["median"], row["maximum"]) == (0.6, pytest.approx(0.65), 0.9)
    assert (row["q05"], row["q95"]) == pytest.approx((0.6, 0.87))
    assert (row["all_variations"], row["all_equal"], row["all_minimum"]) == (5, 1, 0.1)


def test_a_cut_number_that_no_variation_gives_is_not_in_the_envelope():
    """-0.029 is printed, -0.02998 recomputed; the variations jump from -0.049 to -0.0077."""
    row = entered("-0.029", "fits", "x", {"x": -0.0299816075},
                  {("fits", "x"): spreads([-0.0491, -0.0299816075, -0.0077] * 30)}, metric="score")
    assert row["verdict"] == "untestable" and "cut off, not rounded" in row["note"]


def test_a_sweep_of_other_inputs_is_known_by_the_value_that_it_does_not_give(repository):
    """One variation is the released computation itself: it has to give today's value."""
    known = ledger.collect(READ, SETTINGS, repository)
    assert not any(spread.aged for one in known.values() for spread in one.spreads)
    # Another cohort: one number of the run moves, and every number that rests on its sweep says so.
    put(repository / "metrics" / NAME / "results/fits/code/r2/new.json", "models/A/AUC/low", 0.61)
    rows = ledger.build(ledger.collect(READ, SETTINGS, repository), SETTINGS)
    aged = {(row["item"], row["row"], row["metric"]): row.get("aged") for row in rows}
    assert aged["Grid", "A", "PPV"] == aged["Grid", "A", "AUC"] == "yes"
    assert aged["Text", "A", "weight"] == "no", "another source"
    assert aged["Text", "cohort", "series"] is None, "arithmetic"
    note = next(row["note"] for row in rows if (row["row"], row["metric"]) == ("A", "PPV"))
    assert "made from other inputs or code than today's results" in note


def test_a_number_that_the_sweep_lacks():
    known = {("fits", "a"): spreads([0.7])}
    assert envelope.find(READ, known, "fits", "a") and envelope.find(READ, {}, "fits", "b") == []
    assert envelope.find(READ, known, "counts", "b") == []
    # What the study says that the sweep leaves out.
    assert envelope.find(READ, known, "weights", "B/weight") == []
    with pytest.raises(InputError, match=f"{SWEEP}: lacks 'b' of 'fits'"):
        envelope.find(READ, known, "fits", "b")


def test_a_summary_of_the_sweep_that_is_missing(repository):
    (repository / SWEEP / "new-search.json").unlink()
    with pytest.raises(InputError, match="new-search.json: no such file"):
        envelope.collect(READ, repository)


@pytest.mark.parametrize("verdict, given", [("impossible", "untestable"), ("consistent", "envelope"),
                                            ("untested", "envelope")])
def test_what_some_variations_give_has_to_go_with_the_other_printed_numbers(verdict, given):
    found, note = settled("0.70", [0.7, 0.8] * 40, arithmetic=Arithmetic(verdict, "sums"))
    assert found == given and ("refused by sums" in note) is (given == "untestable")


@pytest.mark.parametrize("kind, today, aged", [("neutral", 0.7, False), ("neutral", 0.71, True),
                                               ("seed", 0.71, False)])
def test_only_neutral_variations_hold_the_released_computation(kind, today, aged):
    made = {("fits", "x"): [Spread("r", "e0", np.array([0.7]), 1, kind)]}
    sources = {"fits": [Source(ORIGIN, {"x": today})]}
    assert [spread.aged for spread in envelope.age(made, sources, "code")["fits", "x"]] == [aged]
    # Another protocol is not varied.
    assert not envelope.age(made, sources, "text")["fits", "x"][0].aged
