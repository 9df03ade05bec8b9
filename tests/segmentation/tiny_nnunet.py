"""A tiny cohort and tiny settings to train nnU-Net with."""

from pathlib import Path

import numpy as np
import yaml

from stages.common import canonical, nifti
from stages.common.nifti import Volume
from tests.parameters import whole
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
    "step": 0.5, "finetuning": {"epochs": 2, "learning_rate": 0.005}}


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
    content = whole()
    tiny = TINY | {"training": TINY["training"] | training}
    content["segmentation"]["presets"]["quick"]["nnunet"] = tiny
    (folder / "params.yaml").write_text(yaml.safe_dump(content))
    return folder / "params.yaml"


def prepare_arguments(folder, which="both", out="prepared"):
    return ["--manifest", folder / "manifest.csv", "--training-set", which, "--params",
            folder / "params.yaml", "--out", folder / out]


def train_arguments(folder, out="model"):
    return ["--cases", folder / "prepared", "--params", folder / "params.yaml", "--device", "cpu",
            "--state", folder / "state", "--out", folder / out,
            "--curves", folder / out / "curves.csv"]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def infer_arguments(folder, out):
    return ["--manifest", folder / "manifest.csv", "--model", folder / "model", "--params", PARAMS,
            "--device", "cpu", "--out", out]
