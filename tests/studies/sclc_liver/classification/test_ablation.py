"""A planted fault moves the models, and what it adds to one series is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stages.common import canonical
from stages.common.columns import FEATURES
from stages.common.errors import InputError
from studies.sclc_liver import ablation
from tests.parameters import text

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def faulty(table):
    """The made-up cohort with equal energies in all series but the fourth."""
    table = table.copy()
    table[ablation.TOTAL] = table[ablation.ENERGY] = np.abs(table[ablation.ENERGY])
    table.loc[3, ablation.TOTAL] *= 5
    return table


def findings(series, studies):
    return {"releases": {"R": {"resampling": [{"series": name} for name in series],
                               "labels": {"beyond_window": [{"studies": studies}]}}}}


def test_variants_change_nothing_else(faulty):
    name, study = faulty["File"].iloc[3], faulty["study"].iloc[3]
    found = ablation.variants(faulty, [name], ["P-0_0", "P-2_7"])
    assert list(found) == ["as-released", "without-series", "energy", "sibling", "without-studies"]
    assert found["as-released"].equals(faulty)
    assert len(found["without-series"]) == 89 and name not in set(found["without-series"]["File"])
    changed = (found["energy"] != faulty).to_numpy()
    assert changed.sum() == 1 and found["energy"].loc[3, ablation.ENERGY] == faulty.loc[
        3, ablation.TOTAL]
    other = faulty[(faulty["study"] == study) & (faulty["File"] != name)].iloc[0]
    assert (found["sibling"].loc[3, list(FEATURES)] == other[list(FEATURES)]).all()
    assert found["sibling"].drop(index=3).equals(faulty.drop(index=3))
    assert set(faulty["study"]) - set(found["without-studies"]["study"]) == {"P-0_0", "P-2_7"}


def test_the_pair_of_energies_marks_the_faulty_series(faulty):
    name = faulty["File"].iloc[3]
    slopes = {ablation.ENERGY: 2.0, ablation.TOTAL: -1.5}
    found = ablation.indicator(faulty, [name], slopes)[name]
    energy, total = faulty.loc[3, [ablation.ENERGY, ablation.TOTAL]]
    assert found["alone"] == pytest.approx(-1.5 * 4 * energy)
    assert found["shared"] + found["alone"] == pytest.approx(2.0 * energy - 1.5 * total)
    assert ablation.indicator(faulty, [name], {ablation.TOTAL: 1.0}) == {}


def test_faults_must_cover_the_release():
    assert ablation.faulty(findings(["a"], ["s"]), "R", "f") == (["a"], ["s"])
    with pytest.raises(InputError, match="no findings on release Q"):
        ablation.faulty(findings([], []), "Q", "f")


def test_the_stage_from_files(faulty, tmp_path):
    """Small forests and few boosts: the same procedure in seconds, twice the same bytes."""
    before = text()
    small = (before.replace("n_estimators: 1000", "n_estimators: 5")
             .replace("selection: {alpha: 0.35, target: NE_Score}",
                      "selection: {alpha: 0.01, target: NE_Score}"))
    assert small != before
    (tmp_path / "params.yaml").write_text(small)
    canonical.write_csv(tmp_path / "t.csv", faulty)
    name = faulty["File"].iloc[3]
    (tmp_path / "f.json").write_text(json.dumps(findings([name], ["P-0_0"])))
    outputs = []
    for target in ("a.json", "b.json"):
        done = subprocess.run(
            [sys.executable, "-m", "studies.sclc_liver.ablation", "--release", "R",
             "--environment", "E", "--table", tmp_path / "t.csv", "--faults", tmp_path / "f.json",
             "--params", tmp_path / "params.yaml", "--out", tmp_path / target],
            cwd=ROOT, env=os.environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        outputs.append((tmp_path / target).read_bytes())
    assert outputs[0] == outputs[1]
    found = json.loads(outputs[0])
    assert found["series"] == [name] and found["studies"] == ["P-0_0"]
    base = found["variants"]["as-released"]
    assert set(base["models"]) == {"LR", "RF", "XGB", "LR converged"}
    assert all(value == 0 for part in base["change"]["LR"].values() for value in part.values())
    moved = found["variants"]["without-studies"]["change"]["LR converged"]["test"]["AUC"]
    scores = [found["variants"][name]["models"]["LR converged"]["test"]["AUC"]
              for name in ("without-studies", "as-released")]
    assert moved == scores[0] - scores[1]
    influence = found["influence"]
    assert influence["study"]["left_out"] == 33 and influence["patient"]["left_out"] == 11
    for entry in influence.values():
        assert entry["min"] <= entry["median"] <= entry["max"]
