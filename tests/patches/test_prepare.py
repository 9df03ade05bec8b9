"""Own MR images: three sequences of a synthetic head become slices of its lesions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
import yaml

from stages.patches import preparation, prepare, sequences, sets, volumes

PARAMS = Path(__file__).resolve().parents[2] / "studies" / "brain_metastases" / "params"
SHAPE, SPACING = (24, 56, 52), (3.0, 3.0, 5.0)
# Centre (z, y, x) and radius in mm.
LESION, RADIUS = (12, 22, 32), 14.0
# How far the head lies elsewhere in FLAIR, mm along x and y.
SHIFT = (6.0, -4.5, 0.0)


def head(contrast, shift=(0, 0, 0), bias=0.0, noise=0.01, seed=0):
    """Draw a head: scalp, skull (dark), brain with two ventricles and a lesion; shape SHAPE."""
    z, y, x = (np.indices(SHAPE) - np.array(SHAPE)[:, None, None, None] / 2) * np.array(
        SPACING[::-1])[:, None, None, None]
    x, y, z = x - shift[0], y - shift[1], z - shift[2]
    far = np.sqrt((x / 62) ** 2 + (y / 72) ** 2 + (z / 52) ** 2)
    brain, scalp = far < 1, (far > 1.12) & (far < 1.22)
    image = 1.0 * brain + 0.8 * scalp
    for side in (-14, 14):
        image[((x - side) / 6) ** 2 + ((y - 5) / 18) ** 2 + (z / 14) ** 2 < 1] = 0.4
    centre = (np.array(LESION) - np.array(SHAPE) / 2) * np.array(SPACING[::-1])
    lesion = (x - centre[2]) ** 2 + (y - centre[1]) ** 2 + (z - centre[0]) ** 2 < RADIUS ** 2
    image[lesion] = contrast
    image = image * np.exp(bias * x / 60) + noise * np.random.default_rng(seed).normal(size=SHAPE)
    return 100 * image, lesion, brain


def volume(values):
    image = sitk.GetImageFromArray(values.astype(np.float32))
    image.SetSpacing(SPACING)
    image.SetOrigin((-75.0, -84.0, -60.0))
    return image


def write(path, values):
    """Write a volume of SHAPE as NIfTI, or as a folder of DICOM files."""
    image = volume(values)
    if path.suffix:
        return sitk.WriteImage(image, str(path))
    path.mkdir()
    image = sitk.Cast(image, sitk.sitkInt16)
    for level in range(SHAPE[0]):
        plane = image[:, :, level]
        place = image.TransformIndexToPhysicalPoint((0, 0, level))
        for tag, value in (("0008|0060", "MR"), ("0008|0070", "GE MEDICAL SYSTEMS"),
                           ("0010|0010", "SECRET^NAME"), ("0020|000d", "1.2.3"),
                           ("0020|000e", "1.2.3.4"), ("0020|0013", str(level + 1)),
                           ("0020|0032", "\\".join(map(str, place))),
                           ("0020|0037", "1\\0\\0\\0\\1\\0"), ("0018|0050", str(SPACING[2]))):
            plane.SetMetaData(tag, value)
        writer = sitk.ImageFileWriter()
        writer.KeepOriginalImageUIDOn()
        writer.SetFileName(str(path / f"{level:03d}.dcm"))
        writer.Execute(plane)


@pytest.fixture(scope="session")
def cohort(tmp_path_factory):
    """Two patients of each class; one has DICOM folders, one no vendor. Returns the folder."""
    folder = tmp_path_factory.mktemp("own")
    rows = []
    for number, label in enumerate(("SCLC", "SCLC", "NSCLC", "NSCLC")):
        name, form = f"P{number}", "" if number == 0 else ".nii.gz"
        for sequence, contrast, shift in (("T1WI+c", 1.9, (0, 0, 0)), ("FLAIR", 1.5, SHIFT),
                                          ("T2WI", 1.3, (0, 0, 0))):
            values, lesion, _ = head(contrast, shift, bias=0.2, seed=number)
            file = f"{name}-{sequence}{form}"
            write(folder / file, values)
            first = sequence == "T1WI+c"
            rows.append((name, label, sequence, file, f"{name}-mask.nii.gz" if first else "",
                         "Siemens" if number == 1 else ""))
            if first:
                write(folder / f"{name}-mask.nii.gz", lesion)
    pd.DataFrame(rows, columns=["patient", "label", "sequence", "image", "mask", "vendor"]).to_csv(
        folder / "cohort.csv", index=False)
    return folder


@pytest.fixture(scope="session")
def settings():
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    return preparation.load(PARAMS)


def dice(first, second):
    return 2 * (first & second).sum() / (first.sum() + second.sum())


def test_registration_finds_how_the_head_moved(settings):
    fixed = volume(head(1.9)[0])
    values, lesion, _ = head(1.5, SHIFT, seed=1)
    moved = sitk.GetArrayFromImage(volumes.registered(fixed, volume(values), settings))
    right = head(1.5, seed=1)[0]
    assert np.abs(moved - right).mean() < 0.5 * np.abs(values - right).mean()
    # The lesion is where it is in the first sequence: to a voxel's part.
    found = moved > 125
    assert dice(found, head(1.9)[1]) > 0.85 > dice(lesion, head(1.9)[1])
    again = sitk.GetArrayFromImage(volumes.registered(fixed, volume(values), settings))
    assert (again == moved).all()


def test_the_mask_of_the_brain_is_the_brain(settings):
    values, _, right = head(1.9)
    found = sitk.GetArrayFromImage(volumes.brain(volume(values), settings)) > 0
    assert dice(found, right) > 0.93


def test_the_bias_field_is_divided_out_and_the_brain_normalised(settings):
    values, lesion, brain = head(1.0, bias=0.3)
    mask = sitk.Cast(sitk.GetImageFromArray(brain.astype(np.uint8)), sitk.sitkUInt8)
    mask.CopyInformation(volume(values))
    tissue = brain & (head(1.0, noise=0)[0] > 90)
    even = sitk.GetArrayFromImage(volumes.evened(volume(values), mask, settings))
    spread = [part[tissue].std() / part[tissue].mean() for part in (values, even)]
    assert spread[1] < 0.5 * spread[0]
    scaled = sitk.GetArrayFromImage(volumes.normalised(volume(values), mask, "x"))[brain]
    assert abs(scaled.mean()) < 1e-4 and abs(scaled.std() - 1) < 1e-4


def test_slices_go_through_the_largest_extent_with_a_margin(settings):
    values, lesion, _ = head(1.9)
    voxels, = prepare.lesions(sitk.GetImageFromArray(lesion.astype(np.uint8)), settings)
    levels = prepare.planes(voxels, settings)
    assert len(levels) == 3 and levels[1] == LESION[0]
    square = prepare.crop(volume(values), voxels, LESION[0], settings)
    assert square.shape == (64, 64)
    inside = square > 150
    centre = np.argwhere(inside).mean(axis=0)
    assert centre == pytest.approx([31.5, 31.5], abs=2.5)
    assert (inside.any(axis=0).sum() / 64) == pytest.approx(1 / 1.1, abs=0.08)
    two = lesion.astype(np.uint8)
    two[2:5, 5:8, 5:8] = 2
    two[20, 1, 1] = 1  # too small
    assert len(prepare.lesions(sitk.GetImageFromArray(two), settings)) == 2


def test_an_own_cohort_becomes_a_set_of_slices(cohort, tmp_path, call):
    code, error = call(prepare.stage, "--params", PARAMS, "--table", cohort / "cohort.csv",
                       "--out", tmp_path)
    assert code == 0, error
    held = sets.read(tmp_path)
    assert held.images.shape == (12, 3, 64, 64)
    assert list(held.table.drop_duplicates("patient")["label"]) == [1, 1, 0, 0]
    assert list(held.table.drop_duplicates("patient")["vendor"].fillna("")) == [
        "GE MEDICAL SYSTEMS", "Siemens", "", ""]
    assert "SECRET" not in (tmp_path / sets.TABLE).read_text()
    # The lesion is bright in the middle of every sequence, registered ones too.
    middle = held.images[1::3, :, 24:40, 24:40].mean(axis=(2, 3))
    corner = held.images[1::3, :, :6, :6].mean(axis=(2, 3))
    assert (middle > corner + 0.5).all()


@pytest.mark.parametrize("change, said", [
    (lambda t: t[t["sequence"] != "FLAIR"], "'P0' has no image of the sequence FLAIR"),
    (lambda t: pd.concat([t, t[:1]]), "'P0' has 2 images of the sequence T1WI+c"),
    (lambda t: t.assign(label=["NSCLC", *t["label"][1:]]), "'P0' has two labels"),
    (lambda t: t.assign(label=["x", *t["label"][1:]]), "'P0' has the label 'x'"),
    (lambda t: t.assign(sequence=["T1", *t["sequence"][1:]]), "has the sequence 'T1'"),
    (lambda t: t.assign(mask=""), "'P0' has no mask in the row of T1WI+c"),
    (lambda t: t[t["patient"] != "P0"], "has 1 patient(s) with SCLC"),
    (lambda t: t.assign(patient="a/b"), "is no usable name"),
    (lambda t: t.drop(columns="mask"), "lacks the column(s) mask"),
    (lambda t: t.assign(image="absent.nii.gz"), "cannot be read as an image"),
    (lambda t: t.assign(mask=["P1-T1WI+c.nii.gz", *t["mask"][1:]]), "")])
def test_a_table_that_cannot_be_used_is_one_line(cohort, tmp_path, call, change, said):
    path = cohort / "changed.csv"
    change(pd.read_csv(cohort / "cohort.csv", keep_default_na=False)).to_csv(path, index=False)
    if not said:  # a table that is right: it is read without a word
        assert len(sequences.read(path, ("T1WI+c", "FLAIR", "T2WI"), ("SCLC", "NSCLC"))) == 4
        return
    code, error = call(prepare.stage, "--params", PARAMS, "--table", path, "--out", tmp_path / "out")
    lines = [line for line in error.splitlines() if line.startswith("error")]
    assert code == 2 and len(lines) == 1 and said in lines[0]
    assert not (tmp_path / "out").exists()


def test_another_grid_without_registration_is_one_line(cohort, tmp_path, call):
    content = yaml.safe_load((PARAMS / "preparation.yaml").read_text())
    content["preparation"]["register"] = False
    (tmp_path / "preparation.yaml").write_text(yaml.safe_dump(content))
    other = sitk.GetImageFromArray(np.ones((20, 50, 50), np.float32))
    sitk.WriteImage(other, str(cohort / "other.nii.gz"))
    table = pd.read_csv(cohort / "cohort.csv", keep_default_na=False)
    table.loc[table["sequence"] == "T2WI", "image"] = "other.nii.gz"
    table.to_csv(cohort / "other.csv", index=False)
    code, error = call(prepare.stage, "--params", tmp_path, "--table", cohort / "other.csv",
                       "--out", tmp_path / "out")
    assert code == 2 and "other.nii.gz: lies on another grid than T1WI+c of the patient 'P0'" in error
    assert "preparation.register" in error
    table.loc[table["sequence"] == "T1WI+c", "mask"] = "other.nii.gz"
    table.to_csv(cohort / "other.csv", index=False)
    code, error = call(prepare.stage, "--params", PARAMS, "--table", cohort / "other.csv",
                       "--out", tmp_path / "out")
    assert code == 2 and "lies on another grid than the first sequence" in error
