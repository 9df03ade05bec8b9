"""A planted fault moves the models, and what it adds to one series is told."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.classification import data
from stages.classification.bootstrap import summarise
from stages.classification.parameters import read_bootstrap, read_protocol
from stages.classification.select import select
from stages.common import canonical
from stages.common.columns import FEATURES
from stages.common.errors import InputError
from studies.sclc_liver import ablation, fits, variants
from studies.sclc_liver.fitting import fit
from tests.parameters import text

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def faulty(table):
    """The made-up cohort with equal energies in all series but the fourth."""
    table = table.copy()
    table[variants.TOTAL] = table[variants.ENERGY] = np.abs(table[variants.ENERGY])
    table.loc[3, variants.TOTAL] *= 5
    return table


def findings(series, studies):
    return {"releases": {"R": {"resampling": [{"series": name} for name in series],
                               "labels": {"beyond_window": [{"studies": studies}]}}}}


def test_variants_change_nothing_else(faulty):
    name, study = faulty["File"].iloc[3], faulty["study"].iloc[3]
    found = variants.variants(faulty, [name], ["P-0_0", "P-2_7"])
    assert list(found) == ["as-released", "without-series", "energy", "sibling", "without-studies"]
    assert found["as-released"].equals(faulty)
    assert len(found["without-series"]) == 89 and name not in set(found["without-series"]["File"])
    changed = (found["energy"] != faulty).to_numpy()
    assert changed.sum() == 1 and found["energy"].loc[3, variants.ENERGY] == faulty.loc[
        3, variants.TOTAL]
    other = faulty[(faulty["study"] == study) & (faulty["File"] != name)].iloc[0]
    assert (found["sibling"].loc[3, list(FEATURES)] == other[list(FEATURES)]).all()
    assert found["sibling"].drop(index=3).equals(faulty.drop(index=3))
    assert set(faulty["study"]) - set(found["without-studies"]["study"]) == {"P-0_0", "P-2_7"}


def test_the_pair_of_energies_marks_the_faulty_series(faulty):
    name = faulty["File"].iloc[3]
    slopes = {variants.ENERGY: 2.0, variants.TOTAL: -1.5}
    found = variants.indicator(faulty, [name], slopes)[name]
    energy, total = faulty.loc[3, [variants.ENERGY, variants.TOTAL]]
    assert found["alone"] == pytest.approx(-1.5 * 4 * energy)
    assert found["shared"] + found["alone"] == pytest.approx(2.0 * energy - 1.5 * total)
    assert variants.indicator(faulty, [name], {variants.TOTAL: 1.0}) == {}


def test_faults_must_cover_the_release():
    assert variants.faulty(findings(["a"], ["s"]), "R", "f") == (["a"], ["s"])
    with pytest.raises(InputError, match="no findings on release Q"):
        variants.faulty(findings([], []), "Q", "f")


def run(module, folder, *arguments):
    """Run a stage of the study with the parameters of a folder."""
    done = subprocess.run(
        [sys.executable, "-m", module, "--release", "R", "--environment", "E", "--params",
         folder / "params.yaml", *map(str, arguments)],
        cwd=ROOT, env=os.environ, capture_output=True, text=True)
    return done.returncode, done.stderr


def test_the_stages_from_files(faulty, tmp_path):
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
    settings = variants.Settings.read(tmp_path / "params.yaml")
    features = list(select(*data.train_and_test(faulty), settings.released.selection).coefficients)
    scored, predicted = fit(*data.train_and_test(faulty, features), settings.released)
    canonical.write_json(tmp_path / "m.json", {"configurations": scored})
    canonical.write_csv(tmp_path / "p.csv", predicted)
    given = ("--fits", tmp_path / "fits", "--predictions", tmp_path / "p.csv", "--trained",
             tmp_path / "m.json")
    outputs = []
    for target in ("a.json", "b.json"):
        assert run("studies.sclc_liver.variants", tmp_path, "--table", tmp_path / "t.csv", "--faults",
                   tmp_path / "f.json", "--out", tmp_path / "fits")[0] == 0
        assert run("studies.sclc_liver.ablation", tmp_path, *given, "--out",
                   tmp_path / target) == (0, "")
        outputs.append((tmp_path / target).read_bytes())
    assert outputs[0] == outputs[1]
    found = json.loads(outputs[0])
    assert found["series"] == [name] and found["studies"] == ["P-0_0"]
    base = found["variants"]["as-released"]
    assert set(base["models"]) == {"LR", "RF", "XGB", "LR converged"}
    assert base["models"]["RF"]["test"]["AUC"] == scored["RF"]["test"]["AUC"]
    drawn = summarise(predicted, read_bootstrap(tmp_path / "params.yaml"))
    assert base["models"]["RF"]["bootstrap"]["AUC"] == drawn["RF"]["AUC"]["mean"]
    assert all(value == 0 for part in base["change"]["LR"].values() for value in part.values())
    moved = found["variants"]["without-studies"]["change"]["LR converged"]["test"]["AUC"]
    scores = [found["variants"][name]["models"]["LR converged"]["test"]["AUC"]
              for name in ("without-studies", "as-released")]
    assert moved == scores[0] - scores[1]
    influence = found["influence"]
    assert influence["study"]["left_out"] == 33 and influence["patient"]["left_out"] == 11
    for entry in influence.values():
        assert entry["min"] <= entry["median"] <= entry["max"]
    (tmp_path / "m.json").write_text('{"configurations": {}}')
    code, error = run("studies.sclc_liver.ablation", tmp_path, *given, "--out", tmp_path / "c.json")
    assert code == 2 and "m.json: holds no configuration LR" in error and error.count("\n") == 1
    assert not (tmp_path / "c.json").exists()


def test_a_score_that_is_not_defined_has_no_change():
    entry = {part: {"NPV": None, "AUC": 0.75} for part in ablation.PARTS}
    base = {part: {"NPV": 0.5, "AUC": 0.5} for part in ablation.PARTS}
    for one, other in ((entry, base), (base, entry)):
        assert ablation.change({"LR": one}, {"LR": other})["LR"]["test"]["NPV"] is None
    assert ablation.change({"LR": entry}, {"LR": base})["LR"]["test"]["AUC"] == 0.25


def test_fits_are_read_as_they_were_written(sets, tmp_path):
    settings = replace(read_protocol(ROOT / "studies/sclc_liver/params", "as-released"), models={
        "LR": {"C": 1.0}, "RF": {"n_estimators": 3, "random_state": 0}, "XGB": {"n_estimators": 3}})
    scored, predicted = fit(*sets, settings)
    fits.write(tmp_path, {"one": scored}, {"one": predicted})
    found, tables = fits.read(tmp_path, ["one"])
    assert canonical.json_bytes(found["one"]) == canonical.json_bytes(scored)
    for column in fits.COLUMNS:
        assert tables["one"][column].tolist() == fits.numbered(predicted)[column].tolist()
    kept = (tmp_path / fits.PREDICTIONS).read_text()
    for column in ("series", "study", "patient"):
        assert predicted[column].nunique() == tables["one"][column].nunique()
        assert not any(name in kept for name in predicted[column])
    with pytest.raises(InputError, match="holds no fits of two"):
        fits.read(tmp_path, ["one", "two"])
