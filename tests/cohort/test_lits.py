"""Taking in a folder laid out like LiTS."""

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.cohort import lits
from stages.common import cli, nifti

AFFINE = np.diag([0.8, 0.8, 2.0, 1])


@pytest.fixture
def folder(tmp_path):
    """Twelve cases in two subfolders, as the two archives of LiTS unpack; one is not gzipped."""
    random = np.random.default_rng(0)
    for number in range(12):
        place = tmp_path / "lits" / f"batch{number % 2}"
        mask = random.integers(0, 3, (5, 4, 3)).astype(np.uint8)
        image = random.integers(-1000, 300, (5, 4, 3)).astype(np.int16)
        nifti.write(place / f"segmentation-{number}.nii.gz", nifti.Volume(mask, AFFINE))
        nifti.write(place / f"volume-{number}.nii.gz", nifti.Volume(image, AFFINE))
    return tmp_path / "lits"


@pytest.fixture
def take(tmp_path, folder, monkeypatch, capsys):
    def run(cases=12, test=3, out="cohort/manifest.csv", seed=1):
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(
            {"lits": {"cases": cases, "test": test, "seed": seed}}))
        monkeypatch.setattr("sys.argv", [
            "lits", "--folder", str(folder), "--params", str(tmp_path / "params.yaml"),
            "--checksums", str(tmp_path / "sums.csv"), "--out", str(tmp_path / out)])
        try:
            cli.main(lits.stage)
            code = 0
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().err.strip().splitlines()[-1]
    return run


def test_the_manifest_names_every_case_once(take, tmp_path):
    assert take()[0] == 0
    table = pd.read_csv(tmp_path / "cohort" / "manifest.csv")
    assert table["File"].tolist() == [f"lits-{number:03d}" for number in range(12)]
    assert table["Segmentation"].value_counts().to_dict() == {"train": 9, "test": 3}
    assert table["NE_Score"].isna().all() and table["patient"].is_unique
    for name in [*table["image"], *table["mask"]]:
        assert (tmp_path / "cohort" / name).is_file() and not name.startswith("/")
    assert "segmentation-7" in table["mask"][7] and "volume-7" in table["image"][7]


def test_a_second_run_gives_the_same_bytes(take, tmp_path):
    take()
    first = (tmp_path / "cohort" / "manifest.csv").read_bytes()
    assert take(out="cohort/again.csv")[0] == 0
    assert (tmp_path / "cohort" / "again.csv").read_bytes() == first


def test_the_split_depends_on_the_seed():
    parts = [lits.split(list(range(131)), lits.Lits(131, 10, seed)) for seed in (1, 1, 2)]
    assert parts[0] == parts[1] != parts[2] and len(parts[0]) == 10


def change(folder, fault):
    mask = folder / "batch1" / "segmentation-3.nii.gz"
    volume = nifti.read(mask)
    if fault == "changed":
        nifti.write(mask, nifti.Volume(1 - np.minimum(volume.data, 1), volume.affine))
    elif fault == "gone":
        mask.unlink()
    elif fault == "twice":
        nifti.write(folder / "segmentation-3.nii", volume)
    elif fault == "label":
        nifti.write(mask, nifti.Volume(volume.data + 1, volume.affine))
    elif fault == "grid":
        nifti.write(mask, nifti.Volume(volume.data, volume.affine * [[1.1], [1], [1], [1]]))
    elif fault == "slice":
        for kind in ("volume", "segmentation"):
            path = folder / "batch1" / f"{kind}-3.nii.gz"
            nifti.write(path, nifti.Volume(nifti.read(path).data[:, :, :1], AFFINE))
    elif fault == "axes":
        nifti.write(mask, nifti.Volume(volume.data, AFFINE[[1, 0, 2, 3]]))
    elif fault == "cut":
        mask.write_bytes(mask.read_bytes()[:-20])


@pytest.mark.parametrize("fault, words", [
    ("changed", "has changed since the first run"), ("gone", "lacks its partner"),
    ("twice", "is there twice"), ("label", "holds the label 3"), ("grid", "on another grid"),
    ("axes", "on another grid"), ("slice", "is a single slice"), ("cut", "damaged gzip")])
def test_bad_files_are_one_line(take, folder, tmp_path, fault, words):
    take()
    (tmp_path / "cohort" / "manifest.csv").unlink()
    change(folder, fault)
    code, error = take()
    assert code == 2 and words in error and "-3.nii" in error
    assert not (tmp_path / "cohort" / "manifest.csv").exists()


def test_a_pair_more_or_less_is_named(take, folder):
    take()
    for path in sorted(folder.rglob("*-5.nii.gz")):
        path.unlink()
    code, error = take(cases=11)
    assert code == 2 and "segmentation-5.nii.gz: is gone" in error


@pytest.mark.parametrize("arguments, words", [
    ({"cases": 131}, "holds 12 cases, not 131"), ({"test": 13}, "a number from 1 to 12"),
    ({"test": 0}, "a number from 1 to 12")])
def test_bad_counts_are_one_line(take, arguments, words):
    code, error = take(**arguments)
    assert code == 2 and words in error


def test_a_negative_seed_is_one_line(take):
    code, error = take(seed=-7)
    assert code == 2 and "parameter 'lits.seed' is -7" in error


def test_no_folder_is_one_line(take, folder):
    folder.rename(folder.with_name("elsewhere"))
    assert "no such folder" in take()[1]
    folder.mkdir()
    assert "holds no volume-N.nii" in take()[1]
