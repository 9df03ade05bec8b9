"""All patients, sizes, public tables, one curve: no effect without interval and what could be."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.common import canonical
from stages.common.errors import InputError
from stages.report.files import Document
from studies.sclc_liver.report import corrected, ladder, makers, stage, whole
from studies.sclc_liver.report.specification import KINDS, specifications

ROOT = Path(__file__).resolve().parents[4]
RESULTS = ROOT / "metrics/sclc_liver/results"
RANGE = re.compile(r"−?\d\.\d+ to −?\d\.\d+|undefined")


def document(name):
    return Document(f"metrics/sclc_liver/results/{name}.json",
                    json.loads((RESULTS / f"{name}.json").read_text()))


def test_every_effect_stands_beside_an_interval_and_the_smallest_that_is_found():
    nested, retest = document("nested/2025-08"), document("retest/2025-08")
    control, found = document("control/optimism"), document("nested/makers")
    for rows, needed in ((makers.harmonised(found), 3), (makers.apart(found), 5),
                         (ladder.rungs(document("nested/ladder")), 3),
                         (whole.sets(nested), 4), (whole.differences(nested), 4),
                         (whole.subgroups(nested), 4), (whole.burden(retest), 3),
                         (whole.optimism(control), 5)):
        assert rows
        for row in rows:
            assert any(RANGE.search(cell) for cell in row), row
            assert re.fullmatch(r"−?\d\.\d+|undefined|none", row[needed]), row


def test_real_outcomes_have_their_null_twin():
    control = document("control/optimism")
    for found in control.get("tables").values():
        assert {"real", "dealt"} <= set(found)
    rows = whole.optimism(control)
    assert [row[1] for row in rows] == list(whole.LABELS.values()) * len(whole.OPTIMISM)


def test_numbers_follow_the_results():
    simulated = document("nested/simulated")
    simulated.content["type_one"]["nested"] = {"found": 3, "tried": 80, "share": 0.0375, "low": 0.01,
                                               "high": 0.11}
    assert "3 of 80 (3.8 %, exact 95 % interval 1.0 to 11.0 %)" in whole.type_one(simulated)
    nested = document("nested/2025-08")
    nested.content["sets"]["radiomics"]["smallest_detectable"] = 0.77
    assert whole.sets(nested)[0][4] == "0.77"
    del nested.content["sets"]["volume"]
    with pytest.raises(InputError, match="lacks sets/volume"):
        whole.sets(nested)
    nested.content["sets"]["radiomics"]["subgroups"] = {"volume": {"large": {
        "series": 4, "patients": 2, "patients_with_negatives": 0, "AUC": None, "low": None,
        "high": None, "smallest_detectable": None}}}
    assert whole.subgroups(nested)[0][3:] == ("undefined (undefined)", "undefined")


def test_the_ladder_is_told_apart_from_its_own_null():
    found, leakage = document("nested/ladder"), document(
        "leakage/2025-08/classification-notebook")
    last = found.content["rungs"]["patient-selection-inside"]
    last["null"] |= {"q05": 0.47, "q95": 0.49}
    last["bias"], last["found_without_effect"]["found"] = -0.0444, 77
    found.content["rungs"]["series"]["leakage"] = 0.2222
    said = ladder.told_apart(found, leakage)
    assert "−0.044, is the bias of the folds and no leakage" in said and "lies 0.222" in said
    assert "in 77 of 150" in said and ": 1 of the 3 released models (0.484, 0.460, 0.498)" in said


def test_an_auc_of_few_patients_is_cut_to_its_range_and_none_is_enough():
    found = document("nested/makers")
    apart = found.content["apart"]["below"]
    apart |= {"AUC": 0.5, "low": -0.3, "high": 1.3, "smallest_detectable": 1.1, "P": 0.2}
    assert makers.apart(found)[1][3:] == ("0.500 (0.00 to 1.00)", "0.200", "none")
    assert "undefined" in makers.apart(found)[0][3]


def test_the_maker_is_said_to_be_guessed():
    found = document("nested/makers")
    said = makers.introduction(found, {"-1024 HU": 207, "below": 20}, 207)
    assert "is guessed" in said and "contradicts nobody" in said
    assert "has as many series (207) as the paper prints" in said
    said = makers.introduction(found, {"-1024 HU": 200, "below": 27}, 207)
    assert "has 200 series, and the paper prints 207" in said


def test_the_corrected_protocol_shows_calls_in_counts_and_differences_with_what_is_found(
        repository, call):
    assert call(stage.stage) == (0, "", "")
    page = next(one["html"] for one in canonical.read_json("reports/sclc_liver/sections.json")[
        "sections"] if one["anchor"] == "corrected")
    path = "calibration/2025-08/classification-notebook"
    own = document(path).get("test", "RF", "calls", "F1")
    ratio = f"{own['TN']} of {own['TN'] + own['FN']}"
    assert ratio in page and f"{own['seeds_without_negative_call']} of {own['seeds']}" in page
    assert "NPV" not in page
    inputs = SimpleNamespace(corrected=Document("x", {part: {"differences": {"LR - RF": {"AUC": {
        "difference": 0.1, "low": -0.1, "high": 0.3, "P": 0.4}}, "LR - XGB": {"AUC": {
            "difference": 0.0, "low": 0.0, "high": 0.1, "P": 0.9}}}} for part in corrected.PARTS}))
    rows = corrected.differences(inputs)
    assert len(rows) == 4 and rows[0][2:] == ("0.100", "−0.100 to 0.300", "0.800", "0.29")
    assert rows[1][4] == "1.000"


def test_each_dot_of_the_curve_is_the_number_at_its_place(repository, call):
    assert call(stage.stage) == (0, "", "")
    page = next(one["html"] for one in canonical.read_json("reports/sclc_liver/sections.json")[
        "sections"] if one["anchor"] == "choices")
    files = set(re.findall(r"metrics/sclc_liver/results/[\w/.-]+\.json", page))
    assert len(files) > 10 and all((repository / name).is_file() for name in files)
    documents = {name.removeprefix("metrics/sclc_liver/results/").removesuffix(".json"):
                 Document(name, json.loads(Path(name).read_text())) for name in files}
    found = list(specifications(documents))
    assert {item.kind for item in found} == set(KINDS)
    before = {item.said: item.area for item in found}
    assert 0.3 < min(before.values()) and max(before.values()) < 1
    content = documents["converged/2025-08"].content
    content["configurations"]["LR"]["test"]["AUC"] = 0.123
    after = {item.said: item.area for item in specifications(documents)}
    assert after.pop("solved to its optimum, 2025-08") == 0.123
    assert after == {said: area for said, area in before.items() if said in after}
