"""nnU-Net on tiny scans: planning as the package plans, training, resuming, prediction."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest
import torch

from stages.common import canonical, nifti
from stages.common.nifti import Volume
from stages.segmentation import checkpoint, infer, settings
from stages.segmentation.nnunet import lean, slabs
from stages.segmentation.nnunet import model as nnunet_model
from stages.segmentation.nnunet import plan as nnunet_plan
from stages.segmentation.nnunet import prepare as nnunet_prepare
from stages.segmentation.nnunet import train as nnunet_train
from stages.segmentation.nnunet.trainer import CURVE, Trainer
from tests.segmentation.tiny_nnunet import (
    AFFINE,
    ROOT,
    SHAPE,
    contents,
    infer_arguments,
    params,
    prepare_arguments,
    scans,
    train_arguments,
)
from tests.segmentation.volumes import PARAMS


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
    how = settings.load_nnunet(PARAMS, "paper").nnunet
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
        how = settings.load_nnunet(PARAMS, "paper").nnunet.plan
        how = type(how)(**(vars(how) | {"spacing_mm": spacing[::-1], "patch": tuple(size)[::-1],
                                        "strides": tuple(tuple(s[::-1]) for s in strides)}))
        assert nnunet_plan.kernels(how) == [list(kernel) for kernel in expected]


def test_prepared_cases_are_what_the_package_makes(nnunet, call):
    """Against ``DefaultPreprocessor.run_case``, from files; and the same bytes every time."""
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    folder = nnunet / "prepared"
    plans, about = (canonical.read_json(folder / f"{name}.json") for name in ("plans", "dataset"))
    manager = PlansManager(plans)
    configuration = manager.get_configuration("3d_fullres")
    data, labels, properties = configuration.preprocessor_class(verbose=False).run_case(
        [str(nnunet / "s1_image.nii.gz")], str(nnunet / "s1_mask.nii.gz"), manager,
        configuration, about)
    np.testing.assert_allclose(np.load(folder / "cases" / "s1.npy"), data, atol=1e-5)
    np.testing.assert_array_equal(np.load(folder / "cases" / "s1_seg.npy"), labels)
    call(nnunet_prepare.stage, *prepare_arguments(nnunet, out="again"))
    assert contents(nnunet / "prepared") == contents(nnunet / "again")
    assert not list(folder.rglob("*.pkl"))


def test_folds_keep_patients_together():
    names = [f"s{number:02d}" for number in range(23)]
    owners = [f"p{number // 2}" for number in range(23)]
    groups = ["lits"] * 16 + ["sclc"] * 7
    made = nnunet_prepare.folds(names, owners, groups, 5, 2025)
    assert sorted(name for fold in made for name in fold["val"]) == names
    for fold in made:
        assert sorted(fold["train"] + fold["val"]) == names
        owner = dict(zip(names, owners))
        assert not {owner[n] for n in fold["train"]} & {owner[n] for n in fold["val"]}
        assert 3 <= len(fold["val"]) <= 6
    assert made == nnunet_prepare.folds(names, owners, groups, 5, 2025)
    assert made != nnunet_prepare.folds(names, owners, groups, 5, 2026)
    # The first cohort alone is divided as it is among both.
    alone = nnunet_prepare.folds(names[:16], owners[:16], groups[:16], 5, 2025)
    assert [fold["val"] for fold in alone] == [
        [name for name in fold["val"] if name in names[:16]] for fold in made]


def test_the_training_set_decides_the_cohorts(tmp_path, call):
    scans(tmp_path)
    params(tmp_path)
    for which, count in (("lits", 3), ("both", 4)):
        assert call(nnunet_prepare.stage, *prepare_arguments(tmp_path, which, which))[0] == 0
        assert len((tmp_path / which / "cases.csv").read_text().splitlines()) == count + 1
    code, error = call(nnunet_prepare.stage, *prepare_arguments(tmp_path, "sclc"))
    assert code == 2 and "valid: both, lits" in error


def test_training_repeats_byte_for_byte(trained_nnunet, call, tmp_path):
    arguments = train_arguments(trained_nnunet, "again")
    assert call(nnunet_train.stage, *arguments)[0] == 0
    assert contents(trained_nnunet / "model") == contents(trained_nnunet / "again")
    assert set(contents(trained_nnunet / "model")) == {"model.json", "fold_0.safetensors",
                                                "fold_1.safetensors", "curves.csv"}
    assert json.loads(contents(trained_nnunet / "model")["model.json"])["source"] == "unknown"
    curve = (trained_nnunet / "model" / "curves.csv").read_text().splitlines()
    assert curve[0] == ",".join(["fold", *CURVE]) and len(curve) == 1 + 2 * 8
    losses = [float(line.split(",")[3]) for line in curve[1:9]]
    assert losses[-1] < losses[0]
    assert not (trained_nnunet / "state").exists()


def test_adam_takes_no_root_by_the_cpu_s_make(nnunet, call, monkeypatch):
    """PyTorch's square root of a tensor is MKL's, whose last bit differs between CPUs."""
    asked, made = [], torch.optim.Adam
    monkeypatch.setattr(torch.optim, "Adam", lambda *given, **named: (
        asked.append(named.get("fused")), made(*given, **named))[1])
    params(nnunet, epochs=1, trained=[1])
    assert call(nnunet_train.stage, *train_arguments(nnunet))[0] == 0
    assert asked == [True]


def test_the_number_of_workers_does_not_matter(nnunet, call):
    for workers in (0, 2):
        params(nnunet, workers=workers, epochs=2, trained=[1])
        assert call(nnunet_train.stage, *train_arguments(nnunet, f"model{workers}"))[0] == 0
    first, second = (contents(nnunet / f"model{workers}") for workers in (0, 2))
    assert first.pop("model.json") != second.pop("model.json")
    assert first == second


def test_a_run_killed_in_the_middle_goes_on_to_the_same_bytes(trained_nnunet, call, tmp_path):
    """Killed with SIGKILL in its second fold, in a process of its own."""
    arguments = [str(argument) for argument in train_arguments(trained_nnunet, "killed")]
    state = trained_nnunet / "state" / "fold_1" / checkpoint.FILE
    process = subprocess.Popen([sys.executable, "-m", "stages.segmentation.nnunet.train",
                                *arguments], cwd=ROOT, stderr=subprocess.DEVNULL, env=os.environ)
    deadline = time.monotonic() + 120
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL and state.exists()
    assert not (trained_nnunet / "killed").exists()
    code, error = call(nnunet_train.stage, *arguments)
    assert code == 0 and "starting anew" not in error
    assert contents(trained_nnunet / "killed") == contents(trained_nnunet / "model")


def test_a_scan_with_an_empty_mask_is_background_to_learn_from(tmp_path, call):
    scans(tmp_path)
    nifti.write(tmp_path / "s1_mask.nii.gz", Volume(np.zeros(SHAPE, np.uint8), AFFINE))
    params(tmp_path, epochs=1)
    assert call(nnunet_prepare.stage, *prepare_arguments(tmp_path))[0] == 0
    table = (tmp_path / "prepared" / "cases.csv").read_text().splitlines()
    assert table[2].startswith("s1,") and table[2].endswith(",0,0")
    code, error = call(nnunet_train.stage, *train_arguments(tmp_path))
    assert code == 0, error


def test_a_state_of_other_settings_is_left_out(nnunet, call, monkeypatch):
    params(nnunet, trained=[0], epochs=3)
    kept = Trainer._save
    with monkeypatch.context() as patch:
        def killed(self):
            kept(self)
            raise KeyboardInterrupt
        patch.setattr(Trainer, "_save", killed)
        code, error = call(nnunet_train.stage, *train_arguments(nnunet))
    assert code == 130 and "run the same command again" in error
    params(nnunet, trained=[0], epochs=2)
    code, error = call(nnunet_train.stage, *train_arguments(nnunet))
    assert code == 0 and "belongs to other settings" in error


def test_prediction_is_the_package_s_own_ensemble(trained_nnunet, call, tmp_path):
    """Masks on the files' grids; the scores are the mean over the folds, as the package takes."""
    assert call(infer.stage, *infer_arguments(trained_nnunet, tmp_path / "masks"))[0] == 0
    image = nifti.read(trained_nnunet / "s2_image.nii.gz")
    mask = nifti.read(tmp_path / "masks" / "s2.nii.gz")
    assert nifti.same_grid(mask, image) and mask.data.dtype == np.uint8
    assert set(np.unique(mask.data)) <= {0, 1, 2} and (mask.data == 1).any()
    predictor = nnunet_model.Model(trained_nnunet / "model", torch.device("cpu")).predictor
    expected = predictor.predict_single_npy_array(
        nnunet_plan.as_array(image), {"spacing": nnunet_plan.spacing(image)})
    # The package sums the folds in half precision.
    assert (mask.data.transpose(2, 1, 0) != expected).mean() < 1e-3
    call(infer.stage, *infer_arguments(trained_nnunet, tmp_path / "again"))
    assert contents(tmp_path / "masks") == contents(tmp_path / "again")


@pytest.mark.parametrize("spacing", [(3.0, 3.0, 4.0), (3.4, 2.7, 3.1), (2.1, 2.2, 9.0)])
def test_some_planes_at_a_time_give_the_package_s_labels(trained_nnunet, monkeypatch, spacing):
    """As for a large series: at the network's voxel size, at another, and with thick slices."""
    monkeypatch.setattr(slabs, "PLANES", 5)
    model = lean.Lean(trained_nnunet / "model", torch.device("cpu"))
    image = Volume(nifti.read(trained_nnunet / "s2_image.nii.gz").data, np.diag([*spacing, 1.0]))
    expected = model.predictor.predict_single_npy_array(
        nnunet_plan.as_array(image), {"spacing": nnunet_plan.spacing(image)})
    whole = model.predict(image)
    monkeypatch.setattr(lean, "WHOLE_VOXELS", image.data.size - 1)
    monkeypatch.setattr(nnunet_model, "convert", None)
    found = model.predict(image)
    assert found.dtype == whole.dtype and found.flags.c_contiguous
    assert set(np.unique(found)) == {0, 1, 2}
    np.testing.assert_array_equal(found.transpose(2, 1, 0), expected)
    assert (found != whole).mean() < 1e-3


@pytest.mark.parametrize("change", [
    lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-1]),
    lambda path: os.utime(path, ns=(0, 0))])
def test_weights_that_are_lost_on_the_way_are_no_fault_of_a_series(trained_nnunet, tmp_path, change):
    folder = shutil.copytree(trained_nnunet / "model", tmp_path / "model")
    model = lean.Lean(folder, torch.device("cpu"))
    image = nifti.read(trained_nnunet / "s1_image.nii.gz")
    model.predict(image)
    change(folder / "fold_1.safetensors")
    # An `InputError` would leave the series out, and go on with the next.
    with pytest.raises(OSError, match="the weights were read before") as caught:
        model.predict(image)
    assert caught.value.filename.endswith("fold_1.safetensors")


def test_a_full_disk_is_named_where_scores_of_folds_wait(trained_nnunet, monkeypatch):
    class Full:
        def seek(self, place):
            pass

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="TMPDIR names another folder") as caught:
        lean._keep(torch.zeros((3, 4, 5, 6), dtype=torch.float16), Full())
    assert caught.value.filename == tempfile.gettempdir()


def test_prediction_follows_the_orientation_of_the_file(trained_nnunet):
    model = nnunet_model.Model(trained_nnunet / "model", torch.device("cpu"))
    image = nifti.read(trained_nnunet / "s1_image.nii.gz")
    straight = infer.segment(trained_nnunet / "s1_image.nii.gz", model.predict)
    affine = image.affine[:, [1, 0, 2, 3]].copy()
    affine[:3, 3] += affine[:3, 0] * (SHAPE[1] - 1)
    affine[:3, 0] *= -1
    turned = Volume(image.data.transpose(1, 0, 2)[::-1], affine)
    nifti.write(trained_nnunet / "turned.nii.gz", turned)
    got = infer.segment(trained_nnunet / "turned.nii.gz", model.predict)
    assert nifti.same_grid(got, turned)
    np.testing.assert_array_equal(nifti.to_ras(got).data, straight.data)
