"""What the study declares fits what stands in git, and no verdict is more than the numbers carry."""

from collections import Counter
from pathlib import Path

import pytest

from stages.common import canonical
from stages.common.errors import InputError
from stages.verdicts import ledger, published
from stages.verdicts.consistency import declarations, evaluate

ROOT = Path(__file__).resolve().parents[4]
REPORTS = ROOT / "reports/brain_metastases"
VOLUMES = {(f"tumor volume (cc)/{name}", bound) for name in ("all", "SCC", "NSCC")
           for bound in ("value", "low")}


@pytest.fixture(scope="module")
def judged(study):
    return evaluate.evaluate(declarations.numbers(study.published),
                             *declarations.read(study.folder / "checks.yaml"))


def test_every_number_of_the_paper_has_a_rule_and_none_is_idle(study):
    rules = published.rules(study.rules)
    numbers = published.read(study.published, study.content.numbers)
    used = [published.rule_for(number, rules) for number in numbers]
    assert len(used) == 87 and not [rule for rule in rules if rule not in used]
    assert {rule.source for rule in rules} == set(study.without_source)
    assert {number.item for number in numbers} == set(study.content.items)


def test_at_most_a_quarter_of_the_results_is_untested(study):
    rows = canonical.read_csv(REPORTS / "ledger.csv", ledger.COLUMNS, dtype=str,
                              keep_default_na=False).to_dict("records")
    tally = Counter(row["verdict"] for row in rows)
    assert canonical.read_json(REPORTS / "verdicts.json")["verdicts"] == ledger.count(rows)
    results = len(rows) - tally["not-a-result"]
    assert results > 50 and 0 < tally["untested"] <= results / 4
    assert set(tally) == {"consistent", "inconsistent", "untested", "not-a-result"}


def test_what_is_said_against_the_authors(judged):
    rows, _ = judged
    refused = {(row["row"], row["bound"]): row for row in rows if row["verdict"] in evaluate.REFUSED}
    assert set(refused) == VOLUMES | {("NSCLC", "value"), ("slices", "value")}
    assert all(row["right_if"] and row["second"] == evaluate.AGREES for row in refused.values())


def test_patients_as_units_are_a_reading_that_another_one_saves(judged):
    rows, answers = judged
    found = [row for row in evaluate.findings(answers) if row["check"] == "counted"]
    assert {row["verdict"] for row in found} == {evaluate.EXCLUDED}
    accuracies = [row for row in rows if row["metric"] == "Accuracy_mean_sd"]
    assert {row["verdict"] for row in accuracies} == {"consistent"}


def test_a_check_that_could_not_fail_counts_for_nothing(judged):
    rows, _ = judged
    for row in rows:
        assert (row["verdict"] == "untested") == (row["could_fail"] == 0.0), row


# Changes that the other printed numbers do not allow.
@pytest.mark.parametrize("file, printed, changed", [
    ("abstract", ",SCLC,patients,25", ",SCLC,patients,24"),
    ("results", "axial slices,296", "axial slices,310"),
    ("abstract", "Accuracy_mean_sd,0.90,0.04", "Accuracy_mean_sd,0.88,0.04"),
    ("results", "ROC area/T2WI,AUC_mean_sd,0.88", "ROC area/T2WI,AUC_mean_sd,0.93"),
    ("methods", "Siemens,55", "Siemens,65")])
def test_a_wrong_number_would_be_refused(study, tmp_path, file, printed, changed):
    copied(study, tmp_path, {printed: changed}, file)
    # What is refused as printed says when the authors are right; a new refusal does not, and stops.
    with pytest.raises(InputError, match="refuses printed numbers and does not say"):
        evaluate.evaluate(declarations.numbers(tmp_path),
                          *declarations.read(study.folder / "checks.yaml"))


def test_exchanged_means_would_fit(study, tmp_path):
    copied(study, tmp_path, {"/SCC,mean_sd,19.4": "/SCC,mean_sd,16.8",
                             "/NSCC,mean_sd,16.8": "/NSCC,mean_sd,19.4"}, "methods")
    rows, _ = evaluate.evaluate(declarations.numbers(tmp_path),
                                *declarations.read(study.folder / "checks.yaml"))
    assert not [row for row in rows if (row["row"], row["bound"]) in VOLUMES
                and row["verdict"] in evaluate.REFUSED]


def copied(study, folder, changes, file):
    """Copy the printed numbers, some of one file changed."""
    for path in study.published.glob("*.csv"):
        text = path.read_text()
        for before, after in changes.items() if path.stem == file else ():
            assert text.count(before) == 1
            text = text.replace(before, after)
        (folder / path.name).write_text(text)
