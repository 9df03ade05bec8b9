"""The study's own sections of the page: what the results say, refused from damaged ones."""

import json

import numpy as np
import pytest

from stages.common import canonical
from stages.report import inputs
from stages.report.files import Document
from studies.sclc_liver.report import figures, stage

CORRECTED = "metrics/sclc_liver/results/corrected/2025-08/classification-notebook.json"
DECISION = "metrics/sclc_liver/results/corrected/2025-08/classification-notebook/decision.csv"
SECTIONS = "reports/sclc_liver/sections.json"


@pytest.fixture
def made(repository, call):
    """The sections, made anew at each call."""
    def run():
        assert call(stage.stage) == (0, "", "")
        return canonical.read_json(SECTIONS)
    return run


@pytest.fixture
def line(repository, refused):
    """Make the sections of damaged results; look at the line that they are refused with."""
    def run(*words):
        error = refused(stage.stage)
        for word in words:
            assert word in error
        assert not (repository / SECTIONS).exists()
    return run


def change(path, function):
    content = json.loads(path.read_text())
    function(content)
    path.write_text(json.dumps(content))


def test_sections_are_those_that_the_page_reads(made, study):
    content = made()
    own = inputs.own(Document(SECTIONS, content))
    assert [section.anchor for section in own.sections] == [
        "curves", "converged", "chance", "corrected", "leakage", "whole", "makers", "sizes", "retest",
        "control", "choices"]
    assert set(own.drawn) <= set(study.content.items) and len(own.drawn) == 3
    assert len(own.sentences) == 3 and own.sources[0]["rows"]
    assert all(len(digest) == 32 for digest in own.files.values()) and CORRECTED in own.files


def test_the_same_inputs_give_the_same_sections(made):
    assert made() == made()


def test_a_missing_metric_is_named_with_its_file(repository, line):
    change(repository / CORRECTED, lambda content: content["test"]["scores"].pop("RF"))
    line(CORRECTED, "test/scores/RF")


@pytest.mark.parametrize("path", [
    "data/sclc_liver/predictions/as-released/2025-08/classification-notebook/roc.csv",
    "reports/sclc_liver/ledger.csv", "studies/sclc_liver/params/cohort.yaml", CORRECTED, DECISION])
def test_a_missing_file_is_named(repository, line, path):
    (repository / path).unlink()
    line(path, "no such file")


def test_a_number_that_the_ledger_lacks_is_named(repository, line):
    path = repository / "reports/sclc_liver/ledger.csv"
    path.write_text(path.read_text().replace("Abstract,headline test,AUC", "Abstract,headline,AUC"))
    line("reports/sclc_liver/ledger.csv: lacks Abstract / headline test / AUC / test_set")


def test_a_table_without_a_column_is_named(repository, line):
    path = repository / "data/sclc_liver/burden/2025-08.csv"
    path.write_text(path.read_text().replace("volume_mm3", "volume"))
    line("data/sclc_liver/burden/2025-08.csv", "volume_mm3")


@pytest.mark.parametrize("keep, said", [
    (lambda lines: lines[:1], "holds no rows"),
    (lambda lines: [*lines[:-1], lines[-1].replace("0.0,", "nothing,")],
     "holds something else than numbers in column 'all_positive'")])
def test_a_damaged_table_is_named(repository, line, keep, said):
    path = repository / DECISION
    path.write_text("\n".join(keep(path.read_text().splitlines())) + "\n")
    line(DECISION, said)


def test_a_table_that_was_cut_short_is_one_line(repository, line):
    path = repository / DECISION
    path.write_text("\n".join(path.read_text().splitlines()[:3]) + "\n")
    line(f"{SECTIONS}: cannot be drawn from these results")


def test_the_reviewer_reads_what_the_results_say(repository, made):
    before = " ".join(made()["sentences"])
    assert "it finds none" in before
    assert "headline stops before it converges" in before
    change(repository / "metrics/sclc_liver/results/models/as-released/2025-06"
                        "/classification-notebook.json",
           lambda content: content["configurations"]["LR"]["warnings"].update(refit=[]))

    def surely(content):
        content["test"]["scores"]["RF"]["AUC"]["patients"]["low"] = 0.7
        content["permutation"]["RF"]["test_AUC"]["P"] = 0.01
    change(repository / CORRECTED, surely)
    after = " ".join(made()["sentences"])
    assert "it finds RF." in after and "headline converges" in after


def test_roc_takes_ties_together_and_ends_in_the_corner():
    label = np.array([1, 0, 1, 0])
    points = figures.roc_points(label, np.array([0.9, 0.5, 0.5, 0.1]))
    assert points == [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]
