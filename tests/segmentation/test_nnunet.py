"""nnU-Net on tiny scans: planning as the package plans, training, resuming, prediction."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from stages.common import canonical, nifti
from stages.common.nifti import Volume
from stages.common.parameters import section
from stages.segmentation import (
    checkpoint, infer, nnunet_model, nnunet_plan, nnunet_prepare, nnunet_train, settings,
)
from stages.segmentation.nnunet_trainer import CURVE, Trainer
from tests.segmentation.volumes import PARAMS, box, draw

ROOT = Path(__file__).parents[2]
SHAPE, AFFINE = (26, 24, 14), np.diag([3.0, 3.0, 4.0, 1.0])
TINY = {
    "plan": {"spacing_mm": [3, 3, 4], "patch": [16, 16, 8],
             "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 1]], "features": 4, "most_features": 8,
             "batch_size": 2, "batch_dice": True, "normalization": "CTNormalization",
             "intensity_voxels": 5000},
    "training": {"folds": 2, "trained": [0, 1], "epochs": 8, "iterations": 4,
                 "validation_iterations": 1, "optimizer": "adam", "learning_rate": 0.01,
                 "decay": 0.9, "momentum": 0.0, "weight_decay": 0.0, "foreground": 0.67,
                 "mirror": False, "workers": 0, "save_every": 1},
    "step": 0.5}


def scans(folder, count=4):
    """A cohort of scans with one or two lesions each; two of one patient."""
    random, rows = np.random.default_rng(5), []
    for number in range(count):
        low = random.integers(4, 10, 3) // (1, 1, 2)
        mask = box(SHAPE, (low, low + (9, 8, 5)), ((18, 4, 3), (21, 8, 3 + number % 3)))
        for kind, data in (("image", draw(random, mask)), ("mask", mask)):
            nifti.write(folder / f"s{number}_{kind}.nii.gz", Volume(data, AFFINE))
        rows.append([f"s{number}", f"p{max(number, 1)}", "lits" if number < 3 else "sclc", "train",
                     f"s{number}_image.nii.gz", f"s{number}_mask.nii.gz"])
    columns = ["File", "patient", "Cohort", "Segmentation", "image", "mask"]
    canonical.write_bytes(folder / "manifest.csv", canonical.csv_bytes(columns, rows))
    return folder / "manifest.csv"


def params(folder, **training):
    """Write a params.yaml whose quick preset has the tiny nnU-Net."""
    content = yaml.safe_load(PARAMS.read_text())
    tiny = TINY | {"training": TINY["training"] | training}
    content["segmentation"]["presets"]["quick"]["nnunet"] = tiny
    (folder / "params.yaml").write_text(yaml.safe_dump(content))
    return folder / "params.yaml"


def prepare_arguments(folder, which="lits+sclc", out="prepared"):
    return ["--manifest", folder / "manifest.csv", "--training-set", which, "--params",
            folder / "params.yaml", "--out", folder / out]


def train_arguments(folder, out="model"):
    return ["--cases", folder / "prepared", "--params", folder / "params.yaml", "--device", "cpu",
            "--state", folder / "state", "--out", folder / out,
            "--curves", folder / out / "curves.csv"]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def prepared(tmp_path, call):
    scans(tmp_path)
    params(tmp_path)
    assert call(nnunet_prepare.stage, *prepare_arguments(tmp_path))[0] == 0
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model that was trained once for all tests that only use one."""
    folder = tmp_path_factory.mktemp("trained")
    scans(folder)
    params(folder)
    with pytest.MonkeyPatch.context() as patch:
        for stage, arguments in ((nnunet_prepare.stage, prepare_arguments(folder)),
                                 (nnunet_train.stage, train_arguments(folder))):
            patch.setattr("sys.argv", ["stage", *map(str, arguments)])
            stage()
    return folder


def test_the_fingerprint_is_the_package_s_own(tmp_path, monkeypatch):
    """Against ``DatasetFingerprintExtractor.run``, which reads files, in processes of its own."""
    from nnunetv2.experiment_planning.dataset_fingerprint import fingerprint_extractor as package

    scans(tmp_path)
    pairs = [[nifti.read(tmp_path / f"s{n}_{kind}.nii.gz") for kind in ("image", "mask")]
             for n in range(4)]
    got = nnunet_plan.fingerprint(4, lambda number: pairs[number], 2000)
    raw = tmp_path / "raw" / "Dataset007_Test"
    for number, (image, mask) in enumerate(pairs):
        nifti.write(raw / "imagesTr" / f"s{number}_0000.nii.gz", image)
        nifti.write(raw / "labelsTr" / f"s{number}.nii.gz", mask)
    canonical.write_json(raw / "dataset.json", nnunet_plan.dataset(4))
    monkeypatch.setattr(package, "nnUNet_raw", str(tmp_path / "raw"))
    monkeypatch.setattr(package, "nnUNet_preprocessed", str(tmp_path / "done"))
    extractor = package.DatasetFingerprintExtractor("Dataset007_Test", 1)
    extractor.num_foreground_voxels_for_intensitystats = 2000
    extractor.run()
    expected = canonical.read_json(tmp_path / "done" / "Dataset007_Test"
                                   / "dataset_fingerprint.json")
    assert json.loads(canonical.json_bytes(got)) == expected


def test_the_paper_s_plans():
    how = section(PARAMS, "segmentation", settings.Segmentation).presets["paper"].nnunet
    marks = {"spacings": [[1.0, 0.77, 0.77]] * 3, "shapes_after_crop": [[90, 160, 160]] * 3,
             "median_relative_size_after_cropping": 1.0,
             "foreground_intensity_properties_per_channel": {"0": {
                 "mean": 100.0, "median": 100.0, "std": 40.0, "min": -100.0, "max": 300.0,
                 "percentile_00_5": 0.0, "percentile_99_5": 200.0}}}
    plans = nnunet_plan.plans(marks, nnunet_plan.dataset(3), how.plan)
    made = plans["configurations"]["3d_fullres"]
    assert list(plans["configurations"]) == ["3d_fullres"]
    assert plans["transpose_forward"] == [0, 1, 2]
    assert made["spacing"] == [2.0, 0.789, 0.789] and made["patch_size"] == [60, 80, 80]
    assert made["normalization_schemes"] == ["ZScoreNormalization"]
    assert made["conv_kernel_sizes"] == [[1, 3, 3]] + [[3, 3, 3]] * 4
    assert how.training.trained == (0, 1, 2, 3, 4) and made["num_pool_per_axis"] == [2, 4, 4]
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    manager = PlansManager(plans)
    network = get_network_from_plans(manager, nnunet_plan.dataset(3),
                                     manager.get_configuration("3d_fullres"), 1, False)
    with torch.inference_mode():
        assert network(torch.zeros(1, 1, 60, 80, 80)).shape == (1, 3, 60, 80, 80)


def test_kernels_follow_the_package_s_rule():
    """Where its own patch size can be halved as it likes, the package plans the same kernels."""
    from nnunetv2.experiment_planning.experiment_planners.network_topology import (
        get_pool_and_conv_props,
    )

    for spacing, patch in [((2.0, 0.789, 0.789), (64, 128, 128)), ((5, 0.7, 0.7), (16, 256, 256)),
                           ((1, 1, 1), (64, 64, 64)), ((3.9, 1, 1.2), (32, 128, 96))]:
        _, strides, expected, size, _ = get_pool_and_conv_props(spacing, patch, 4, 999)
        how = section(PARAMS, "segmentation", settings.Segmentation).presets["paper"].nnunet.plan
        how = type(how)(**(vars(how) | {"spacing_mm": spacing[::-1], "patch": tuple(size)[::-1],
                                        "strides": tuple(tuple(s[::-1]) for s in strides)}))
        assert nnunet_plan.kernels(how) == [list(kernel) for kernel in expected]


def test_prepared_cases_are_what_the_package_makes(prepared, call):
    """Against ``DefaultPreprocessor.run_case``, from files; and the same bytes every time."""
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    folder = prepared / "prepared"
    plans, about = (canonical.read_json(folder / f"{name}.json") for name in ("plans", "dataset"))
    manager = PlansManager(plans)
    configuration = manager.get_configuration("3d_fullres")
    data, labels, properties = configuration.preprocessor_class(verbose=False).run_case(
        [str(prepared / "s1_image.nii.gz")], str(prepared / "s1_mask.nii.gz"), manager,
        configuration, about)
    np.testing.assert_allclose(np.load(folder / "cases" / "s1.npy"), data, atol=1e-5)
    np.testing.assert_array_equal(np.load(folder / "cases" / "s1_seg.npy"), labels)
    call(nnunet_prepare.stage, *prepare_arguments(prepared, out="again"))
    assert contents(prepared / "prepared") == contents(prepared / "again")
    assert not list(folder.rglob("*.pkl"))


def test_folds_keep_patients_together():
    names = [f"s{number:02d}" for number in range(23)]
    owners = [f"p{number // 2}" for number in range(23)]
    made = nnunet_prepare.folds(names, owners, 5, 2025)
    assert sorted(name for fold in made for name in fold["val"]) == names
    for fold in made:
        assert sorted(fold["train"] + fold["val"]) == names
        owner = dict(zip(names, owners))
        assert not {owner[n] for n in fold["train"]} & {owner[n] for n in fold["val"]}
        assert 3 <= len(fold["val"]) <= 6
    assert made == nnunet_prepare.folds(names, owners, 5, 2025)
    assert made != nnunet_prepare.folds(names, owners, 5, 2026)


def test_the_training_set_decides_the_cohorts(tmp_path, call):
    scans(tmp_path)
    params(tmp_path)
    for which, count in (("lits", 3), ("lits+sclc", 4)):
        assert call(nnunet_prepare.stage, *prepare_arguments(tmp_path, which, which))[0] == 0
        assert len((tmp_path / which / "cases.csv").read_text().splitlines()) == count + 1
    code, error = call(nnunet_prepare.stage, *prepare_arguments(tmp_path, "sclc"))
    assert code == 2 and "valid: lits, lits+sclc" in error


def test_training_repeats_byte_for_byte(trained, call, tmp_path):
    arguments = train_arguments(trained, "again")
    assert call(nnunet_train.stage, *arguments)[0] == 0
    assert contents(trained / "model") == contents(trained / "again")
    assert set(contents(trained / "model")) == {"model.json", "fold_0.safetensors",
                                                "fold_1.safetensors", "curves.csv"}
    curve = (trained / "model" / "curves.csv").read_text().splitlines()
    assert curve[0] == ",".join(["fold", *CURVE]) and len(curve) == 1 + 2 * 8
    losses = [float(line.split(",")[3]) for line in curve[1:9]]
    assert losses[-1] < losses[0]
    assert not (trained / "state").exists()


def test_the_number_of_workers_does_not_matter(prepared, call):
    for workers in (0, 2):
        params(prepared, workers=workers, epochs=2, trained=[1])
        assert call(nnunet_train.stage, *train_arguments(prepared, f"model{workers}"))[0] == 0
    first, second = (contents(prepared / f"model{workers}") for workers in (0, 2))
    assert first.pop("model.json") != second.pop("model.json")
    assert first == second


def test_a_run_killed_in_the_middle_goes_on_to_the_same_bytes(trained, call, tmp_path):
    """Killed with SIGKILL in its second fold, in a process of its own."""
    arguments = [str(argument) for argument in train_arguments(trained, "killed")]
    state = trained / "state" / "fold_1" / checkpoint.FILE
    process = subprocess.Popen([sys.executable, "-m", "stages.segmentation.nnunet_train",
                                *arguments], cwd=ROOT, stderr=subprocess.DEVNULL, env=os.environ)
    deadline = time.monotonic() + 120
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL and state.exists()
    assert not (trained / "killed").exists()
    code, error = call(nnunet_train.stage, *arguments)
    assert code == 0 and "starting anew" not in error
    assert contents(trained / "killed") == contents(trained / "model")


def test_a_state_of_other_settings_is_left_out(prepared, call, monkeypatch):
    params(prepared, trained=[0], epochs=3)
    kept = Trainer._save
    with monkeypatch.context() as patch:
        def killed(self):
            kept(self)
            raise KeyboardInterrupt
        patch.setattr(Trainer, "_save", killed)
        code, error = call(nnunet_train.stage, *train_arguments(prepared))
    assert code == 130 and "run the same command again" in error
    params(prepared, trained=[0], epochs=2)
    code, error = call(nnunet_train.stage, *train_arguments(prepared))
    assert code == 0 and "belongs to other settings" in error


def infer_arguments(folder, out):
    return ["--manifest", folder / "manifest.csv", "--model", folder / "model", "--device", "cpu",
            "--out", out]


def test_prediction_is_the_package_s_own_ensemble(trained, call, tmp_path):
    """Masks on the files' grids; the scores are the mean over the folds, as the package takes."""
    assert call(infer.stage, *infer_arguments(trained, tmp_path / "masks"))[0] == 0
    image = nifti.read(trained / "s2_image.nii.gz")
    mask = nifti.read(tmp_path / "masks" / "s2.nii.gz")
    assert nifti.same_grid(mask, image) and mask.data.dtype == np.uint8
    assert set(np.unique(mask.data)) <= {0, 1, 2} and (mask.data == 1).any()
    predictor = nnunet_model.Model(trained / "model", torch.device("cpu")).predictor
    expected = predictor.predict_single_npy_array(
        nnunet_plan.as_array(image), {"spacing": nnunet_plan.spacing(image)})
    # The package sums the folds in half precision.
    assert (mask.data.transpose(2, 1, 0) != expected).mean() < 1e-3
    call(infer.stage, *infer_arguments(trained, tmp_path / "again"))
    assert contents(tmp_path / "masks") == contents(tmp_path / "again")


def test_prediction_follows_the_orientation_of_the_file(trained):
    model = nnunet_model.Model(trained / "model", torch.device("cpu"))
    image = nifti.read(trained / "s1_image.nii.gz")
    straight = infer.segment(trained / "s1_image.nii.gz", model.predict)
    affine = image.affine[:, [1, 0, 2, 3]].copy()
    affine[:3, 3] += affine[:3, 0] * (SHAPE[1] - 1)
    affine[:3, 0] *= -1
    turned = Volume(image.data.transpose(1, 0, 2)[::-1], affine)
    nifti.write(trained / "turned.nii.gz", turned)
    got = infer.segment(trained / "turned.nii.gz", model.predict)
    assert nifti.same_grid(got, turned)
    np.testing.assert_array_equal(nifti.to_ras(got).data, straight.data)


@pytest.mark.parametrize("changes, words", [
    ({"optimizer": "lion"}, "valid: sgd, adam"),
    ({"trained": [2]}, "different numbers from 0 to 1"),
    ({"folds": 1}, "training.folds"), ({"epoch": 1}, "did you mean 'epochs'"),
    ({"save_every": 0}, "at least 1")])
def test_bad_settings_are_one_line(tmp_path, call, changes, words):
    scans(tmp_path)
    params(tmp_path, **changes)
    code, error = call(nnunet_prepare.stage, *prepare_arguments(tmp_path))
    assert code == 2 and words in error.strip().splitlines()[-1]


@pytest.mark.parametrize("plan, words", [
    ({"patch": [16, 18, 8]}, "plan.patch"), ({"strides": [[1, 1, 1], [2, 2, 2]]}, "plan.strides"),
    ({"normalization": "none"}, "valid: CTNormalization, ZScoreNormalization")])
def test_bad_plans_are_one_line(tmp_path, call, plan, words):
    scans(tmp_path)
    path = params(tmp_path)
    content = yaml.safe_load(path.read_text())
    content["segmentation"]["presets"]["quick"]["nnunet"]["plan"] |= plan
    path.write_text(yaml.safe_dump(content))
    code, error = call(nnunet_prepare.stage, *prepare_arguments(tmp_path))
    assert code == 2 and words in error


@pytest.mark.parametrize("fault, words", [
    ("grid", "lies on another grid"), ("label", "holds the label 5"),
    ("empty", "no case has any liver or lesion voxel"), ("patients", "cannot be divided"),
    ("cut", "damaged gzip")])
def test_bad_cases_are_one_line(tmp_path, call, fault, words):
    manifest = scans(tmp_path)
    params(tmp_path)
    path = tmp_path / "s1_mask.nii.gz"
    if fault == "grid":
        nifti.write(path, Volume(np.zeros((5, 5, 5), np.uint8), AFFINE))
    elif fault == "label":
        nifti.write(path, Volume(np.full(SHAPE, 5, np.uint8), AFFINE))
    elif fault == "empty":
        for number in range(4):
            nifti.write(tmp_path / f"s{number}_mask.nii.gz",
                        Volume(np.zeros(SHAPE, np.uint8), AFFINE))
    elif fault == "patients":
        for name in ("p1", "p2", "p3"):
            manifest.write_text(manifest.read_text().replace(name, "p"))
    else:
        path.write_bytes(path.read_bytes()[:-30])
    code, error = call(nnunet_prepare.stage, *prepare_arguments(tmp_path))
    assert code == 2 and words in error.strip().splitlines()[-1]


@pytest.mark.parametrize("fault, words", [
    ("none", "no such file"), ("array", "is no prepared case"), ("lesions", "has no lesion")])
def test_damaged_preparation_is_one_line(prepared, call, fault, words):
    folder = prepared / "prepared"
    if fault == "none":
        (folder / "plans.json").unlink()
    elif fault == "array":
        for path in (folder / "cases").glob("*_seg.npy"):
            path.write_bytes(path.read_bytes()[:40])
    else:
        table = (folder / "cases.csv").read_text().splitlines()
        rows = [",".join([*line.split(",")[:3], "0"]) for line in table[1:]]
        (folder / "cases.csv").write_text("\n".join([table[0], *rows]) + "\n")
    code, error = call(nnunet_train.stage, *train_arguments(prepared))
    assert code == 2 and words in error.strip().splitlines()[-1]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu_is_one_line(prepared, call):
    code, error = call(nnunet_train.stage, *train_arguments(prepared), "--device", "cuda")
    assert code == 2 and "no GPU can be used" in error


def test_a_full_gpu_is_one_line(prepared, trained, call, monkeypatch):
    def full(*arguments, **options):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Trainer, "train_step", full)
    code, error = call(nnunet_train.stage, *train_arguments(prepared))
    assert code == 2 and "the GPU's memory is too small" in error.strip().splitlines()[-1]
    monkeypatch.setattr(nnunet_model.Model, "_scores", full)
    code, error = call(infer.stage, *infer_arguments(trained, prepared / "masks"))
    last = error.strip().splitlines()[-1]
    assert code == 2 and "too large for the GPU's memory" in last and "s0_image.nii.gz" in last


@pytest.mark.parametrize("name, words", [("model.json", "is not readable JSON"),
                                         ("fold_1.safetensors", "holds no weights")])
def test_a_damaged_model_is_one_line(trained, tmp_path, call, name, words):
    for path in (trained / "model").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:300])
    code, error = call(infer.stage, *infer_arguments(trained, tmp_path / "masks"),
                       "--model", tmp_path)
    assert code == 2 and words in error and name in error

