"""Slices of single lesions: windowed, black outside, centred; bad input in one line."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.common import canonical, cli, lesions, nifti
from stages.common.errors import InputError
from stages.patches import sets, settings
from studies.gi_liver import slices

PARAMETERS = Path(__file__).resolve().parents[4] / "studies" / "gi_liver" / "params"
WINDOW = slices.Window(10, 330)


@pytest.fixture
def cohort(tmp_path):
    """Four patients with a bar of five slices and, the first, a single voxel."""
    rows = []
    for number in range(4):
        image = np.full((20, 18, 9), -500, np.int16)
        mask = np.ones(image.shape, np.uint8)
        image[4:10, 6:12, 2:7], mask[4:10, 6:12, 2:7] = 10 + 33 * number, 2
        mask[4:10, 6:9, 2] = 1  # the first slice is smaller
        if number == 0:
            mask[16, 2, 1] = 2
        for kind, array in (("images", image), ("masks", mask)):
            nifti.write(tmp_path / kind / f"P{number}.nii.gz",
                        nifti.Volume(array, np.diag([1.0, 1.0, 1.5, 1.0])))
        rows.append({"patient": f"P{number}", "label": number % 2, "image": f"images/P{number}.nii.gz",
                     "mask": f"masks/P{number}.nii.gz"})
    canonical.write_csv(tmp_path / "manifest.csv", pd.DataFrame(rows))
    return tmp_path


def run(folder, taken="all", size=8, outside=-155):
    return slices.gather(lesions.read(folder / "manifest.csv"), folder,
                         slices.Slicing(size, taken, outside), WINDOW, 2, 26, 5.0)


def test_every_slice_of_a_lesion_that_is_large_enough(cohort):
    held = run(cohort)
    sets.write(cohort / "set", held)
    again = sets.read(cohort / "set")
    assert len(again.table) == 4 * 5 and again.table["lesion"].nunique() == 4
    assert again.images.shape == (20, 1, 8, 8)
    assert again.table["slice"].iloc[0] == "P0:P0-1:2" and again.labels.tolist()[::5] == [0, 1, 0, 1]


def test_inside_is_windowed_and_outside_is_black(cohort):
    image = run(cohort).images[1 + 2 * 5, 0]  # 76 HU
    assert image[1:7, 1:7] == pytest.approx((76 - 10) / 330 + 0.5) and (image > 0).sum() == 36
    small = run(cohort).images[0, 0]
    assert (small > 0).sum() == 18 and (small[1:7] > 0).any(axis=1).all()


def test_what_stands_outside_is_zero_and_the_rest_relative_to_it(cohort):
    black, other = run(cohort).images, run(cohort, outside=43).images
    inside = black > 0
    assert other[inside] == pytest.approx(black[inside] - (43 - 10) / 330 - 0.5)
    assert (other[~inside] == 0).all()


def test_the_middle_slice_is_the_largest_and_a_lesion_may_be_cut_off(cohort):
    held = run(cohort, "middle", 4)
    assert held.table["slice"].tolist()[0] == "P0:P0-1:3" and len(held.table) == 4
    assert (held.images > 0).all()


def test_the_same_lesions_whichever_way_the_file_runs(cohort):
    first = run(cohort).images
    for kind in ("images", "masks"):
        path = cohort / kind / "P1.nii.gz"
        volume = nifti.read(path)
        affine = volume.affine @ np.diag([-1.0, 1, 1, 1])
        affine[0, 3] += 19
        nifti.write(path, nifti.Volume(volume.data[::-1], affine))
    assert (run(cohort).images == first).all()


@pytest.mark.parametrize("change, said", [
    (lambda rows: rows.assign(label=[2, 1, 0, 1]), "has the label '2'; write 0 or 1"),
    (lambda rows: rows.assign(patient=["P0", "P1", "", "P3"]), "line 4 has no patient"),
    (lambda rows: rows.assign(image="images/none.nii.gz"), "none.nii.gz")])
def test_bad_input_is_one_line(cohort, change, said):
    rows = canonical.read_csv(cohort / "manifest.csv")
    canonical.write_csv(cohort / "manifest.csv", change(rows))
    with pytest.raises(InputError, match=said) as caught:
        run(cohort)
    assert "\n" not in str(caught.value)


def test_a_mask_on_another_grid_is_one_line(cohort):
    nifti.write(cohort / "masks" / "P1.nii.gz",
                nifti.Volume(np.ones((20, 18, 8), np.uint8), np.diag([1.0, 1.0, 1.5, 1.0])))
    with pytest.raises(InputError, match="P1.nii.gz: lies on another grid than its image"):
        run(cohort)


def test_one_patient_of_a_class_is_said_of_the_cohorts_own_table(cohort, monkeypatch, capsys):
    rows = canonical.read_csv(cohort / "manifest.csv")
    canonical.write_csv(cohort / "manifest.csv", rows.assign(label=[0, 1, 1, 1]))
    monkeypatch.setattr("sys.argv", ["slices", "--params", str(PARAMETERS), "--manifest",
                                     str(cohort / "manifest.csv"), "--out", str(cohort / "set")])
    with pytest.raises(SystemExit) as stopped:
        cli.main(slices.stage)
    said = capsys.readouterr().err
    assert stopped.value.code == 2 and said.count("\n") == 1 and not (cohort / "set").exists()
    assert "manifest.csv: has 1 patient(s) of class 0; one patient per class" in said


def test_every_preset_can_be_read(tmp_path):
    assert slices.read(PARAMETERS)[1] == WINDOW
    for name, kind in (("demo", "densenet"), ("paper", "densenet121")):
        assert settings.load(PARAMETERS, name).network.kind == kind
    text = (PARAMETERS / "slices.yaml").read_text()
    for old, new, said in (("preset: demo", "preset: none", "slices.preset"),
                           ("taken: all, outside_hu: 45", "taken: first, outside_hu: 45",
                            "slices.presets.demo.taken"),
                           ("width: 330", "width: 0", "slices.window_hu.width")):
        (tmp_path / "slices.yaml").write_text(text.replace(old, new))
        with pytest.raises(InputError, match=said):
            slices.read(tmp_path)
