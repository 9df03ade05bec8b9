"""What the networks' stages read: weights, their description, settings, a cohort."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from stages.common import canonical, nifti
from stages.segmentation import detect, infer, prepare, train
from tests.fuzz.cases import Case, run
from tests.parameters import whole
from tests.segmentation.tiny_networks import TINY, arguments
from tests.segmentation.volumes import AFFINE, box, draw


def cases(root: Path) -> list[Case]:
    """Train a tiny network below ``root`` and return what its stages read."""
    os.chdir(root)
    random, rows = np.random.default_rng(3), []
    masks = {"a": box((20, 18, 10), ((4, 4, 2), (8, 8, 5)), ((12, 10, 4), (15, 14, 8))),
             "b": box((20, 18, 10), ((6, 6, 3), (12, 12, 7)))}
    for name, mask in masks.items():
        nifti.write(root / f"{name}_mask.nii.gz", nifti.Volume(mask, AFFINE))
        nifti.write(root / f"{name}.nii.gz", nifti.Volume(draw(random, mask), AFFINE))
        rows.append([name, "lits", "test", f"{name}.nii.gz", f"{name}_mask.nii.gz"])
    columns = ["File", "Cohort", "Segmentation", "image", "mask"]
    canonical.write_bytes(root / "manifest.csv", canonical.csv_bytes(columns, rows))
    canonical.write_bytes(root / "one.csv", canonical.csv_bytes(columns, rows[:1]))
    networks = {"unet": TINY["networks"]["unet"] | {"epochs": 4}}
    content = whole()
    content["segmentation"] |= {"preset": "tiny",
                                "presets": {"tiny": TINY | {"networks": networks}}}
    kept = ("segmentation", "imaging", "detection")
    (root / "params.yaml").write_text(yaml.safe_dump({key: content[key] for key in kept
                                                      if key in content}))
    run(prepare.stage, ["--manifest", "manifest.csv", "--part", "test", "--params", "params.yaml",
                        "--out", "prepared"])
    run(train.stage, arguments(Path()))
    applied = Case("", "", "binary", infer.stage, [
        "--manifest", "one.csv", "--model", "model", "--params", "params.yaml", "--device", "cpu",
        "--out", "masks"], ["masks"])
    run(infer.stage, [*applied.arguments[:-2], "--manifest", "manifest.csv", "--out", "found"])
    prepared = replace(applied, stage=prepare.stage, outputs=["prepared2"], kind="yaml", arguments=[
        "--manifest", "one.csv", "--part", "test", "--params", "params.yaml", "--out", "prepared2"])
    detected = replace(applied, stage=detect.stage,
                       outputs=["lesions.csv", "scans.csv", "metrics.json"],
                       arguments=["--manifest", "manifest.csv", "--predictions", "found", "--params",
                                  "params.yaml", "--lesions", "lesions.csv", "--scans", "scans.csv",
                                  "--metrics", "metrics.json"])
    weights = min(path.name for path in Path("model").glob("*.safetensors"))
    return [
        replace(applied, format="network's weights", path=f"model/{weights}"),
        replace(applied, format="network's description (JSON)", path="model/model.json", kind="json"),
        replace(applied, format="NIfTI", path="a.nii.gz", kind="gzip"),
        replace(applied, format="cohort's manifest", path="one.csv", kind="csv"),
        replace(prepared, format="parameters (YAML)", path="params.yaml"),
        replace(prepared, format="NIfTI", path="a_mask.nii.gz", kind="gzip"),
        replace(detected, format="predicted masks (NIfTI)", path="found/a.nii.gz", kind="gzip"),
        replace(detected, format="parameters (YAML)", path="params.yaml", kind="yaml"),
    ]
