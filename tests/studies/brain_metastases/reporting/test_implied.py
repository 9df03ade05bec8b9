"""What the printed numbers imply: made-up papers with a known answer, and the paper itself twice."""

from pathlib import Path

import numpy as np
import pytest

from stages.common import canonical
from studies.brain_metastases import implied, report

ROOT = Path(__file__).resolve().parents[4]
RESULTS = ROOT / "metrics/brain_metastases/results"
VOLUME = "Methods | tumor volume (cc)/{} | mean_sd"


def paper(**more):
    """Return a reader of a made-up paper with 41 SCLC and 61 NSCLC tumours of known volumes."""
    generator = np.random.default_rng(5)
    groups = {"SCC": generator.gamma(1.0, 18.0, 41), "NSCC": generator.gamma(2.0, 11.0, 61)}
    groups["all"] = np.concatenate(list(groups.values()))
    numbers = {"Methods | dataset | tumors": "102", "Methods | dataset | patients": "69"}
    for name, values in groups.items():
        numbers[VOLUME.format(name)] = f"{values.mean():.1f}"
        numbers[f"{VOLUME.format(name)} | low"] = f"{values.std(ddof=1):.1f}"
    return (numbers | more).__getitem__


def test_the_number_of_tumours_is_found():
    found = implied.volumes(paper())
    assert found["means"][0] <= 41 <= found["means"][1] and found["both"] > 0
    assert found["sds"][0] <= 41 <= found["sds"][1]


def test_an_sd_that_does_not_fit_leaves_none():
    found = implied.volumes(paper(**{f"{VOLUME.format('all')} | low": "11.0"}))
    assert found["both"] == found["any_number"] == 0 and found["means"]


def test_an_exact_interval_and_a_tail_by_counting():
    # All of 3: the lower end of a two-sided 95 % interval is 0.025^(1/3).
    assert implied._solve(lambda p: p**3 > 0.025) == pytest.approx(0.025 ** (1 / 3), abs=1e-12)
    assert implied._at_least(2, 3, 0.5) == 0.5 and implied._at_least(0, 3, 0.2) == pytest.approx(1)


def test_both_derivations_of_the_paper_agree():
    first, second = (canonical.read_json(RESULTS / name)
                     for name in ("implied.json", "derivations.json"))
    for name in ("areas", "test_set", "volumes"):
        assert set(second[name]) <= set(first[name])
        for key, value in second[name].items():
            assert value == first[name][key] if isinstance(value, list) else (
                value == pytest.approx(first[name][key], abs=1e-9)), key
    assert second["sexes"] == pytest.approx(first["sexes"])


def test_a_number_that_is_not_printed(refused, tmp_path):
    (tmp_path / "t.csv").write_text("item,row,metric,value,low,high\nA,b,c,1,,\n")
    error = refused(implied.stage, "--published", tmp_path, "--out", tmp_path / "out.json")
    assert "is not printed" in error and not (tmp_path / "out.json").exists()


def test_the_page_says_what_the_results_hold(call, tmp_path):
    assert call(report.stage, "--results", RESULTS, "--out", tmp_path / "s.json") == (0, "", "")
    content = canonical.read_json(tmp_path / "s.json")
    areas = canonical.read_json(RESULTS / "control/areas.json")["sets"]
    section, = content["sections"]
    for one in areas.values():
        assert f"<td>{one['AUC']:.2f}</td>" in section["html"]
    assert any("0.42 to 1.00" in sentence for sentence in content["sentences"])
