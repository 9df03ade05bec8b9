"""Planted faults are found and named; a sound table has none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.common import canonical
from stages.common.columns import FEATURES
from stages.common.errors import InputError
from studies.sclc_liver import cells, faults, relations
from studies.sclc_liver.parameters import Faults
from studies.sclc_liver.table import canonical_table

ROOT = Path(__file__).resolve().parents[4]
SETTINGS = Faults(1e-6, 2, 92, -200, 300)


def consistent(table):
    """Make the features of a made-up table obey their definitions at 1 mm."""
    o, d = "original_", "diagnostics_"
    voxels = np.arange(len(table)) * 10.0 + 400
    table[f"{d}Mask-interpolated_VoxelNum"] = voxels
    one, mean = table[f"{o}firstorder_Variance"], table[f"{o}firstorder_Mean"]
    energy = voxels * (one + mean ** 2)
    table[f"{o}firstorder_Energy"] = table[f"{o}firstorder_TotalEnergy"] = energy
    table[f"{o}firstorder_RootMeanSquared"] = np.sqrt(energy / voxels)
    table[f"{o}shape_VoxelVolume"] = voxels
    high, low = table[f"{o}firstorder_Maximum"], table[f"{o}firstorder_Minimum"]
    table[f"{o}firstorder_Range"] = high - low
    for name in ("Mean", "Minimum", "Maximum"):
        table[f"{d}Mask-interpolated_{name}"] = table[f"{o}firstorder_{name}"]
    mesh, area = table[f"{o}shape_MeshVolume"], table[f"{o}shape_SurfaceArea"]
    table[f"{o}shape_SurfaceVolumeRatio"] = area / mesh
    table[f"{o}shape_Sphericity"] = np.cbrt(36 * np.pi * mesh ** 2) / area
    major = table[f"{o}shape_MajorAxisLength"]
    table[f"{o}shape_Elongation"] = table[f"{o}shape_MinorAxisLength"] / major
    table[f"{o}shape_Flatness"] = table[f"{o}shape_LeastAxisLength"] / major
    table[f"{o}glcm_SumAverage"] = 2 * table[f"{o}glcm_JointAverage"]
    table[f"{o}gldm_GrayLevelNonUniformity"] = voxels * table[f"{o}firstorder_Uniformity"]
    table[f"{o}gldm_DependenceNonUniformity"] = (
        voxels * table[f"{o}gldm_DependenceNonUniformityNormalized"])
    table[f"{o}glszm_SizeZoneNonUniformity"] = (
        table[f"{o}glszm_GrayLevelNonUniformity"]
        / table[f"{o}glszm_GrayLevelNonUniformityNormalized"]
        * table[f"{o}glszm_SizeZoneNonUniformityNormalized"])
    return table


@pytest.fixture
def sound(raw):
    """A canonical table without faults, except that its volumes agree in every study."""
    raw["diagnostics_Configuration_Settings"] = "{'resampledPixelSpacing': [1, 1, 1]}"
    raw["diagnostics_Configuration_EnabledImageTypes"] = "{'Original': {}}"
    raw["diagnostics_Image-original_Dimensionality"] = "3D"
    raw["diagnostics_Image-original_Hash"] = [f"i{i}" for i in range(len(raw))]
    raw["diagnostics_Mask-original_Hash"] = [f"m{i}" for i in range(len(raw))]
    raw["diagnostics_Image-original_Spacing"] = raw["diagnostics_Mask-original_Spacing"]
    raw["diagnostics_Image-interpolated_Spacing"] = raw["diagnostics_Mask-interpolated_Spacing"]
    for name in ("Image", "Mask"):
        raw[f"diagnostics_{name}-original_Size"] = "(512, 512, 100)"
    scores = {study: 0.2 + 0.01 * i for i, study in enumerate(sorted(set(raw["File"].str[:12])))}
    raw["NE_Score"] = raw["File"].str[:12].map(scores)
    raw["NE_Class"], raw["NE_Status"] = 1, "positive"
    return canonical_table(consistent(raw), "t", 0.0, None)


def test_a_sound_table_has_no_fault(sound):
    found = faults.search(sound, "t", SETTINGS)
    assert found["resampling"] == [] and not any(found["constant"].values())
    assert not any(entry["series"] for entry in found["relations"].values())
    assert not any(found["other_grid_than_mask"].values())
    assert not any(found["duplicates"].values())
    assert found["patients_in_two_groups"] == {"train-val": 0, "training-test": 0}
    assert found["pairs"]["beyond_factor"] == 0 and found["labels"]["beyond_window"] == []
    assert found["labels"]["distinct_scores"] == found["labels"]["studies"] == 5


def test_another_grid_is_found_and_breaks_the_energies(sound):
    name = sound["File"].iloc[3]
    sound.loc[3, "diagnostics_Mask-interpolated_Spacing"] = "(1.0, 1.0, 5.0)"
    sound.loc[3, "diagnostics_Image-interpolated_Spacing"] = "(1.0, 1.0, 5.0)"
    sound.loc[3, ["original_firstorder_TotalEnergy", "original_shape_VoxelVolume"]] *= 5
    found = faults.search(sound, "t", SETTINGS)
    assert [row["series"] for row in found["resampling"]] == [name]
    assert found["resampling"][0]["spacing_mm"] == [1, 1, 5]
    broken = {key for key, entry in found["relations"].items() if entry["series"]}
    assert broken == {"Energy = TotalEnergy"}
    assert found["relations"]["Energy = TotalEnergy"]["series"] == [name]
    assert found["volumes"]["resampled_per_original"]["max_series"] == name


@pytest.mark.parametrize("relation", sorted(relations.RELATIONS))
def test_every_relation_can_fail(sound, relation):
    base = relations.broken(sound, "t", 1e-6)
    assert base[relation]["series"] == [] and base[relation]["largest"] < 1e-12
    found = set()
    numbers = [name for name in (*FEATURES, *sound.filter(like="interpolated_").columns)
               if pd.api.types.is_numeric_dtype(sound[name])]
    for column in numbers:
        changed = sound.astype({column: float})
        changed.loc[2, column] *= 1.5
        if relations.broken(changed, "t", 1e-6)[relation]["series"] == [sound["File"].iloc[2]]:
            found.add(column)
    assert len(found) >= 2


def test_settings_versions_hashes_and_groups(sound):
    sound.loc[1, "diagnostics_Versions_PyRadiomics"] = "v3.1"
    sound.loc[2, "diagnostics_Mask-original_Hash"] = "m0"
    sound.loc[4, "diagnostics_Image-original_Size"] = "(256, 256, 100)"
    sound.loc[8, "Group"] = "train"
    found = faults.search(sound, "t", SETTINGS)
    names = sound["File"].tolist()
    assert found["constant"]["diagnostics_Versions_PyRadiomics"] == [names[1]]
    assert found["duplicates"]["diagnostics_Mask-original_Hash"] == [[names[0], names[2]]]
    size = "diagnostics_Image-original_Size = diagnostics_Mask-original_Size"
    assert found["other_grid_than_mask"][size] == [names[4]]
    assert found["patients_in_two_groups"]["training-test"] == 1


def test_one_score_for_distant_studies(sound):
    assert faults.labels(sound, 92)["studies_sharing_a_score"] == 0
    # Two studies of one patient, 60 days apart, then with a window of 29 days.
    sound.loc[sound["patient"] == "P-1", "NE_Score"] = 0.5
    near, far = faults.labels(sound, 92), faults.labels(sound, 29)
    assert near["studies_sharing_a_score"] == 2 and near["beyond_window"] == []
    assert near["most_days_between"] == 60
    assert far["beyond_window"][0]["studies"] == ["P-1_20200101", "P-1_20200301"]
    sound.loc[sound["patient"] == "P-2", "NE_Score"] = 0.5
    assert faults.labels(sound, 92)["scores_of_two_patients"] == 1


def test_volumes_and_names(sound):
    sound.loc[0, "diagnostics_Mask-original_VoxelNum"] = 3000
    found = faults.search(sound, "t", SETTINGS)["pairs"]
    assert found["beyond_factor"] == 1 and found["largest_ratio"] == 3
    assert found["largest_study"] == "P-1_20200101"
    sound.loc[0, "File"] = "P-1_20200101_4_2X1_STND_Body_2.0_CE.nii.gz"
    sound.loc[1, "File"] = "P-1_20200101_3_5X5STND_AiCE_5.0_CE.nii.gz"
    named = faults.named_slices(sound, "t")
    assert named["named"] == 2 and named["differ"] == 1
    assert named["series"][sound["File"].iloc[0]] == {"named_mm": 2.0, "spacing_mm": 5.0}


def test_voxels_that_are_no_lesion(sound):
    assert faults.intensities(sound, -200, 300)["below_low"] == 0
    sound.loc[2, "original_firstorder_Minimum"] = -450.0
    sound.loc[[2, 5], "original_firstorder_Maximum"] = 301.0
    assert faults.intensities(sound, -200, 300) == {
        "low_hu": -200, "high_hu": 300, "below_low": 1, "above_high": 2, "least_hu": -450.0,
        "most_hu": 301.0}


def test_studies_must_end_in_a_date():
    with pytest.raises(InputError, match="date"):
        faults.study_date("AIR-SCLC-001_later")


def test_misread_and_rounded_cells(tmp_path):
    texts = [repr(float(value)) for value in np.random.default_rng(3).uniform(10, 99, 4000)]
    misread = next(text for text in texts
                   if pd.read_csv(_text(tmp_path, text)).iloc[0, 0] != float(text))
    path = tmp_path / "t.csv"
    path.write_text(f"File,NE_Score,f\na,0.123456789,{misread}\nb,0.1234567891,2.5\n")
    assert cells.written(path) == {"cells": 4, "misread": 1, "misread_columns": 1, "scores": 2,
                                   "scores_rounded": 1}


def _text(folder, number):
    path = folder / "one.csv"
    path.write_text(f"f\n{number}\n")
    return path


def test_two_releases(sound):
    other = sound.copy()
    other.loc[1, "original_ngtdm_Coarseness"] *= 1.25
    found = cells.between(sound, other)
    assert found["changed"] == 1 and found["largest_in"] == "original_ngtdm_Coarseness"
    assert found["largest_relative_change"] == pytest.approx(0.2)
    assert cells.between(sound, other.iloc[::-1]) == {"same_series": False}


def run(*arguments):
    line = ["-m", "studies.sclc_liver.faults", "--params", "studies/sclc_liver/params"]
    return subprocess.run([sys.executable, *line, *map(str, arguments)], cwd=ROOT, env=os.environ,
                          capture_output=True, text=True)


def test_the_stage_writes_the_same_bytes_and_names_bad_input(sound, tmp_path):
    canonical.write_csv(tmp_path / "t.csv", sound)
    out, again = tmp_path / "a.json", tmp_path / "b.json"
    both = f"R={tmp_path / 't.csv'}={tmp_path / 't.csv'}"
    for target in (out, again):
        done = run("--release", both, "--out", target)
        assert done.returncode == 0, done.stderr
    assert out.read_bytes() == again.read_bytes()
    assert json.loads(out.read_text())["releases"]["R"]["series"] == len(sound)
    done = run("--release", f"R={tmp_path / 'none.csv'}=x", "--out", out)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "no such file" in done.stderr
    done = run("--release", "R", "--out", out)
    assert done.returncode == 2 and "NAME=TABLE=RELEASED" in done.stderr
