"""Lesions from masks: how they are split, left out and measured, and bad input in one line."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from radiomics.featureextractor import RadiomicsFeatureExtractor

from stages.common import canonical, nifti
from stages.common import lesions as listed
from stages.common.errors import InputError
from stages.radiomics import lesions

PARAMETERS = Path(__file__).resolve().parents[4] / "studies" / "gi_liver" / "params"
SPACING = (1.0, 1.0, 1.5)


def ball(shape, centre, radius):
    points = np.moveaxis(np.indices(shape), 0, -1) * SPACING
    return ((points - np.array(centre) * SPACING) ** 2).sum(axis=-1) <= radius ** 2


@pytest.fixture
def settings():
    return lesions.read(PARAMETERS)


@pytest.fixture
def cohort(tmp_path):
    """Two patients: one with two lesions and a small one, the other with one."""
    random = np.random.default_rng(1)
    rows = []
    for number, balls in enumerate(([((8, 8, 8), 4), ((20, 20, 8), 5), ((20, 8, 8), 2)],
                                    [((12, 12, 8), 6)])):
        mask = np.ones((28, 28, 16), np.uint8)
        for centre, radius in balls:
            mask[ball(mask.shape, centre, radius)] = 2
        image = (90 - 40 * (mask == 2) + random.normal(0, 12, mask.shape)).round().astype(np.int16)
        for kind, array in (("images", image), ("masks", mask)):
            nifti.write(tmp_path / kind / f"P{number}.nii.gz",
                        nifti.Volume(array, np.diag([*SPACING, 1.0])))
        rows.append({"patient": f"P{number}", "label": number, "image": f"images/P{number}.nii.gz",
                     "mask": f"masks/P{number}.nii.gz"})
    canonical.write_csv(tmp_path / "manifest.csv", pd.DataFrame(rows))
    return tmp_path


def run(folder, settings):
    return lesions.table(listed.read(folder / "manifest.csv"), folder, settings)


def test_masks_are_split_and_the_small_left_out(cohort, settings):
    table, counts = run(cohort, settings)
    assert counts == {"rows": 2, "lesions": 4, "left_out": 1, "kept": 3, "features": 107}
    assert table["patient"].tolist() == ["P0", "P0", "P1"] and table["lesion"].is_unique
    volumes = sorted(table["original_shape_VoxelVolume"])
    assert volumes == pytest.approx([4 / 3 * np.pi * radius ** 3 for radius in (4, 5, 6)], rel=0.08)


def test_a_lesion_is_measured_as_if_it_were_alone_in_the_whole_image(cohort, settings):
    table, _ = run(cohort, settings)
    series = sitk.ReadImage(str(cohort / "images" / "P1.nii.gz"))
    mask = sitk.ReadImage(str(cohort / "masks" / "P1.nii.gz")) == 2
    whole = RadiomicsFeatureExtractor(binWidth=25.0).execute(series, mask)
    row = table[table["patient"] == "P1"].iloc[0]
    for name in table.columns[3:]:
        assert row[name] == pytest.approx(float(whole[name]), rel=1e-9), name


def test_touching_at_a_corner_is_one_lesion_or_two(settings):
    array = np.zeros((6, 8, 8), np.uint8)
    array[1:3, 1:4, 1:4] = array[3:5, 4:7, 4:7] = 1
    mask = sitk.GetImageFromArray(array)
    assert [len(list(lesions.split(mask, replace(settings, connectivity=count), False)))
            for count in (26, 18, 6)] == [1, 2, 2]
    assert len(list(lesions.split(mask, replace(settings, connectivity=6), True))) == 1


def test_masks_of_single_lesions_are_taken_as_they_are(cohort, settings):
    rows = canonical.read_csv(cohort / "manifest.csv")
    canonical.write_csv(cohort / "manifest.csv", rows.assign(lesion=["", "segment-8"]))
    table, counts = run(cohort, settings)
    assert counts["kept"] == 3 and table["lesion"].tolist()[-1] == "segment-8"


@pytest.mark.parametrize("change, said", [
    (lambda rows: rows.assign(patient=["P0", ""]), "line 3 has no patient"),
    (lambda rows: rows.assign(label=["", "1"]), "line 2 has no label"),
    (lambda rows: rows.assign(patient="P0"), "patient P0 has two labels"),
    (lambda rows: rows.drop(columns="mask"), r"lacks the column\(s\) mask"),
    (lambda rows: pd.concat([rows, rows.head(1)]), "has masks/P0.nii.gz twice"),
    (lambda rows: rows.assign(mask=["images/P1.nii.gz", "masks/P1.nii.gz"]), "unknown label"),
    (lambda rows: rows.assign(mask=["masks/none.nii.gz", "masks/P1.nii.gz"]), "none.nii.gz")])
def test_bad_input_is_one_line(cohort, settings, change, said):
    rows = canonical.read_csv(cohort / "manifest.csv", dtype=str)
    canonical.write_csv(cohort / "manifest.csv", change(rows))
    with pytest.raises(InputError, match=said) as caught:
        run(cohort, settings)
    assert "\n" not in str(caught.value)


def test_no_lesion_at_all_is_one_line(cohort, settings):
    rows = canonical.read_csv(cohort / "manifest.csv")
    canonical.write_csv(cohort / "manifest.csv", rows.head(1))
    with pytest.raises(InputError, match="no mask has a lesion that is large enough"):
        run(cohort, replace(settings, smallest_mm=30.0))
