"""Results folders as nnU-Net 2.2 writes them, with random weights, and its own prediction."""

import contextlib
import functools
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import torch

from stages.common import nifti
from stages.segmentation.nnunet import home as nnunet_home  # noqa: F401 (before anything of nnU-Net)

# isort: split
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

NAME = "Dataset007_Tiny/nnUNetTrainer__nnUNetPlans__3d_fullres"
LABELS = {"background": 0, "liver": 1, "tumor": 2}
RESAMPLING = {
    f"resampling_fn_{what}{kwargs}": value
    for what, order in (("data", 3), ("seg", 1), ("probabilities", 1))
    for kwargs, value in (("", "resample_data_or_seg_to_shape"),
                          ("_kwargs", {"is_seg": what == "seg", "order": order, "order_z": 0,
                                       "force_separate_z": None}))}
INTENSITIES = {"max": 300.0, "mean": 80.0, "median": 90.0, "min": -200.0, "percentile_00_5": -150.0,
               "percentile_99_5": 200.0, "std": 60.0}
KERNELS, STRIDES, FEATURES = [[3, 3, 3]] * 3, [[1, 1, 1], [2, 2, 2], [1, 2, 2]], [4, 8, 8]


def plans(reader="SimpleITKIO", forward=(0, 1, 2), spacing=(4.0, 3.0, 3.0), architecture=False,
          residual=False):
    """Plans in the words of nnU-Net 2.2, or with ``architecture`` as later releases write them."""
    backward = [list(forward).index(axis) for axis in range(3)]
    configuration = {
        "data_identifier": "nnUNetPlans_3d_fullres", "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2, "patch_size": [8, 16, 16], "median_image_size_in_voxels": [14, 26, 24],
        "spacing": list(spacing), "normalization_schemes": ["CTNormalization"],
        "use_mask_for_norm": [False], **RESAMPLING, "batch_dice": True}
    kind = "ResidualEncoderUNet" if residual else "PlainConvUNet"
    if architecture:
        configuration["architecture"] = {
            "network_class_name": f"dynamic_network_architectures.architectures.unet.{kind}",
            "arch_kwargs": {
                "n_stages": 3, "features_per_stage": FEATURES,
                "conv_op": "torch.nn.modules.conv.Conv3d",
                "kernel_sizes": KERNELS, "strides": STRIDES,
                "n_blocks_per_stage" if residual else "n_conv_per_stage": [2, 2, 2],
                "n_conv_per_stage_decoder": [2, 2], "conv_bias": True,
                "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
                "norm_op_kwargs": {"eps": 1e-05, "affine": True}, "dropout_op": None,
                "dropout_op_kwargs": None, "nonlin": "torch.nn.LeakyReLU",
                "nonlin_kwargs": {"inplace": True}},
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"]}
    else:
        configuration |= {
            "UNet_class_name": kind, "UNet_base_num_features": 4, "unet_max_num_features": 8,
            "n_conv_per_stage_encoder": [2, 2, 2], "n_conv_per_stage_decoder": [2, 2],
            "num_pool_per_axis": [1, 2, 2], "pool_op_kernel_sizes": STRIDES,
            "conv_kernel_sizes": KERNELS}
    return {"dataset_name": "Dataset007_Tiny", "plans_name": "nnUNetPlans",
            "original_median_spacing_after_transp": [4.0, 3.0, 3.0],
            "original_median_shape_after_transp": [14, 26, 24], "image_reader_writer": reader,
            "transpose_forward": list(forward), "transpose_backward": backward,
            "configurations": {"3d_fullres": configuration},
            "experiment_planner_used": "ExperimentPlanner", "label_manager": "LabelManager",
            "foreground_intensity_properties_per_channel": {"0": INTENSITIES}}


def dataset(labels=None, **more):
    return {"channel_names": {"0": "CT"}, "labels": labels or LABELS, "numTraining": 20,
            "file_ending": ".nii.gz", **more}


def write(home: Path, how: dict, about: dict, folds=(0,), name=NAME, seed=0) -> Path:
    """Write a results folder as nnU-Net's trainer does, before its first step."""
    folder = home / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plans.json").write_text(json.dumps(how))
    (folder / "dataset.json").write_text(json.dumps(about))
    for fold in folds:
        (folder / f"fold_{fold}").mkdir()
        torch.manual_seed(seed + (fold if isinstance(fold, int) else 0))
        with contextlib.redirect_stdout(io.StringIO()):
            trainer = nnUNetTrainer(how, "3d_fullres", fold, about, device=torch.device("cpu"))
            # Its own schedule does not run with this PyTorch; the checkpoint holds the optimizer alone.
            trainer.configure_optimizers = lambda trainer=trainer: (
                torch.optim.SGD(trainer.network.parameters(), 0.01, momentum=0.99), None)
            trainer.initialize()
            trainer.inference_allowed_mirroring_axes = (0, 1, 2)
            # NumPy's numbers, as the logger and the mean of the scores have them.
            trainer._best_ema = np.float64(0.5)
            trainer.logger.log("train_losses", np.float32(0.25), 0)
            trainer.save_checkpoint(str(folder / f"fold_{fold}" / "checkpoint_final.pth"))
    return folder


def flip(path):
    """Change a bit of the largest tensor, as a bad disk does."""
    with zipfile.ZipFile(path) as parts:
        info = max(parts.infolist(), key=lambda one: one.file_size)
    content = bytearray(path.read_bytes())
    content[info.header_offset + info.file_size // 2 + 200] ^= 64
    path.write_bytes(content)


def repack(path, method):
    """Write a checkpoint's zip anew; uncompressed, a tensor loses two bytes, and its checksum fits."""
    with zipfile.ZipFile(path) as parts:
        entries = [(info.filename, parts.read(info)) for info in parts.infolist()]
    lost = next(name for name, content in entries if "/data/" in name and len(content) == 32)
    with zipfile.ZipFile(path, "w", method) as out:
        for name, content in entries:
            cut = name == lost and method == zipfile.ZIP_STORED
            out.writestr(name, content[:30] if cut else content)


def expected(folder: Path, image: Path, out: Path, folds=(0,)) -> np.ndarray:
    """Return the labels that nnU-Net itself writes for a file, in the axes of the file."""
    load = functools.partial(torch.load, weights_only=False)
    original, torch.load = torch.load, load
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            predictor = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
            predictor.initialize_from_trained_model_folder(str(folder), folds)
            reader = predictor.plans_manager.image_reader_writer_class()
            data, properties = reader.read_images([str(image)])
            found = predictor.predict_single_npy_array(data, dict(properties))
            reader.write_seg(found, str(out), properties)
    finally:
        torch.load = original
    return nifti.read(out).data
