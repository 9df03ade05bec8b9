"""Labels of a group's nnU-Net and those of nnU-Net itself.

``python -m tests.segmentation.given_equal`` prints JSON: for each case the release that wrote plans and
labels, what is special, and how many voxels differ. Weights are random. Labels of 2.2 are predicted
here; the later release's are those that it predicted itself (see `nnunet_later`).
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from stages.common import nifti
from stages.common.nifti import Volume
from stages.segmentation.nnunet import given, labels, results
from tests.segmentation import given_nnunet as made
from tests.segmentation import nnunet_later

# Stored to the right, back and top; with first and second axis exchanged and turned.
STORED = {"flipped": np.diag([-2.9, 3.1, 4.2, 1.0]),
          "turned": np.array([[0, 3.1, 0, -40], [-2.9, 0, 0, 50], [0, 0, 4.2, -30], [0, 0, 0, 1.0]])}
# How the image is stored, what is special in the plans, the folds.
OWN = [("turned", {}, (0, 1)), ("turned", {"reader": "NibabelIO", "forward": (2, 0, 1)}, (0,)),
       ("flipped", {"reader": "NibabelIOWithReorient"}, (0,)),
       ("flipped", {"forward": (1, 0, 2), "spacing": (2.0, 4.0, 3.0)}, ("all",))]
# Of one more image, so that a voxel in ten thousand would be seen.
LARGE = (60, 56, 36)
LATER = json.loads(Path(__file__).with_name("nnunet_later.json").read_text())


@dataclass(frozen=True)
class Pair:
    """Labels of this package and of nnU-Net, shape (x, y, z), and the affine of the former."""

    found: np.ndarray
    wanted: np.ndarray
    affine: np.ndarray

    @property
    def differing(self) -> int:
        """Voxels with another label."""
        return int((self.found != self.wanted).sum())


def image(folder: Path, stored: str = "turned", shape=nnunet_later.SHAPE) -> Path:
    """Write the random CT with its axes in some order and direction."""
    path = folder / f"{stored}.nii.gz"
    nifti.write(path, Volume(nnunet_later.image(shape), STORED[stored]))
    return path


def model(path: Path, scratch: Path = Path("scratch"), lesion: str = "",
          liver: str = "") -> given.Given:
    """Read a model as the stage does."""
    found = results.read(path, scratch)
    known = labels.values(found.dataset, found.where)
    return given.Given(found, labels.meant(known, lesion, liver, found.where), torch.device("cpu"))


def save(folder: Path, fold, content) -> None:
    """Write a checkpoint."""
    (folder / f"fold_{fold}").mkdir(parents=True, exist_ok=True)
    torch.save(content, folder / f"fold_{fold}" / "checkpoint_final.pth")


def own(home: Path, stored: str, how: dict, folds: tuple, shape=nnunet_later.SHAPE) -> Pair:
    """Let nnU-Net 2.2 write a results folder and predict with it, and this package too."""
    folder = made.write(home, made.plans(**how), made.dataset(), folds)
    scan = image(home, stored, shape)
    wanted = made.expected(folder, scan, home / "wanted.nii.gz", folds)
    found = model(folder).segment(nifti.read(scan))
    return Pair(found.data, wanted, found.affine)


def later(home: Path, case: dict) -> Pair:
    """Predict with plans and weights of the later release (a case of `LATER`)."""
    folder = home / f"Dataset007_Tiny/nnUNetTrainer__{case['plans']['plans_name']}__3d_fullres"
    for seed in (0, 1):
        weights = {name: torch.from_numpy(value)
                   for name, value in nnunet_later.weights(case["weights"], seed).items()}
        save(folder, seed, {"network_weights": weights, "init_args": {"configuration": "3d_fullres"},
                            "inference_allowed_mirroring_axes": (0, 1, 2)})
    (folder / "plans.json").write_text(json.dumps(case["plans"]))
    (folder / "dataset.json").write_text(json.dumps(case["dataset"]))
    wanted = np.array(list(case["labels"]), np.uint8).reshape(nnunet_later.SHAPE)
    scan = Volume(nnunet_later.image(), np.diag([*nnunet_later.SPACING, 1.0]))
    found = model(folder).segment(scan)
    return Pair(found.data, wanted, found.affine)


def described(plans: dict) -> str:
    """Return in words what the plans of a later release say."""
    full = plans["configurations"]["3d_fullres"]
    network = full["architecture"]["network_class_name"].rpartition(".")[2]
    median = " x ".join(f"{size:g}" for size in full["median_image_size_in_voxels"])
    return f"{plans['plans_name']}, {network}, median shape {median}"


def measured() -> list[dict]:
    """Return a row for each case."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        sizes = [nnunet_later.SHAPE] * len(OWN) + [LARGE]
        for number, ((stored, how, folds), shape) in enumerate(zip([*OWN, OWN[-1]], sizes)):
            home = Path(scratch, f"own{number}")
            home.mkdir()
            what = ", ".join([f"{key} {value}" for key, value in how.items()] or ["as planned"])
            rows.append(("2.2", f"image {stored}; {what}", len(folds),
                         own(home, stored, how, folds, shape)))
        for number, case in enumerate(LATER["cases"]):
            rows.append((LATER["nnunetv2"], described(case["plans"]), 2,
                         later(Path(scratch, f"later{number}"), case)))
    return [{"release": release, "what": what, "folds": folds, "voxels": pair.wanted.size,
             "labels": len(np.unique(pair.wanted)), "differing": pair.differing}
            for release, what, folds, pair in rows]


if __name__ == "__main__":
    print(json.dumps(measured()))
