"""Planning as nnU-Net does it, then the paper's spacing and patch size written into the plans."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable

import numpy as np

from stages.common import canonical
from stages.common.errors import InputError
from stages.common.manifest import BACKGROUND, LESION, LIVER
from stages.common.nifti import Volume
from stages.segmentation.nnunet import home as nnunet_home
from stages.segmentation.nnunet.settings import Plan

# isort: split
from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import (
    DatasetFingerprintExtractor,
)
from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import (
    ExperimentPlanner,
)
from nnunetv2.utilities.json_export import recursive_fix_for_json_export

CONFIGURATION = "3d_fullres"
DATASET = "Dataset001_Liver"


def dataset(count: int) -> dict:
    """Return nnU-Net's description of a dataset of CT series with liver and lesion."""
    return {"channel_names": {"0": "CT"},
            "labels": {"background": BACKGROUND, "liver": LIVER, "lesion": LESION},
            "numTraining": count, "file_ending": ".nii.gz",
            "overwrite_image_reader_writer": "SimpleITKIO"}


def as_array(volume: Volume, kind=np.float32) -> np.ndarray:
    """Return a volume as nnU-Net holds it: shape (1, z, y, x)."""
    return np.ascontiguousarray(volume.data.transpose(2, 1, 0)[None], dtype=kind)


def spacing(volume: Volume) -> list[float]:
    """Return the voxel size in nnU-Net's order (z, y, x), mm."""
    return [float(size) for size in volume.spacing[::-1]]


class _Reader:
    """Hands volumes that are in memory to nnU-Net, which asks for files."""

    def read_images(self, volumes):
        return as_array(volumes[0]), {"spacing": spacing(volumes[0])}

    def read_seg(self, volume):
        return as_array(volume), {"spacing": spacing(volume)}


def fingerprint(count: int, pair: Callable[[int], tuple[Volume, Volume]], voxels: int) -> dict:
    """Return nnU-Net's dataset fingerprint.

    Parameters
    ----------
    count : int
        Number of cases.
    pair : callable
        Image (HU) and mask of a case by number; called once for each, in order.
    voxels : int
        Foreground voxels to draw over all cases.

    Returns
    -------
    dict
        What ``DatasetFingerprintExtractor.run`` writes, computed by its function for each case,
        but in this process.

    Raises
    ------
    InputError
        If no mask has a voxel.
    """
    rows, intensities = [], []
    for number in range(count):
        image, mask = pair(number)
        row = DatasetFingerprintExtractor.analyze_case([image], mask, _Reader, voxels // count)
        rows.append((list(row[0]), row[1], float(row[4])))
        intensities.append(row[2][0])
    drawn = np.concatenate(intensities)
    if not len(drawn):
        raise InputError("no case has any liver or lesion voxel", "manifest",
                         "select cases whose masks are drawn")
    low, high = np.percentile(drawn, [0.5, 99.5])
    statistics = {"mean": np.mean(drawn), "median": np.median(drawn), "std": np.std(drawn),
                  "min": np.min(drawn), "max": np.max(drawn), "percentile_00_5": low,
                  "percentile_99_5": high}
    return {"shapes_after_crop": [row[0] for row in rows], "spacings": [row[1] for row in rows],
            "foreground_intensity_properties_per_channel": {
                "0": {name: float(value) for name, value in statistics.items()}},
            "median_relative_size_after_cropping": float(np.median([row[2] for row in rows]))}


def plans(marks: dict, about: dict, how: Plan) -> dict:
    """Let nnU-Net plan, then lay down the patch and the network.

    Parameters
    ----------
    marks : dict
        `fingerprint`.
    about : dict
        `dataset`.
    how : Plan
        Spacing, patch, network.

    Returns
    -------
    dict
        nnU-Net's plans with the configuration 3d_fullres alone.
    """
    names = [f"case{number}" for number in range(len(marks["spacings"]))]
    listed = {name: {"images": [f"{name}_0000.nii.gz"], "label": f"{name}.nii.gz"}
              for name in names}
    home = nnunet_home.HOME
    canonical.write_json(home / "raw" / DATASET / "dataset.json", about | {"dataset": listed})
    canonical.write_json(home / "preprocessed" / DATASET / "dataset_fingerprint.json", marks)
    # nnU-Net reports each step on standard output.
    with contextlib.redirect_stdout(io.StringIO()):
        planner = ExperimentPlanner(DATASET, suppress_transpose=True,
                                    overwrite_target_spacing=list(how.spacing_mm[::-1]))
        made = planner.plan_experiment()
    recursive_fix_for_json_export(made)
    levels = len(how.strides)
    own = made["configurations"][CONFIGURATION] | {
        "patch_size": list(how.patch[::-1]), "batch_size": how.batch_size,
        "batch_dice": how.batch_dice, "normalization_schemes": [how.normalization],
        "UNet_base_num_features": how.features, "unet_max_num_features": how.most_features,
        "n_conv_per_stage_encoder": [2] * levels, "n_conv_per_stage_decoder": [2] * (levels - 1),
        "pool_op_kernel_sizes": [list(row[::-1]) for row in how.strides],
        "conv_kernel_sizes": kernels(how),
        "num_pool_per_axis": [sum(row[axis] > 1 for row in how.strides) for axis in (2, 1, 0)]}
    # Part of a cascade where nnU-Net would plan one.
    own.pop("next_stage", None)
    return made | {"configurations": {CONFIGURATION: own}}


def kernels(how: Plan) -> list[list[int]]:
    """Return the kernel size of each level along z, y, x.

    An axis is left alone until its voxels are less than twice as long as the shortest. Source:
    nnU-Net 2.2, get_pool_and_conv_props.

    Examples
    --------
    >>> strides = ((1, 1, 1), (2, 2, 1), (2, 2, 2))
    >>> kernels(Plan((1, 1, 3), (8, 8, 8), strides, 1, 1, 1, False, "", 1))
    [[1, 3, 3], [3, 3, 3], [3, 3, 3]]
    """
    size, kernel, rows = np.array(how.spacing_mm[::-1], float), np.ones(3, int), []
    for row in how.strides:
        size = size * row[::-1]
        kernel = np.where(size / size.min() < 2, 3, kernel)
        rows.append(kernel.tolist())
    return rows
