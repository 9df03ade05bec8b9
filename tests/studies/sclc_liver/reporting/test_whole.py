"""All patients, sizes, public tables, one curve: no effect without interval and what could be."""

import json
import re
from pathlib import Path

import pytest

from stages.common import canonical
from stages.common.errors import InputError
from stages.report.files import Document
from studies.sclc_liver.report import stage, whole
from studies.sclc_liver.report.specification import KINDS, specifications

ROOT = Path(__file__).resolve().parents[4]
RESULTS = ROOT / "metrics/sclc_liver/results"
RANGE = re.compile(r"−?\d\.\d+ to −?\d\.\d+|undefined")


def document(name):
    return Document(f"metrics/sclc_liver/results/{name}.json",
                    json.loads((RESULTS / f"{name}.json").read_text()))


def test_every_effect_stands_beside_an_interval_and_the_smallest_that_is_found():
    nested, retest = document("nested/2025-08"), document("retest/2025-08")
    control = document("control/optimism")
    for rows, needed in ((whole.sets(nested), 4), (whole.differences(nested), 4),
                         (whole.subgroups(nested), 4), (whole.burden(retest), 3),
                         (whole.optimism(control), 5)):
        assert rows
        for row in rows:
            assert any(RANGE.search(cell) for cell in row), row
            assert re.fullmatch(r"−?\d\.\d+|undefined", row[needed]), row


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
