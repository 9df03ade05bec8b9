"""What the study declares fits what stands in git, and nothing is said in doubt."""

import re
from collections import Counter
from pathlib import Path

import pytest

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts import claims, ledger, published, values
from stages.verdicts import study as studies
from stages.verdicts.consistency import declarations, evaluate
from studies.gi_liver import sections

ROOT = Path(__file__).resolve().parents[4]
REPORTS = ROOT / "reports/gi_liver"
STUDY = studies.read(ROOT / "studies/gi_liver")
TOLERANCE = 1e-9
CLAIMS = claims.read(STUDY.claims, TOLERANCE)
GENERAL = ("no check touches it", "its checks refuse no other value either", "")


@pytest.fixture(scope="module")
def judged():
    return evaluate.evaluate(declarations.numbers(STUDY.published),
                             *declarations.read(STUDY.folder / "checks.yaml"))


@pytest.fixture(scope="module")
def rows():
    return canonical.read_csv(REPORTS / "ledger.csv", ledger.COLUMNS, dtype=str,
                              keep_default_na=False)


@pytest.fixture(scope="module")
def source():
    return values.Reader(STUDY, ROOT, TOLERANCE)


def test_every_number_has_a_rule_and_every_title_an_item():
    numbers = published.read(STUDY.published, STUDY.content.numbers)
    rules = published.rules(STUDY.rules, numbers)
    assert {published.rule_for(one, rules).source for one in numbers} == set(STUDY.without_source)
    assert {one.item for one in numbers} == set(STUDY.content.items)


def test_little_more_than_a_quarter_of_the_results_is_untested_and_each_says_why(judged, rows):
    tally = Counter(rows["verdict"])
    # 40 of 154: no check that could fail is known for the others, and labels are no results.
    assert tally["untested"] <= 0.26 * (len(rows) - tally["not-a-result"])
    reasons = {(one["item"], one["row"], one["metric"]): one["reason"] for one in judged[0]}
    for row in rows[rows["verdict"] == "untested"].to_dict("records"):
        assert reasons[row["item"], row["row"], row["metric"]] not in GENERAL, row


def test_a_check_that_could_not_have_failed_counts_for_nothing(judged):
    for row in judged[0]:
        assert (row["verdict"] == "untested") == (row["could_fail"] == 0.0), row


def test_one_number_is_held_against_the_paper_and_two_readings_are_not(judged, rows):
    against = rows[rows["verdict"].isin(("contradicted", "inconsistent", "impossible"))]
    assert against[["item", "row", "metric", "published"]].to_numpy().tolist() == [
        ["Methods", "mCRC", "age (years), median", "64"]]
    assert (against["second_agrees"] == "yes").all() and against["right_if"].all()
    found = {row["id"]: row for row in evaluate.findings(judged[1])}
    assert {name for name, row in found.items() if row["verdict"] == evaluate.EXCLUDED} == {
        "network-split", "feature-classes"}
    assert all(row["otherwise"] or row["right_if"] for row in found.values())


def test_the_tables_in_git_are_those_that_follow(judged, rows, source, tmp_path):
    counted = canonical.read_json(REPORTS / "verdicts.json")["verdicts"]
    assert counted == ledger.count(rows.to_dict("records"))
    canonical.write_csv(tmp_path / "c.csv", claims.build(CLAIMS, source))
    assert (tmp_path / "c.csv").read_bytes() == (REPORTS / "contradictions.csv").read_bytes()


def others(value, known):
    """Yield values that an input could have instead."""
    if isinstance(value, (int, float)):
        for number in (0.0, 1.0, 1e6, -1e6, 1.5 * value, 1.001 * value, 0.999 * value, value / 10,
                       value + 1, value - 1, value + 0.01,
                       *(one for one in known if isinstance(one, (int, float)))):
            yield values.Printed(repr(float(number))) if isinstance(value, values.Printed) else number
    elif isinstance(value, list):
        yield from ([], ["a"])


def deciding(claim):
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
        return claims.evaluate(claim, known)[1]
    except InputError:  # nothing can be worked out with this value
        return None


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_claim_can_fall_and_what_it_says_against_the_paper_has_its_fairness(claim, source):
    known = claims.gather(claim, source)
    every, before = claims.evaluate(claim, known)
    changed = {name: any(status(claim, known | {name: other}) not in (before, None)
                         for other in others(known[name], every.values()))
               for name in deciding(claim)}
    assert any(changed.values()) if before == "not-confirmed" else all(changed.values()), changed
    if before != "not-confirmed":
        assert claim.second is not None and claim.texts["right_if"]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_input_of_a_claim_is_used(claim):
    used = set(claim.confirmed.names)
    for expression in (*claim.derived.values(), *([claim.second] if claim.second else [])):
        used |= expression.names
    for text in claim.texts.values():
        used |= set(re.findall(r"\{(\w+)", text))
        # No result is typed into a text; 2D names a kind of features.
        assert not re.findall(r"\d+\.\d+", re.sub(r"\{[^}]*\}", "", text))
    assert set(claim.values) | set(claim.derived) <= used


def test_the_sections_draw_every_classifier_and_list_every_refusal():
    content = canonical.read_json(REPORTS / "sections.json")
    html = {section["anchor"]: section["html"] for section in content["sections"]}
    reader = sections.Reader()
    printed = sections.scores(reader.text(STUDY.published / "table3.csv", ("row", "metric", "value")))
    # Each classifier and a sample of each series in the legend.
    assert html["constant"].count('class="mark ') == len(printed) + len(sections.SERIES) == 20
    for row in canonical.read_csv(REPORTS / "findings.csv").to_dict("records"):
        assert row["id"].replace("-", " ") in html["readings"]
    assert html["readings"].index("median age") < html["readings"].index("network split")


def test_both_protocols_on_public_features_are_shown_as_computed():
    content = canonical.read_json(REPORTS / "sections.json")
    html = next(one["html"] for one in content["sections"] if one["anchor"] == "control")
    for name in ("WORC-CRLM", "Colorectal-Liver-Metastases"):
        found = canonical.read_json(ROOT / f"metrics/gi_liver/results/control/{name}.json")
        test, best = found["corrected"]["test"], found["paper"]["greatest"]
        assert found["corrected"]["lesions"] == found["corrected"]["patients"]
        row = html[html.index(f">{name}<"):]
        row = row[:row.index("</tr>")]
        for value in (f"{best['AUC']:.3f} ({best['classifier']}", f"{test['AUC']:.3f} (",
                      f"<td>{test['P']:.2f}</td>"):
            assert value in row
