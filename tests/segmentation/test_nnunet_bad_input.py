"""nnU-Net's stages on what they cannot use: one line, exit code 2."""

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load, save

from stages.common import nifti
from stages.common.nifti import Volume
from stages.segmentation import infer
from stages.segmentation.nnunet import model as nnunet_model
from stages.segmentation.nnunet import prepare as nnunet_prepare
from stages.segmentation.nnunet import train as nnunet_train
from stages.segmentation.nnunet.trainer import Trainer
from tests.segmentation.tiny_nnunet import (
    AFFINE,
    SHAPE,
    infer_arguments,
    params,
    prepare_arguments,
    scans,
    train_arguments,
)


@pytest.mark.parametrize("changes, words", [
    ({"optimizer": "lion"}, "valid: sgd, adam"),
    ({"trained": [2]}, "different numbers from 0 to 1"),
    ({"folds": 1}, "training.folds"), ({"epoch": 1}, "did you mean 'epochs'"),
    ({"save_every": 0}, "at least 1"),
    ({"optimizer": "sgd", "momentum": 0.0}, "training.momentum' cannot be used; valid: between 0"),
    ({"learning_rate": -0.1}, "training.learning_rate' cannot be used; valid: above 0"),
    ({"weight_decay": -1.0}, "training.weight_decay' cannot be used; valid: at least 0")])
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
def test_damaged_preparation_is_one_line(nnunet, call, fault, words):
    folder = nnunet / "prepared"
    if fault == "none":
        (folder / "plans.json").unlink()
    elif fault == "array":
        for path in (folder / "cases").glob("*_seg.npy"):
            path.write_bytes(path.read_bytes()[:40])
    else:
        table = (folder / "cases.csv").read_text().splitlines()
        rows = [",".join([*line.split(",")[:3], "0"]) for line in table[1:]]
        (folder / "cases.csv").write_text("\n".join([table[0], *rows]) + "\n")
    code, error = call(nnunet_train.stage, *train_arguments(nnunet))
    assert code == 2 and words in error.strip().splitlines()[-1]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu_is_one_line(nnunet, call):
    code, error = call(nnunet_train.stage, *train_arguments(nnunet), "--device", "cuda")
    assert code == 2 and "no GPU can be used" in error


def test_a_full_gpu_is_one_line(nnunet, trained_nnunet, call, monkeypatch):
    def full(*arguments, **options):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Trainer, "train_step", full)
    code, error = call(nnunet_train.stage, *train_arguments(nnunet))
    assert code == 2 and "the GPU's memory is too small" in error.strip().splitlines()[-1]
    monkeypatch.setattr(nnunet_model.Model, "_scores", full)
    code, error = call(infer.stage, *infer_arguments(trained_nnunet, nnunet / "masks"))
    last = error.strip().splitlines()[-1]
    assert code == 2 and "too large for the GPU's memory" in last and "s0_image.nii.gz" in last


@pytest.mark.parametrize("name, words", [("model.json", "is not readable JSON"),
                                         ("fold_1.safetensors", "holds no weights")])
def test_a_damaged_model_is_one_line(trained_nnunet, tmp_path, call, name, words):
    for path in (trained_nnunet / "model").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:300])
    code, error = call(infer.stage, *infer_arguments(trained_nnunet, tmp_path / "masks"),
                       "--model", tmp_path)
    assert code == 2 and words in error and name in error



def test_weights_that_are_no_numbers_are_refused(trained_nnunet, tmp_path, call, monkeypatch):
    for path in (trained_nnunet / "model").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    arguments = *infer_arguments(trained_nnunet, tmp_path / "masks"), "--model", tmp_path
    path = tmp_path / "fold_1.safetensors"
    weights = load(path.read_bytes())
    next(iter(weights.values())).flatten()[0] = float("nan")
    path.write_bytes(save(weights))
    code, error = call(infer.stage, *arguments)
    assert code == 2 and f"{path}: holds NaN or infinite values" in error
    path.write_bytes((trained_nnunet / "model" / path.name).read_bytes())
    monkeypatch.setattr(
        nnunet_model.nnUNetPredictor, "predict_sliding_window_return_logits",
        lambda self, data: torch.full((3, *data.shape[1:]), torch.inf))
    code, error = call(infer.stage, *arguments)
    assert code == 2 and "the network's output: holds NaN or infinite values" in error
    assert not (tmp_path / "masks").exists()
