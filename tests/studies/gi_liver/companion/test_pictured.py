"""The arms in images, and how a network's answers are scored beside what was to be found."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.prediction.parameters import read_corrected
from studies.gi_liver.synthetic import answered, imaged, layout
from studies.gi_liver.synthetic.parameters import read_synthetic

PARAMETERS = Path(__file__).resolve().parents[4] / "studies" / "gi_liver" / "params"


def drawn(arm):
    return imaged.table(imaged.read(PARAMETERS), arm, read_synthetic(PARAMETERS, "planted"))


def test_the_arms_lesions_differ_by_the_planted_texture_alone():
    images = imaged.read(PARAMETERS)
    null, best = drawn("null-twin")
    assert best == {"lesion": 0.5, "patient": 0.5} and images.arms["null-twin"] == {}
    for arm in ("planted", "strong"):
        other, better = drawn(arm)
        assert (other.drop(columns="amplitude_hu") == null.drop(columns="amplitude_hu")).all(axis=None)
        step = images.arms[arm]["amplitude"] * images.amplitude_hu["sd"]
        more = other["amplitude_hu"] - null["amplitude_hu"]
        # A lesion below the least amplitude is lifted by less.
        assert more.where(null["label"] == 1).median() == pytest.approx(step, abs=0.01)
        assert (more[null["label"] == 0] == 0).all() and better["patient"] > best["patient"]


def test_the_planned_livers_are_those_of_balls_in_cells():
    images = imaged.read(PARAMETERS)
    rows = pd.DataFrame({
        "patient": ["a", "a", "a", "b", "c"], "label": [0, 0, 0, 0, 1],
        "diameter_mm": [10.0, 12.0, 8.0, 6.0, 20.0], "liver_hu": [90.0, 90, 90, 80, 70],
        "below_liver_hu": [40.0, 50, 60, 30, 20]})
    cell = 34 * 34 * 22 * 1.5
    first, second = 4 / 3 * np.pi * (5 ** 3 + 6 ** 3 + 4 ** 3), 4 / 3 * np.pi * 3 ** 3
    found = imaged.livers(rows, images)
    # Three lesions lie in two rows of two cells.
    assert found["0"] == {"patients": 2, "lesions": 4, "per_patient": 2.0, "lesion_hu": 42.5,
                          "burden_percent": pytest.approx(50 * (first / (4 * cell) + second / cell)),
                          "liver_hu": 85.0}
    assert found["1"]["burden_percent"] == pytest.approx(100 * 4 / 3 * np.pi * 10 ** 3 / cell)
    for count in range(1, 30):
        across, down = layout.cells(count)
        assert across * down >= count > across * (down - 1) and 0 <= across - down <= 1


def test_an_arm_or_a_shift_that_is_not_there_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["imaged", "--params", str(PARAMETERS), "--arm", "none", "--table",
                                      str(tmp_path / "a.csv"), "--out", str(tmp_path / "a.json")])
    with pytest.raises(SystemExit) as stopped:
        cli.main(imaged.stage)
    said = capsys.readouterr().err
    assert stopped.value.code == 2 and said.count("\n") == 1
    assert "--arm" in said and "valid: null-twin, planted, strong" in said
    text = (PARAMETERS / "images.yaml").read_text()
    (tmp_path / "images.yaml").write_text(text.replace("strong: {amplitude", "strong: {shape"))
    with pytest.raises(InputError, match="images.arms.strong"):
        imaged.read(tmp_path)


def test_slices_become_lesions_and_patients(tmp_path, monkeypatch):
    """Two folds; a lesion with many slices counts once, and patients of one fold are compared."""
    rows = [("a", "a1", 1, 0, 0.9), ("a", "a1", 1, 0, 0.1), ("a", "a2", 1, 0, 0.8),
            ("b", "b1", 0, 0, 0.6), ("c", "c1", 1, 1, 0.2), ("d", "d1", 0, 1, 0.1)]
    said = pd.DataFrame(rows, columns=["patient", "lesion", "label", "fold", "nested"])
    canonical.write_csv(tmp_path / "network" / "predictions.csv", said.assign(described=0.4))
    canonical.write_csv(tmp_path / "planned.csv", pd.DataFrame(
        {"patient": list("aabcd"), "label": [1, 1, 0, 1, 0], "amplitude_hu": [3.0, 1, 2.5, 4, 1]}))
    monkeypatch.setattr(sys, "argv", [
        "answered", "--params", str(PARAMETERS), "--planned", str(tmp_path / "planned.csv"),
        "--network", str(tmp_path / "network"), "--out", str(tmp_path / "out.json")])
    cli.main(answered.stage)
    found = canonical.read_json(tmp_path / "out.json")
    assert (found["patients"], found["lesions"], found["slices"], found["folds"]) == (4, 5, 6, 2)
    assert found["constant"] == {"patient": 0.5, "lesion": 0.6}
    # Patients: a 0.65 above b 0.6; c above d. Lesions: a1 0.5 below b1, a2 above; c1 above d1.
    assert found["nested"]["patient"]["AUC"] == 1 and found["nested"]["patient"]["accuracy"] == 0.5
    assert found["nested"]["lesion"]["AUC"] == pytest.approx(2 / 3)
    assert found["nested"]["lesion"]["accuracy"] == pytest.approx(0.4)
    assert found["described"]["patient"]["AUC"] == 0.5
    # Amplitudes: a 2 below b 2.5 and above d, c above both.
    assert found["amplitude"]["patient"]["AUC"] == 0.75


def test_the_interval_holds_the_area_and_narrows_with_patients():
    settings, random = read_corrected(PARAMETERS), np.random.default_rng(4)
    widths = []
    for patients in (20, 320):
        label = np.arange(patients) % 2
        table = pd.DataFrame({"patient": [f"P{number}" for number in range(patients)], "label": label,
                              "fold": 0, "score": random.normal(size=patients) + label})
        one = answered.scored(table, "score", 0.5, settings)["patient"]
        assert one["low"] < one["AUC"] < one["high"]
        widths.append(one["high"] - one["low"])
    assert widths[1] < widths[0] / 2
