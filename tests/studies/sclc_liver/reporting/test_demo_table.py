"""Table 3 of the demonstration: each number in its cell, the paper's beside it, no verdict in doubt."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.common import canonical
from studies.sclc_liver import demo, demo_table

PUBLISHED = Path(__file__).resolve().parents[4] / "studies/sclc_liver/published/table3.csv"
METHODS = ("baseline", "nnunet", "nnunet-both", "nnunet-finetuned")


def value(method, cohort, measure, number, **more):
    about = {"kind": "value", "method": method, "against": "", "cohort": cohort, "rule": "main",
             "lesions": "all", "measure": measure, "series": 6, "patients": 5, "n": 40,
             "value": number, "low": number - 0.1, "high": number + 0.1}
    return about | more


def difference(method, against, low, high, cohort="sclc", measure="sensitivity"):
    return value(method, cohort, measure, (low + high) / 2, kind="difference", against=against, low=low,
                 high=high)


def table(tmp_path, rows):
    canonical.write_csv(tmp_path / "comparison.csv",
                        pd.DataFrame(rows, columns=demo_table.COLUMNS, dtype=object))
    return demo_table.read(tmp_path / "comparison.csv")


@pytest.fixture(scope="module")
def paper():
    return demo_table.read_paper(PUBLISHED)


def test_each_number_is_in_its_cell_and_the_paper_s_below(tmp_path, paper):
    found = table(tmp_path, [
        value("nnunet", "lits", "lesion_dice", 0.5, lowest=0, highest=0.875),
        value("nnunet", "lits", "sensitivity", 0.75),
        value("nnunet", "lits", "free_false_ml", 1.5, sd=2.25, lowest=0, highest=4),
        value("nnunet-both", "sclc", "sensitivity", 0.25)])
    head, counts, *lines = demo_table.side_by_side(found, paper, "lits", METHODS)
    lines = {line[0]: line[1:] for line in lines}
    assert head == ["measure", *METHODS] and counts[1:] == ["-", "6, 5, 40", "-", "-"]
    assert lines["lesion Dice, median (range)"][1] == "0.50 [0.40, 0.60] (0.00 to 0.88)"
    assert lines["their volume in mL, mean ± SD"][1] == "1.50 ± 2.25 [1.40, 1.60]"
    # As the file of the published table has it.
    printed = pd.read_csv(PUBLISHED, dtype=str)
    for measure in ("Median DICE", "Sensitivity", "PPV"):
        line = lines[f"*the paper, its LiTS: {measure}*"]
        for place, network in ((1, "nnU-Net"), (2, "Finetuned nnU-Net"), (3, "Finetuned nnU-Net")):
            row = printed[(printed["row"] == f"{network}/LiTS") & (printed["metric"] == measure)]
            assert line[place] == row["value"].iloc[0]
        assert line[0] == "-"
    second = {line[0]: line for line in demo_table.side_by_side(found, paper, "sclc", METHODS)}
    assert second["sensitivity"][3] == "0.25 [0.15, 0.35]" and "*the paper, its mSCLC: PPV*" in second


@pytest.mark.parametrize("low, high, said", [
    (0.05, 0.3, "worse by more than the interval"), (-0.3, -0.05, "better by more than the interval"),
    (-0.1, 0.3, "not shown to be worse or better"), (0.0, 0.3, "not shown to be worse or better")])
def test_the_verdict_follows_the_interval(tmp_path, low, high, said):
    found = table(tmp_path, [difference("nnunet-both", "nnunet", low, high),
                             difference("nnunet-both", "nnunet", 1, 2, cohort="lits")])
    sentence, = demo_table.verdict(found)
    assert said in sentence and f"[{low:+.2f}, {high:+.2f}]" in sentence
    others = {"worse by more", "better by more", "not shown"} - {said[:13], said[:14], said[:9]}
    assert not any(other in sentence for other in others)


def test_no_verdict_without_a_second_cohort_or_an_interval(tmp_path):
    found = table(tmp_path, [value("nnunet", "own", "sensitivity", 0.5),
                             difference("nnunet-both", "nnunet", np.nan, np.nan)])
    assert demo_table.verdict(found) == []


def test_the_section_has_every_cohort_size_and_rule(tmp_path, paper):
    rows = [value(method, cohort, "sensitivity", 0.5, **more) for method in METHODS
            for cohort in ("lits", "sclc")
            for more in ({}, {"lesions": "below 10 mm", "value": 0.125},
                         {"rule": "iou-0.5", "value": 0.3})]
    rows += [difference("nnunet", "baseline", 0.1, 0.2, cohort="lits")]
    text = "\n".join(demo_table.section(table(tmp_path, rows), paper, METHODS, demo.markdown))
    for wanted in ("### Cohort `lits`", "### Cohort `sclc`", "| method | all | below 10 mm |",
                   "| method | main | iou-0.5 |", "0.12 [0.40, 0.60] of 40",
                   "nnunet minus baseline (6 series, 5 patients)", "+0.15 [+0.10, +0.20]",
                   "are no target"):
        assert wanted in text, wanted
