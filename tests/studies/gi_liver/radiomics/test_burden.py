"""Tumour burden and mean HU: known volumes, masks of one image together, bad input in one line."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.common import canonical, cli, nifti
from stages.common import lesions as listed
from stages.common.errors import InputError
from stages.radiomics import burden, lesions

PARAMETERS = Path(__file__).resolve().parents[4] / "studies" / "gi_liver" / "params"
SPACING = (1.0, 1.0, 1.5)
# Of P0: a block of liver, two large lesions and one of 2 x 2 x 2 voxels, too small for features.
LIVER, LARGE, SMALL = 20 * 20 * 10, (8 * 8 * 5, 6 * 6 * 4), 2 * 2 * 2


@pytest.fixture
def settings():
    return lesions.read(PARAMETERS)


@pytest.fixture
def read(settings):
    return burden.read(PARAMETERS, settings)


def write(folder, name, array):
    nifti.write(folder / name, nifti.Volume(array, np.diag([*SPACING, 1.0])))
    return name


@pytest.fixture
def cohort(tmp_path):
    """Two patients of two classes; the second one has no lesion."""
    rows = []
    for number in range(2):
        mask = np.zeros((24, 24, 14), np.uint8)
        mask[2:22, 2:22, 2:12] = 1
        image = np.where(mask == 1, 90 + 10 * number, -50).astype(np.int16)
        if number == 0:
            for place, hu in ((np.s_[3:11, 3:11, 4:9], 40), (np.s_[14:20, 14:20, 4:8], 60),
                              (np.s_[14:16, 4:6, 4:6], 0)):
                mask[place], image[place] = 2, hu
        rows.append({"patient": f"P{number}", "label": number,
                     "image": write(tmp_path, f"image-{number}.nii.gz", image),
                     "mask": write(tmp_path, f"mask-{number}.nii.gz", mask)})
    canonical.write_csv(tmp_path / "manifest.csv", pd.DataFrame(rows))
    return tmp_path


def run(folder, settings, read):
    return burden.table(listed.read(folder / "manifest.csv"), folder, settings, read)


def test_the_burden_is_the_share_of_the_whole_liver(cohort, settings, read):
    one, none = (row for _, row in run(cohort, settings, read).iterrows())
    assert one["burden"] == pytest.approx((sum(LARGE) + SMALL) / LIVER, rel=1e-12)
    assert one["lesions"] == 2 and one["lesion_hu"] == 50 and one["liver_hu"] == 90
    assert none["burden"] == 0 and none["lesions"] == 0 and np.isnan(none["lesion_hu"])
    assert none["liver_hu"] == 100


def test_each_reading_of_the_burden(cohort, settings, read):
    without = run(cohort, settings, replace(read, small_too=False))["burden"][0]
    assert without == pytest.approx(sum(LARGE) / LIVER, rel=1e-12)
    parenchyma = run(cohort, settings, replace(read, liver_labels=(1,)))["burden"][0]
    every = sum(LARGE) + SMALL
    assert parenchyma == pytest.approx(every / (LIVER - every), rel=1e-12)


def test_masks_of_single_lesions_of_an_image_count_their_liver_once(cohort, settings, read):
    whole = run(cohort, settings, read)
    mask = nifti.read(cohort / "mask-0.nii.gz").data
    rows = canonical.read_csv(cohort / "manifest.csv", dtype=str).assign(lesion="")
    parts = []
    for name, place in (("a", np.s_[:12]), ("b", np.s_[13:])):
        own = (mask == 2) & False
        own[place] = mask[place] == 2
        # The other one's lesions are liver here, and no tissue all the same.
        part = write(cohort, f"mask-0{name}.nii.gz", np.where(own, 2, mask > 0).astype(np.uint8))
        parts.append({**rows.iloc[0], "mask": part, "lesion": name})
    canonical.write_csv(cohort / "manifest.csv", pd.concat([pd.DataFrame(parts), rows.tail(1)]))
    found = run(cohort, settings, read)
    for name in ("burden", "lesions", "liver_hu"):
        assert found[name].tolist() == whole[name].tolist(), name


def test_two_images_of_a_patient_are_taken_together_by_volume(cohort, settings, read):
    rows = canonical.read_csv(cohort / "manifest.csv", dtype=str)
    canonical.write_csv(cohort / "manifest.csv", rows.assign(patient="P0", label="0"))
    found = run(cohort, settings, read)
    every = sum(LARGE) + SMALL
    assert found["burden"].tolist() == [pytest.approx(every / (2 * LIVER), rel=1e-12)]
    tissue = ((LIVER - every) * 90 + LIVER * 100) / (2 * LIVER - every)
    assert found["liver_hu"][0] == pytest.approx(tissue, rel=1e-12)


def test_classes_are_means_of_patients_and_lesions(cohort):
    rows = pd.DataFrame([("a", "0", 3, 0.1, 40.0, 90.0), ("b", "0", 1, 0.3, 60.0, 100.0),
                         ("c", "1", 0, 0.0, np.nan, 80.0)], columns=list(burden.COLUMNS))
    found = burden.summary(rows)
    assert found["0"] == {"patients": 2, "lesions": 4, "per_patient": 2.0,
                          "burden_percent": pytest.approx(20), "lesion_hu": 45.0, "liver_hu": 95.0}
    assert found["1"]["lesion_hu"] is None and found["1"]["burden_percent"] == 0


def test_the_command_line_writes_patients_and_classes(cohort, monkeypatch):
    monkeypatch.setattr(sys, "argv", [
        "burden", "--params", str(PARAMETERS), "--manifest", str(cohort / "manifest.csv"),
        "--table", str(cohort / "out.csv"), "--out", str(cohort / "out.json")])
    cli.main(burden.stage)
    rows = canonical.read_csv(cohort / "out.csv")
    assert tuple(rows.columns) == burden.COLUMNS and len(rows) == 2
    found = canonical.read_json(cohort / "out.json")
    assert found["0"]["burden_percent"] == pytest.approx(100 * rows["burden"][0])


def spoilt(cohort, change):
    mask = nifti.read(cohort / "mask-1.nii.gz").data
    write(cohort, "mask-1.nii.gz", change(mask).astype(np.uint8))


@pytest.mark.parametrize("change, said", [
    (lambda mask: np.where(mask == 1, 2, 0), "patient P1 has no liver in the masks"),
    (lambda mask: 0 * mask, "patient P1 has no liver in the masks"),
    (lambda mask: 3 * mask, "unknown label 3"),
    (lambda mask: mask[:-1], "is not that of the series")])
def test_masks_that_show_no_liver_or_lie_elsewhere_are_one_line(cohort, settings, read, change, said):
    spoilt(cohort, change)
    with pytest.raises(InputError, match=said) as caught:
        run(cohort, settings, read)
    assert "\n" not in str(caught.value) and "mask-1.nii.gz" in str(caught.value)


def test_padding_is_looked_for_in_lesions_whatever_their_label(cohort, settings, read):
    image, mask = (nifti.read(cohort / f"{kind}-1.nii.gz").data for kind in ("image", "mask"))
    mask[4:8, 4:8, 4:8] = 2
    image[mask == 2] = settings.padding_below - 1
    write(cohort, "image-1.nii.gz", image)
    write(cohort, "mask-1.nii.gz", np.asarray(mask, np.uint8))
    with pytest.raises(InputError, match="64 lesion voxels lie in padding"):
        run(cohort, settings, read)
    for number in range(2):
        mask = nifti.read(cohort / f"mask-{number}.nii.gz").data
        write(cohort, f"mask-{number}.nii.gz", np.choose(mask, [0, 2, 1]).astype(np.uint8))
    swapped = replace(settings, label=1, other_labels=(2,)), replace(read, liver_labels=(1, 2))
    with pytest.raises(InputError, match="64 lesion voxels lie in padding"):
        run(cohort, *swapped)
    write(cohort, "image-1.nii.gz", np.where(image < 0, 50, settings.padding_below - 1))
    assert run(cohort, *swapped)["liver_hu"][1] < settings.padding_below


@pytest.mark.parametrize("labels, said", [("[2]", "at least one label that is not a lesion's"),
                                          ("[1, 7]", "labels that the section lesions names"),
                                          ("[]", "at least one label")])
def test_labels_that_are_no_liver_are_refused(tmp_path, settings, labels, said):
    (tmp_path / "burden.yaml").write_text(f"burden: {{liver_labels: {labels}, small_too: true}}\n")
    with pytest.raises(InputError, match=said):
        burden.read(tmp_path, settings)


def test_there_is_no_share_of_nothing():
    assert burden.share(9.8, 100) == pytest.approx(0.098)
    for volumes in ((1, 0), (-1, 10)):
        with pytest.raises(ValueError, match="no share"):
            burden.share(*volumes)
